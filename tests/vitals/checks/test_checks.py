import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from wardwatch.plugins import modules
from wardwatch.vitals.bed import Bed
from wardwatch.vitals.check import Episode, Moment
from wardwatch.vitals.checks.decoupled import Decoupled
from wardwatch.vitals.checks.display import DisplayDisagrees
from wardwatch.vitals.checks.replay_exact import ReplayExact
from wardwatch.vitals.checks.replay_noisy import ReplayNoisy
from wardwatch.vitals.words import Beats, Derivation, Derivations, Quantity, Second
from wardwatch.vocabulary import Severity

HERE = Path(__file__).parent
SAMPLES = sorted((HERE / "samples").glob("*/*/*.play"))


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE.parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys  # noqa: PLC0415  # dataclasses look their module up

    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


told = load("told")


def run(path: Path) -> tuple[list[Episode], object]:
    story = told.tell(path)
    bed = Bed()
    for second in story.seconds:
        bed.feed(second)
    return bed.episodes, story


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_story_gives_what_it_says(path: Path) -> None:
    episodes, story = run(path)
    rule = next(
        module.RULE
        for module in modules("wardwatch.vitals.checks", "CHECK")
        if module.__name__.endswith("." + path.parts[-3])
    )
    alarms = [one for one in episodes if one.severity is not Severity.INFO]
    notes = {(one.rule, one.signal) for one in episodes if one.severity is Severity.INFO}
    shown = [(one.rule, one.signal, one.start, one.end, one.raised, one.kind) for one in episodes]
    if path.parts[-2] == "silent":
        assert not alarms, shown
    if story.quiet:
        assert not episodes, shown
    for fired, signal, earliest, latest in story.fires:
        assert fired == rule
        raised = [one.raised for one in alarms if (one.rule, one.signal) == (fired, signal)]
        assert any(earliest <= when <= latest for when in raised), shown
    for note in story.notes:
        assert note in notes, shown
    assert path.parts[-2] == "silent" or story.fires


def moments(seconds: list[Second]) -> list[Moment]:
    return [Moment(second, (), Derivations.of([])) for second in seconds]


def played(levels: int, period: int) -> list[Second]:
    """A pleth of so many different codes that repeats itself, without a second's regularity, every `period` seconds."""
    source = np.random.default_rng(1)
    once = source.integers(0, levels, 256 * period).astype(np.int32)
    return [
        Second(index, {"PLETH": told.wave(once[index % period * 256 :][:256], index, 256)}) for index in range(30)
    ]  # fmt: skip


@pytest.mark.parametrize(("levels", "severities"), [(8, set()), (64, {Severity.HIGH})])
def test_a_replay_has_many_codes(levels: int, severities: set[Severity]) -> None:
    check = ReplayExact()
    found = [one for moment in moments(played(levels, 3)) for one in check.feed(moment)]
    assert {one.severity for one in found} == severities


def test_a_replay_ends_where_it_ends() -> None:
    seconds = told.seconds_of(140)
    told.EVENTS["loop"](seconds, 60, 90, ["RESP", "20"])
    check = ReplayExact()
    (found,) = [one for moment in moments(seconds) for one in check.feed(moment)]
    assert 59 <= found.start <= 62
    assert 88 <= found.end <= 91
    assert not found.open


def test_a_replay_that_was_interrupted_is_one() -> None:
    """At every seam of a loop something new is heard for a moment."""
    seconds = told.seconds_of(150)
    told.EVENTS["loop"](seconds, 60, 150, ["RESP", "17"])
    check = ReplayExact()
    (found,) = [one for moment in moments(seconds) for one in check.feed(moment)]
    assert found.end == pytest.approx(150, abs=1)


def test_missing_seconds_are_no_replay_of_one_another() -> None:
    check = ReplayExact()
    seconds = told.seconds_of(60)
    later = [replace(second, index=second.index + 100) for second in seconds]
    found = [
        one
        for place, second in enumerate((*seconds, *later))
        for one in check.feed(Moment(second, (), (), 40 if place == 60 else 0))
    ]
    assert {one.signal for one in found} == {"I", "II", "III", "PLETH", "RESP"}
    assert all(one.facts["distance_s"] == pytest.approx(0, abs=1e-9) or one.raised > 100 for one in found)


@pytest.mark.parametrize(("signals", "count"), [("PLETH", 0), ("I,II,III,PLETH,RESP", 5)])
def test_one_signal_that_repeats_with_noise_proves_nothing(signals: str, count: int) -> None:
    seconds = told.seconds_of(160)
    told.EVENTS["loop"](seconds, 80, 160, [signals, "24", "1"])
    check = ReplayNoisy()
    found = [one for moment in moments(seconds) for one in check.feed(moment)]
    assert len({one.signal for one in found}) == len(found) == count
    assert all(one.end >= 156 and one.rate == told.RATES[one.signal] for one in found)


