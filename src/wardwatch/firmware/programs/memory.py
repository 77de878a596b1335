"""In: segments. Out: their bytes by address, as one program sees them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .binary import Segment

LONGEST_TEXT: Final = 4096
_SPACES: Final = str.maketrans("\t\n\r", "   ")


class Memory:
    """The bytes of a loaded program. A later segment hides an earlier one, as mmap with MAP_FIXED does."""

    def __init__(self, segments: Sequence[Segment], *, bits: int, little_endian: bool) -> None:
        self.segments = tuple(segments)
        self.bits = bits
        self.order = "<" if little_endian else ">"
        self._byte_order: Final = "little" if little_endian else "big"

    def segment(self, address: int) -> Segment | None:
        """The segment whose bytes hold `address`."""
        for segment in reversed(self.segments):
            if segment.address <= address < segment.address + len(segment.data):
                return segment
        return None

    def at(self, address: int, size: int) -> bytes:
        """At most `size` bytes from `address`, fewer where the segment's bytes end."""
        segment = self.segment(address)
        if segment is None:
            return b""
        inside = address - segment.address
        return segment.data[inside : inside + size]

    def word(self, address: int) -> int | None:
        """The pointer-sized word at `address`."""
        width = self.bits // 8
        held = self.at(address, width)
        return int.from_bytes(held, self._byte_order) if len(held) == width else None

    def text(self, address: int, longest: int = LONGEST_TEXT) -> str | None:
        """The printable NUL-terminated text at `address`; None where there is none."""
        held = self.at(address, longest)
        end = held.find(b"\0")
        if end <= 0:
            return None
        try:
            text = held[:end].decode("utf-8")
        except UnicodeDecodeError:
            return None
        plain = text if text.isprintable() else text.translate(_SPACES)
        return text if plain.isprintable() else None

    def words(self, start: int, end: int, kind: str = "u4") -> NDArray[np.integer]:
        """The bytes from `start` up to `end`, all of one segment, as an array of words in the program's byte order."""
        dtype = np.dtype(self.order + kind)
        held = self.at(start, max(0, end - start))
        return np.frombuffer(held, dtype, len(held) // dtype.itemsize)
