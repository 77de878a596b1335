"""In: bytes of x86 code. Out: for each offset, how long an instruction beginning there is and where its opcode stands.

All offsets at once by tables; which of them begin an instruction is for the sweep to tell. Opcode maps: Intel SDM,
volume 2D, appendix A. 16-bit addressing (prefix 67 in 32-bit code) is not read: compilers do not use it.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Counts = NDArray[np.int16]
ROOM: Final = 32
MOST_PREFIXES: Final = 5
LONGEST: Final = 15
PREFIXES: Final = (0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x2E, 0x36, 0x3E, 0x26, 0x64, 0x65)


class Lengths(NamedTuple):
    """`size` of the instruction at each offset, `prefixes` bytes before its opcode."""

    size: Counts
    prefixes: Counts


class _Opcodes(NamedTuple):
    """By first opcode byte: a ModRM byte follows; bytes of immediate; whether a 66 prefix halves that."""

    modrm: NDArray[np.bool_]
    immediate: Counts
    halved: NDArray[np.bool_]


def _table(modrm: tuple[int, ...], immediates: dict[int, tuple[int, ...]], halved: tuple[int, ...]) -> _Opcodes:
    sizes = np.zeros(256, np.int16)
    for size, opcodes in immediates.items():
        sizes[list(opcodes)] = size
    return _Opcodes(np.isin(np.arange(256), modrm), sizes, np.isin(np.arange(256), halved))


def _span(*pairs: tuple[int, int]) -> tuple[int, ...]:
    return tuple(number for first, last in pairs for number in range(first, last + 1))


_ARITHMETIC: Final = tuple(8 * row + column for row in range(8) for column in range(4))
_EXTENDED_MODRM: Final = tuple(
    sorted(set(range(256)) - {*_span((0x05, 0x0C), (0x30, 0x3F), (0x80, 0x8F), (0xC8, 0xCF)), 0x0E, 0x77, 0xA0,
    0xA1, 0xA2, 0xA8, 0xA9, 0xAA, 0x04})
)  # fmt: skip


def _first(*, long_mode: bool) -> _Opcodes:
    modrm = (*_ARITHMETIC, 0x63, 0x69, 0x6B, *_span((0x80, 0x8F), (0xC0, 0xC1), (0xC6, 0xC7), (0xD0, 0xD3)),
             *_span((0xD8, 0xDF)), 0xF6, 0xF7, 0xFE, 0xFF, *(() if long_mode else (0x62, 0xC4, 0xC5)))  # fmt: skip
    words = (*(8 * row + 5 for row in range(8)), 0x68, 0x69, 0x81, 0xA9, *_span((0xB8, 0xBF)), 0xC7)
    offset = 8 if long_mode else 4
    immediates = {
        1: (*(8 * row + 4 for row in range(8)), 0x6A, 0x6B, *_span((0x70, 0x7F), (0xB0, 0xB7), (0xE0, 0xE7)), 0x80,
            0x82, 0x83, 0xA8, 0xC0, 0xC1, 0xC6, 0xCD, 0xD4, 0xD5, 0xEB),
        2: (0xC2, 0xCA),
        3: (0xC8,),
        4: (*words, 0xE8, 0xE9),
        6: () if long_mode else (0x9A, 0xEA),
        offset: _span((0xA0, 0xA3)),
    }  # fmt: skip
    if not long_mode:
        immediates[4] = (*words, 0xE8, 0xE9, *_span((0xA0, 0xA3)))
    return _table(modrm, immediates, words)


_SECOND: Final = _table(
    _EXTENDED_MODRM,
    {1: (*_span((0x70, 0x73)), 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6), 4: _span((0x80, 0x8F))},
    (),
)


def lengths(code: bytes, *, long_mode: bool) -> Lengths:
    """For every offset of the code."""
    size = len(code)
    held = np.zeros(size + ROOM, np.uint8)
    held[:size] = np.frombuffer(code, np.uint8)
    plain, halved = _opcodes(held, size, _first(long_mode=long_mode), long_mode=long_mode)
    wide = plain + np.where((held[: len(plain)] & 0xF8) == 0xB8, 4, 0).astype(np.int16)  # mov r64, imm64
    return _prefixed(held, size, (plain, halved, wide), long_mode=long_mode)


def _modrm(held: Bytes) -> Counts:
    """Length of ModRM, SIB and displacement from each offset."""
    mode, register = held >> 6, held & 7
    base = np.zeros(len(held), np.uint8)
    base[:-1] = held[1:] & 7
    indexed = (mode != 3) & (register == 4)  # SIB follows
    four = (mode == 2) | ((mode == 0) & ((register == 5) | (indexed & (base == 5))))  # disp32
    size: Counts = (1 + indexed + (mode == 1) + 4 * four.astype(np.int16)).astype(np.int16)
    return size


def _shifted(column: Counts, by: int) -> Counts:
    out = np.zeros_like(column)
    out[:-by] = column[by:]
    return out


def _opcodes(held: Bytes, size: int, first: _Opcodes, *, long_mode: bool) -> tuple[Counts, Counts]:
    """Length from the opcode on, without and with a 66 prefix."""
    del size
    modrm = _modrm(held)
    after, after2, after3 = _shifted(modrm, 1), _shifted(modrm, 2), _shifted(modrm, 3)
    following = np.zeros_like(held)
    following[:-1] = held[1:]
    one = 1 + np.where(first.modrm[held], after, 0) + first.immediate[held]
    tested = ((held == 0xF6) | (held == 0xF7)) & (following & 0x30 == 0)  # TEST
    one += np.where(tested, np.where(held == 0xF7, 4, 1), 0)
    two = 2 + np.where(_SECOND.modrm[following], after2, 0) + _SECOND.immediate[following]
    two = np.where(following == 0x38, 3 + after3, np.where(following == 0x3A, 4 + after3, two))  # three-byte maps
    plain = np.where(held == 0x0F, two, one)  # escape
    plain = np.where(_is_vector(held, following, long_mode=long_mode), _vector(held, modrm), plain).astype(np.int16)
    shrink = (first.halved[held] & (held != 0x0F)) | (tested & (held == 0xF7))
    return plain, (plain - np.where(shrink, 2, 0)).astype(np.int16)


def _is_vector(held: Bytes, following: Bytes, *, long_mode: bool) -> NDArray[np.bool_]:
    found = (held == 0xC4) | (held == 0xC5) | (held == 0x62)  # VEX, EVEX
    chosen: NDArray[np.bool_] = found if long_mode else found & (following >= 0xC0)
    return chosen  # else LES, LDS, BOUND


def _vector(held: Bytes, modrm: Counts) -> Counts:
    """Length of what begins with VEX (C5, C4) or EVEX (62)."""
    following = np.zeros_like(held)
    following[:-1] = held[1:]
    head = np.where(held == 0xC5, 2, np.where(held == 0xC4, 3, 4))
    chosen = np.where(held == 0xC5, 1, following & 7)
    place = np.minimum(np.arange(len(held)) + head, len(held) - 2)
    opcode = held[place]
    immediate = np.where(chosen == 3, 1, np.where(chosen == 1, _SECOND.immediate[opcode] == 1, 0))  # map 0F 3A
    empty = (chosen == 1) & (opcode == 0x77)  # VZEROUPPER
    return (head + 1 + np.where(empty, 0, modrm[place + 1]) + immediate).astype(np.int16)


def _prefixed(held: Bytes, size: int, bare: tuple[Counts, Counts, Counts], *, long_mode: bool) -> Lengths:
    """Lengths with prefixes before the opcode; REX comes last."""
    plain, halved, wide = (column.copy() for column in bare)
    count, count66 = np.zeros(len(held), np.int16), np.zeros(len(held), np.int16)
    if long_mode:
        rex = (held & 0xF0) == 0x40  # REX
        with_w = rex & (held & 8 != 0)
        plain = np.where(rex, 1 + np.where(with_w, _shifted(wide, 1), _shifted(bare[0], 1)), plain)
        halved = np.where(rex, 1 + np.where(with_w, _shifted(wide, 1), _shifted(bare[1], 1)), halved)
        count[rex], count66[rex] = 1, 1
    legacy, operand = np.isin(held, PREFIXES), held == 0x66  # operand size
    without = plain, halved, count, count66
    for _ in range(MOST_PREFIXES):
        next_halved, next_count = 1 + _shifted(halved, 1), 1 + _shifted(count66, 1)
        plain = np.where(legacy, np.where(operand, next_halved, 1 + _shifted(plain, 1)), without[0])
        count = np.where(legacy, np.where(operand, next_count, 1 + _shifted(count, 1)), without[2])
        halved, count66 = np.where(legacy, next_halved, without[1]), np.where(legacy, next_count, without[3])
    return Lengths(
        np.clip(plain, 1, LONGEST)[:size].astype(np.int16), np.minimum(count, LONGEST)[:size].astype(np.int16)
    )
