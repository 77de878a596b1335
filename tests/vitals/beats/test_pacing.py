"""Spikes of a pacemaker: what is one, what is none, and that a paced lead is no reason to call a display wrong."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from wardwatch.vitals.beats.kernel import Channel, Kind
from wardwatch.vitals.bed import Bed
from wardwatch.vitals.check import State
from wardwatch.vitals.rates.averaging import averaging
from wardwatch.vitals.words import Quantity

SECONDS = 30


def _told() -> ModuleType:
    spec = importlib.util.spec_from_file_location("told", Path(__file__).parents[1] / "told.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["told"] = module
    spec.loader.exec_module(module)
    return module


told = _told()


def paced(codes: np.ndarray, rate: int = 256, kind: Kind = Kind.ECG) -> list[bool]:
    """Second by second, whether the lead is said to be paced."""
    channel = Channel(kind, float(rate), 16.0, 3.2, averaging(Quantity.HR).rules)
    seconds = (channel.second(codes[at : at + rate].astype(np.int32)) for at in range(0, len(codes) - rate + 1, rate))
    return [bool(one.rates["paced"].any()) for one in seconds]


def lead() -> np.ndarray:
    return np.concatenate([second.waves["II"].codes for second in told.seconds_of(SECONDS)])


def spiked(codes: np.ndarray, times: np.ndarray, height: int = 60, width: int = 1, rate: int = 256) -> np.ndarray:
    codes = codes.copy()
    for at in np.rint(times * rate).astype(int):
        codes[at : at + width] += height
    return codes


def test_a_lead_without_spikes_is_not_paced() -> None:
    for rate in (40.0, 72.0, 150.0):
        codes = np.concatenate([second.waves["II"].codes for second in told.seconds_of(SECONDS, heart_rate=rate)])
        assert not any(paced(codes))


@pytest.mark.parametrize("height", [60, -60])
@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("interval", [0.5, 0.857, 1.2])
def test_regular_spikes_are_a_pacemaker_and_are_forgotten(height: int, width: int, interval: float) -> None:
    told_paced = paced(spiked(lead(), np.arange(5.1, 18, interval), height, width))
    assert not any(told_paced[:6])
    assert all(told_paced[11:18])
    assert not any(told_paced[28:])


def test_two_chambers_are_one_pacemaker() -> None:
    atrium = np.arange(5.1, 18, 0.9)
    assert all(paced(spiked(lead(), np.concatenate((atrium, atrium + 0.15))))[11:18])


@pytest.mark.parametrize(
    "times",
    [np.array([5.0, 6.0, 7.0]), np.array([5.0, 5.9, 8.3, 8.8, 10.2, 12.9, 13.6, 15.9]), np.arange(5, 20, 0.08),
     np.arange(5, 25, 2.9)],
    ids=["too few", "irregular", "too fast", "too slow"],
)  # fmt: skip
def test_other_spikes_are_artefacts(times: np.ndarray) -> None:
    flat = np.full(SECONDS * 256, 128)
    assert not any(paced(spiked(flat, times)))


def test_spikes_of_all_heights_are_artefacts() -> None:
    codes = np.full(SECONDS * 256, 0)
    for place, at in enumerate(np.arange(5, 20, 0.9)):
        codes = spiked(codes, np.array([at]), (20, 200, 60)[place % 3])
    assert not any(paced(codes))


@pytest.mark.parametrize("shape", [[60, 60, 60], [30, 60, 30], [60, 0, 60], [60, 30, 15, 8]])
def test_what_is_wider_or_rings_is_no_spike(shape: list[int]) -> None:
    codes = np.full(SECONDS * 256, 128)
    for at in np.arange(5.1, 18, 0.9):
        codes[int(at * 256) : int(at * 256) + len(shape)] += np.array(shape)
    assert not any(paced(codes))


def test_what_is_too_small_is_no_spike_and_two_samples_are_too_long_at_a_low_rate() -> None:
    flat = np.full(SECONDS * 256, 128)
    times = np.arange(5.1, 18, 0.9)
    assert any(paced(spiked(flat, times, 8)))
    assert not any(paced(spiked(flat, times, 5)))
    assert any(paced(spiked(flat[: SECONDS * 125], times, 60, 1, 125), 125))
    assert not any(paced(spiked(flat[: SECONDS * 125], times, 60, 2, 125), 125))


def test_only_an_ecg_is_paced() -> None:
    assert not any(paced(spiked(lead(), np.arange(5.1, 18, 0.9)), kind=Kind.PLETH))


def _lying(spikes: str | None, message: str = "") -> Bed:
    """A display off by 40, with spikes at another rate on these leads."""
    seconds = told.seconds_of(140)
    if spikes:
        told.EVENTS["spikes"](seconds, 40, 140, [spikes, "95", "70", "1"])
    if message:
        told.EVENTS["say"](seconds, 40, 140, [message])
    told.EVENTS["offset"](seconds, 70, 140, ["HR", "40"])
    bed = Bed()
    for second in seconds:
        bed.feed(second)
    return bed


def test_a_paced_number_that_does_not_follow_cannot_be_verified() -> None:
    for bed in (_lying("I,II,III"), _lying("II"), _lying(None, "PACED"), _lying(None, "pacemaker spikes")):
        assert not bed.episodes
        assert bed.standings[Quantity.HR].state is State.UNKNOWN
        assert bed.standings[Quantity.HR].why.startswith("paced:")
        assert bed.tallies[Quantity.HR].disagreed == 0
    (found,) = _lying(None).episodes
    assert found.rule == "vitals.display-disagrees"
    (other,) = _lying(None, "SPACE LOW").episodes
    assert other.rule == "vitals.display-disagrees"


def test_a_paced_number_that_follows_is_verified_and_the_pulse_may_still_disagree() -> None:
    seconds = told.seconds_of(140)
    told.EVENTS["say"](seconds, 40, 140, ["PACED"])
    told.EVENTS["offset"](seconds, 70, 140, ["PR", "30"])
    bed = Bed()
    for second in seconds:
        bed.feed(second)
    assert {one.signal for one in bed.episodes} == {"PR"}
    assert bed.standings[Quantity.HR].state is State.VERIFIED


def test_what_was_gathered_while_paced_is_forgiven() -> None:
    seconds = told.seconds_of(140)
    told.EVENTS["say"](seconds, 40, 100, ["PACED"])
    told.EVENTS["offset"](seconds, 60, 101, ["HR", "30"])
    bed = Bed()
    for second in seconds:
        bed.feed(second)
    assert not bed.episodes
    assert bed.standings[Quantity.HR].state is State.VERIFIED
