"""In: a file, or standard input. Out: its content, decompressed, in pieces of bounded size; and its first bytes.

A compressed stream that ends early or is damaged gives what could be read and says so; one that asks for too much is
stopped.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader, BytesIO, FileIO, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import Final, Literal, cast

from wardwatch.errors import InputError

from .compression import MIB, PIECE, DamagedError, Gzip, Raw, Reader, Stream, Zstd, compression_of, some

Source = Path | Literal["-"]

HEAD: Final = 4096
ZSTD_BLOCK: Final = 160 * 1024
"""More than the longest block (RFC 8878, section 3.1.1.2.4): less may not decompress to anything."""

EXPANSION_FREE: Final = 256 * MIB
EXPANSION_LIMIT: Final = 1000


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
        return some(self._rest, buffer)


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


def _first(stream: Stream) -> bytes:
    """Enough to recognise the content by, as far as there is as much; it is gone from the stream."""
    head, enough = bytearray(PIECE), HEAD
    held = 0
    with memoryview(head) as view:
        while held < enough and (count := some(stream, view[held:enough])):
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
