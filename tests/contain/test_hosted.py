"""In: MUD files, rules that stand elsewhere than on the way. Out: whether others take their form, and readers hold."""

import copy
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from yangson import DataModel
from yangson.exceptions import YangsonException

from wardwatch.contain.boundary import packets
from wardwatch.contain.compare import compare, readers
from wardwatch.contain.dialect import dialects
from wardwatch.contain.packet import State
from wardwatch.contain.policy import Policy
from wardwatch.errors import InputError, UsageError

Load = Callable[[str], Policy]
SAMPLES = Path(__file__).parent / "samples"
POLICIES = ["ward", "vlans", "own-station", "alone"]
YANG = Path(sys.prefix) / "share" / "yang" / "modules"
"""pyang brings the modules of RFC 8519 and RFC 8520 as their authors published them."""
IMPLEMENTED = {"ietf-mud", "ietf-access-control-list", "ietf-acldns", "ietf-interfaces"}
FEATURES = ["match-on-ipv4", "match-on-ipv6", "match-on-tcp", "match-on-udp", "ipv4", "ipv6"]
JSON_FILES = sorted(path for path in SAMPLES.glob("*/*/*.json"))


@cache
def model() -> DataModel:
    """The data model of a MUD file, put together of the modules' own words."""
    found = []
    for name in (*IMPLEMENTED, "ietf-packet-fields", "ietf-ethertypes", "ietf-inet-types", "ietf-yang-types"):
        text = (YANG / "ietf" / f"{name}.yang").read_text(encoding="utf-8")
        about = [re.search(form, text) for form in (r'revision\s+"?([0-9-]{10})', r'namespace\s+"([^"]+)"')]
        assert all(about)
        revision, namespace = (each[1] for each in about if each)
        kind = "implement" if name in IMPLEMENTED else "import"
        module: dict[str, Any] = {
            "name": name, "revision": revision, "namespace": namespace, "conformance-type": kind,
        }  # fmt: skip
        if name == "ietf-access-control-list":
            module["feature"] = FEATURES
        found.append(module)
    library = {"ietf-yang-library:modules-state": {"module-set-id": "mud", "module": found}}
    return DataModel(json.dumps(library), (str(YANG / "ietf"), str(YANG / "iana")))


def holds(content: object) -> None:
    model().from_raw(content).validate()


def mud(load: Load, policy: str = "vlans") -> Any:  # noqa: ANN401  # JSON
    return json.loads(dialects()["mud"].texts(load(policy)).files["wardwatch-mud.json"])


@pytest.mark.parametrize("policy", POLICIES)
def test_a_mud_file_has_the_form_of_the_rfcs_own_modules(policy: str, load: Load) -> None:
    content = mud(load, policy)
    holds(content)
    head = content["ietf-mud:mud"]
    assert head["mud-url"].startswith("https://")  # RFC 8520, section 2
    assert len(head["systeminfo"]) <= 60  # section 3.7
    assert "firmware-rev" not in head  # section 3.8, for its URL cannot follow the firmware


def test_the_modules_refuse_what_they_do_not_know(load: Load) -> None:
    for change in (
        lambda content: content["ietf-mud:mud"].pop("is-supported"),
        lambda content: content["ietf-mud:mud"].update({"cache-validity": 169}),
        lambda content: content["ietf-mud:mud"].update({"expires": "2027-02-25"}),
        lambda content: content["ietf-access-control-list:acls"]["acl"].pop(),
        lambda content: content["ietf-access-control-list:acls"]["acl"][0].update({"type": "mac-acl-type"}),
    ):
        content = mud(load)
        change(content)
        with pytest.raises(YangsonException):
            holds(content)


def test_every_entry_of_a_mud_file_has_its_own_name(load: Load) -> None:
    for acl in mud(load)["ietf-access-control-list:acls"]["acl"]:
        names = [ace["name"] for ace in acl["aces"]["ace"]]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[A-Za-z0-9-]{1,64}", name) for name in [*names, acl["name"]])


@pytest.mark.parametrize("dialect", ["windows", "aws", "azure"])
def test_what_stands_on_kept_machines_needs_some(dialect: str, load: Load) -> None:
    with pytest.raises(UsageError, match="keeps none"):
        dialects()[dialect].texts(load("alone"))


