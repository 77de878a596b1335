"""In: a Zstandard stream in pieces. Out: whether it ends where a frame ends, and the largest window asked for.

The library that decompresses tells neither. Only headers are read: RFC 8878, sections 3.1.1 (frames), 3.1.1.2 (blocks)
and 3.1.2 (skippable frames).
"""

from dataclasses import dataclass
from typing import Final

MAGIC: Final = 0xFD2FB528
SKIPPABLE: Final = 0x184D2A50
_HEADER: Final = 14 + 4  # the longest frame header with its magic number
_DICTIONARY: Final = (0, 1, 2, 4)
_CONTENT: Final = (0, 2, 4, 8)
_CHECKSUM: Final = 4
_RLE: Final = 1


@dataclass(slots=True)
class ZstdFrames:
    """Follows a stream from block to block without looking into one."""

    window: int = 0
    """Bytes of the largest window any frame has asked for."""
    sound: bool = True
    """False once something else than a frame was met: then nothing more is followed."""
    _pending: bytes = b""
    _skip: int = 0
    _in_frame: bool = False
    _checksum: bool = False

    @property
    def complete(self) -> bool:
        """Whether the stream may end here."""
        return not (self._pending or self._skip or self._in_frame)

    def feed(self, piece: bytes) -> None:
        """Follow the next piece."""
        data = self._pending + piece if self._pending else piece
        at = 0
        while self.sound:
            step = min(self._skip, len(data) - at)
            self._skip -= step
            at += step
            taken = 0 if self._skip else (self._block if self._in_frame else self._frame)(data, at)
            if not taken:
                break
            at += taken
        self._pending = b"" if self._skip or not self.sound else data[at:]

    def _block(self, data: bytes, at: int) -> int:
        """Bytes of the block's header; 0 where it is not all there."""
        if len(data) - at < 3:  # noqa: PLR2004  # a block header is three bytes
            return 0
        header = int.from_bytes(data[at : at + 3], "little")
        last, kind, size = header & 1, header >> 1 & 3, header >> 3
        self._skip = 1 if kind == _RLE else size
        if last:
            self._in_frame = False
            self._skip += _CHECKSUM if self._checksum else 0
        return 3

    def _frame(self, data: bytes, at: int) -> int:
        if len(data) - at < 5:  # noqa: PLR2004  # a magic number and the descriptor
            return 0
        magic = int.from_bytes(data[at : at + 4], "little")
        if magic & 0xFFFFFFF0 == SKIPPABLE:
            return self._skippable(data, at)
        if magic != MAGIC:
            self.sound = False
            return 0
        return self._header(data, at)

    def _skippable(self, data: bytes, at: int) -> int:
        if len(data) - at < 8:  # noqa: PLR2004  # a magic number and a length
            return 0
        self._skip = int.from_bytes(data[at + 4 : at + 8], "little")
        return 8

    def _header(self, data: bytes, at: int) -> int:
        descriptor = data[at + 4]
        single = descriptor >> 5 & 1
        content = _CONTENT[descriptor >> 6] or single
        dictionary = _DICTIONARY[descriptor & 3]
        length = 5 + (1 - single) + dictionary + content
        if len(data) - at < length:
            return 0
        if single:
            self.window = max(self.window, int.from_bytes(data[at + length - content : at + length], "little"))
        else:
            base = 1 << (10 + (data[at + 5] >> 3))
            self.window = max(self.window, base + (base >> 3) * (data[at + 5] & 7))
        self._checksum = bool(descriptor >> 2 & 1)
        self._in_frame = True
        return length