@pytest.mark.parametrize(
    ("sway", "step", "paced", "count"), [(0.0, 0.8, 0, 0), (0.0, 0.73, 0, 1), (0.3, 0.73, 0, 0), (0.0, 0.73, 1, 0)]
)
def test_only_regular_signals_are_held_against_each_other(sway: float, step: float, paced: int, count: int) -> None:
    """Pulses a fixed time behind the beats; at another rate; and at another rate but irregular, or but paced."""
    source = np.random.default_rng(2)
    beats = np.arange(0, 120, 0.8)
    pulses = np.cumsum(step * (1 + sway * source.uniform(-1, 1, 200)))
    waves = {name: told.wave(np.zeros(256), 0, 256) for name in ("II", "PLETH")}
    check = Decoupled()
    found = []
    for index in range(110):
        events = tuple(
            Beats(name, "joint", times[(times >= index) & (times < index + 1)], float(index))
            for name, times in (("II", beats), ("PLETH", pulses + 0.3))
        )
        derived = Derivations.of(
            Derivation(name, quantity, index + 1.0, 75.0, quality=1.0, detector="joint", averaging="12")
            for name, quantity in (("II", Quantity.HR), ("PLETH", Quantity.PR))
        )
        derived.told["paced"][0] = paced
        found += list(check.feed(Moment(Second(index, waves), events, derived)))
    assert len(found) == count


@pytest.mark.parametrize(("quality", "count"), [(0.8, 1), (1.0, 0)])
def test_only_a_clean_pleth_speaks_for_the_heart_rate(quality: float, count: int) -> None:
    """The ECG says 70, the pleth 85, and 85 is displayed as the heart rate."""
    check = DisplayDisagrees()
    found = []
    for index in range(60):
        derived = Derivations.of(
            (
                Derivation("II", Quantity.HR, index + 1.0, 70.0, quality=1.0, detector="joint", averaging="12"),
                Derivation("PLETH", Quantity.PR, index + 1.0, 85.0, quality=quality, detector="ratio", averaging="8"),
            )
        )
        found += list(check.feed(Moment(Second(index, {}, {"HR": 85.0}), (), derived)))
    assert len(found) == count


def test_respiration_that_repeats_by_itself_is_told_as_such_and_once() -> None:
    """The distance and the likeness are told; the episode grows; it ends where the loop ends."""
    seconds = told.seconds_of(280)
    told.EVENTS["loop"](seconds, 80, 200, ["RESP", "24.3", "1.5"])
    bed, found, ends = Bed(), [], {}
    for second in seconds:
        found += bed.feed(second)
        ends[second.index] = found[0].end if found else None
    (one,) = found
    assert (one.signal, one.kind, one.rate, one.severity) == ("RESP", "noisy alone", 128, Severity.MEDIUM)
    assert one.facts["distance_s"] == pytest.approx(24.3, abs=0.1)
    assert one.facts["correlation"] > 0.9993
    assert 78 <= one.start <= 92
    assert 196 <= one.end <= 208
    assert not one.open
    assert ends[190] == pytest.approx(189, abs=4)


def test_a_trend_resembles_its_past_and_is_no_breath() -> None:
    """A lead that was just attached: its level sinks for minutes, always in the same way."""
    seconds = [
        Second(index, {"RESP": replace(second.waves["RESP"], codes=_sinking(index))})
        for index, second in enumerate(told.seconds_of(100))
    ]
    bed = Bed()
    assert not [one for second in seconds for one in bed.feed(second) if one.kind == "noisy alone"]


def _sinking(index: int) -> np.ndarray:
    return np.rint(20000 * np.exp(-(index + np.arange(128) / 128) / 25)).astype(np.int32)


@pytest.mark.parametrize(("shown", "state"), [(70.0, "verified"), (72.0, "verified"), (74.0, "cannot verify")])
def test_a_number_that_differs_a_little_is_not_verified_at_once(shown: float, state: str) -> None:
    """The waves say 70; one second is too short to say that 74 disagrees, and it does not fit either."""
    check = DisplayDisagrees()
    derived = Derivations.of([Derivation("II", Quantity.HR, 1.0, 70.0, quality=1.0, detector="joint", averaging="12")])
    assert not list(check.feed(Moment(Second(0, {}, {"HR": shown}), (), derived)))
    standing = check.standings[Quantity.HR]
    assert standing.state == state
    assert standing.derived == 70.0
    assert (standing.why == "it differs, but not yet for long enough to say") is (state == "cannot verify")


def test_a_display_that_moves_on_ends_what_was_said_of_its_standing() -> None:
    """As in the story of a display that stands; from second 420 on it follows the heart again."""
    seconds = told.seconds_of(460, seed=2, heart_rate=118)
    told.EVENTS["display"](seconds, 60, 420, ["HR", "118"])
    bed = Bed()
    for second in seconds:
        bed.feed(second)
        if second.index == 419:
            (stands,) = [one for one in bed.episodes if one.kind == "stands"]
            assert stands.open
            assert stands.end == 420
    assert not stands.open
    assert stands.end == 420


@pytest.mark.parametrize(("step", "count"), [(0, 5), (1, 5), (40, 0)])
def test_a_resemblance_counts_only_at_one_distance(step: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three looks in a row that each find a likeness, but always at another distance, are chance."""
    looks = iter(range(1000))
    monkeypatch.setattr(ReplayNoisy, "_best", lambda *_: (600 + step * next(looks), 0.999))
    check = ReplayNoisy()
    found = [one for moment in moments(told.seconds_of(80)) for one in check.feed(moment)]
    assert len(found) == count