@pytest.mark.parametrize("dialect", ["windows", "aws", "azure", "mud"])
def test_what_is_compared_is_both_kept_and_forbidden(dialect: str, load: Load) -> None:
    """A reader that sees too little would find every text right."""
    reader, policy = readers()[dialect], load("vlans")
    assert reader.sees
    texts = dialects()[dialect].texts(policy).files
    assert not compare(policy, dialect, texts).differences
    told = {difference.policy.because for difference in compare(policy, dialect, {}).differences}
    assert (
        told
        >= {
            "windows": {"contain monitor-3", "block published"},
            "azure": {"contain monitor-3", "block published"},
            "aws": {"only what is kept is allowed there"},
            "mud": {"keep station", "keep poll", "contain monitor-3"},
        }[dialect]
    )


@pytest.mark.parametrize("dialect", ["windows", "aws", "azure", "mud"])
def test_a_peer_that_no_device_can_speak_to(dialect: str, load: Load) -> None:
    policy = load("own-station")
    far = replace(policy.keeps[0], name="far", peers=(ip_address("fd00:21::5"),), interface=None)
    both = replace(policy, keeps=(*policy.keeps, far))
    assert not compare(both, dialect, dialects()[dialect].texts(both).files).differences


@pytest.mark.parametrize("dialect", ["windows", "aws", "azure", "mud"])
def test_a_device_that_was_left_at_a_blocked_address(dialect: str, load: Load) -> None:
    policy = load("vlans")
    device = replace(policy.devices[0], addresses=(ip_address("202.114.4.21"),))
    left = replace(policy, devices=(device,))
    assert not compare(left, dialect, dialects()[dialect].texts(left).files).differences


def test_a_cloud_answers_for_what_opens_a_connection_alone(load: Load) -> None:
    """What stood before its groups came is not cut by them, and nobody is told that it was compared."""
    policy = load("vlans")
    for dialect in ("aws", "azure"):
        sees = readers()[dialect].sees
        assert sees
        assert {packet.state for packet in packets(policy) if sees(policy, packet)} == {State.NEW}
    sees = readers()["windows"].sees
    assert sees
    assert {packet.state for packet in packets(policy) if sees(policy, packet)} == set(State)


def test_a_station_of_ones_own_that_no_device_can_speak_to(load: Load) -> None:
    policy = load("own-station")
    device = replace(policy.devices[0], addresses=(ip_address("fd00:20::27"),))
    alone = replace(policy, devices=(device,))
    for dialect in ("windows", "aws", "azure"):
        assert not compare(alone, dialect, dialects()[dialect].texts(alone).files).differences


UNSURE = [
    ("windows", "-Profile Any", "-Frobnicate x -Profile Any"),
    ("windows", "-Profile Any", "-Profile Domain -Profile Any"),
    ("windows", "-Profile Any", "-Profile Domain"),
    ("windows", "-Action Block", "-Action Allow"),
    ("windows", "-Direction Inbound", "-Direction Sideways"),
    ("windows", "-Protocol TCP -LocalPort", "-LocalPort"),
    ("windows", "-Protocol TCP", "-Protocol 256"),
    ("windows", "0-514,", "0-51400000,"),
    ("windows", "202\\.114\\.4\\.0/24", "202.114.4.255-202.114.4.0"),
    ("windows", "New-NetFirewallRule", "Set-NetFirewallRule"),
    ("aws", '"Value": "10\\.22\\.0\\.6"', '"Value": "10.21.0.5"'),
    ("aws", '"SecurityGroupEgress"', '"SecurityGroupIngress"'),
    ("aws", '"CidrIp": "10', '"CidrIpv6": "10'),
    ("aws", '"ToPort": 520,', ""),
    ("aws", '"IpProtocol": "tcp"', '"IpProtocol": "-1"'),
    ("aws", '"IpProtocol": "udp"', '"IpProtocol": "icmp"'),
    ("aws", "AWS::EC2::SecurityGroup", "AWS::EC2::NetworkAcl"),
    ("aws", "wardwatch-host", "host"),
    ("aws", r'(?s)"SecurityGroupEgress": \[.*?\]', '"SecurityGroupEgress": []'),
    ("azure", '"priority": 101,', '"priority": 100,'),
    ("azure", '"priority": 100,', '"priority": 99,'),
    ("azure", '"10\\.20\\.0\\.21/32",', '"10.20.0.21/32", "::/0",'),
    ("azure", '"sourcePortRange": "\\*"', '"sourcePortRange": "1-2"'),
    ("azure", '"Tcp"', '"Sctp"'),
    ("azure", '"Deny"', '"Audit"'),
    ("azure", '"wardwatch-host": "10\\.22\\.0\\.6"', '"wardwatch-host": "10.21.0.5"'),
    ("azure", "networkSecurityGroups", "routeTables"),
    ("mud", '"name": "ntp-2"', '"name": "station-1"'),
    ("mud", '"mud-version": 1', '"mud-version": 2'),
    ("mud", "https://", "http://"),
    ("mud", '"operator": "eq"', '"operator": "neq"'),
    ("mud", '"lower-port": 515', '"lower-port": 521'),
    ("mud", '"protocol": 17', '"protocol": 132'),
    ("mud", '"forwarding": "drop"', '"forwarding": "reject"'),
    ("mud", '"udp": \\{', '"udp": {"ietf-mud:direction-initiated": "from-device",'),
    ("mud", '"udp": \\{', '"tcp": {}, "udp": {'),
    ("mud", '"type": "ipv4-acl-type"', '"type": "eth-acl-type"'),
    ("mud", '"is-supported": true,', ""),
]


