"""In: seconds and how their numbers stood. Out: the displayed and the derived values over time, thinned to a picture.

At most some thousand points are kept, however long the recording: when there are too many, every second one goes and
from then on every second one is taken.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from .bed import Bed
from .check import State
from .words import DERIVED, Kind, Quantity, Second, kind_of

_MOST: Final = 1200
_STRIP_S: Final = 8
_STRIP_RATE: Final = 60


@dataclass(frozen=True, slots=True)
class Point:
    """One number at one second."""

    index: int
    shown: float | None
    derived: float | None
    state: State


@dataclass(slots=True)
class Trace:
    """Curves of the numbers that can be derived, and a strip of waves from the moment of the first disagreement."""

    points: dict[Quantity, list[Point]] = field(default_factory=lambda: {quantity: [] for quantity in DERIVED})
    strip: dict[str, list[float]] = field(default_factory=dict)
    strip_start: int = 0
    strip_for: int = _STRIP_S
    end: int = 0
    _every: int = 1
    _recent: list[Second] = field(default_factory=list)
    _kept: bool = False

    def add(self, second: Second, bed: Bed) -> None:
        """One more second, after the bed has seen it."""
        self.end = second.index + 1
        if second.index % self._every == 0:
            for quantity in DERIVED:
                standing, shown = bed.standings.get(quantity), second.shown.get(quantity)
                if standing is not None and (shown is not None or standing.derived is not None):
                    self.points[quantity].append(Point(second.index, shown, standing.derived, standing.state))
            if max(map(len, self.points.values())) > _MOST:
                self._every *= 2
                for points in self.points.values():
                    points[:] = [point for point in points if point.index % self._every == 0]
        self._remember(second, alarmed=any(one.severity.rank < _NOTE for one in bed.episodes))

    def _remember(self, second: Second, *, alarmed: bool) -> None:
        """The waves of the last seconds; once something was raised, they stay as they were then."""
        if self._kept:
            return
        self._recent.append(second)
        del self._recent[:-_STRIP_S]
        self._kept = alarmed and len(self._recent) == _STRIP_S
        self.strip_start = self._recent[0].index
        self.strip = _waves(self._recent) if self._kept else {}

    def finish(self) -> None:
        """No more will come: where nothing was raised, the strip shows the end."""
        if not self._kept and self._recent:
            self.strip = _waves(self._recent)
            self.strip_for = len(self._recent)


_NOTE: Final = 4  # the rank of a severity that is a note only


def _waves(seconds: list[Second]) -> dict[str, list[float]]:
    """Each signal at a low rate, NaN where it was not there."""
    names = dict.fromkeys(name for second in seconds for name in second.waves if kind_of(name) is not Kind.OTHER)
    return {name: [value for second in seconds for value in _thin(second, name)] for name in names}


def _thin(second: Second, name: str) -> list[float]:
    wave = second.waves.get(name)
    if wave is None or not len(wave.codes):
        return [float("nan")] * _STRIP_RATE
    at = np.arange(_STRIP_RATE) * len(wave.codes) // _STRIP_RATE
    values: list[float] = wave.codes[at].astype(float).tolist()
    return values
