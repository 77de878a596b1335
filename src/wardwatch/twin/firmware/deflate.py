"""In: bytes. Out: a zlib stream (RFC 1950) of them, the same on every machine and with every version of zlib.

The libraries' own streams change from version to version, and images that are to be compared byte for byte must not:
so this writes one block of fixed Huffman codes (RFC 1951, 3.2.6) with the longest match of the last few candidates.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final
from zlib import adler32

WINDOW: Final = 32_768
SHORTEST: Final = 3
LONGEST: Final = 258
TRIED: Final = 64
END_OF_BLOCK: Final = 256
FIRST_LENGTH: Final = 257


def _steps(smallest: int, extra: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Base value and number of extra bits of each code, in order."""
    table, base = [], smallest
    for bits in extra:
        table.append((base, bits))
        base += 1 << bits
    return tuple(table)


_LENGTHS: Final = (*_steps(3, (0,) * 8 + (1,) * 4 + (2,) * 4 + (3,) * 4 + (4,) * 4 + (5,) * 4)[:28], (258, 0))
_DISTANCES: Final = _steps(1, (0, 0, 0, 0, *(bits for bits in range(1, 14) for _ in range(2))))


class _Bits:
    """Bits, the least significant first."""

    def __init__(self) -> None:
        self._held, self._count = 0, 0
        self.out = bytearray()

    def put(self, value: int, count: int) -> None:
        self._held |= value << self._count
        self._count += count
        while self._count >= 8:  # noqa: PLR2004  # bits of a byte
            self.out.append(self._held & 0xFF)
            self._held >>= 8
            self._count -= 8

    def code(self, value: int, count: int) -> None:
        """A Huffman code: the most significant bit first."""
        self.put(int(f"{value:0{count}b}"[::-1], 2), count)

    def done(self) -> bytes:
        self.put(0, -self._count % 8)
        return bytes(self.out)


def compressed(data: bytes) -> bytes:
    """`data` as a zlib stream."""
    bits = _Bits()
    bits.put(1, 1)  # the last block
    bits.put(1, 2)  # of fixed codes
    for length, distance in _pieces(data):
        if distance:
            _put_match(bits, length, distance)
        else:
            _put_symbol(bits, length)
    _put_symbol(bits, END_OF_BLOCK)
    return b"\x78\x9c" + bits.done() + adler32(data).to_bytes(4, "big")


def _put_symbol(bits: _Bits, symbol: int) -> None:
    for first, last, code, width in ((0, 143, 0x30, 8), (144, 255, 0x190, 9), (256, 279, 0, 7), (280, 287, 0xC0, 8)):
        if first <= symbol <= last:
            bits.code(code + symbol - first, width)


def _put_match(bits: _Bits, length: int, distance: int) -> None:
    number = max(place for place, (base, _) in enumerate(_LENGTHS) if base <= length)
    base, extra = _LENGTHS[number]
    _put_symbol(bits, FIRST_LENGTH + number)
    bits.put(length - base, extra)
    number = max(place for place, (base, _) in enumerate(_DISTANCES) if base <= distance)
    base, extra = _DISTANCES[number]
    bits.code(number, 5)
    bits.put(distance - base, extra)


def _pieces(data: bytes) -> Iterator[tuple[int, int]]:
    """(byte, 0) for a literal, (length, distance) for a match."""
    seen: dict[bytes, list[int]] = defaultdict(list)
    at = 0
    while at < len(data):
        length, distance = _longest(data, at, seen[data[at : at + SHORTEST]])
        yield (length, distance) if distance else (data[at], 0)
        for passed in range(at, at + length):
            seen[data[passed : passed + SHORTEST]].append(passed)
        at += length


def _longest(data: bytes, at: int, candidates: list[int]) -> tuple[int, int]:
    best, distance = 1, 0
    most = min(LONGEST, len(data) - at)
    if most < SHORTEST:
        return best, distance
    for start in reversed(candidates[-TRIED:]):
        if at - start > WINDOW:
            break
        length = SHORTEST
        while length < most and data[start + length] == data[at + length]:
            length += 1
        if length > best:
            best, distance = length, at - start
    return best, distance
