"""In: segments of one conversation. Out: those that follow each other without a flaw, as one piece."""

from collections.abc import Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Final, overload

from .reassembly import SEQUENCE_SPACE, SYN, Mark, Piece
from .table import Segment

FIN: Final = 0x01
RST: Final = 0x04
_OPENING_OR_END: Final = SYN | FIN | RST
_new_mark: Final = tuple.__new__


def row_end(segments: Sequence[Segment], index: int) -> int:
    """Where the row of whole segments of one side with nothing but data, each behind the last, ends."""
    side, seq = segments[index].side, segments[index].seq
    while index < len(segments):
        _, sender, _, _, _, begin, flags, length, _, _, data = segments[index]  # by name each costs a call
        if sender != side or begin != seq or length != len(data) or not length or flags & _OPENING_OR_END:
            break
        seq = (seq + length) % SEQUENCE_SPACE
        index += 1
    return index


class _Ends(Sequence[tuple[int, Mark]]):
    """Where the parts of a row of segments end: worked out when first asked for, which is seldom."""

    __slots__ = ("_made", "_row")

    def __init__(self, row: Sequence[Segment]) -> None:
        self._row = row
        self._made: list[tuple[int, Mark]] = []

    def __len__(self) -> int:
        return len(self._row)

    @overload
    def __getitem__(self, index: int) -> tuple[int, Mark]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[int, Mark]]: ...

    def __getitem__(self, index: int | slice) -> tuple[int, Mark] | Sequence[tuple[int, Mark]]:
        if not self._made:
            ends = accumulate(segment.length for segment in self._row)
            self._made = list(zip(ends, map(_mark, self._row), strict=True))
        return self._made[index]


by_side: Final = itemgetter(Segment._fields.index("side"))
_data: Final = itemgetter(Segment._fields.index("data"))


def _mark(segment: Segment) -> Mark:
    return _new_mark(Mark, segment[2:5])  # file, number, time; as Mark(...) does, without a call of its own


def joined(row: Sequence[Segment]) -> Piece:
    """One piece of segments that follow each other."""
    if len(row) == 1:
        return Piece(row[0].data, 0, _mark(row[0]))
    return Piece(b"".join(map(_data, row)), 0, _mark(row[0]), _Ends(row), _mark(row[-1]))