@pytest.mark.parametrize(("dialect", "old", "new"), UNSURE)
def test_what_cannot_be_answered_for_is_refused(dialect: str, old: str, new: str) -> None:
    (path,) = (SAMPLES / dialect / "vlans").iterdir()
    text = path.read_text(encoding="utf-8")
    changed = re.sub(old, new, text)
    assert changed != text
    with pytest.raises(InputError, match=r"not understood|no JSON"):
        readers()[dialect].read({path.name: changed})


def test_a_key_given_twice_is_no_guess() -> None:
    """Of two values a reader of JSON may take either."""
    text = (SAMPLES / "mud" / "vlans" / "wardwatch-mud.json").read_text(encoding="utf-8")
    twice = text.replace('"mud-version": 1,', '"mud-version": 1, "mud-version": 1,')
    with pytest.raises(InputError, match="no JSON"):
        readers()["mud"].read({"x": twice})


def objects(content: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401  # JSON
    if isinstance(content, dict):
        yield where, content
        for key, value in content.items():
            yield from objects(value, f"{where}/{key}")
    elif isinstance(content, list):
        for value in content:
            yield from objects(value, where)


FREE = ("/Parameters", "/VpcId", "/Tags", "/tags", "/Resources")
"""What a site may name as it likes, and what no filter is made of."""


@pytest.mark.parametrize("path", JSON_FILES, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_a_key_that_is_not_known_is_an_error_not_a_guess(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    places = [number for number, (where, _) in enumerate(objects(json.loads(text))) if not where.endswith(FREE)]
    places = [number for number in places if "/Parameters" not in list(objects(json.loads(text)))[number][0]]
    assert len(places) > 5
    for number in places[:60]:
        content = json.loads(text)
        list(objects(content))[number][1]["frobnicate"] = "all"
        with pytest.raises(InputError, match="not understood"):
            readers()[path.parts[-3]].read({path.name: json.dumps(content)})


VALUES = some.one_of(
    some.none(), some.booleans(), some.integers(-1, 70000), some.text(max_size=9), some.just([]), some.just({}),
    some.just([[]]), some.sampled_from(["0.0.0.0/0", "::/0", "10.0.0.0/33", "fe80::1%eth0", "Inbound", "tcp", "1-2-3"]),
)  # fmt: skip


@pytest.mark.parametrize("path", JSON_FILES[::2], ids=lambda path: path.parts[-3])
@given(data=some.data())
def test_any_value_in_any_place_is_read_or_refused(path: Path, data: some.DataObject) -> None:
    content = copy.deepcopy(json.loads(path.read_text(encoding="utf-8")))
    _, found = data.draw(some.sampled_from(list(objects(content))))
    found[data.draw(some.sampled_from([*found, "x"]))] = data.draw(VALUES)
    try:
        readers()[path.parts[-3]].read({path.name: json.dumps(content)})
    except InputError:
        return


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 50_000, '{"a": 1, "a": 2}', "null", "1e999"])
@pytest.mark.parametrize("dialect", ["aws", "azure", "mud"])
def test_what_is_no_such_file_is_refused(dialect: str, text: str) -> None:
    with pytest.raises(InputError):
        readers()[dialect].read({"x": text})
