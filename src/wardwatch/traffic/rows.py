"""In: segments that the kernel lined up. Out: those that follow each other without a flaw, as one piece."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import itemgetter
from struct import Struct
from typing import Final, NamedTuple, overload

from .reassembly import SEQUENCE_SPACE, Mark, Piece
from .table import Segment

FIN: Final = 0x01
RST: Final = 0x04
NO_MORE: Final = 0
APART: Final = -1
"""What a reader of segments may wish of a conversation: that no more is kept; its sides one after the other."""
_new: Final = tuple.__new__
"""Makes a named tuple without a call of its own."""
_LAID_OUT: Final = Struct("<qIIIIIIHBBHHQ")
"""A segment as the kernel lays it out: SEGMENT of kernel/library.py."""


class Run(NamedTuple):
    """Segments of one side in a row: whole ones with nothing but data, each behind the last; or a single other one."""

    time: int
    last_time: int
    channel: int
    flow: int
    seq: int
    length: int
    first: int  # place of its first segment in the batch
    parts: int
    at: int
    n: int
    number: int
    last_number: int
    file: int
    last_file: int
    codec: int  # of the last segment
    side: int
    flags: int
    flawless: int  # whether it is such a row
    apart: int  # whether the sides of its conversation are lined up one after the other

    @property
    def marks(self) -> tuple[Mark, Mark]:
        """The packets of its first and its last segment."""
        return _new(Mark, (self.file, self.number, self.time)), _new(
            Mark, (self.last_file, self.last_number, self.last_time)
        )


by_side: Final = itemgetter(Run._fields.index("side"))


class Batch:
    """Segments conversation after conversation, in runs; their bytes lie one behind the other."""

    __slots__ = ("_payload", "_segments", "last_time", "runs")

    def __init__(self, runs: list[Run], segments: memoryview, payload: memoryview, last_time: int) -> None:
        self.runs = runs
        self.last_time = last_time
        """Of the newest packet."""
        self._segments = segments
        self._payload = payload

    def __len__(self) -> int:
        """How many segments there are."""
        return len(self._segments) // _LAID_OUT.size

    def __iter__(self) -> Iterator[Segment]:
        """The segments."""
        return map(self._segment, range(len(self)))

    def piece(self, run: Run) -> Piece:
        """A run without a flaw as one piece."""
        mark, last = run.marks
        if run.parts == 1:
            return _new(Piece, (self.payload(run), 0, mark, (), None))
        ends = _Ends(self._segments[run.first * _LAID_OUT.size : (run.first + run.parts) * _LAID_OUT.size])
        return _new(Piece, (self.payload(run), 0, mark, ends, last))

    def payload(self, run: Run) -> bytes:
        """The bytes of a run."""
        return self._payload[run.at : run.at + run.n].tobytes()

    def split(self, run: Run) -> tuple[Segment, Run | None]:
        """The first segment of a run, and the rest of it."""
        one = self._segment(run.first)
        if run.parts == 1:
            return one, None
        following = self._segment(run.first + 1)
        return one, run._replace(
            time=following.time,
            seq=(run.seq + one.length) % SEQUENCE_SPACE,
            length=run.length - one.length,
            first=run.first + 1,
            parts=run.parts - 1,
            at=run.at + one.length,
            n=run.n - one.length,
            number=following.number,
            file=following.file,
            flags=following.flags,
        )

    def _segment(self, place: int) -> Segment:
        time, flow, number, seq, length, at, n, file, side, flags, codec, _, channel = _LAID_OUT.unpack_from(
            self._segments, place * _LAID_OUT.size
        )
        data = self._payload[at : at + n].tobytes()
        return _new(Segment, (flow, side, file, number, time, seq, flags, length, codec, channel, data))


class _Ends(Sequence[tuple[int, Mark]]):
    """Where the parts of a row of segments end: worked out when first asked for, which is seldom."""

    __slots__ = ("_laid_out", "_made")

    def __init__(self, laid_out: memoryview) -> None:
        self._laid_out = laid_out
        self._made: list[tuple[int, Mark]] = []

    def __len__(self) -> int:
        return len(self._laid_out) // _LAID_OUT.size

    @overload
    def __getitem__(self, index: int) -> tuple[int, Mark]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[int, Mark]]: ...

    def __getitem__(self, index: int | slice) -> tuple[int, Mark] | Sequence[tuple[int, Mark]]:
        if not self._made:
            row = list(_LAID_OUT.iter_unpack(self._laid_out))
            ends = accumulate(length for _, _, _, _, length, *_ in row)
            self._made = [
                (end, Mark(file, number, time))
                for end, (time, _, number, _, _, _, _, file, *_) in zip(ends, row, strict=True)
            ]
        return self._made[index]
