"""In which units a signal is searched: what is too faint to be a beat, and what is as large as a converter gets."""

import numpy as np
import pytest

from wardwatch.vitals.beats.kernel import Channel, Detector, Kind, no_rules
from wardwatch.vitals.beats.opening import opened
from wardwatch.vitals.words import Wave

RATE = 250
SECONDS = 30
BEATS = np.arange(1.0, SECONDS - 1, 0.8)


def lead(height: float) -> np.ndarray:
    """Beats of so many codes: a narrow triangle, 80 ms wide, each 0.8 s."""
    times = np.arange(SECONDS * RATE) / RATE
    away = np.abs(times[:, None] - BEATS).min(axis=1)
    return np.rint(height * np.maximum(0.0, 1 - away / 0.04)).astype(np.int32)


def found(codes: np.ndarray, gain: float, unit: str = "mV", kind: Kind = Kind.ECG) -> int:
    channel: Channel = opened(kind, Wave(codes[:RATE], float(RATE), 0, gain, 0.0, None, unit), no_rules())
    events = channel.feed(codes)
    last = channel.finish(RATE)
    return len(events[Detector.JOINT]) + len(last[Detector.JOINT])


@pytest.mark.parametrize(("millivolts", "beats"), [(1.0, len(BEATS)), (0.15, len(BEATS)), (0.004, 0)])
@pytest.mark.parametrize("gain", [200.0, 1000.0, 100_000.0])
def test_where_the_gain_is_known_a_beat_has_its_size(millivolts: float, beats: int, gain: float) -> None:
    height = millivolts * gain
    if height >= 4:
        assert found(lead(height), gain) == beats
        assert found(lead(height), gain, "") == beats


def test_where_it_is_not_known_some_codes_are_enough() -> None:
    assert found(lead(20), 0.0) == len(BEATS)
    assert found(lead(400), 100_000.0, "NU") == len(BEATS)
    assert found(lead(400), 100_000.0, "mV") == 0


@pytest.mark.parametrize("height", [2.0**23 - 1, 2.0**30])
def test_the_largest_codes_fit(height: float) -> None:
    """The first second tells how large they are; a signal cut off at the working range would lose its shape."""
    assert found(lead(height), 0.0) == len(BEATS)
    rising = lead(height) // 2 + np.int32(height / 4)
    assert found(rising, 0.0) == len(BEATS)


@pytest.mark.parametrize("detector", [Detector.LEVELS, Detector.RATIO, Detector.JOINT])
def test_a_lead_that_becomes_faint_is_learnt_anew(detector: Detector) -> None:
    """From second 30 on beats have a twelfth of their height, far below any threshold made of those before."""
    codes = np.concatenate((lead(1200), lead(100)))
    channel = opened(Kind.ECG, Wave(codes[:RATE], float(RATE), 0), no_rules())
    told = np.concatenate((channel.feed(codes)[detector], channel.finish(RATE)[detector]))
    late = told[(told > SECONDS + 15) & (told < 2 * SECONDS - 1)] - SECONDS
    expected = BEATS[(BEATS > 15) & (BEATS < SECONDS - 1)]
    assert len(late) == len(expected)
    assert np.abs(late - expected).max() < 0.03


def test_a_beat_that_is_missed_is_searched_for_again() -> None:
    """Each seventh beat has a fourth of the height: below the threshold, but overdue."""
    codes = lead(1200).astype(float)
    for beat in BEATS[10::7]:
        codes[round((beat - 0.1) * RATE) : round((beat + 0.1) * RATE)] *= 0.25
    channel = opened(Kind.ECG, Wave(codes[:RATE].astype(np.int32), float(RATE), 0), no_rules())
    told = channel.feed(codes.astype(np.int32))[Detector.LEVELS]
    told = np.concatenate((told, channel.finish(RATE)[Detector.LEVELS]))
    assert len(told) == len(BEATS)
    assert np.abs(told - BEATS).max() < 0.03
