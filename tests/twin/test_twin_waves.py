"""In: waves of the twin. Out: whether detectors that know nothing of it find the rhythms it says it put in."""

import statistics
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.twin.waves import Body, Second, Waves, somebody

SECONDS = 60


def record(body: Body, seed: int = 1, seconds: int = SECONDS) -> list[Second]:
    waves = Waves(body, Random(seed))
    return [waves.second(k) for k in range(seconds)]


def joined(seconds: list[Second], name: str) -> np.ndarray:
    return np.frombuffer(b"".join(getattr(second, name) for second in seconds), np.uint8).astype(float)


def peaks(signal: np.ndarray, threshold: float, refractory: int) -> list[int]:
    """The highest sample of each stretch above `threshold`, stretches nearer than `refractory` samples joined."""
    above = np.flatnonzero(signal > threshold)
    groups = np.split(above, np.flatnonzero(np.diff(above) > refractory) + 1)
    return [int(group[np.argmax(signal[group])]) for group in groups if group.size]


BODIES = [somebody(Random(number)) for number in range(6)]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: f"{body.heart_rate:.0f}")
def test_a_simple_detector_finds_the_beats_that_were_put_in(body: Body) -> None:
    seconds = record(body)
    lead = joined(seconds, "lead_2")
    found = [peak / 256 for peak in peaks(lead, (lead.max() + np.median(lead)) / 2, 64)]
    put_in = [beat for second in seconds for beat in second.beats]
    assert len(found) == pytest.approx(len(put_in), abs=1)  # one may stand at either edge
    for beat in put_in[1:-1]:
        assert min(abs(beat - peak) for peak in found) <= 1.5 / 256


@pytest.mark.parametrize("body", BODIES, ids=lambda body: f"{body.heart_rate:.0f}")
def test_the_displayed_heart_rate_is_that_of_the_beats_on_the_screen(body: Body) -> None:
    seconds = record(body)
    lead = joined(seconds, "lead_2")
    found = [peak / 256 for peak in peaks(lead, (lead.max() + np.median(lead)) / 2, 64)]
    for k in range(20, SECONDS):
        last = [peak for peak in found if peak <= k][-9:]
        shown = seconds[k].heart_rate
        if k - last[-1] > 0.01:  # a peak on the very edge may be on either side of it
            assert shown is not None
            assert abs(shown - 60 / statistics.mean(b - a for a, b in pairwise(last))) <= 0.6  # 0.5 and the sampling


def test_lead_three_is_the_difference_of_the_other_two() -> None:
    seconds = record(BODIES[0])
    one, two, three = (joined(seconds, name) - 128 for name in ("lead_1", "lead_2", "lead_3"))
    assert np.array_equal(three, two - one)
    assert np.ptp(three) > 20


@pytest.mark.parametrize("body", BODIES, ids=lambda body: f"{body.systolic:.0f}")
def test_each_pulse_follows_its_beat_after_a_plausible_time(body: Body) -> None:
    seconds = record(body)
    pleth = joined(seconds, "pleth")
    slope = np.diff(pleth)
    rises = [peak / 256 for peak in peaks(slope, 0.5 * slope.max(), 80)]
    beats = [beat for second in seconds for beat in second.beats]
    delays = [min(rise - beat for rise in rises if rise > beat) for beat in beats if beat < SECONDS - 2]
    assert len(rises) == pytest.approx(len(beats), abs=2)
    assert all(0.15 < delay < 0.55 for delay in delays)  # from the R peak to the steepest rise at the finger
    assert statistics.stdev(delays) < 0.03


def test_a_pulse_takes_longer_where_pressure_is_lower() -> None:
    def delay(pressure: float) -> float:
        seconds = record(Body(systolic=pressure), seconds=30)
        pulses = [pulse for second in seconds for pulse in second.pulses]
        beats = [beat for second in seconds[:-2] for beat in second.beats]
        return statistics.mean(min(pulse - beat for pulse in pulses if pulse > beat) for beat in beats)

    assert delay(100) > delay(120) + 0.01 > delay(150) + 0.02


@pytest.mark.parametrize("body", BODIES, ids=lambda body: f"{body.breath_rate:.0f}")
def test_the_displayed_breath_rate_is_that_of_the_breaths_on_the_screen(body: Body) -> None:
    seconds = record(body, seconds=120)
    resp = joined(seconds, "resp")
    tops = peaks(resp, 170, 128)
    rate = 60 / statistics.mean((b - a) / 128 for a, b in pairwise(tops))
    shown = [second.breath_rate for second in seconds if second.breath_rate is not None]
    assert statistics.mean(shown) == pytest.approx(rate, abs=0.6)


def test_the_beat_follows_the_breath() -> None:
    body = Body(breath_sway=0.08, slow_sway=0.0)
    seconds = record(body, seconds=240)
    beats = np.array([beat for second in seconds for beat in second.beats])
    breaths = np.array([breath for second in seconds for breath in second.breaths])
    intervals, middle = np.diff(beats), beats[:-1]
    phase = np.interp(middle, breaths, np.arange(breaths.size)) % 1
    assert np.corrcoef(intervals, np.sin(2 * np.pi * phase))[0, 1] > 0.8


def test_before_enough_beats_nothing_is_displayed() -> None:
    seconds = record(Body(heart_rate=60), seconds=12)
    assert seconds[0].heart_rate is None
    assert seconds[2].pulse_rate is None
    assert seconds[11].heart_rate is not None
    assert seconds[11].breath_rate is None  # 12 seconds hold too few breaths to count


def test_waves_repeat_with_their_seed_and_never_within() -> None:
    assert record(BODIES[0], 5, 16) == record(BODIES[0], 5, 16)
    assert record(BODIES[0], 5, 16) != record(BODIES[0], 6, 16)
    assert len({second.lead_2 for second in record(BODIES[0])}) == SECONDS


@settings(max_examples=25, deadline=None)
@given(st.floats(35, 180), st.floats(5, 40), st.floats(0, 0.1), st.floats(0.3, 1.5), st.integers(0, 2**32))
def test_any_body_has_waves_within_the_converter(
    rate: float, breath: float, sway: float, height: float, seed: int
) -> None:
    body = Body(heart_rate=rate, breath_rate=breath, breath_sway=sway, r_amplitude=height)
    for second in record(body, seed, 10):
        assert [len(wave) for wave in (second.lead_1, second.lead_2, second.lead_3, second.pleth)] == [256] * 4
        assert len(second.resp) == 128
        assert min(second.lead_2) > 0
        assert max(second.lead_2) < 255


def test_a_second_may_be_left_out() -> None:
    waves = Waves(BODIES[0], Random(1))
    waves.second(0)
    later = waves.second(500)
    assert later.heart_rate is not None
    assert all(500 <= beat < 501 for beat in later.beats)
    assert len(waves.beats.times) < 100
