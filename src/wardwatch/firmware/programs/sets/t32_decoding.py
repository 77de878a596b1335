"""In: T32 halfwords. Out: its instructions: where each begins, one halfword or two, in an IT block or not.

A halfword that does not begin with 0b11101 or 0b1111 is either an instruction or the end of one, so the next begins
one: within a run of wide-looking halfwords, instructions begin at every second. Encodings: Arm Architecture Reference
Manual, ARMv7-A, chapter A6.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wardwatch.firmware.programs.flow import Flags, Longs, match

Halves = NDArray[np.uint16]


class Code(NamedTuple):
    """Instructions: where they begin, their first and second halfword (0 for narrow ones), in an IT block or not."""

    at: Longs
    first: NDArray[np.uint32]
    second: NDArray[np.uint32]
    wide: Flags
    guarded: Flags


def decoded(halves: Halves, start: int, forced: Flags, data: Flags) -> Code:
    """The instructions between data; one begins wherever that is forced."""
    wide = (halves >> 11 >= 0x1D) & ~data  # 0b11101
    number = np.arange(len(halves), dtype=np.int64)
    begins = wide.copy()
    begins[1:] &= ~wide[:-1] | forced[1:]
    run = np.maximum.accumulate(np.where(begins, number, -1))
    opens = wide & ((number - run) & 1 == 0)
    opens[:-1] &= ~forced[1:] & ~data[1:]
    is_start = ~data
    is_start[1:] &= ~opens[:-1]
    index = np.flatnonzero(is_start)
    second = np.zeros(len(halves), np.uint32)
    second[:-1] = halves[1:]
    first = halves[index].astype(np.uint32)
    broad = opens[index]
    return Code(start + 2 * index, first, np.where(broad, second[index], 0).astype(np.uint32), broad, _guarded(first))


def _guarded(first: NDArray[np.uint32]) -> Flags:
    """Which instructions an IT makes conditional: as many as its mask says, by its lowest set bit."""
    guarded = np.zeros(len(first), np.bool_)
    blocks = np.flatnonzero(match(first, 0xFF00, 0xBF00) & (first & np.uint32(0xF) != 0))
    mask = first[blocks] & np.uint32(0xF)
    for step, covers in ((1, 15), (2, 7), (3, 3), (4, 1)):
        under = blocks[mask & np.uint32(covers) != 0] + step
        guarded[under[under < len(first)]] = True
    return guarded


def narrow(code: Code, mask: int, value: int) -> Flags:
    """Which are 16-bit instructions with these bits."""
    return match(code.first, mask, value) & ~code.wide


def broad(code: Code, mask: int, value: int, mask2: int = 0, value2: int = 0) -> Flags:
    """Which are 32-bit instructions with these bits in their halfwords."""
    return match(code.first, mask, value) & match(code.second, mask2, value2) & code.wide
