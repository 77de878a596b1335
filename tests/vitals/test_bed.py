"""In: seconds of one bed. Out: whether its answer depends on nothing but these, and how its numbers stand."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wardwatch.vitals.bed import MOST_EPISODES, Bed
from wardwatch.vitals.check import State
from wardwatch.vitals.examine import Examination, examine
from wardwatch.vitals.findings import findings
from wardwatch.vitals.readers.opening import open_recording
from wardwatch.vitals.words import Quantity, Second
from wardwatch.vocabulary import Severity, Verdict

SHARED = Path(__file__).resolve().parents[3] / "shared" / "vitals"


def _told():  # noqa: ANN202  # the module beside this one
    spec = importlib.util.spec_from_file_location("told", Path(__file__).parent / "told.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["told"] = module
    spec.loader.exec_module(module)
    return module


told = _told()


def lying(count: int = 120, at: int = 60) -> list[Second]:
    seconds = told.seconds_of(count)
    told.EVENTS["offset"](seconds, at, count, ["HR", "12"])
    return seconds


def as_told(bed: Bed) -> list[tuple[object, ...]]:
    return [(one.rule, one.signal, one.start, one.end, one.raised, one.severity, one.kind) for one in bed.episodes]


def test_what_is_raised_needs_nothing_that_comes_later() -> None:
    """Cut anywhere, the part before the cut raises what the whole raises by then, at the same moments."""
    seconds = lying()
    whole = Bed()
    raised = [(second.index, [id_of(one) for one in whole.feed(second)]) for second in seconds]
    for cut in (70, 80, 100):
        part = Bed()
        again = [(second.index, [id_of(one) for one in part.feed(second)]) for second in seconds[:cut]]
        assert again == raised[:cut]


def id_of(episode) -> tuple[object, ...]:  # noqa: ANN001  # an Episode
    return (episode.rule, episode.signal, episode.raised, episode.kind)


def test_numbers_are_verified_then_disagree() -> None:
    bed = Bed()
    states = {}
    for second in lying():
        bed.feed(second)
        states[second.index] = bed.standings[Quantity.HR]
    assert states[50].state is State.VERIFIED
    assert states[50].derived == pytest.approx(72, abs=8)
    assert states[0].state is State.UNKNOWN
    assert states[0].why == "no number is displayed"
    assert states[62].state is State.UNKNOWN
    assert states[100].state is State.DISAGREES
    assert states[100].derived == pytest.approx(lying()[100].shown["HR"] - 12, abs=4)
    assert 45 <= bed.tallies[Quantity.HR].disagreed <= 60
    assert 45 <= bed.tallies[Quantity.HR].verified <= 62
    assert bed.standings[Quantity.PR].state is State.VERIFIED
    assert bed.standings[Quantity.SPO2].state is State.UNKNOWN
    assert "cannot be derived" in bed.standings[Quantity.SPO2].why


def test_a_number_that_fits_again_is_verified_again() -> None:
    seconds = told.seconds_of(200)
    told.EVENTS["offset"](seconds, 60, 90, ["HR", "15"])
    bed = Bed()
    for second in seconds:
        bed.feed(second)
    assert bed.standings[Quantity.HR].state is State.VERIFIED
    (lie,) = [one for one in bed.episodes if one.rule == "vitals.display-disagrees"]
    assert not lie.open
    assert 58 <= lie.start <= 66
    assert 86 <= lie.end <= 96


def test_without_waves_nothing_is_verified_and_nothing_wrong() -> None:
    bed = Bed()
    for second in lying():
        bed.feed(replace(second, waves={}))
    assert not bed.episodes
    assert bed.tallies[Quantity.HR].unverified == bed.tallies[Quantity.HR].shown


def test_a_long_lie_is_one_finding_with_its_span() -> None:
    bed = Bed()
    for second in lying(180):
        bed.feed(second)
    (finding,) = findings(bed.episodes, "bed")
    where = dict(finding.evidence[0].where)
    assert where["signal"] == "HR"
    assert 58 <= where["start_s"] <= 64
    assert where["end_s"] == 180
    assert 63 <= where["raised_s"] <= 75
    assert where["end_sample"] == round(where["end_s"] * where["rate"])
    assert "HR is displayed as" in finding.summary
    assert finding.severity is Severity.HIGH


def test_signals_that_repeat_together_are_one_finding() -> None:
    seconds = told.seconds_of(130)
    told.EVENTS["loop"](seconds, 70, 130, ["all", "20"])
    bed = Bed()
    for second in seconds:
        bed.feed(second)
    exact = [one for one in findings(bed.episodes, "bed") if "without one difference" in one.summary]
    (finding,) = exact
    assert {evidence.where["signal"] for evidence in finding.evidence} == {"I", "II", "III", "PLETH", "RESP"}
    assert "20 s before" in finding.summary


def test_missing_seconds_and_long_uncertainty_are_gaps() -> None:
    seconds = told.seconds_of(200)
    told.EVENTS["noise"](seconds, 80, 160, ["all", "70"])
    told.EVENTS["missing"](seconds, 30, 35, [])
    examination = Examination()
    for second in seconds:
        examination.add(second)
    answer = examination.answer("bed", (), ())
    missing = next(gap for gap in answer.gaps if gap.what.startswith("5 s"))
    assert dict(missing.where) == {"signal": "all", "start_s": 30.0, "end_s": 35.0}
    assert not missing.is_open
    unsure = [gap for gap in answer.gaps if gap.where.get("signal") == "HR"]
    assert unsure
    assert all(80 <= gap.where["start_s"] < gap.where["end_s"] <= 180 for gap in unsure)
    assert any(gap.is_open for gap in unsure)
    assert answer.subject.judgement.verdict is Verdict.UNKNOWN


def test_a_second_that_is_already_past_changes_nothing() -> None:
    bed, seconds = Bed(), told.seconds_of(20)
    for second in (*seconds, seconds[3]):
        bed.feed(second)
    assert bed.seconds == 20


def test_no_more_than_a_bounded_number_of_episodes_is_kept() -> None:
    bed = Bed()
    for index, second in enumerate(told.seconds_of(2 * MOST_EPISODES + 40)):
        word = ["HR", "45", str(130 + 10 * (index % 2)), "on"]
        one = [second]
        told.EVENTS["limits"](one, index, index + 1, word)
        bed.feed(replace(one[0], waves={}))
    assert len(bed.episodes) == MOST_EPISODES
    assert bed.left_out > 0


def test_hostile_seconds_do_no_harm() -> None:
    bed = Bed()
    for index in range(40):
        codes = np.array([2**31 - 1, -(2**31)] * (index % 3), np.int32)
        waves = {
            f"S{index}": told.wave(codes, index, 256),
            "II": told.wave(codes, index, 256),
            "PLETH": replace(told.wave(codes, index, 7), rate=0.5),
        }
        bed.feed(Second(index * (1 + index % 4), waves, {"HR": 1e300, "PR": -5.0, "RR": 0.0, "T1": 900.0}))
    assert all(one.start <= one.end <= one.raised or one.open for one in bed.episodes)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real recordings are not beside this checkout")
@pytest.mark.parametrize("path", [*sorted(SHARED.glob("bidmc/*.hea"))[::3], *sorted(SHARED.glob("c2015/*.hea"))[::4]],
                         ids=lambda path: path.stem)  # fmt: skip
def test_nothing_is_wrong_with_real_recordings(path: Path) -> None:
    answer = examine(open_recording(path))
    assert not [one.summary for one in answer.findings if one.severity is not Severity.INFO]
    shown = sum(tally.shown for quantity, tally in answer.bed.tallies.items() if quantity is Quantity.HR)
    assert answer.bed.tallies[Quantity.HR].verified >= 0.85 * shown


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real recordings are not beside this checkout")
@pytest.mark.parametrize("form", [".hea", ".cms"])
def test_the_example_with_everything_in_it(form: str) -> None:
    """By the index of the recordings: 5 s missing, a clock jump, lead off, probe off, the HR alarm off at 90 s."""
    answer = examine(open_recording(SHARED / "examples" / f"bidmc12-interrupted{form}"))
    (alarm,) = [one for one in answer.findings if one.severity is not Severity.INFO]
    assert alarm.rule == "vitals.alarm-limit-changed"
    assert (alarm.evidence[0].where["signal"], alarm.evidence[0].where["start_s"]) == ("HR", 90.0)
    assert any(dict(gap.where) == {"signal": "all", "start_s": 20.0, "end_s": 25.0} for gap in answer.gaps)


@pytest.mark.parametrize("good", ["I", "II", "III"])
def test_one_good_lead_carries_the_others(good: str) -> None:
    """Two of three leads and the pleth drown: what is displayed is judged by the third, and only by it."""
    bad = [name for name in ("I", "II", "III", "PLETH") if name != good]
    seconds = told.seconds_of(140)
    told.EVENTS["noise"](seconds, 20, 140, [",".join(bad), "70"])
    true = {second.index: second.shown["HR"] for second in seconds}
    told.EVENTS["offset"](seconds, 90, 140, ["HR", "12"])
    bed, states = Bed(), {}
    for second in seconds:
        bed.feed(second)
        states[second.index] = bed.standings[Quantity.HR]
    assert all(states[index].state is State.VERIFIED for index in range(40, 90))
    assert all(abs(states[index].derived - true[index]) < 4 for index in range(40, 90))
    (lie,) = [one for one in bed.episodes if one.rule == "vitals.display-disagrees" and one.signal == "HR"]
    assert 92 <= lie.raised <= 105
    assert str(lie.facts["nearest"]).startswith(f"{good}, ")


def test_where_every_lead_is_bad_nothing_is_verified_and_nothing_wrong() -> None:
    seconds = told.seconds_of(140)
    told.EVENTS["noise"](seconds, 20, 140, ["I,II,III,PLETH", "70"])
    told.EVENTS["offset"](seconds, 90, 140, ["HR", "40"])
    bed, states = Bed(), {}
    for second in seconds:
        bed.feed(second)
        states[second.index] = bed.standings[Quantity.HR]
    assert not [one for one in bed.episodes if one.rule == "vitals.display-disagrees"]
    assert all(states[index].state is State.UNKNOWN for index in range(40, 140))
    assert all(states[index].why for index in range(40, 140))


def test_a_lead_that_comes_off_leaves_the_number_to_the_others() -> None:
    seconds = told.seconds_of(120)
    told.EVENTS["still"](seconds, 60, 120, ["II"])
    bed = Bed()
    for second in seconds:
        bed.feed(second)
        if second.index > 20:
            assert bed.standings[Quantity.HR].state is State.VERIFIED
    assert [one.severity for one in bed.episodes if one.signal == "II"] == [Severity.INFO]
