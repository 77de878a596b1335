"""In: a file, or standard input. Out: its content, decompressed, in pieces of bounded size; and its first bytes.

Gzip (RFC 1952, several members) through isal, Zstandard (RFC 8878, several frames) through zstandard. A compressed
stream that ends early or is damaged gives what could be read and says so; one that asks for too much is stopped.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedIOBase, BufferedReader, BytesIO, FileIO, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import Final, Literal, Protocol, cast

import zstandard
from isal import isal_zlib

from wardwatch.errors import InputError

from .zstdframes import MAGIC as ZSTD_MAGIC
from .zstdframes import SKIPPABLE, ZstdFrames

Source = Path | Literal["-"]

MIB: Final = 1 << 20
HEAD: Final = 4096
ZSTD_BLOCK: Final = 160 * 1024
"""More than the longest block (RFC 8878, section 3.1.1.2.4): less may not decompress to anything."""

WINDOW_LIMIT: Final = 64 * MIB
EXPANSION_FREE: Final = 256 * MIB
EXPANSION_LIMIT: Final = 1000
GZIP_MAGIC: Final = b"\x1f\x8b"
_PIECE: Final = 256 * 1024
_STEP: Final = 64 * 1024
"""Decompressed at a time: so much is lost at most where a stream is damaged."""

_GzipError: Final = cast("type[Exception]", isal_zlib.error)


Stream = RawIOBase | BufferedIOBase


def _some(stream: Stream, buffer: memoryview) -> int:
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
        count = _some(self.stream, buffer)
        self.count += count
        if self.digest:
            self.digest.update(buffer[:count])
        if self.progress and count:
            self.progress(count)
        return count

    def read(self, size: int = _PIECE) -> bytes:
        """Up to `size` bytes, none at the end."""
        piece = bytearray(min(size, _PIECE) if size > 0 else _PIECE)
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
        self._stream = decompressor.stream_reader(self._watched, read_size=_PIECE, read_across_frames=True)  # type: ignore[arg-type]  # it needs read() only
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


@dataclass(slots=True)
class Content:
    """An opened input: `read` fills a buffer with its decompressed content."""

    raw: Raw
    compression: str
    """'', 'gz' or 'zst'."""
    reader: Reader
    bytes: int = 0
    note: str = ""
    """Why it ended before its end, in words; empty while all is well."""

    def readinto(self, buffer: memoryview) -> int:
        """As `Reader`; a damaged stream, or one beyond the bound of expansion, ends here with a note."""
        if self.note:
            return 0
        try:
            count = self.reader.readinto(buffer)
        except DamagedError as error:
            self.note = str(error)
            return 0
        self.bytes += count
        if self.bytes > EXPANSION_FREE + EXPANSION_LIMIT * self.raw.count:
            self.note = f"the content is more than {EXPANSION_LIMIT} times as long as the compressed file"
            return 0
        return count


class _Ahead(RawIOBase):
    """A few bytes that were read to recognise the stream, and then the stream."""

    def __init__(self, head: bytes, rest: Stream, keep: object = None) -> None:
        self._head, self._rest = head, rest
        self._keep = keep  # whose end would close `rest`

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # only ever given a memoryview
        if self._head:
            count = min(len(buffer), len(self._head))
            buffer[:count], self._head = self._head[:count], self._head[count:]
            return count
        return _some(self._rest, buffer)


def name_of(source: Source) -> str:
    """How messages name the source."""
    return "standard input" if source == "-" else str(source)


def _no_file(source: Source, error: OSError) -> InputError:
    cures = {
        FileNotFoundError: ("there is no such file", "Check the name."),
        PermissionError: ("this user may not read it", "Ask its owner, or copy it to a place you may read."),
        IsADirectoryError: ("it is a folder, not a file", "Give the captures inside it."),
    }
    what, cure = cures.get(type(error), (f"it cannot be read ({error.strerror or 'unknown reason'})", ""))
    return InputError(what, where=name_of(source), cure=cure)


def _advise(descriptor: int) -> None:
    with suppress(OSError, AttributeError):  # a pipe, or a system without it
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)


@contextmanager
def _stream(source: Source) -> Iterator[Stream]:
    if source == "-":
        yield cast("BufferedReader", sys.stdin.buffer)
        return
    try:
        file = FileIO(source)
    except OSError as error:
        raise _no_file(source, error) from error
    with file:
        _advise(file.fileno())
        try:
            yield file
        except OSError as error:
            raise _no_file(source, error) from error


def compression_of(head: bytes) -> str:
    """'gz', 'zst' or '' by the first four bytes."""
    if head.startswith(GZIP_MAGIC):
        return "gz"
    magic = int.from_bytes(head[:4], "little")
    return "zst" if len(head) > 3 and (magic == ZSTD_MAGIC or magic & 0xFFFFFFF0 == SKIPPABLE) else ""  # noqa: PLR2004  # the magic number's length


def _first(stream: Stream) -> bytes:
    """Enough to recognise the content by, as far as there is as much; it is gone from the stream."""
    head, enough = bytearray(_PIECE), HEAD
    held = 0
    with memoryview(head) as view:
        while held < enough and (count := _some(stream, view[held:enough])):
            held += count
            enough = ZSTD_BLOCK if compression_of(bytes(view[:4])) == "zst" else HEAD
    return bytes(head[:held])


@contextmanager
def opened(source: Source, progress: Callable[[int], None] | None = None, *, digest: bool = False) -> Iterator[Content]:
    """`source` ready to be read; InputError where it cannot be opened. `progress` gets the number of raw bytes read."""
    with _stream(source) as stream:
        head = _first(stream)
        raw = Raw(_Ahead(head, stream), progress, hashlib.sha256() if digest else None)
        yield _content(raw, head)


def _content(raw: Raw, head: bytes) -> Content:
    compression = compression_of(head)
    if compression == "gz":
        return Content(raw, compression, Gzip(raw))
    return Content(raw, compression, Zstd(raw) if compression else raw)


def head_of(source: Source) -> bytes:
    """The first bytes of the content, decompressed, up to HEAD; nothing of standard input is used up."""
    with _stream(source) as stream:
        head = _first(stream)
        if source == "-":
            sys.stdin = TextIOWrapper(BufferedReader(_Ahead(head, stream, keep=sys.stdin)))
    try:
        return _beginning(_content(Raw(BytesIO(head)), head))
    except InputError as error:
        raise InputError(error.what, where=name_of(source), cure=error.cure) from error


def _beginning(content: Content) -> bytes:
    piece = bytearray(HEAD)
    held = 0
    with memoryview(piece) as view:
        while held < HEAD and (count := content.readinto(view[held:])):
            held += count
    return bytes(piece[:held])
