"""In: displayed numbers with their times. Out: their lowest, mean and highest by the minute, over one day.

A minute in which nothing was shown is a hole, never a line drawn through.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from .words import SECOND, Event, Quantity

MINUTE: Final = 60 * SECOND
DAY: Final = 1440
_WIDTH: Final = 5


class Point(NamedTuple):
    """One minute: when it began (ns), lowest, mean and highest of what was shown."""

    at: int
    low: float
    mean: float
    high: float


class Minute(NamedTuple):
    """One minute, counted since 1970, with all that is needed to join it with another part of the same minute."""

    number: int
    low: float
    high: float
    total: float
    values: int

    def joined(self, other: "Minute") -> "Minute":
        """Both parts of one minute as one."""
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Minute(self.number, low, high, self.total + other.total, self.values + other.values)


class Recalled(NamedTuple):
    """What an earlier run of the station kept: minutes of each number of each bed, events of any place, in order."""

    trends: Mapping[tuple[str, Quantity], Iterable[Minute]]
    events: tuple[Event, ...]


class Trend:
    """One quantity of one place. Memory is made minute by minute and ends at `minutes` of them."""

    __slots__ = ("_kept", "_minutes", "_now", "_running")

    def __init__(self, minutes: int = DAY) -> None:
        self._kept = array("d")
        self._minutes = minutes
        self._now = -1
        self._running: Minute | None = None

    def add(self, at: int, value: float | None) -> None:
        """What was shown at `at`; earlier than the newest minute (a clock set back): counted in the newest."""
        minute = at // MINUTE
        if minute > self._now:
            self._close()
            self._now = minute
        if value is None:
            return
        part = Minute(self._now, value, value, value, 1)
        self._running = part.joined(self._running) if self._running else part

    def recall(self, earlier: Iterable[Minute]) -> None:
        """Minutes of before, in order: only those not later than the first that is here; the same one is joined."""
        here = list(self.minutes())
        first = here[0].number if here else None
        before = [each for each in earlier if first is None or each.number <= first]
        if not before:
            return
        if here and before[-1].number == first:
            here[0] = before.pop().joined(here[0])
        if self._running:
            self._running = here.pop()
        kept = [*before, *here][-self._minutes :]
        self._kept = array("d", (float(part) for each in kept for part in each))

    def minutes(self) -> Iterator[Minute]:
        """The minutes that have something, oldest first, the running one last."""
        kept = self._kept
        for at in range(0, len(kept), _WIDTH):
            number, low, high, total, values = kept[at : at + _WIDTH]
            yield Minute(int(number), low, high, total, int(values))
        if self._running:
            yield self._running

    def points(self) -> tuple[Point, ...]:
        """The same as times and means."""
        return tuple(
            Point(each.number * MINUTE, each.low, each.total / each.values, each.high) for each in self.minutes()
        )

    def _close(self) -> None:
        if self._running:
            self._kept.extend(float(part) for part in self._running)
        if len(self._kept) > self._minutes * _WIDTH:
            del self._kept[:_WIDTH]
        self._running = None
