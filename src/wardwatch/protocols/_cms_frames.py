"""In: the bytes of one direction, in order, with holes said. Out: the blocks of the central-station stream in it.

A block's head is `u16 length`, 0x05 and a type. Waveform bytes can look like a head, so after damage, after a hole
or where the start was not seen, a head counts only if its length fits its type and another head follows its block.
Every byte is in a block or in `skipped`. Work is proportional to the bytes fed, and at most one longest block waits.
"""

import re
from collections.abc import Mapping
from heapq import heappop, heappush
from types import MappingProxyType
from typing import Final

from .cms_blocks import BED, ECG, EMPTY_43, END_OF_SET, ERROR, HEAD, MARK, NIBP, PATIENT, PLETH, TELEMETRY, TEMPERATURE

_PLAUSIBLE: Final = 4096
# Payload lengths: from the end of what is documented, to a generous bound, since total lengths are not public.
_LENGTHS: Final[Mapping[int, range]] = MappingProxyType(
    {
        PATIENT: range(0xAD, _PLAUSIBLE),
        EMPTY_43: range(1),
        BED: range(3, 65),
        END_OF_SET: range(1),
        ERROR: range(1, 1025),
    }
)
_TELEMETRY_LENGTHS: Final[Mapping[int, range]] = MappingProxyType(
    {
        ECG: range(0x3D3, _PLAUSIBLE),
        PLETH: range(0x114, _PLAUSIBLE),
        NIBP: range(0x23, _PLAUSIBLE),
        TEMPERATURE: range(0x2E, _PLAUSIBLE),
    }
)
_TYPES: Final = frozenset((*_LENGTHS, TELEMETRY))
_MARKED: Final = re.compile(bytes((MARK,)) + b"[" + b"".join(re.escape(bytes((kind,))) for kind in _TYPES) + b"]")
_FULL_HEAD: Final = 8  # the head and a telemetry block's 0, 0, sub-type, 0
_REMEMBERED: Final = 256
_MORE: Final = 0
_BAD: Final = -1
_ODD: Final = -2


def measure(held: bytes, place: int = 0) -> int:
    """The size in bytes, head included, of the block at `place`; 0: more bytes needed; -1: no head; -2: odd.

    Odd: the mark is there, but the type is not known or the length not usual for it.
    """
    available = len(held) - place
    if available < HEAD.size:
        return _MORE
    length, mark, kind = HEAD.unpack_from(held, place)
    if mark != MARK or length < 2:  # noqa: PLR2004  # mark and type are counted
        return _BAD
    usual = _LENGTHS.get(kind)
    if kind == TELEMETRY:
        if available < _FULL_HEAD:
            return _MORE
        zeros = held[place + 4] | held[place + 5] | held[place + 7]
        usual = None if zeros else _TELEMETRY_LENGTHS.get(held[place + 6])
    return length + 2 if usual is not None and length - 2 in usual else _ODD


def _is_head(held: bytes, place: int) -> bool:
    """Whether the four bytes at `place` begin a block of a known type."""
    length, mark, kind = HEAD.unpack_from(held, place)
    return mark == MARK and kind in _TYPES and 2 <= length <= _PLAUSIBLE + 2  # noqa: PLR2004  # mark and type


