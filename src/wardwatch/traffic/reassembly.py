"""In: one direction's TCP segments in order of capture. Out: its bytes in stream order, holes said, conflicts noted.

Streaming, with bounded memory: what lies beyond a hole waits until the hole is filled, until too much waits, or until
too long has passed on the packets' clock; then the hole is declared. Of two copies of a byte the first one captured
wins (RFC 9293, section 3.4, leaves the choice to the receiver); a copy that differs is noted with both hashes.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from operator import itemgetter
from typing import Final, NamedTuple

SEQUENCE_SPACE: Final = 2**32
HALF_SPACE: Final = 2**31
WAITING_BYTES: Final = 256 * 1024
WAITING_PIECES: Final = 512
WAITING_NANOSECONDS: Final = 30 * 10**9
HISTORY_BYTES: Final = 8 * 1024
HISTORY_PIECES: Final = 64
FAR_AHEAD: Final = 4 * 1024 * 1024
NOTED_CONFLICTS: Final = 8
SYN: Final = 0x02


class Mark(NamedTuple):
    """The packet that brought something: file index, number in it from 1, time in nanoseconds."""

    file: int
    number: int
    time: int


class Piece(NamedTuple):
    """Bytes in stream order; where `data` is empty, `lost` bytes are missing here.

    `mark` is the first packet that brought them, `last` the last where it is another; `ends` says behind which of the
    bytes each packet's part ends.
    """

    data: bytes
    lost: int
    mark: Mark
    ends: Sequence[tuple[int, Mark]] = ()
    last: Mark | None = None

    def packet_at(self, offset: int) -> Mark:
        """The packet that brought the byte at `offset` of `data`."""
        if not self.ends:
            return self.mark
        return self.ends[min(bisect_right(self.ends, offset, key=itemgetter(0)), len(self.ends) - 1)][1]


class Conflict(NamedTuple):
    """A byte range captured twice with different content; hashes are the first 16 digits of SHA-256."""

    offset: int
    length: int
    first: str
    second: str
    mark: Mark


@dataclass(slots=True)
class Stream:
    """One direction of one connection. Offsets count from its first byte seen."""

    delivered: int = 0
    lost: int = 0
    holes: int = 0
    repeated: int = 0
    uncompared: int = 0
    stray: int = 0
    start_missing: bool = False
    conflicts: list[Conflict] = field(default_factory=list)
    conflict_count: int = 0
    _next: int | None = None  # the unwrapped sequence number expected next
    _origin: int = 0
    _waiting: list[tuple[int, bytes, int, Mark]] = field(default_factory=list)  # offset, data, cut off, mark
    _waiting_bytes: int = 0
    _waiting_since: int = 0
    _stray_end: int = -1
    _history: deque[tuple[int, bytes]] = field(default_factory=deque)
    _history_bytes: int = 0

    def add(self, seq: int, data: bytes, length: int, flags: int, mark: Mark) -> list[Piece]:
        """The pieces this segment makes deliverable. `length` exceeds `data` where the capture cut the packet."""
        start = self._unwrap(seq, flags)
        if length == 0:
            return self._overdue(mark)
        if start - self._expected > FAR_AHEAD and not self._is_followed(start, length):
            return []
        if start == self._next and not self._waiting:
            return list(self._deliver(start, data, length - len(data), mark))
        self._place(start, data, length - len(data), mark)
        return [*self._drain(), *self._overdue(mark)]

    def is_next(self, seq: int) -> bool:
        """Whether a segment that begins at `seq` would be deliverable at once, with nothing waiting behind it."""
        return not self._waiting and (self._next is None or self._next % SEQUENCE_SPACE == seq)

    def advance(self, seq: int, data: bytes) -> None:
        """Take `data`, whole segments in a row of which the first `is_next`, without looking at each."""
        if self._next is None:
            self._next = self._origin = seq
            self.start_missing = True
        self._remember(self._next + len(data) - len(data[-HISTORY_BYTES:]), data[-HISTORY_BYTES:])
        self.delivered += len(data)
        self._next += len(data)

    def finish(self) -> list[Piece]:
        """What still waits behind holes, with the holes declared."""
        pieces: list[Piece] = []
        while self._waiting:
            pieces += self._declare_hole()
            pieces += self._drain()
        return pieces

    def _unwrap(self, seq: int, flags: int) -> int:
        start = seq + 1 if flags & SYN else seq
        if self._next is None:
            self._next = self._origin = start % SEQUENCE_SPACE
            self.start_missing = not flags & SYN
        ahead = (start - self._next) % SEQUENCE_SPACE
        return self._next + (ahead if ahead < HALF_SPACE else ahead - SEQUENCE_SPACE)

    def _is_followed(self, start: int, length: int) -> bool:
        """Whether a segment far beyond the window continues another such: one alone may be forged, two are a jump."""
        followed, self._stray_end = start == self._stray_end, start + length
        self.stray += 0 if followed else length
        return followed

    @property
    def _expected(self) -> int:
        return self._next if self._next is not None else 0

    def _deliver(self, start: int, data: bytes, cut: int, mark: Mark) -> Iterator[Piece]:
        if data:
            self._remember(start, data)
            self.delivered += len(data)
            yield Piece(data, 0, mark)
        if cut:
            self.lost += cut
            self.holes += 1
            yield Piece(b"", cut, mark)
        self._next = start + len(data) + cut

    def _remember(self, start: int, data: bytes) -> None:
        self._history.append((start, data))
        self._history_bytes += len(data)
        while (self._history_bytes > HISTORY_BYTES and len(self._history) > 1) or len(self._history) > HISTORY_PIECES:
            self._history_bytes -= len(self._history.popleft()[1])

    def _place(self, start: int, data: bytes, cut: int, mark: Mark) -> None:
        """Keep what is new of a segment that is early, late or overlapping."""
        behind = self._expected - start
        if behind > 0:
            if not (behind == 1 and len(data) <= 1):  # a keep-alive probe (RFC 9293, 3.8.4) repeats no data
                self._compare_history(start, data[:behind], mark)
            if behind >= len(data) + cut:
                return
            start, data, cut = start + behind, data[behind:], cut - max(0, behind - len(data))
        if not self._waiting:
            self._waiting_since = mark.time
        self._wait(start, data, cut, mark)

    def _wait(self, start: int, data: bytes, cut: int, mark: Mark) -> None:
        """Insert between what already waits; where both cover a byte, what waits was first."""
        index = bisect_left(self._waiting, start, key=lambda entry: entry[0])
        if index:
            index -= 1
        while data or cut:
            if index == len(self._waiting):
                self._insert(index, start, data, cut, mark)
                return
            there, held, held_cut, _ = self._waiting[index]
            there_end = there + len(held) + held_cut
            if start < there:
                room = there - start
                self._insert(index, start, data[:room], min(cut, max(0, room - len(data))), mark)
                index += 1
                start, data, cut = start + room, data[room:], cut - min(cut, max(0, room - len(data)))
            if start < there_end:
                covered = there_end - start
                self._compare(start, data[:covered], held[start - there :], mark)
                start, data, cut = start + covered, data[covered:], cut - min(cut, max(0, covered - len(data)))
            index += 1

    def _insert(self, index: int, start: int, data: bytes, cut: int, mark: Mark) -> None:
        if data or cut:
            self._waiting.insert(index, (start, data, cut, mark))
            self._waiting_bytes += len(data)

    def _drain(self) -> Iterator[Piece]:
        while self._waiting and self._waiting[0][0] <= self._expected:
            start, data, cut, mark = self._waiting.pop(0)
            self._waiting_bytes -= len(data)
            yield from self._deliver(start, data, cut, mark)
            self._waiting_since = mark.time

    def _overdue(self, mark: Mark) -> list[Piece]:
        pieces: list[Piece] = []
        while self._waiting and self._is_overdue(mark.time):
            pieces += self._declare_hole()
            pieces += self._drain()
        return pieces

    def _is_overdue(self, now: int) -> bool:
        return (
            self._waiting_bytes > WAITING_BYTES
            or len(self._waiting) > WAITING_PIECES
            or now - self._waiting_since > WAITING_NANOSECONDS
        )

    def _declare_hole(self) -> list[Piece]:
        start, _, _, mark = self._waiting[0]
        lost = start - self._expected
        self._next = start
        if lost <= 0:
            return []
        self.lost += lost
        self.holes += 1
        return [Piece(b"", lost, mark)]

    def _compare_history(self, start: int, data: bytes, mark: Mark) -> None:
        end, compared = start + len(data), 0
        for there, held in self._history:
            low, high = max(start, there), min(end, there + len(held))
            if low < high:
                compared += high - low
                self._compare(low, data[low - start : high - start], held[low - there : high - there], mark)
        self.uncompared += max(0, len(data) - compared)
        self.repeated += len(data) - compared

    def _compare(self, start: int, second: bytes, first: bytes, mark: Mark) -> None:
        length = min(len(first), len(second))
        self.repeated += length
        if first[:length] == second[:length]:
            return
        self.conflict_count += 1
        if len(self.conflicts) < NOTED_CONFLICTS:
            hashes = [sha256(part[:length]).hexdigest()[:16] for part in (first, second)]
            self.conflicts.append(Conflict(start - self._origin, length, hashes[0], hashes[1], mark))
