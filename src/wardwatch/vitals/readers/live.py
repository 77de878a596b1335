"""In: the bytes of one monitor's streams with the time of each packet. Out: its seconds, numbered by these times.

A monitor sends a set a second, not to the millisecond: sets that follow each other are numbered one by one, and only a
time that has gone on by more than that is a gap. A monitor that connects again goes on where it was.
"""

from typing import Final

from wardwatch.vitals.words import Second

from .sets import Set, Sets, second_of

_NANOSECONDS: Final = 1_000_000_000
_BEHIND: Final = 1.5
"""Seconds by which time may run ahead of the sets before seconds are missing."""


class Numbered:
    """Numbers the sets of one monitor by when they came."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.last: int | None = None
        self._index = -1

    def second(self, found: Set, time: int) -> Second:
        """The set that was complete at `time`, in nanoseconds since 1970."""
        if self.first is None:
            self.first = time
        self.last = time
        passed = (time - self.first) / _NANOSECONDS
        following = self._index + 1
        self._index = round(passed) if passed - following > _BEHIND else following
        return second_of(found, self._index)


class Connection:
    """The bytes of one connection of a monitor."""

    def __init__(self, numbered: Numbered) -> None:
        self._numbered = numbered
        self._sets = Sets()

    @property
    def skipped(self) -> int:
        """Bytes that belong to no block."""
        return self._sets.skipped

    def feed(self, data: bytes, time: int) -> list[Second]:
        """The seconds completed by bytes that came at `time`."""
        return [self._numbered.second(found, time) for found in self._sets.feed(data)]

    def lose(self, count: int) -> None:
        """`count` bytes are missing here."""
        self._sets.lose(count)
