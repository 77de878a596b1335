"""In: the waves of one signal, second by second. Out: its beats and rates as words; a gap begins it anew."""

from typing import Final

from wardwatch.vitals.beats.kernel import LATEST, REASONS, Channel, Kind, State, Why
from wardwatch.vitals.beats.opening import opened, searchable
from wardwatch.vitals.words import Beats, Derivation, Quantity, Wave
from wardwatch.vitals.words import Kind as Is

from .averaging import averaging

KINDS: Final = {Is.ECG: Kind.ECG, Is.PLETH: Kind.PLETH, Is.RESP: Kind.RESP}
QUANTITIES: Final = {Kind.ECG: Quantity.HR, Kind.PLETH: Quantity.PR, Kind.RESP: Quantity.RR}
NAMES: Final = ("levels", "ratio", "joint", "turns", "smoother")
"""Of the kernel's detectors."""

_REASONS: Final = {
    Why.NOT_MEASURED: REASONS[State.MISSING],
    Why.STANDS_STILL: REASONS[State.FLAT],
    Why.AT_RAIL: REASONS[State.SATURATED],
    Why.NOISE: REASONS[State.NOISY],
    Why.TOO_FEW: "too few events yet",
    Why.TOO_LONG: "the last event was too long ago",
    Why.DISPUTED: "two ways of counting the breaths do not agree",
}
_TOO_SLOW: Final = "its sampling rate is not one that can be examined"
_ABSENT: Final = REASONS[State.MISSING]


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
            self._channel = opened(self.kind, wave, self._averaging.rules)
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
                        Derivation(self.name, self.quantity, at, None, None, None, quality, name, rule, _REASONS[why])
                    )
                else:
                    rates.append(Derivation(self.name, self.quantity, at, value, low, high, quality, name, rule))
        if told.state is State.FLAT:
            self._channel = None
