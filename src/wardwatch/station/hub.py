"""In: what connections deliver. Out: the same to the live view, to the disk and to the checks, each set to all three.

The one place where a session's life is told; it knows neither sockets nor files. A fault in one of the three is counted
and keeps nothing from the others.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from . import hl7_reading, reading
from .delay import Delay
from .keeping import records
from .keeping.records import Kind, Record
from .live import Live
from .sets import Set
from .words import SECOND, Contents, Event, EventKind, Peer, Received

_PLACING = frozenset((EventKind.ADMITTED, EventKind.CONNECTED))


class Keeper(Protocol):
    """Where records go."""

    def put(self, record: Record) -> bool:
        """Take one; False where there is no room."""
        ...


class Checks(Protocol):
    """Who checks what was received, in its own time."""

    def submit(self, received: Received, contents: Contents) -> None:
        """One more set."""
        ...

    def forget(self, session: int) -> None:
        """The session ended."""
        ...


@dataclass(slots=True)
class Counts:
    """What came, since the station began."""

    sets: int = 0
    messages: int = 0
    bytes: int = 0
    skipped: int = 0
    unclosed: int = 0
    unknown: int = 0
    not_kept: int = 0


class Hub:
    """Joins reception with all that follows."""

    def __init__(
        self, live: Live, keeper: Keeper | None, checks: Checks | None, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self.live, self.counts = live, Counts()
        self._keeper, self._checks, self._clock = keeper, checks, clock
        self._delay = Delay()
        self._numbers: dict[int, int] = {}
        live.observers.append(self._happened)

    def join(self, keeper: Keeper | None, checks: Checks | None, delay: Delay) -> None:
        """What was not there yet when reception was made."""
        self._keeper, self._checks, self._delay = keeper, checks, delay

    def opened(self, peer: Peer) -> int:
        """A connection was accepted."""
        now = self._clock()
        session = self.live.open(peer, now)
        self._numbers[session] = 0
        told = records.told(
            Kind.OPENED, session, now,
            address=peer.address, port=peer.port, local_port=peer.local_port, source=str(peer.source),
        )  # fmt: skip
        self._keep(told)
        return session

    def received(self, session: int, found: Set) -> None:
        """One set of a stream."""
        self.counts.sets += 1
        self.counts.unclosed += not found.closed
        kind = Kind.SET if found.closed else Kind.UNCLOSED
        self._take(session, (found.raw, kind), reading.contents(found.blocks), closed=found.closed)

    def message(self, session: int, raw: bytes, *, incomplete: bool) -> bool:
        """One HL7 message; whether it was kept."""
        self.counts.messages += 1
        contents = hl7_reading.contents(raw, incomplete=incomplete)
        return self._take(session, (raw, Kind.MESSAGE), contents, closed=not incomplete)

    def skipped(self, session: int, count: int) -> None:
        """Bytes that belong to no block or message."""
        self.counts.skipped += count
        self.live.skip(session, count, self._clock())

    def closed(self, session: int, why: str) -> None:
        """The connection ended."""
        now = self._clock()
        self._numbers.pop(session, None)
        self.live.close(session, why, now)
        self._keep(records.told(Kind.CLOSED, session, now, why=why))
        if self._checks is not None:
            self._checks.forget(session)

    def _take(self, session: int, what: tuple[bytes, Kind], contents: Contents, *, closed: bool) -> bool:
        raw, kind = what
        number = self._numbers[session] = self._numbers[session] + 1
        received = Received(session, number, self._clock(), raw, closed)
        self.counts.bytes += len(raw)
        self.counts.unknown += contents.unknown
        self.live.take(received, contents)
        kept = self._keep(Record(kind, session, received.at, raw))
        if self._checks is not None and contents.waves:
            self._checks.submit(received, contents)
        self._delay.add(max(0.0, (self._clock() - received.at) / SECOND))
        return kept

    def _keep(self, record: Record) -> bool:
        if self._keeper is None:
            return True
        kept = self._keeper.put(record)
        self.counts.not_kept += not kept and record.kind in records.RAW
        return kept

    def _happened(self, event: Event) -> None:
        """Events are kept as well; one that places a session goes before the sets it is about."""
        session = event.facts.get("session")
        if event.kind in _PLACING and isinstance(session, int):
            self._keep(records.told(Kind.PLACED, session, event.at, place=event.place))
        told = records.told(
            Kind.EVENT, 0, event.at,
            number=event.number, event=str(event.kind), place=event.place, text=event.text, facts=dict(event.facts),
        )  # fmt: skip
        self._keep(told)
