"""In: the bytes of one central-station stream, in order. Out: its sets, each the blocks of one second as they came.

A set ends with a 0x47 block. A block that the set has already (a second 0x45, a second block of one telemetry kind)
begins the next, so that a lost block does not merge two seconds. Bounded: a set that never ends is cut.
"""

from typing import Final, NamedTuple

from wardwatch.protocols._cms_frames import Framer
from wardwatch.protocols.cms_blocks import BED, END_OF_SET, TELEMETRY

_TYPE_AT: Final = 3
_SUB_TYPE_AT: Final = 6
MOST_BLOCKS: Final = 64
MOST_BYTES: Final = 128 * 1024


class Set(NamedTuple):
    """The blocks of one second; `closed`: the end of the set was there."""

    blocks: tuple[bytes, ...]
    closed: bool

    @property
    def raw(self) -> bytes:
        """As it came."""
        return b"".join(self.blocks)


class Cutter:
    """Cuts one stream. `skipped` counts bytes that belong to no block."""

    def __init__(self) -> None:
        self._framer = Framer()
        self._blocks: list[bytes] = []
        self._kinds: set[bytes] = set()
        self._size = 0

    @property
    def skipped(self) -> int:
        """Bytes that belong to no block."""
        return self._framer.skipped

    def feed(self, data: bytes) -> list[Set]:
        """The sets that `data` completes."""
        return self._cut(self._framer.feed(data))

    def finish(self) -> list[Set]:
        """No more will come: what is left, if anything is."""
        done = self._cut(self._framer.finish())
        return done + self._end(closed=False)

    def _cut(self, blocks: list[tuple[int, bytes]]) -> list[Set]:
        done: list[Set] = []
        for _, block in blocks:
            kind = _once(block)
            if kind in self._kinds or len(self._blocks) >= MOST_BLOCKS or self._size + len(block) > MOST_BYTES:
                done += self._end(closed=False)
            self._blocks.append(block)
            self._size += len(block)
            if kind:
                self._kinds.add(kind)
            if block[_TYPE_AT] == END_OF_SET:
                done += self._end(closed=True)
        return done

    def _end(self, *, closed: bool) -> list[Set]:
        blocks, self._blocks, self._size = tuple(self._blocks), [], 0
        self._kinds.clear()
        empty = len(blocks) <= closed  # nothing, or nothing but the end
        return [] if empty else [Set(blocks, closed)]


def _once(block: bytes) -> bytes:
    """What stands in a set at most once; nothing for the rest."""
    if block[_TYPE_AT] == TELEMETRY:
        return block[_TYPE_AT : _SUB_TYPE_AT + 1]
    return block[_TYPE_AT : _TYPE_AT + 1] if block[_TYPE_AT] == BED else b""


def cut(raw: bytes) -> list[Set]:
    """The sets in `raw`, for instance one that was kept."""
    cutter = Cutter()
    return cutter.feed(raw) + cutter.finish()
