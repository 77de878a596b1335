"""In: a folder the station filled, a key. Out: which beds were kept from when to when, and every set of one of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from wardwatch.errors import InputError

from . import records
from .chunks import WrongKey
from .reader import Segment
from .records import Kind, Record
from .retention import begun_at, listed

_SLACK: Final = 5_000_000_000  # a record may be some seconds older than the segment it came to lie in
_MOST_SESSIONS: Final = 100_000
_PLACE_LENGTH: Final = 200
UNPLACED: Final = "without a place"
"""Where sets are found of a monitor that got no place, since too many without a bed were there."""


class Kept(NamedTuple):
    """One set or HL7 message of a place, as it came. `session` tells two monitors of one bed apart."""

    at: int
    session: tuple[int, int]
    raw: bytes
    kind: Kind


class Missing(NamedTuple):
    """Something of a segment that cannot be read: whatever was in it is missing, of any bed."""

    path: Path
    offset: int
    why: str


class Spoken(NamedTuple):
    """What there is of one place: its first and last set (ns), and how many."""

    place: str
    first: int
    last: int
    sets: int


@dataclass(slots=True)
class Archive:
    """Reads a folder. `missing` is complete when what was asked for has been read to its end."""

    folder: Path
    key: bytes | None = field(repr=False)
    missing: list[Missing] = field(default_factory=list)

    def kept(self, place: str, start: int, end: int) -> Iterator[Kept]:
        """Every set and message of a place received from `start` up to but not including `end` (ns), in order."""
        self.missing = []
        for segment in self._segments(start, end):
            for record, where in _placed(segment):
                if where == place and start <= record.at < end:
                    yield Kept(record.at, (segment.head.run, record.session), record.payload, Kind(record.kind))
            self._note(segment)

    def places(self) -> tuple[Spoken, ...]:
        """What there is of every place, by name."""
        self.missing = []
        found: dict[str, Spoken] = {}
        for segment in self._segments(0, 1 << 64):
            for record, where in _placed(segment):
                before = found.get(where, Spoken(where, record.at, record.at, 0))
                found[where] = Spoken(where, min(before.first, record.at), max(before.last, record.at), before.sets + 1)
            self._note(segment)
        return tuple(found[name] for name in sorted(found))

    def events(self) -> Iterator[Record]:
        """Every event of the live view that was kept."""
        self.missing = []
        for segment in self._segments(0, 1 << 64):
            yield from (record for record in segment.records() if record.kind == Kind.EVENT)
            self._note(segment)

    def _segments(self, start: int, end: int) -> Iterator[Segment]:
        """Those that can hold what was received between the two; a wrong key is said at once, damage is noted."""
        paths = listed(self.folder)
        if not paths:
            cure = "Name the folder given as --data to `wardwatch station run`."
            raise InputError("holds no recording of a station", where=str(self.folder), cure=cure)
        begun = [begun_at(path) for path in paths]
        for path, first, following in zip(paths, begun, [*begun[1:], 1 << 64], strict=True):
            if first - _SLACK > end or following + _SLACK < start:
                continue
            try:
                yield Segment.of(path, self.key)
            except WrongKey:
                raise
            except InputError as error:
                self.missing.append(Missing(path, 0, error.what))

    def _note(self, segment: Segment) -> None:
        self.missing += [Missing(segment.path, gap.offset, gap.why) for gap in segment.gaps]


def _placed(segment: Segment) -> Iterator[tuple[Record, str]]:
    """Sets and messages, each with the place its session had then."""
    places: dict[int, str] = {}
    for record in segment.records():
        if record.kind == Kind.PLACED and len(places) < _MOST_SESSIONS:
            places[record.session] = str(record.told.get("place", ""))[:_PLACE_LENGTH]
        elif record.kind == Kind.CLOSED:
            places.pop(record.session, None)
        elif record.kind in records.RAW:
            yield record, places.get(record.session, UNPLACED)
