"""The beats of one lead of a recording: which lead, which detector, where nothing could be searched."""

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.errors import InstallationError, UsageError
from wardwatch.vitals.beats.kernel import Kind
from wardwatch.vitals.beats.leads import DETECTORS, Gap, Lead, lead_beats
from wardwatch.vitals.beats.opening import searchable
from wardwatch.vitals.readers.opening import open_recording
from wardwatch.vitals.words import Second, Wave

SHARED = Path(__file__).resolve().parents[4] / "shared" / "vitals"
needs_sleepecg = pytest.mark.skipif(not find_spec("sleepecg"), reason="SleepECG is not installed")
OURS = [name for name in DETECTORS if name != "sleepecg"]
ANY = [pytest.param(name, marks=needs_sleepecg if name == "sleepecg" else ()) for name in DETECTORS]


def _told() -> ModuleType:
    spec = importlib.util.spec_from_file_location("told", Path(__file__).parents[1] / "told.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["told"] = module
    spec.loader.exec_module(module)
    return module


told = _told()


def true_beats(count: int, seed: int = 1) -> np.ndarray:
    """Those of the twin that made `told.seconds_of`."""
    waves = told.Waves(told.Body(), told.random.Random(seed))
    return np.array([beat for index in range(count) for beat in waves.second(index).beats])


def errors(truth: np.ndarray, found: Lead, within: float = 0.05) -> tuple[int, int]:
    times = np.array(found.samples) / found.rate
    near = np.abs(truth[:, None] - times[None]) <= within
    return int((~near.any(1)).sum()), int((~near.any(0)).sum())


@pytest.mark.parametrize("detector", ANY)
def test_every_detector_finds_the_beats_of_the_twin(detector: str) -> None:
    """SleepECG too, once for real, inside the product."""
    found = lead_beats(told.seconds_of(100), "II", detector)
    truth = true_beats(100)
    inside = truth[(truth > 1) & (truth < 98)]
    assert found.rate == 256
    assert not found.gaps
    assert errors(inside, found)[0] == 0
    assert errors(truth, Lead(found.name, found.rate, [one for one in found.samples if 1 < one / 256 < 98]))[1] == 0


@needs_sleepecg
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real recordings are not beside this checkout")
@pytest.mark.parametrize("name", ["mitdb/100", "bidmc/bidmc05"])
def test_ours_and_sleepecg_find_the_same_in_a_clean_real_lead(name: str) -> None:
    """Two programs by different people: of some thousand beats at most one in two hundred is found by one alone."""
    path = SHARED / f"{name}.hea"
    lead = next(iter(name for name in ("MLII", "II") if name in next(iter(open_recording(path).seconds())).waves))
    ours, theirs = (lead_beats(open_recording(path).seconds(), lead, each) for each in ("joint", "sleepecg"))
    missed, beside = errors(np.array(ours.samples) / ours.rate, theirs, 0.15)
    assert len(ours.samples) > 600
    assert missed + beside <= len(ours.samples) / 200


@needs_sleepecg
def test_sleepecg_does_not_depend_on_the_pieces() -> None:
    """Windows begin at fixed samples, so the seconds in which they come do not matter."""
    from wardwatch.vitals.beats.sleepecg import MARGIN, STEP, Windows  # noqa: PLC0415  # brings SciPy

    codes = np.concatenate([second.waves["II"].codes for second in told.seconds_of(2 * STEP + 3 * MARGIN)])
    results = []
    for piece in (256, 1000, len(codes)):
        windows = Windows(256.0)
        parts = [windows.feed(codes[at : at + piece], None) for at in range(0, len(codes), piece)]
        results.append(np.concatenate([*parts, windows.finish()]))
    assert len(results[0]) > 90
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


@needs_sleepecg
def test_sleepecg_is_given_windows_of_bounded_length(monkeypatch: pytest.MonkeyPatch) -> None:
    from wardwatch.vitals.beats import sleepecg  # noqa: PLC0415  # brings SciPy

    searched: list[int] = []

    def search(values: np.ndarray, _: float) -> np.ndarray:
        searched.append(len(values))
        return np.zeros(0, np.int64)

    monkeypatch.setattr(sleepecg, "_search", lambda: search)
    windows = sleepecg.Windows(256.0)
    for second in told.seconds_of(200):
        windows.feed(second.waves["II"].codes, None)
    windows.finish()
    assert len(searched) >= 6
    assert max(searched) <= (sleepecg.STEP + 2 * sleepecg.MARGIN) * 256


@needs_sleepecg
def test_sleepecg_holds_what_was_not_measured_and_searches_nothing_flat() -> None:
    from wardwatch.vitals.beats.sleepecg import Windows  # noqa: PLC0415  # brings SciPy

    codes = np.concatenate([second.waves["II"].codes for second in told.seconds_of(20)])
    valid = np.ones(len(codes), np.bool_)
    valid[8 * 256 : 9 * 256] = False
    wild = np.where(valid, codes, np.int32(2**30))
    windows = Windows(256.0)
    found = np.concatenate([windows.feed(wild, valid), windows.finish()])
    truth = true_beats(20)
    outside = truth[((truth > 1) & (truth < 7.5)) | ((truth > 9.5) & (truth < 19))]
    assert all(np.abs(found - beat).min() < 0.05 for beat in outside)
    flat = Windows(256.0)
    assert not len(np.concatenate([flat.feed(np.full(3000, 7, np.int32), None), flat.finish()]))
    assert not len(Windows(256.0).finish())


def test_without_the_library_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sleepecg", None)
    with pytest.raises(InstallationError, match="SleepECG is missing") as raised:
        lead_beats(told.seconds_of(3), "II", "sleepecg")
    assert "pip install" in raised.value.cure


def test_a_lead_is_named_in_any_case_and_another_is_refused() -> None:
    seconds = told.seconds_of(20)
    assert lead_beats(seconds, "ii").name == "II"
    assert lead_beats(seconds, "ii").samples == lead_beats(seconds, "II").samples
    with pytest.raises(UsageError, match="no signal is called V9") as raised:
        lead_beats(seconds, "V9")
    assert "I, II, III, PLETH, RESP" in raised.value.cure
    with pytest.raises(UsageError, match="no detector is called other"):
        lead_beats(seconds, "II", "other")
    with pytest.raises(UsageError, match="no signal") as nothing:
        lead_beats([], "II")
    assert "There are: none." in nothing.value.cure


@pytest.mark.parametrize("detector", OURS)
def test_missing_seconds_are_a_gap_and_samples_count_through_it(detector: str) -> None:
    seconds = told.seconds_of(60)
    told.EVENTS["missing"](seconds, 30, 36, [])
    found = lead_beats(seconds, "II", detector)
    assert found.gaps == [Gap(30.0, 36.0, "the seconds were not recorded")]
    truth = true_beats(60)
    outside = truth[((truth > 1) & (truth < 29.8)) | ((truth > 38) & (truth < 59))]
    times = np.array(found.samples) / 256
    assert all(np.abs(times - beat).min() < 0.05 for beat in outside)
    assert not ((times >= 30) & (times < 36)).any()


def test_what_stands_still_is_a_gap_without_beats() -> None:
    seconds = told.seconds_of(60)
    told.EVENTS["still"](seconds, 20, 30, ["II"])
    found = lead_beats(seconds, "II")
    (gap,) = found.gaps
    assert 20 <= gap.start <= 23
    assert gap.end == 30
    assert "stands still" in gap.why
    assert not [one for one in found.samples if gap.start <= one / 256 < gap.end]


def _waves(seconds: list[Second], change: int, wave: Wave | None) -> Iterator[Second]:
    for second in seconds:
        if second.index != change:
            yield second
        else:
            yield replace(second, waves={} if wave is None else {"II": wave})


@pytest.mark.parametrize(
    ("wave", "why"),
    [
        (None, "nothing was measured"),
        (Wave(np.zeros(256, np.int32), 256.0, 20 * 256, valid=np.zeros(256, np.bool_)), "nothing was measured"),
        (Wave(np.arange(30, dtype=np.int32), 30.0, 600), "its sampling rate is not one that can be searched"),
        (Wave(np.arange(500, dtype=np.int32), 500.0, 10000), "its sampling rate changed"),
    ],
)
def test_a_second_that_cannot_be_searched_is_a_gap(wave: Wave | None, why: str) -> None:
    found = lead_beats(_waves(told.seconds_of(40), 20, wave), "II")
    assert found.gaps == [Gap(20.0, 21.0, why)]
    assert len(found.samples) > 40


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_peaks_rise_and_lie_inside_whatever_comes(data: st.DataObject) -> None:
    """Seconds of noise at rates that change, with holes: rising samples, none in a gap, none behind the end."""
    index, seconds = 0, []
    for _ in range(data.draw(st.integers(1, 15))):
        rate = data.draw(st.sampled_from([125, 256, 256, 256, 10, 5000]))
        source = np.random.default_rng(data.draw(st.integers(0, 50)))
        codes = np.cumsum(source.integers(-40, 41, rate)).astype(np.int32) * data.draw(st.sampled_from([0, 1, 10**6]))
        waves = {"II": Wave(codes, float(rate), index * rate)} if data.draw(st.booleans()) else {}
        seconds.append(Second(index, {**waves, "V": Wave(codes, float(rate), index * rate)}))
        index += data.draw(st.sampled_from([1, 1, 1, 4]))
    if not any("II" in second.waves for second in seconds):
        return
    found = lead_beats(seconds, "II", data.draw(st.sampled_from(OURS)))
    assert all(before < after for before, after in zip(found.samples, found.samples[1:], strict=False))
    for sample in found.samples:
        at = sample / found.rate
        assert 0 <= at < seconds[-1].index + 1
        assert not any(gap.start <= at < gap.end for gap in found.gaps)
    for before, after in zip(found.gaps, found.gaps[1:], strict=False):
        assert before.end <= after.start


@pytest.mark.parametrize(
    ("kind", "rate", "can"),
    [
        (Kind.ECG, 59.9, False), (Kind.ECG, 60.0, True), (Kind.ECG, 4096.0, True), (Kind.ECG, 4097.0, False),
        (Kind.PLETH, 19.0, False), (Kind.PLETH, 20.0, True), (Kind.RESP, 3.9, False), (Kind.RESP, 4.0, True),
        (Kind.RESP, float("nan"), False),
    ],
)  # fmt: skip
def test_which_rates_can_be_searched(kind: Kind, rate: float, can: bool) -> None:  # noqa: FBT001  # a column
    assert searchable(kind, rate) is can


@pytest.mark.parametrize("detector", OURS)
def test_beats_found_at_the_end_of_the_range_do_not_count(detector: str) -> None:
    """The baseline lies at the rail and beats point inwards: something is found, and it is worth nothing."""
    seconds = told.seconds_of(60)
    for second in seconds[20:30]:
        second.waves["II"].codes[:] = np.minimum(255, 255 + 134 - second.waves["II"].codes)
    found = lead_beats(seconds, "II", detector)
    (gap,) = found.gaps
    assert (gap.start, gap.end) == (20, 30)
    assert "end of its range" in gap.why
    assert not [one for one in found.samples if 20 <= one / 256 < 30]
    assert len([one for one in found.samples if one / 256 < 20]) > 18
