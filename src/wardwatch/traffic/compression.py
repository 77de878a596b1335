"""In: the bytes of a file as they are read. Out: what they decompress to, in pieces of bounded size.

Gzip (RFC 1952, several members) through isal, Zstandard (RFC 8878, several frames) through zstandard. A stream that
ends early or is damaged gives what could be read before `DamagedError` says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedIOBase, RawIOBase
from typing import TYPE_CHECKING, Final, Protocol, cast

import zstandard
from isal import isal_zlib

from wardwatch.errors import InputError

from .zstdframes import MAGIC as ZSTD_MAGIC
from .zstdframes import SKIPPABLE, ZstdFrames

if TYPE_CHECKING:
    import hashlib

MIB: Final = 1 << 20
WINDOW_LIMIT: Final = 64 * MIB
GZIP_MAGIC: Final = b"\x1f\x8b"
PIECE: Final = 256 * 1024
_STEP: Final = 64 * 1024
"""Decompressed at a time: so much is lost at most where a stream is damaged."""

_GzipError: Final = cast("type[Exception]", isal_zlib.error)

Stream = RawIOBase | BufferedIOBase


def some(stream: Stream, buffer: memoryview) -> int:
    """What one read gives, without waiting for more."""
    return (stream.readinto1(buffer) if isinstance(stream, BufferedIOBase) else stream.readinto(buffer)) or 0


class DamagedError(Exception):
    """The compressed stream cannot be read on; what came before it is good."""


class Reader(Protocol):
    """Bytes from somewhere."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the beginning of `buffer`; the number of bytes, 0 at the end."""
        ...


@dataclass(slots=True)
class Raw:
    """The bytes of the file as they lie on the disk, counted and, where wished, digested on the way."""

    stream: Stream
    progress: Callable[[int], None] | None = None
    digest: "hashlib._Hash | None" = None
    count: int = 0
    """Bytes read so far."""

    def readinto(self, buffer: memoryview, /) -> int:
        """As `Reader`."""
        count = some(self.stream, buffer)
        self.count += count
        if self.digest:
            self.digest.update(buffer[:count])
        if self.progress and count:
            self.progress(count)
        return count

    def read(self, size: int = PIECE) -> bytes:
        """Up to `size` bytes, none at the end."""
        piece = bytearray(min(size, PIECE) if size > 0 else PIECE)
        with memoryview(piece) as view:
            count = self.readinto(view)
        return bytes(piece[:count])


@dataclass(slots=True)
class Gzip:
    """Members one after the other; zeros after the last are padding (as gzip itself takes them)."""

    raw: Raw
    _input: bytes = b""
    _member: "isal_zlib.Decompress | None" = None
    _finished: bool = False

    def readinto(self, buffer: memoryview, /) -> int:
        """As `Reader`; DamagedError where the stream is cut or damaged."""
        while not self._finished:
            if not self._input:
                self._input = self.raw.read()
                if not self._input:
                    return self._end()
            member = self._member or self._begin()
            if member is None:
                continue
            piece = self._decompressed(member, min(len(buffer), _STEP))
            if piece:
                buffer[: len(piece)] = piece
                return len(piece)
        return 0

    def _end(self) -> int:
        self._finished = True
        if self._member is not None:
            raise DamagedError("the compressed stream ends early")
        return 0

    def _begin(self) -> "isal_zlib.Decompress | None":
        self._input = self._input.lstrip(b"\0")
        self._member = isal_zlib.decompressobj(wbits=31) if self._input else None
        return self._member

    def _decompressed(self, member: "isal_zlib.Decompress", size: int) -> bytes:
        try:
            piece = bytes(member.decompress(self._input, size))
        except _GzipError as error:
            self._finished = True
            raise DamagedError("the compressed stream is damaged") from error
        if member.eof:
            self._input, self._member = bytes(member.unused_data), None
        else:
            self._input = bytes(member.unconsumed_tail)
        return piece


@dataclass(slots=True)
class _Watched:
    """What the Zstandard library reads from: the raw bytes, watched for the ends of frames and the size of windows."""

    raw: Raw
    frames: ZstdFrames = field(default_factory=ZstdFrames)

    def read(self, size: int = -1) -> bytes:
        piece = self.raw.read(size)
        self.frames.feed(piece)
        if self.frames.window > WINDOW_LIMIT:
            raise InputError(
                f"the Zstandard stream needs a window of {self.frames.window // MIB} MiB, more than the "
                f"{WINDOW_LIMIT // MIB} MiB that wardwatch allows",
                cure="Decompress it with `zstd -d --long=31` and give wardwatch the result.",
            )
        return piece


class Zstd:
    """Frames one after the other."""

    def __init__(self, raw: Raw) -> None:
        self._watched = _Watched(raw)
        decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW_LIMIT)
        self._stream = decompressor.stream_reader(self._watched, read_size=PIECE, read_across_frames=True)  # type: ignore[arg-type]  # it needs read() only
        self._finished = False

    def readinto(self, buffer: memoryview, /) -> int:
        """As `Reader`; DamagedError where the stream is cut or damaged."""
        if self._finished:
            return 0
        try:
            count = self._stream.readinto1(buffer)
        except zstandard.ZstdError as error:
            self._finished = True
            raise DamagedError("the compressed stream is damaged") from error
        if not count:
            self._finished = True
            if not self._watched.frames.complete:
                raise DamagedError("the compressed stream ends early")
        return count


def compression_of(head: bytes) -> str:
    """'gz', 'zst' or '' by the first four bytes."""
    if head.startswith(GZIP_MAGIC):
        return "gz"
    magic = int.from_bytes(head[:4], "little")
    return "zst" if len(head) > 3 and (magic == ZSTD_MAGIC or magic & 0xFFFFFFF0 == SKIPPABLE) else ""  # noqa: PLR2004  # the magic number's length
