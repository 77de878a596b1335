"""In: the seconds of one monitor, in order. Out: beats of every lead, pulses, breaths, and the rates that follow.

Constant memory: some 50 KB a signal, and no more signals than a monitor can have.
"""

from typing import Final

from wardwatch.vitals.words import Beats, Derivation, Second, kind_of

from .channel import KINDS, Signal

MOST_SIGNALS: Final = 32
"""A monitor has some ten; a stream that names more is not believed."""


class Deriver:
    """Derives from one monitor's waves, second by second; a jump of `index` is a gap, and begins everything anew."""

    def __init__(self) -> None:
        self._signals: dict[str, Signal] = {}

    def feed(self, second: Second) -> tuple[list[Beats], list[Derivation]]:
        """What the end of this second adds: beats newly found, and every derivation that holds at `index + 1`."""
        beats: list[Beats] = []
        rates: list[Derivation] = []
        for name in second.waves:
            if name not in self._signals and len(self._signals) < MOST_SIGNALS:
                kind = KINDS.get(kind_of(name))
                if kind is not None:
                    self._signals[name] = Signal(name, kind)
        for name, signal in self._signals.items():
            signal.feed(second.index, second.waves.get(name), beats, rates)
        return beats, rates
