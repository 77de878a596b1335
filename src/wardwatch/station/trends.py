"""In: displayed numbers with their times. Out: their lowest, mean and highest by the minute, over one day.

A minute in which nothing was shown is a hole, never a line drawn through.
"""

from array import array
from math import inf
from typing import Final, NamedTuple

from .words import SECOND

MINUTE: Final = 60 * SECOND
DAY: Final = 1440
_FIELDS: Final = 3


class Point(NamedTuple):
    """One minute: when it began (ns), lowest, mean and highest of what was shown."""

    at: int
    low: float
    mean: float
    high: float


class Trend:
    """One quantity of one place. Memory is made minute by minute and ends at `minutes` of them."""

    __slots__ = ("_count", "_high", "_kept", "_low", "_minute", "_minutes", "_sum")

    def __init__(self, minutes: int = DAY) -> None:
        self._kept = array("d")
        self._minutes = minutes
        self._minute = -1
        self._low, self._high, self._sum, self._count = inf, -inf, 0.0, 0

    def add(self, at: int, value: float | None) -> None:
        """What was shown at `at`; earlier than the newest minute (a clock set back): counted in the newest."""
        minute = at // MINUTE
        if minute > self._minute:
            self._close()
            self._minute = minute
        if value is None:
            return
        self._low, self._high = min(self._low, value), max(self._high, value)
        self._sum += value
        self._count += 1

    def points(self) -> tuple[Point, ...]:
        """The minutes that have something, oldest first, the running one last."""
        kept, width = self._kept, 1 + _FIELDS
        done = [Point(int(kept[at]) * MINUTE, *kept[at + 1 : at + width]) for at in range(0, len(kept), width)]
        return (*done, *self._running())

    def _running(self) -> tuple[Point, ...]:
        if not self._count:
            return ()
        return (Point(self._minute * MINUTE, self._low, self._sum / self._count, self._high),)

    def _close(self) -> None:
        for point in self._running():
            self._kept.extend((point.at // MINUTE, point.low, point.mean, point.high))
        if len(self._kept) > self._minutes * (1 + _FIELDS):
            del self._kept[: 1 + _FIELDS]
        self._low, self._high, self._sum, self._count = inf, -inf, 0.0, 0