class Framer:
    """Cuts one direction into blocks. `feed` answers pairs of a block's offset in the direction and its bytes."""

    def __init__(self) -> None:
        self.skipped = 0
        self._held = b""
        self._at = 0  # offset of the first held byte
        self._in_step = True
        self._scanned = 0  # offset up to which heads were looked for while out of step
        self._candidates: list[tuple[int, int]] = []  # heap of (end, start) that await the next head
        self._sizes: dict[bytes, int] = {}  # first bytes of a block -> its size
        self._late: list[tuple[int, bytes]] = []

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The blocks completed by `data`."""
        self._held = self._held + data if self._held else bytes(data)
        blocks, self._late = self._late, []
        while not (self._follow(blocks) if self._in_step else self._search(blocks)):
            pass
        return blocks

    def lose(self, count: int) -> None:
        """`count` bytes are missing here."""
        self._late += self._last()
        self._at += len(self._held) + count
        self._held = b""
        self._leave_step(self._at)

    def finish(self) -> list[tuple[int, bytes]]:
        """A block that ends exactly with the data, if none could follow it; what remains is skipped."""
        blocks, self._late = self._late, []
        blocks += self._last()
        self._at += len(self._held)
        self._held = b""
        return blocks

    def _follow(self, blocks: list[tuple[int, bytes]]) -> bool:
        """Block after block while each begins where the last ended; True: more bytes needed, False: out of step."""
        held, at, sizes, place = self._held, self._at, self._sizes, 0
        size = len(held)
        while True:
            block = sizes.get(held[place : place + _FULL_HEAD]) or self._measured(held, place)
            end = place + block
            if end > size or block <= 0:
                break
            blocks.append((at + place, held[place:end]))
            place = end
        if block < 0:
            place = self._doubt(blocks, place, block)
        self._held = held[place:]
        self._at = at + place
        return block >= 0

    def _measured(self, held: bytes, place: int) -> int:
        block = measure(held, place)
        if block > 0 and len(self._sizes) < _REMEMBERED:
            self._sizes[held[place : place + _FULL_HEAD]] = block
        return block

    def _doubt(self, blocks: list[tuple[int, bytes]], place: int, answer: int) -> int:
        """No usual head at `place`: where to go on. The block before is taken back if a chain begins inside it."""
        if blocks and blocks[-1][0] + len(blocks[-1][1]) == self._at + place:
            start = blocks[-1][0] - self._at
            for found in _MARKED.finditer(self._held, start + 3, place + 3):
                inner = found.start() - 2
                end = inner + max(measure(self._held, inner), 0)
                if inner < end <= len(self._held) - HEAD.size and _is_head(self._held, end):
                    self.skipped += inner - start
                    blocks.pop()
                    self._leave_step(self._at + inner)
                    return inner
        self._leave_step(self._at + place)
        if answer == _ODD:
            length = HEAD.unpack_from(self._held, place)[0]
            heappush(self._candidates, (self._at + place + length + 2, self._at + place))
        return place

    def _leave_step(self, at: int) -> None:
        self._in_step = False
        self._candidates.clear()
        self._scanned = at

    def _search(self, blocks: list[tuple[int, bytes]]) -> bool:
        """The first head that another head follows; True: more bytes needed, False: in step again."""
        self._collect()
        found = self._confirmed()
        if found is not None:
            start, end = found
            self._skip_to(start)
            blocks.append((start, self._held[: end - start]))
            self._held = self._held[end - start :]
            self._at = end
            self._candidates.clear()
            self._in_step = True
            return False
        self._skip_to(min((start for _, start in self._candidates), default=self._scanned))
        return True

    def _collect(self) -> None:
        held, at = self._held, self._at
        scanned = max(len(held) - 3 + at, self._scanned)  # a head may lie across the end
        for found in _MARKED.finditer(held, self._scanned - at):
            start = found.start() - 2
            if start + at < self._scanned:
                continue
            block = measure(held, start)
            if block == _MORE:
                scanned = start + at
                break
            if block > 0:
                heappush(self._candidates, (at + start + block, at + start))
        self._scanned = scanned

    def _confirmed(self) -> tuple[int, int] | None:
        confirmed: tuple[int, int] | None = None
        known_until = self._at + len(self._held) - HEAD.size
        while self._candidates and self._candidates[0][0] <= known_until:
            end, start = heappop(self._candidates)
            if (confirmed is None or start < confirmed[0]) and _is_head(self._held, end - self._at):
                confirmed = start, end
        return confirmed

    def _skip_to(self, offset: int) -> None:
        count = offset - self._at
        self._held = self._held[count:]
        self._at = offset
        self.skipped += count

    def _last(self) -> list[tuple[int, bytes]]:
        """The candidate that ends exactly with what is held; all else that is held counts as skipped."""
        until = self._at + len(self._held)
        start = min((start for end, start in self._candidates if end == until), default=until)
        self._candidates.clear()
        self.skipped += start - self._at
        return [(start, self._held[start - self._at :])] if start < until else []
