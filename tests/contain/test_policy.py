"""In: policies as text, good and bad. Out: whether the good come back the same and the bad are refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from wardwatch.contain.document import read, write
from wardwatch.contain.meaning import decide
from wardwatch.contain.packet import Packet, State
from wardwatch.contain.policy import Attachment, Begins, Block, Contained, Keep, Policy, Ports, Protocol
from wardwatch.errors import InputError, UsageError

Load = Callable[[str], Policy]
NAMES = some.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,20}", fullmatch=True)
HOSTS = some.one_of(
    some.integers(0x0A000001, 0x0AFFFFFE).map(IPv4Address),
    some.integers(1, 2**64).map(lambda n: IPv6Address(0xFD << 120 | n)),
)
RANGES = some.tuples(some.integers(1, 65535), some.integers(0, 9)).map(lambda p: Ports(p[0], min(p[0] + p[1], 65535)))
PLACES = some.builds(
    Attachment, some.from_regex(r"[a-z]{1,8}[0-9]", fullmatch=True), some.sampled_from([None, "02:00:00:00:00:07"])
)
DEVICES = some.builds(
    Contained,
    NAMES,
    some.lists(HOSTS, min_size=1, max_size=3).map(tuple),
    some.lists(PLACES, min_size=1, max_size=2).map(tuple),
)
KEEPS = some.builds(
    Keep, NAMES, some.lists(HOSTS, min_size=1, max_size=2).map(tuple), some.sampled_from(Protocol),
    some.lists(RANGES, min_size=1, max_size=3).map(tuple), some.sampled_from(Begins),
)  # fmt: skip
BLOCKS = some.builds(Block, NAMES, some.just((IPv4Network("202.114.4.0/24"),)))


@given(NAMES, DEVICES, some.lists(KEEPS, max_size=2).map(tuple), some.lists(BLOCKS, max_size=1).map(tuple))
def test_a_policy_comes_back_from_its_text(
    name: str, device: Contained, keeps: tuple[Keep, ...], blocks: tuple[Block, ...]
) -> None:
    try:
        policy = Policy(name, date(2027, 2, 25), (device,), keeps, blocks)
    except UsageError:
        return  # two of one name, a peer that is the device, an interface both ways
    assert read(write(policy)) == policy


@given(some.text(max_size=300))
def test_any_text_is_a_policy_or_an_input_error(text: str) -> None:
    with pytest.raises(InputError):
        read(text)


BAD = {
    "a misspelt word": ("keep:", "keeps:", "no word known"),
    "a missing word": ("expires: 2027-02-25\n", "", "'expires' is missing"),
    "another form": ("contain.v1", "contain.v9", "of the form"),
    "no date": ("2027-02-25", "soon", "expires"),
    "host bits": ("202.114.4.0/24", "202.114.4.119/24", "networks 1"),
    "everything": ("202.114.4.0/24", "0.0.0.0/0", "everything"),
    "no address": ("10.20.0.21", "10.20.0.256", "addresses 1"),
    "a group": ("10.20.0.21", "224.0.0.1", "one machine"),
    "port 0": ('"123"', '"0"', "ports"),
    "ports turned round": ("515-520", "520-515", "ports"),
    "a port too high": ("515-520", "515-65536", "ports"),
    "another protocol": ("protocol: udp", "protocol: icmp", "protocol"),
    "a group MAC": ("02:10:0a:14:00:15", "03:10:0a:14:00:15", "group"),
    "no MAC": ("02:10:0a:14:00:15", "02:10:0a:14:00", "MAC"),
    "an interface that is a rule": ("- interface: ward0", '- interface: "ward0 drop"', "interface"),
    "a name that is a rule": ("name: ward 3", "name: 'ward\" accept'", "name"),
    "an anchor": ("name: ward 3", "name: &a ward", "anchors"),
    "a tag": ("name: ward 3", "name: !!python/name:os.system x", "anchors"),
    "a kept peer in a block": ("10.22.0.6", "202.114.4.6", "lies in a block"),
    "a kept peer that is the device": ("10.22.0.6", "10.20.0.21", "contained device"),
    "both ways": ("  - interface: ward0\n", "  - interface: ward0\n  - interface: wlan0\n", "at once"),
    "one name twice": ("name: ntp", "name: poll", "twice"),
    "the same word twice": ("name: ward 3", "name: ward 3\nname: ward 4", "no YAML"),
    "no list": ("interfaces: [ward0, wlan0, station0, edge0]", "interfaces: ward0", "no list"),
    "a peer on a contained side": ("protocol: udp,", "protocol: udp, interface: ward0,", "contained whole"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_policy_is_refused_in_words(case: str) -> None:
    old, new, said = BAD[case]
    text = (Path(__file__).parent / "policies" / "ward.yaml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(InputError) as raised:
        read(text.replace(old, new))
    assert said in str(raised.value)


def test_a_text_that_would_blow_up_is_refused() -> None:
    for text in ("[" * 100_000, "a: " * 1000, "- " * 50_000, "x" * (1 << 21), "a: [" + "1," * 200_000 + "]"):
        with pytest.raises(InputError):
            read(text)


WARD = Packet(
    "ward0", "station0", "02:00:00:00:00:01", ip_address("10.20.0.21"), ip_address("10.21.0.5"), "tcp", 4000, 515
)
SAID = [
    ({}, True),
    ({"dport": 520}, True),
    ({"dport": 514}, False),
    ({"dport": 521}, False),
    ({"protocol": "udp"}, False),
    ({"fragment": True, "sport": 0, "dport": 0}, False),
    ({"fragment": True}, False),
    ({"state": State.ONWARD}, True),
    ({"state": State.REPLY}, False),
    ({"src": ip_address("10.20.0.22")}, False),
    ({"enters": "wlan0"}, False),
    ({"enters": "wlan0", "mac": "02:10:0a:14:00:15"}, True),
    ({"enters": "edge0"}, False),
    ({"dst": ip_address("10.21.0.6")}, False),
    ({"dst": ip_address("202.114.4.119")}, False),
    ({"enters": "edge0", "src": ip_address("198.51.100.7"), "dst": ip_address("202.114.4.255")}, False),
    ({"enters": "edge0", "src": ip_address("198.51.100.7"), "dst": ip_address("202.114.5.0")}, True),
    ({"enters": "edge0", "src": ip_address("202.114.4.0"), "dst": ip_address("198.51.100.7")}, False),
    ({"enters": "edge0", "leaves": "ward0", "src": ip_address("198.51.100.7"), "dst": ip_address("10.20.0.99")}, False),
    ({"enters": "edge0", "leaves": "wlan0", "src": ip_address("198.51.100.7"), "dst": ip_address("10.20.0.99")}, True),
]


@pytest.mark.parametrize(("change", "passes"), SAID, ids=[str(number) for number in range(len(SAID))])
def test_the_meaning_of_a_policy(change: dict[str, object], passes: bool, load: Load) -> None:  # noqa: FBT001  # a table
    assert decide(load("ward"), replace(WARD, **change)).passes is passes  # type: ignore[arg-type]  # a table of fields


def test_networks_of_both_versions_are_told_apart() -> None:
    assert ip_network("202.114.4.0/24").version == 4
    assert ip_address("64:ff9b::ca72:477") in ip_network("64:ff9b::ca72:400/120")
