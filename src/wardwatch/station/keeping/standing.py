"""In: every record that is written. Out: what holds at any moment, for the start and the end of a segment.

A segment says again which sessions run and where, so that it can be read without those before it, which may be gone.
"""

from dataclasses import dataclass, field

from . import records
from .records import Kind, Record


@dataclass(slots=True)
class _Span:
    """What a segment holds of one place."""

    first: int
    last: int
    sets: int = 0


@dataclass(slots=True)
class Standing:
    """Sessions that run, and what was kept of which place since the segment began."""

    _opened: dict[int, Record] = field(default_factory=dict)
    _placed: dict[int, Record] = field(default_factory=dict)
    _spans: dict[str, _Span] = field(default_factory=dict)

    def note(self, record: Record) -> None:
        """One more record."""
        if record.kind in records.RAW:
            self._count(record)
        elif record.kind == Kind.OPENED:
            self._opened[record.session] = record
        elif record.kind == Kind.PLACED:
            self._placed[record.session] = record
        elif record.kind == Kind.CLOSED:
            self._opened.pop(record.session, None)
            self._placed.pop(record.session, None)

    def records(self, at: int) -> list[bytes]:
        """What a new segment begins with."""
        standing = (*self._opened.values(), *self._placed.values())
        return [records.encode(record._replace(at=at)) for record in standing]

    def summary(self, at: int) -> Record:
        """What an ended segment closes with; counting begins anew."""
        spans, self._spans = self._spans, {}
        places = {name: [span.first, span.last, span.sets] for name, span in spans.items()}
        return records.told(Kind.SUMMARY, 0, at, places=places)

    def _count(self, record: Record) -> None:
        placed = self._placed.get(record.session)
        name = str(placed.told.get("place", "")) if placed else ""
        span = self._spans.get(name)
        if span is None:
            span = self._spans[name] = _Span(record.at, record.at)
        span.last = record.at
        span.sets += 1
