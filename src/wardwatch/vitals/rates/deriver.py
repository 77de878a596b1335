"""In: the seconds of one monitor, in order. Out: beats of every lead, pulses, breaths, and the rates that follow.

Constant memory: some 50 KB a signal, and no more signals than a monitor can have.
"""

from itertools import chain
from typing import Final

import numpy as np

from wardwatch.vitals.words import TOLD, Beats, Derivations, Second, Who, kind_of

from .channel import KINDS, REASONS_WHY, Signal

MOST_SIGNALS: Final = 32
"""A monitor has some ten; a stream that names more is not believed."""
_NONE: Final = np.zeros(0, TOLD)


class Deriver:
    """Derives from one monitor's waves, second by second; a jump of `index` is a gap, and begins everything anew."""

    def __init__(self) -> None:
        self._signals: dict[str, Signal] = {}
        self._parts: list[tuple[Who, ...]] = []
        self._who: tuple[Who, ...] = ()

    def feed(self, second: Second) -> tuple[list[Beats], Derivations]:
        """What the end of this second adds: beats newly found, and every derivation that holds at `index + 1`."""
        beats: list[Beats] = []
        for name in second.waves:
            if name not in self._signals and len(self._signals) < MOST_SIGNALS:
                kind = KINDS.get(kind_of(name))
                if kind is not None:
                    self._signals[name] = Signal(name, kind)
        told = [signal.feed(second.index, second.waves.get(name), beats) for name, signal in self._signals.items()]
        parts = [who for who, _ in told]
        if parts != self._parts:
            self._parts, self._who = parts, tuple(chain.from_iterable(parts))
        rates = np.concatenate([records for _, records in told]) if told else _NONE
        return beats, Derivations(second.index + 1.0, self._who, rates, REASONS_WHY)
