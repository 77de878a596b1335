"""In: the waves of one signal, second by second. Out: its beats and rates as words; a gap begins it anew."""

from typing import Final

import numpy as np

from wardwatch.vitals.beats.kernel import HIGHEST_RATE, LATEST, Channel, Kind, State, Why
from wardwatch.vitals.words import Beats, Derivation, Quantity, Wave
from wardwatch.vitals.words import Kind as Is

from .averaging import Averaging, averaging

KINDS: Final = {Is.ECG: Kind.ECG, Is.PLETH: Kind.PLETH, Is.RESP: Kind.RESP}
QUANTITIES: Final = {Kind.ECG: Quantity.HR, Kind.PLETH: Quantity.PR, Kind.RESP: Quantity.RR}
NAMES: Final = ("levels", "ratio", "joint", "turns")
"""Of the kernel's detectors."""

_UNITS_A_CODE: Final = 16.0
_UNITS_A_MILLIVOLT: Final = 1024.0
_MOST_UNITS: Final = 2.0**19
_NO_WAVE: Final = {Kind.ECG: 0.2, Kind.PLETH: 1.5, Kind.RESP: 1.5}
"""Codes: what is smaller comes of the converter."""
_NO_BEAT: Final = 0.008
"""Millivolts of mean slope over 16 ms; a QRS complex of 0.1 mV has several times that."""
_LOWEST_RATE: Final = {Kind.ECG: 60.0, Kind.PLETH: 20.0, Kind.RESP: 4.0}
"""Samples a second below which nothing can be derived."""

REASONS: Final = {
    Why.NOT_MEASURED: "nothing was measured",
    Why.STANDS_STILL: "the signal stands still, as with a lead or sensor off",
    Why.AT_RAIL: "the signal is at the end of its range",
    Why.NOISE: "noise or artefact",
    Why.TOO_FEW: "too few events yet",
    Why.TOO_LONG: "the last event was too long ago",
}
_TOO_SLOW: Final = "its sampling rate is not one that can be examined"
_ABSENT: Final = REASONS[Why.NOT_MEASURED]


def opened(kind: Kind, wave: Wave, rules: Averaging) -> Channel:
    """A channel for a signal of which this is the first second."""
    largest = float(np.abs(wave.codes.astype(np.float64)).max(initial=1.0))
    in_millivolts = kind is Kind.ECG and wave.gain > 0 and wave.unit.casefold() in {"", "mv"}
    scale = _UNITS_A_MILLIVOLT / wave.gain if in_millivolts else _UNITS_A_CODE
    scale = min(scale, _MOST_UNITS / largest)
    floor = _NO_WAVE[kind] * scale
    if in_millivolts:
        floor = max(floor, _NO_BEAT * _UNITS_A_MILLIVOLT)
    return Channel(kind, wave.rate, scale, floor, rules.rules)


def searchable(kind: Kind, rate: float) -> bool:
    """Whether a signal of so many samples a second can be examined."""
    return _LOWEST_RATE[kind] <= rate <= HIGHEST_RATE


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

    def feed(self, index: int, wave: Wave | None, beats: list[Beats], rates: list[Derivation]) -> None:
        """Add what the end of second `index` tells."""
        if wave is None or not wave.measured or not searchable(self.kind, wave.rate):
            self._channel = None
            reason = _ABSENT if wave is None or not wave.measured else _TOO_SLOW
            rates.append(Derivation(self.name, self.quantity, index + 1.0, None, reason=reason))
            return
        if self._channel is None or index != self._next or wave.rate != self._rate:
            self._channel = opened(self.kind, wave, self._averaging)
            self._rate, self._origin = wave.rate, wave.first / wave.rate
        self._next = index + 1
        self._tell(self._channel, wave, beats, rates)

    def _tell(self, channel: Channel, wave: Wave, beats: list[Beats], rates: list[Derivation]) -> None:
        told = channel.second(wave.codes, wave.valid)
        at = float(self._next)
        for detector, times, records in zip(channel.detectors, told.times, told.rates.tolist(), strict=True):
            name = NAMES[detector]
            beats.append(Beats(self.name, name, times + self._origin, at - LATEST))
            for rule, (value, low, high, quality, why, _) in zip(self._averaging.names, records, strict=True):
                if why:
                    rates.append(
                        Derivation(self.name, self.quantity, at, None, None, None, quality, name, rule, REASONS[why])
                    )
                else:
                    rates.append(Derivation(self.name, self.quantity, at, value, low, high, quality, name, rule))
        if told.state is State.FLAT:
            self._channel = None
