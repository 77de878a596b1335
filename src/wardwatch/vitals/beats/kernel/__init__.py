"""In: the codes of one signal, a piece at a time. Out: when its detectors found beats, pulses or breaths, and rates.

The typed face of the C library beside it (beats.h names its parts). A `Channel` is one block of memory: it can be
copied, and nothing has to be closed.
"""

from enum import IntEnum
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from wardwatch.errors import UsageError
from wardwatch.vitals.words import TOLD, Codes, Mask, Values

from .library import NEWS, RULE, loaded

LATEST: Final = 4.5
"""Seconds: an event older than this, that was not told, never will be."""
MOST_SECONDS: Final = 8.0
"""Fed at a time, so that no event is forgotten before it is told."""
HIGHEST_RATE: Final = 4096.0

__all__ = [
    "DETECTORS",
    "HIGHEST_RATE",
    "LATEST",
    "REASONS",
    "RULE",
    "Channel",
    "Detector",
    "Kind",
    "State",
    "Told",
    "Why",
]


class Kind(IntEnum):
    """What a channel's signal is, as the library counts them."""

    ECG = 0
    PLETH = 1
    RESP = 2


class Detector(IntEnum):
    """Who finds events, as the library counts them."""

    LEVELS = 0
    RATIO = 1
    JOINT = 2
    TURNS = 3
    SMOOTHER = 4


class State(IntEnum):
    """What is wrong with a second of a signal."""

    FINE = 0
    MISSING = 1
    FLAT = 2
    SATURATED = 3
    NOISY = 4


class Why(IntEnum):
    """Why a rule gives no rate."""

    GIVEN = 0
    NOT_MEASURED = 1
    STANDS_STILL = 2
    AT_RAIL = 3
    NOISE = 4
    TOO_FEW = 5
    TOO_LONG = 6
    DISPUTED = 7


DETECTORS: Final = {
    Kind.ECG: (Detector.LEVELS, Detector.RATIO, Detector.JOINT),
    Kind.PLETH: (Detector.RATIO, Detector.TURNS),
    Kind.RESP: (Detector.TURNS, Detector.SMOOTHER),
}


REASONS: Final = {
    State.MISSING: "nothing was measured",
    State.FLAT: "the signal stands still, as with a lead or sensor off",
    State.SATURATED: "the signal is at the end of its range, as with a lead off",
    State.NOISY: "noise or artefact",
}


class Told(NamedTuple):
    """What a second added. The arrays are the channel's own and change with its next second."""

    state: State
    times: tuple[Values, ...]
    """Of each detector in the order of DETECTORS, seconds since the channel began."""
    rates: NDArray[np.void]
    """TOLD records, a row a detector, a column a rule."""


def no_rules() -> NDArray[np.void]:
    """For those who want events and no rates."""
    return np.zeros(0, RULE)


class Channel:
    """One signal from its first sample on. `scale`: working units a code; `floor`: what is no wave, in these."""

    def __init__(self, kind: Kind, rate: float, scale: float, floor: float, rules: NDArray[np.void]) -> None:
        self._library = loaded()
        self.kind = kind
        self.detectors = DETECTORS[kind]
        self._memory = np.zeros(self._library.wb_size(), np.uint8)
        self._at = self._memory.ctypes.data
        if not self._library.wb_begin(self._at, kind, rate, scale, floor):
            raise UsageError(f"a signal of {rate:g} samples a second cannot be searched for beats")
        self._most = int(MOST_SECONDS * rate)
        self._rules = np.ascontiguousarray(rules, RULE)
        self._rates = np.zeros((len(self.detectors), len(rules)), TOLD)
        self._news = np.zeros((len(self.detectors), NEWS))
        self._counts = np.zeros(len(self.detectors), np.int64)
        self._fixed = (self._rules.ctypes.data, len(rules))
        self._out = (self._counts.ctypes.data, self._news.ctypes.data, self._rates.ctypes.data)

    def second(self, codes: Codes, valid: Mask | None = None) -> Told:
        """Take in what was sampled in one second, or in any other span of at most a few."""
        if len(codes) > self._most:
            raise UsageError("too many samples for one second")
        codes = np.ascontiguousarray(codes, np.int32)
        mask = None if valid is None else np.ascontiguousarray(valid, np.bool_)
        state = self._library.wb_second(
            self._at,
            codes.ctypes.data,
            None if mask is None else mask.ctypes.data,
            len(codes),
            *self._fixed,
            *self._out,
        )
        counts = self._counts.tolist()
        return Told(
            State(state), tuple(row[:count] for row, count in zip(self._news, counts, strict=True)), self._rates
        )

    def feed(self, codes: Codes, valid: Mask | None = None) -> dict[Detector, Values]:
        """Take in any number of samples; what each detector found in addition."""
        found: dict[Detector, list[Values]] = {detector: [] for detector in self.detectors}
        for start in range(0, len(codes), self._most):
            part = slice(start, start + self._most)
            told = self.second(codes[part], None if valid is None else valid[part])
            for detector, times in zip(self.detectors, told.times, strict=True):
                found[detector].append(times.copy())
        return {detector: np.concatenate(parts) if parts else np.zeros(0) for detector, parts in found.items()}

    def finish(self, rate: float) -> dict[Detector, Values]:
        """What is found once it is known that nothing follows."""
        quiet = np.zeros(int(LATEST * rate) + 1, np.int32)
        return self.feed(quiet, np.zeros(len(quiet), np.bool_))

    def copy(self) -> Self:
        """The same channel once more, from here on by itself."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._memory = self._memory.copy()
        other._at = other._memory.ctypes.data
        return other
