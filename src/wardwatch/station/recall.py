"""In: the segments of earlier runs. Out: trends and events of the last day, for the live view, newest segment first.

Reading back a day of a full ward takes minutes, so it is done in a thread that works a moment and rests a moment,
within a budget of time. One segment's minutes are held at once and handed on; when the budget ends, the oldest are
missing. Only beds are recalled: a monitor without one was somebody else's every time.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from wardwatch.errors import InputError

from . import hl7_reading, reading
from .keeping import records
from .keeping.reader import Segment
from .keeping.records import Kind, Record
from .keeping.retention import begun_at, ended_at, listed
from .sets import cut
from .trends import DAY, MINUTE, Recalled, Trend
from .words import Contents, Event, EventKind, Quantity

_MOST_EVENTS: Final = 2000
_MOST_TRENDS: Final = 20_000
"""Numbers of all beds of one segment."""
_MOST_SESSIONS: Final = 100_000
_WORK, _REST = 0.02, 0.02
BUDGET: Final = 1800.0


def recalled(history: Iterable[Record], beds: frozenset[str], since: int) -> Recalled:
    """What these records of one segment say of these beds from `since` (ns) on."""
    reading_back = _Reading(beds, since)
    for record in history:
        reading_back.take(record)
    return reading_back.done()


@dataclass(slots=True)
class _Reading:
    beds: frozenset[str]
    since: int
    places: dict[int, str] = field(default_factory=dict)
    trends: dict[tuple[str, Quantity], Trend] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def take(self, record: Record) -> None:
        if record.kind == Kind.PLACED and len(self.places) < _MOST_SESSIONS:
            self.places[record.session] = str(record.told.get("place", ""))
        elif record.kind == Kind.CLOSED:
            self.places.pop(record.session, None)
        elif record.at < self.since:
            return
        elif record.kind == Kind.EVENT:
            self._event(record)
        elif record.kind in records.RAW and self.places.get(record.session) in self.beds:
            for contents in _contents(record):
                self._numbers(self.places[record.session], record.at, contents)

    def done(self) -> Recalled:
        trends = {key: tuple(trend.minutes()) for key, trend in self.trends.items()}
        return Recalled({key: minutes for key, minutes in trends.items() if minutes}, tuple(self.events))

    def _numbers(self, bed: str, at: int, contents: Contents) -> None:
        for quantity, value in contents.shown.items():
            trend = self.trends.get((bed, quantity))
            if trend is None:
                if len(self.trends) >= _MOST_TRENDS:
                    continue
                trend = self.trends[bed, quantity] = Trend()
            trend.add(at, value)

    def _event(self, record: Record) -> None:
        event = _event(record)
        if event is not None:
            self.events.append(event)
            del self.events[:-_MOST_EVENTS]


def _contents(record: Record) -> Iterator[Contents]:
    if record.kind == Kind.MESSAGE:
        yield hl7_reading.contents(record.payload)
        return
    for found in cut(record.payload):
        yield reading.contents(found.blocks)


def _event(record: Record) -> Event | None:
    """The event a record tells of; None where a later version wrote one of a kind not known here."""
    told = record.told
    try:
        facts: dict[str, Any] = dict(told["facts"])
        return Event(
            int(told["number"]), record.at, EventKind(told["event"]), str(told["place"]), str(told["text"]), facts
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


class Recaller:
    """Reads a folder's earlier segments in a thread of its own. `deliver` is called there, once a segment."""

    def __init__(
        self, folder: Path, key: bytes | None, beds: Iterable[str], deliver: Callable[[Recalled], None], run: int
    ) -> None:
        self.done = False
        """Whether all there is was read, or the budget is spent."""
        self.segments = self.unreadable = 0
        self._folder, self._key, self._beds, self._deliver, self._run = folder, key, frozenset(beds), deliver, run
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="recalling", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """No more; waits for the record that is being read."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(10.0)

    def _work(self) -> None:
        since = self._run - DAY * MINUTE
        until = time.monotonic() + BUDGET
        for path in reversed(listed(self._folder)):
            if self._ending.is_set() or time.monotonic() > until or ended_at(path) < since:
                break
            if begun_at(path) < self._run:
                self._segment(path, since, until)
        self.done = True

    def _segment(self, path: Path, since: int, until: float) -> None:
        try:
            segment = Segment.of(path, self._key)
            found = recalled(self._paced(segment.records(), until), self._beds, since)
        except (InputError, OSError, ValueError):  # retention took it meanwhile, or somebody else wrote it
            self.unreadable += 1
            return
        self.segments += 1
        if not self._ending.is_set():
            self._deliver(found)

    def _paced(self, history: Iterator[Record], until: float) -> Iterator[Record]:
        """The same, with rests, so that reception always has its turn."""
        begun = time.monotonic()
        for record in history:
            now = time.monotonic()
            if now - begun > _WORK:
                if now > until or self._ending.wait(_REST):
                    return
                begun = time.monotonic()
            yield record
