"""The detectors on the twin's model, whose beats, pulses and breaths are known, and on whatever else may come."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wardwatch.errors import UsageError
from wardwatch.twin.waves import Body, Waves
from wardwatch.vitals.beats.kernel import DETECTORS, LATEST, Channel, Detector, Kind, State, no_rules

SECONDS = 90
RATES = {45.0: 7, 72.0: 1, 110.0: 2, 150.0: 3}


class Twin:
    """What the model sent and what was in it."""

    def __init__(self, rate: float, seed: int, breath: float = 15.0) -> None:
        waves = Waves(Body(heart_rate=rate, breath_rate=breath), Random(seed))
        told = [waves.second(k) for k in range(SECONDS)]
        self.codes = {
            Kind.ECG: _codes(second.lead_2 for second in told),
            Kind.PLETH: _codes(second.pleth for second in told),
            Kind.RESP: _codes(second.resp for second in told),
        }
        self.beats = np.array([at for second in told for at in second.beats])
        self.pulses = np.array([at for second in told for at in second.pulses])
        self.breaths = np.array([at for second in told for at in second.breaths])


def _codes(parts: object) -> np.ndarray:
    return np.frombuffer(b"".join(parts), np.uint8).astype(np.int32)


def _found(kind: Kind, codes: np.ndarray, rate: float, scale: float = 16.0) -> dict[Detector, np.ndarray]:
    channel = Channel(kind, rate, scale, 0.2 * scale if kind is Kind.ECG else 1.5 * scale, no_rules())
    found = channel.feed(codes)
    last = channel.finish(rate)
    return {detector: np.concatenate((found[detector], last[detector])) for detector in found}


def _matched(truth: np.ndarray, found: np.ndarray, within: float) -> tuple[int, int]:
    """How many of the truth were missed, and how many found are none."""
    near = np.abs(truth[:, None] - found[None]) <= within
    return int((~near.any(1)).sum()), int((~near.any(0)).sum())


@pytest.mark.parametrize("rate", sorted(RATES))
@pytest.mark.parametrize("detector", DETECTORS[Kind.ECG])
def test_every_beat_of_the_model_is_found_where_it_is(rate: float, detector: Detector) -> None:
    twin = Twin(rate, RATES[rate])
    truth = twin.beats[(twin.beats > 0.3) & (twin.beats < SECONDS - 0.3)]
    found = _found(Kind.ECG, twin.codes[Kind.ECG], 256)[detector]
    assert _matched(truth, found[(found > 0.3) & (found < SECONDS - 0.3)], 0.02) == (0, 0)


@pytest.mark.parametrize("rate", [125.0, 360.0, 500.0, 1000.0])
def test_the_sampling_rate_does_not_matter(rate: float) -> None:
    twin = Twin(72.0, 1)
    times = np.arange(int(SECONDS * rate) - 8) / rate
    codes = np.rint(8 * np.interp(times, np.arange(256 * SECONDS) / 256, twin.codes[Kind.ECG])).astype(np.int32)
    truth = twin.beats[(twin.beats > 0.3) & (twin.beats < SECONDS - 0.3)]
    for found in _found(Kind.ECG, codes, rate, 2.0).values():
        assert _matched(truth, found[(found > 0.3) & (found < SECONDS - 0.3)], 0.02) == (0, 0)


def test_a_lead_upside_down_or_faint_has_the_same_beats() -> None:
    codes = Twin(72.0, 1).codes[Kind.ECG]
    upright = _found(Kind.ECG, codes, 256)[Detector.JOINT]
    for other in (255 - codes, codes // 3, codes * 100 - 7):
        found = _found(Kind.ECG, other, 256)[Detector.JOINT]
        assert len(found) == len(upright)
        assert np.abs(found - upright).max() < 0.02


@pytest.mark.parametrize("rate", sorted(RATES))
@pytest.mark.parametrize("detector", DETECTORS[Kind.PLETH])
def test_every_pulse_follows_its_foot(rate: float, detector: Detector) -> None:
    twin = Twin(rate, RATES[rate])
    found = _found(Kind.PLETH, twin.codes[Kind.PLETH], 256)[detector]
    first = 4.0 if detector is Detector.TURNS else 2.0
    truth = twin.pulses[(twin.pulses > first) & (twin.pulses < SECONDS - 3)]
    after = [found[found > foot][0] - foot for foot in truth]
    assert len(found[(found > truth[0]) & (found < truth[-1])]) == len(truth) - 1
    assert np.ptp(after) < 0.12 * 60 / rate
    assert 0.1 < np.median(after) / (60 / rate) < 0.4


@pytest.mark.parametrize("detector", DETECTORS[Kind.RESP])
@pytest.mark.parametrize("breath", [8.0, 15.0, 30.0])
def test_every_breath_is_found(breath: float, detector: Detector) -> None:
    twin = Twin(72.0, 1, breath)
    found = _found(Kind.RESP, twin.codes[Kind.RESP], 128)[detector]
    truth = twin.breaths[(twin.breaths > 16) & (twin.breaths < SECONDS - 10)]
    assert len(found[(found > truth[0]) & (found < truth[-1])]) == len(truth) - 1
    peaks = [found[found > start][0] - start for start in truth[:-1]]
    assert np.abs(np.array(peaks) * breath / 60 - 0.4).max() < 0.08


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=80), st.sampled_from(list(Kind)), st.integers(0, 2**32))
def test_pieces_do_not_matter(pieces: list[int], kind: Kind, seed: int) -> None:
    source = np.random.default_rng(seed)
    codes = np.cumsum(source.integers(-9, 10, sum(pieces) + 3000)).astype(np.int32)
    valid = source.random(len(codes)) > 0.01
    whole, parts = (Channel(kind, 256.0, 16.0, 3.0, no_rules()) for _ in range(2))
    together = whole.feed(codes, valid)
    told: dict[Detector, list[np.ndarray]] = {detector: [] for detector in DETECTORS[kind]}
    at = 0
    for length in (*pieces, 3000):
        for detector, times in parts.feed(codes[at : at + length], valid[at : at + length]).items():
            told[detector].append(times)
        at += length
    for detector, times in together.items():
        assert np.array_equal(np.concatenate(told[detector]), times)


@settings(deadline=None, max_examples=60)
@given(
    arrays(np.int32, st.integers(0, 4000), elements=st.integers(-(2**31), 2**31 - 1)),
    st.sampled_from(list(Kind)),
    st.sampled_from([60.0, 125.0, 256.0, 4096.0]),
    st.floats(1e-6, 1e8),
)
def test_any_codes_give_rising_times_inside(codes: np.ndarray, kind: Kind, rate: float, scale: float) -> None:
    channel = Channel(kind, rate, scale, 1.0, no_rules())
    for times in channel.feed(codes).values():
        assert np.all(np.isfinite(times))
        assert np.all(np.diff(times) > 0)
        assert np.all(times < len(codes) / rate)


@pytest.mark.parametrize("level", [0, 128, 255, -(2**31), 2**31 - 1])
@pytest.mark.parametrize("kind", list(Kind))
def test_a_constant_has_no_events_and_stands_still(level: int, kind: Kind) -> None:
    channel = Channel(kind, 256.0, 16.0, 3.0, no_rules())
    states = [channel.second(np.full(256, level, np.int32)).state for _ in range(20)]
    assert states[-1] is State.FLAT
    assert not any(len(times) for times in channel.finish(256.0).values())


def test_no_event_comes_later_than_promised() -> None:
    source = np.random.default_rng(5)
    codes = Twin(72.0, 1).codes[Kind.ECG] + source.integers(-40, 40, SECONDS * 256).astype(np.int32)
    channel = Channel(Kind.ECG, 256.0, 16.0, 3.0, no_rules())
    for second in range(SECONDS):
        told = channel.second(codes[second * 256 : second * 256 + 256])
        assert all(time >= second + 1 - LATEST - 1 for times in told.times for time in times)


def test_states_of_a_second() -> None:
    source = np.random.default_rng(1)
    channel = Channel(Kind.ECG, 256.0, 16.0, 3.0, no_rules())
    beat = Twin(72.0, 1).codes[Kind.ECG][:256]
    assert channel.second(beat).state is State.FINE
    assert channel.second(beat, np.arange(256) % 3 == 0).state is State.MISSING
    assert channel.second(np.minimum(beat + 126, 255)).state is State.SATURATED
    assert channel.second(source.integers(20, 230, 256).astype(np.int32)).state is State.NOISY
    assert channel.second(beat).state is State.FINE


def test_a_copy_goes_on_by_itself() -> None:
    codes = Twin(72.0, 1).codes[Kind.ECG]
    one = Channel(Kind.ECG, 256.0, 16.0, 3.0, no_rules())
    one.feed(codes[:5000])
    other = one.copy()
    expected = one.feed(codes[5000:])[Detector.JOINT]
    assert np.array_equal(other.feed(codes[5000:])[Detector.JOINT], expected)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), 5000.0])
def test_impossible_rates_are_refused(rate: float) -> None:
    with pytest.raises(UsageError):
        Channel(Kind.ECG, rate, 16.0, 3.0, no_rules())


@pytest.mark.parametrize(("end", "beyond"), [(0, -40), (255, 300), (-128, -140), (127, 160), (2047, 2060)])
def test_a_code_inside_the_range_is_no_end_of_it(end: int, beyond: int) -> None:
    """A signal that rests at 0, or at 127, is at its end only if it was never farther."""
    rests = np.where(np.arange(256) % 3 == 0, end, end - np.sign(beyond - end) * 90).astype(np.int32)
    rests[::16] -= np.sign(beyond - end) * 20 * (np.arange(16) + 1)
    rests[::3] = end
    for farther in (False, True):
        channel = Channel(Kind.ECG, 256.0, 16.0, 3.0, no_rules())
        first = Twin(72.0, 1).codes[Kind.ECG][:256] // 4 + end - np.sign(beyond - end) * 100
        channel.second(np.append(first[1:], beyond if farther else first[0]).astype(np.int32))
        assert (channel.second(rests).state is State.SATURATED) is not farther


@pytest.mark.parametrize(
    ("kind", "rate", "detector"),
    [(Kind.RESP, 128, Detector.TURNS), (Kind.RESP, 128, Detector.SMOOTHER), (Kind.PLETH, 256, Detector.TURNS)],
)
def test_a_signal_that_becomes_faint_is_learnt_anew(kind: Kind, rate: int, detector: Detector) -> None:
    """From the middle on a fifteenth of the height, far below the share of the usual that counts."""
    period = 4.0 if kind is Kind.RESP else 0.8
    times = np.arange(240 * rate) / rate
    codes = np.rint(np.where(times < 120, 3000, 200) * np.sin(2 * np.pi * times / period)).astype(np.int32)
    told = _found(kind, codes, rate)[detector]
    late = told[(told > 170) & (told < 235)]
    assert len(late) == pytest.approx(65 / period, abs=1)
    assert np.allclose(np.diff(late), period, atol=0.15)


def test_two_humps_of_one_pulse_are_one_pulse() -> None:
    """The second, behind a deep notch, comes a fifth of a second later: no heart is so quick."""
    phase = (np.arange(90 * 256) / 256) % 0.9
    humps = [height * np.exp(-(((phase - at) / 0.035) ** 2)) for at, height in ((0.25, 2000), (0.45, 1700))]
    told = _found(Kind.PLETH, np.rint(sum(humps)).astype(np.int32), 256)[Detector.TURNS]
    steady = told[(told > 10) & (told < 85)]
    assert len(steady) == pytest.approx(75 / 0.9, abs=1)
    assert np.allclose(np.diff(steady), 0.9, atol=0.02)


@pytest.mark.parametrize("detector", [Detector.LEVELS, Detector.JOINT])
def test_a_step_across_what_was_not_measured_is_no_beat(detector: Detector) -> None:
    """Half a second is missing in the middle of each fifth pause between beats, and the level is another after it."""
    twin = Twin(45.0, 7)
    codes, valid = twin.codes[Kind.ECG].copy(), np.ones(SECONDS * 256, np.bool_)
    steps = []
    for place, beat in enumerate(twin.beats[4:-4:5]):
        begin = round((beat + 0.5) * 256)
        valid[begin : begin + 100] = False
        codes[begin:] += 200 if place % 2 else -200
        steps.append((begin + 100) / 256)
    channel = Channel(Kind.ECG, 256.0, 16.0, 3.2, no_rules())
    told = np.concatenate((channel.feed(codes, valid)[detector], channel.finish(256.0)[detector]))
    inside = twin.beats[(twin.beats > 1) & (twin.beats < SECONDS - 1)]
    away = np.abs(told[:, None] - inside).min(axis=1)
    assert not [time for time, off in zip(told, away, strict=True) if off > 0.1 and 1 < time < SECONDS - 1]
    assert len(steps) > 8


def test_what_was_not_measured_at_the_beginning_counts_as_time() -> None:
    twin = Twin(72.0, 1)
    valid = np.arange(SECONDS * 256) >= 700
    channel = Channel(Kind.ECG, 256.0, 16.0, 3.2, no_rules())
    told = channel.feed(twin.codes[Kind.ECG], valid)
    for detector, last in channel.finish(256.0).items():
        found = np.concatenate((told[detector], last))
        truth = twin.beats[(twin.beats > 4) & (twin.beats < SECONDS - 1)]
        assert _matched(truth, found[(found > 4) & (found < SECONDS - 1)], 0.02) == (0, 0)
        assert (found > 700 / 256).all()


@pytest.mark.parametrize("rate", [1024.0, 2048.0, 4096.0])
def test_a_higher_rate_moves_no_beat(rate: float) -> None:
    """Several samples are one working sample; its time is the middle of theirs, to a part of a millisecond."""
    twin = Twin(72.0, 1)
    times = np.arange(int(SECONDS * rate) - 64) / rate
    codes = np.rint(64 * np.interp(times, np.arange(256 * SECONDS) / 256, twin.codes[Kind.ECG])).astype(np.int32)
    slow = _found(Kind.ECG, twin.codes[Kind.ECG] * 64, 256, 0.25)[Detector.JOINT]
    fast = _found(Kind.ECG, codes, rate, 0.25)[Detector.JOINT]
    near = fast[np.abs(fast[:, None] - slow).argmin(axis=0)]
    moved = (near - slow)[np.abs(near - slow) < 0.02]
    assert len(moved) > 90
    assert abs(float(moved.mean())) < 0.0012
