"""In: bytes, or a file mapped into memory. Out: a stretch of them that nobody can read beyond the end of."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from typing import Any, Final, Literal

from wardwatch.errors import InputError

Order = Literal["little", "big"]
_SAMPLE: Final = 1 << 20


class DamageError(InputError):
    """A structure points to where nothing is, or contradicts itself."""


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of `buffer` from `start` to `end`; offsets count from `start`."""

    buffer: bytes | mmap
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes from `offset`; DamageError where there are not as many."""
        if offset < 0 or size < 0 or offset + size > self.end - self.start:
            raise DamageError(f"{size} bytes at offset {offset} lie beyond the end ({len(self)} bytes)")
        return self.buffer[self.start + offset : self.start + offset + size]

    def some(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`, fewer at the end."""
        if offset < 0 or size < 0:
            return b""
        first = min(self.start + offset, self.end)
        return self.buffer[first : min(first + size, self.end)]

    def unpack(self, form: str, offset: int) -> tuple[Any, ...]:
        """Numbers as `struct` describes them."""
        return struct.unpack(form, self.read(offset, struct.calcsize(form)))

    def number(self, offset: int, size: int, order: Order) -> int:
        """One unsigned number."""
        return int.from_bytes(self.read(offset, size), order)

    def part(self, offset: int, size: int | None = None) -> "Source":
        """The stretch from `offset`, `size` bytes long or up to the end; DamageError where it lies outside."""
        size = len(self) - offset if size is None else size
        if offset < 0 or size < 0 or offset + size > len(self):
            raise DamageError(f"a part of {size} bytes at offset {offset} lies beyond the end ({len(self)} bytes)")
        return Source(self.buffer, self.start + offset, self.start + offset + size)

    def find(self, pattern: bytes, start: int = 0) -> int:
        """Where `pattern` stands first, from `start` on; -1 where it does not."""
        at = self.buffer.find(pattern, self.start + max(start, 0), self.end)
        return at - self.start if at >= 0 else -1

    def pieces(self, offset: int, size: int) -> Iterator[bytes]:
        """`size` bytes from `offset` in pieces of bounded size."""
        for at in range(offset, offset + size, _SAMPLE):
            yield self.read(at, min(_SAMPLE, offset + size - at))


def whole(data: bytes) -> Source:
    """All of `data`."""
    return Source(data, 0, len(data))
