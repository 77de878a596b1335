"""In: the rule names others rely on, by hand. Out: whether each has its text, its detector and an explanation."""

from pathlib import Path

import pytest

from wardwatch.knowledge.catalogue import rules
from wardwatch.plugins import modules

ROOT = Path(__file__).resolve().parents[2]

PROMISED = (
    "traffic.known-address",
    "traffic.cms-stream",
    "traffic.patient-data-clear",
    "traffic.remote-mount",
    "traffic.phone-home",
    "traffic.foreign-arp",
    "traffic.unsolicited-udp",
    "firmware.hard-coded-peer",
    "firmware.remote-mount",
    "firmware.interface-enabled",
    "firmware.overwrites-programs",
    "firmware.runs-remote-file",
    "firmware.reverse-backdoor",
    "firmware.unverified-update",
    "firmware.clear-telemetry",
    "firmware.known-binary",
)
OF_PROOFS = ("contain.path-open", "contain.path-cut", "contain.not-restored", "contain.rules-differ")
"""Met by a trial as a whole, not by a detector each: tests/contain/test_verdict.py shows each being met."""
OF_VITALS = (
    "vitals.display-disagrees",
    "vitals.frozen",
    "vitals.replayed",
    "vitals.decoupled",
    "vitals.alarm-limit-changed",
    "vitals.implausible",
)
"""Met by the checks in vitals/checks, several of which may look for one rule in different ways."""
DETECTORS = ("wardwatch.traffic.detectors", "wardwatch.firmware.rules")


@pytest.mark.parametrize("name", [*PROMISED, *OF_PROOFS, *OF_VITALS])
def test_a_promised_rule_has_its_text(name: str) -> None:
    rule = rules()[name]
    assert rule.name == name
    assert all(part.strip() for part in (rule.title, rule.finds, rule.matters, rule.remedy))
    assert rule.lookalikes, f"{name}: what looks like it and is benign?"


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_rule_has_one_detector(name: str) -> None:
    detectors = [module for package in DETECTORS for module in modules(package, "RULE")]
    assert [detector.RULE for detector in detectors].count(name) == 1


@pytest.mark.parametrize("name", OF_VITALS)
def test_a_rule_of_vital_signs_has_a_check(name: str) -> None:
    assert name in {check.RULE for check in modules("wardwatch.vitals.checks", "CHECK")}


def test_no_rule_is_without_promise() -> None:
    assert set(rules()) == {*PROMISED, *OF_PROOFS, *OF_VITALS}


def test_a_rule_states_behaviour_and_no_intent() -> None:
    words = ("malicious", "spies", "spying", "steal", "on purpose", "intend", "attacker's server")
    for rule in rules().values():
        text = f"{rule.title} {rule.finds} {rule.matters}".lower()
        assert not [word for word in words if word in text], rule.name
