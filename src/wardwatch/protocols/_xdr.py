"""In: bytes in XDR. Out: their values, in order. And values to XDR bytes (RFC 4506)."""

from struct import Struct
from typing import Final

_WORD: Final = Struct(">I")
_LONG: Final = Struct(">Q")
TWO: Final = Struct(">2I")
THREE: Final = Struct(">3I")
FOUR: Final = Struct(">4I")


class ShortError(Exception):
    """The bytes end before the value does, or a length lies beyond its bound; never leaves this package."""


class Reader:
    """Reads values one after another from `raw`."""

    __slots__ = ("at", "raw")

    def __init__(self, raw: bytes, at: int = 0) -> None:
        self.raw = raw
        self.at = at

    def word(self) -> int:
        """An unsigned integer of 32 bits (4.2)."""
        at = self.at
        if at + 4 > len(self.raw):
            raise ShortError
        self.at = at + 4
        return int(_WORD.unpack_from(self.raw, at)[0])

    def words(self, form: Struct) -> tuple[int, ...]:
        """As many unsigned integers as `form` has, at once."""
        at = self.at
        if at + form.size > len(self.raw):
            raise ShortError
        self.at = at + form.size
        return form.unpack_from(self.raw, at)

    def long(self) -> int:
        """An unsigned integer of 64 bits (4.5)."""
        at = self.at
        if at + 8 > len(self.raw):
            raise ShortError
        self.at = at + 8
        return int(_LONG.unpack_from(self.raw, at)[0])

    def skip(self, count: int) -> None:
        """Passes over `count` bytes."""
        if count > len(self.raw) - self.at:
            raise ShortError
        self.at += count

    def fixed(self, count: int) -> bytes:
        """Opaque bytes of a known number (4.9)."""
        at = self.at
        self.skip((count + 3) & ~3)
        return self.raw[at : at + count]

    def opaque(self, most: int) -> bytes:
        """Counted opaque bytes or a string (4.10, 4.11), `most` bytes at most."""
        count = self.word()
        if count > most:
            raise ShortError
        return self.fixed(count)


def word(*values: int) -> bytes:
    """Unsigned integers of 32 bits."""
    return b"".join(_WORD.pack(value) for value in values)


def long(value: int) -> bytes:
    """An unsigned integer of 64 bits."""
    return _LONG.pack(value)


def opaque(raw: bytes) -> bytes:
    """Counted opaque bytes, padded to a multiple of four."""
    return _WORD.pack(len(raw)) + fixed(raw)


def fixed(raw: bytes) -> bytes:
    """Opaque bytes of a known number, padded to a multiple of four."""
    return raw + bytes(-len(raw) % 4)
