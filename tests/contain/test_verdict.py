"""In: trials told by hand. Out: whether each way a containment can fail becomes the finding or the gap it is."""

from typing import Any

import pytest

from wardwatch.contain import verdict
from wardwatch.contain.trial import BEFORE, MOVED, PHASES, REBOOT, ROLLBACK, RULES
from wardwatch.knowledge.catalogue import rules
from wardwatch.vocabulary import Asked, judge


def attempt(*, kept: bool, works: bool) -> dict[str, Any]:
    return {
        "path": "a to b: tcp 515", "kept": kept, "device": "m", "outward": True, "src": "192.0.2.1", "dst": "192.0.2.2",
        "how": "tcp", "port": 515, "standing": False, "taken": False, "reached": works, "answered": works,
        "milliseconds": 1.0 if works else None, "seen": ["outside-eth0", 1] if works else None,
    }  # fmt: skip


def told(*, kept: bool, works: dict[str, bool], lost: int = 0) -> verdict.Trial:
    rounds = [{"phase": p, "place": 0, "attempts": [attempt(kept=kept, works=works[p])]} for p in PHASES]
    return verdict.trial({"rounds": rounds, "times": {"outside-eth0": [1_500_000_000_000_000_000]}, "lost": lost})


def judged(done: verdict.Trial) -> tuple[str, list[str], list[str]]:
    judgement = judge(verdict.findings(done, rules()), verdict.gaps(done), Asked.PROOF)
    names = [finding.rule for finding in judgement.findings]
    return str(judgement.verdict), names, [rule for gap in judgement.gaps for rule in gap.bears_on]


SHUT = {BEFORE: True, RULES: False, REBOOT: False, MOVED: False, ROLLBACK: True}
OPEN = dict.fromkeys(PHASES, True)


def test_what_is_shut_and_comes_back_is_proven() -> None:
    assert judged(told(kept=False, works=SHUT)) == ("proven", [], [])
    assert judged(told(kept=True, works=OPEN)) == ("proven", [], [])


@pytest.mark.parametrize("phase", [RULES, REBOOT, MOVED])
def test_one_path_open_in_one_phase_is_enough(phase: str) -> None:
    done = told(kept=False, works={**SHUT, phase: True})
    assert judged(done) == ("not-proven", [verdict.OPEN], [])
    (found,) = verdict.findings(done, rules())
    where = found.evidence[0].where
    assert (where["file"], where["number"], where["time"]) == (
        "captures/outside-eth0.pcap", 1, "2017-07-14T02:40:00.000000Z",
    )  # fmt: skip


@pytest.mark.parametrize("phase", [RULES, REBOOT, MOVED])
def test_a_kept_path_that_is_cut(phase: str) -> None:
    assert judged(told(kept=True, works={**OPEN, phase: False})) == ("not-proven", [verdict.CUT], [])


@pytest.mark.parametrize(("kept", "works"), [(True, OPEN), (False, SHUT)])
def test_what_does_not_come_back(kept: bool, works: dict[str, bool]) -> None:  # noqa: FBT001  # a table
    assert judged(told(kept=kept, works={**works, ROLLBACK: False})) == ("not-proven", [verdict.NOT_RESTORED], [])


@pytest.mark.parametrize(("kept", "rule"), [(True, verdict.CUT), (False, verdict.OPEN)])
def test_what_did_not_work_before_proves_nothing(kept: bool, rule: str) -> None:  # noqa: FBT001  # a table
    assert judged(told(kept=kept, works=dict.fromkeys(PHASES, False))) == ("unknown", [], [rule])


def test_frames_that_were_lost_leave_it_open() -> None:
    assert judged(told(kept=False, works=SHUT, lost=3)) == ("unknown", [], [verdict.OPEN])


def test_the_table_counts_what_was_open() -> None:
    lines = verdict.table(told(kept=False, works=SHUT)).splitlines()
    assert lines[0].split() == ["before", "rules", "restart", "moved", "rollback"]
    assert lines[1].split() == ["stop", "m", ">", "192.0.2.2", "1/1", "0/1", "0/1", "0/1", "1/1"]
