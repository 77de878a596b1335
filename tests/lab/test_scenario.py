"""In: texts that say they are scenarios. Out: whether ours are whole, and whatever else is refused in words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.errors import InputError, UsageError
from wardwatch.knowledge.catalogue import rules
from wardwatch.lab import hospital
from wardwatch.lab.scenario import CAPTURES, MONITOR, Hospital, Machine, Outside, Truth, load, names, read
from wardwatch.twin.firmware.personalities import PERSONALITIES
from wardwatch.vocabulary import Severity, Verdict
from wardwatch.workflows.lab import checked

DOCUMENTED = ("202.114.4.119", "202.114.4.120")
WHOLE = """
about = "all of it"
seconds = 7
[hospital]
station = "own"
contained = true
[outside]
answers = false
loss = 0.25
delay = 1
cut = true
[[machine]]
name = "monitor-1"
firmware = "2.0.7"
program = "/sbin/init"
keys = "m3"
at = 2
until = "unmount"
[[machine]]
name = "ws"
role = "workplace"
does = ["print", "hl7"]
[truth.gateway]
verdict = "found"
findings = ["high traffic.phone-home monitor-1", "info traffic.remote-mount folders"]
"""


def test_every_word_of_a_scenario_is_read() -> None:
    made = read(WHOLE, "whole")
    assert (made.name, made.about, made.seconds) == ("whole", "all of it", 7)
    assert made.hospital == Hospital("own", contained=True)
    assert made.outside == Outside(answers=False, loss=0.25, delay=1, cut=True)
    assert made.machines == (
        Machine("monitor-1", MONITOR, "2.0.7", "/sbin/init", "m3", 2, "unmount"),
        Machine("ws", "workplace", does=("print", "hl7")),
    )
    findings = (("high", "traffic.phone-home", "monitor-1"), ("info", "traffic.remote-mount", "folders"))
    assert made.truth == {"gateway": Truth("found", findings)}


@pytest.mark.parametrize("name", names())
def test_ours_say_what_is_true_of_both_captures_in_words_that_exist(name: str) -> None:
    made = load(name)
    assert made.about
    assert set(made.truth) == set(CAPTURES)
    for truth in made.truth.values():
        assert truth.verdict in set(Verdict)
        assert {rule for _, rule, _ in truth.findings} <= set(rules())
        grave = {severity for severity, _, _ in truth.findings} - {Severity.INFO}
        assert (truth.verdict == "found") == bool(grave)
    assert {machine.firmware for machine in made.machines} <= set(PERSONALITIES)


def test_what_was_asked_for_is_there() -> None:
    assert set(names()) >= {
        "quiet-ward", "phones-home", "taken-up-again", "without-network", "own-station", "printing", "home-folders",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("seconds = 0", "seconds lies between"),
        ("surprise = 1", "the scenario has no surprise"),
        ("[hospital]\nstation = 'moon'", "station is one of none, own, documented"),
        ("[hospital]\nstation = 3", "hospital.station is no str"),
        ("[hospital]\ncontained = 1", "hospital.contained is no bool"),
        ("[outside]\nloss = 1.5", "loss lies between 0 and 1"),
        ("[outside]\ndelay = -1", "delay lies between"),
        ("[outside]\nwire = true", "outside has no wire"),
        ("[[machine]]\nname = '../up'", "a machine's name"),
        ("[[machine]]\nname = 'a'\n[[machine]]\nname = 'a'", "two machines have one name"),
        ("[[machine]]\nname = 'gateway'", "is a server's name"),
        ("[[machine]]\nname = 'a'\nrole = 'queen'", "role is one of"),
        ("[[machine]]\nname = 'a'\ndoes = ['dance']", "does is one of"),
        ("[[machine]]\nname = 'a'\nfirmware = '9.9'", "firmware is one of"),
        ("[[machine]]\nrole = 'monitor'", "name"),
        ("[truth.moon]\nverdict = 'clear'", "truth is one of gateway, outside"),
        ("[truth.gateway]\nverdict = 'maybe'", "verdict is one of"),
        ("[truth.gateway]\nverdict = 'found'\nfindings = ['high x']", "a finding is"),
        ("[truth.gateway]\nverdict = 'found'\nfindings = ['high x nobody']", "machine is one of"),
        ("machine = 3", "is no scenario"),
        ("truth = 3", "is no scenario"),
        ("= =", "is no TOML"),
    ],
)
def test_what_cannot_be_is_refused(line: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        checked(read(line, "one"))


def test_too_many_machines_are_refused() -> None:
    with pytest.raises(InputError, match="number of machines"):
        read("".join(f"[[machine]]\nname = 'a{number}'\n" for number in range(41)), "many")


@given(st.text() | st.sampled_from(WHOLE.splitlines()).map(lambda line: WHOLE.replace(line, line[:5])))
def test_whatever_is_read_is_a_scenario_or_refused(text: str) -> None:
    try:
        checked(read(text, "any"))
    except InputError:
        return


def test_what_is_no_file_is_said_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="phones-home"):
        load(str(tmp_path / "nothing.toml"))
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * (70 << 10))
    with pytest.raises(InputError, match="larger"):
        load(str(large))
    for nothing in ("", " \n"):
        large.write_text(nothing, encoding="utf-8")
        with pytest.raises(InputError, match="empty"):
            load(str(large))
    own = tmp_path / "own.toml"
    own.write_text("seconds = 3\n", encoding="utf-8")
    assert (load(str(own)).name, load(str(own)).seconds) == ("own", 3)


def test_the_documented_addresses_lie_outside_or_in_the_hospital() -> None:
    for station, owner, other in (("none", "outside", "station"), ("documented", "station", "outside")):
        made = hospital.network(read(f"[hospital]\nstation = '{station}'", "one"), DOCUMENTED)
        has = {port.node: set(port.addresses) for port in made.ports if port.node in {owner, other}}
        assert {f"{each}/32" for each in DOCUMENTED} <= has[owner]
        assert not {f"{each}/32" for each in DOCUMENTED} & has[other]
        inwards = [route.to for route in made.routes if route.node == "gateway" and route.interface == "c0"]
        assert inwards == ([f"{each}/32" for each in DOCUMENTED] if owner == "station" else [])


def test_every_machine_has_an_address_of_its_own() -> None:
    made = read("".join(f"[[machine]]\nname = 'a{number}'\n" for number in range(40)), "many")
    found = hospital.places(made)
    assert len({place.address for place in found}) == len({place.mac for place in found}) == 40
    assert hospital.addresses(made, DOCUMENTED)["central"] == DOCUMENTED[0]
