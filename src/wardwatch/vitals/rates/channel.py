"""In: the waves of one signal, second by second. Out: its beats and rates as words; a gap begins it anew."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from wardwatch.vitals.beats.kernel import DETECTORS, LATEST, REASONS, Channel, Kind, State, Why
from wardwatch.vitals.beats.opening import opened, searchable
from wardwatch.vitals.words import TOLD, Beats, Quantity, Wave, Who
from wardwatch.vitals.words import Kind as Is

from .averaging import averaging

KINDS: Final = {Is.ECG: Kind.ECG, Is.PLETH: Kind.PLETH, Is.RESP: Kind.RESP}
QUANTITIES: Final = {Kind.ECG: Quantity.HR, Kind.PLETH: Quantity.PR, Kind.RESP: Quantity.RR}
NAMES: Final = ("levels", "ratio", "joint", "turns", "smoother")
"""Of the kernel's detectors."""

_TOO_SLOW, _ABSENT = 100, 101
REASONS_WHY: Final[Mapping[int, str]] = {
    Why.NOT_MEASURED: REASONS[State.MISSING],
    Why.STANDS_STILL: REASONS[State.FLAT],
    Why.AT_RAIL: REASONS[State.SATURATED],
    Why.NOISE: REASONS[State.NOISY],
    Why.TOO_FEW: "too few events yet",
    Why.TOO_LONG: "the last event was too long ago",
    Why.DISPUTED: "two ways of counting the breaths do not agree",
    _TOO_SLOW: "its sampling rate is not one that can be examined",
    _ABSENT: REASONS[State.MISSING],
}
"""What a `why` means, the library's and those of this module."""


def _nothing(why: int) -> NDArray[np.void]:
    return np.array([(np.nan, np.nan, np.nan, 0.0, why, 0)], TOLD)


_NOTHING: Final = {why: _nothing(why) for why in (Why.STANDS_STILL, _TOO_SLOW, _ABSENT)}


class Signal:
    """One signal: what is known of it ends where a second is missing, or stood still."""

    def __init__(self, name: str, kind: Kind) -> None:
        self.name = name
        self.kind = kind
        self.quantity = QUANTITIES[kind]
        self._averaging = averaging(self.quantity)
        self._channel: Channel | None = None
        self._rate = 0.0
        self._origin = 0.0
        self._next = 0
        self._still: int | None = None
        """The code at which it stands still."""
        self._detectors = tuple(NAMES[detector] for detector in DETECTORS[kind])
        self._who = tuple(
            Who(name, self.quantity, detector, rule) for detector in self._detectors for rule in self._averaging.names
        )
        self._nobody = (Who(name, self.quantity, "", ""),)

    def feed(self, index: int, wave: Wave | None, beats: list[Beats]) -> tuple[tuple[Who, ...], NDArray[np.void]]:
        """What the end of second `index` tells: beats are added, rates given."""
        if wave is None or not wave.measured or not searchable(self.kind, wave.rate):
            self._channel = self._still = None
            return self._nobody, _NOTHING[_ABSENT if wave is None or not wave.measured else _TOO_SLOW]
        if self._still is not None and index == self._next and (wave.codes == self._still).all():
            self._next = index + 1
            return self._nobody, _NOTHING[Why.STANDS_STILL]
        self._still = None
        if self._channel is None or index != self._next or wave.rate != self._rate:
            self._channel = opened(self.kind, wave, self._averaging.rules)
            self._rate, self._origin = wave.rate, wave.first / wave.rate
        self._next = index + 1
        told = self._channel.second(wave.codes, wave.valid)
        until = self._next - LATEST
        for name, times in zip(self._detectors, told.times, strict=True):
            beats.append(Beats(self.name, name, times + self._origin, until))
        if told.state is State.FLAT:
            self._channel, self._still = None, int(wave.codes[-1])
        return self._who, told.rates.reshape(-1)
