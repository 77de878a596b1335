"""In: a path or `-` for standard input. Out: blocks of complete lines, unpacked where gzip or Zstandard packed them.

Memory stays bounded whatever comes: blocks are a few MB, a line that does not end is dropped while it is read, and a
file that unpacks to a multiple no log reaches is given up with a note.
"""

import hashlib
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, Protocol, cast

import numpy as np
import zstandard
from isal import igzip, igzip_lib

from wardwatch.errors import InputError

from .lines import LINE_LIMIT, TOO_LONG, Lines

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from .unread import Unread

CUT: Final = "cut off where reading stopped"
Place = Path | Literal["-"]

BLOCK: Final = 4 << 20
MOST_LINES: Final = 1 << 16
"""Of one block: of lines of some use, four MB hold fewer."""
HEAD: Final = 1 << 16
"""First bytes by which a format is recognised."""
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_WINDOW: Final = 1 << 27  # zstd's own default limit for a decoder, RFC 8878, section 3.1.1.1.2
_FREE: Final = 256 << 20
_RATIO: Final = 400
"""Logs pack 5 to 60 times; beyond `_FREE` bytes a file that unpacks to more than this is not a log."""


class _Tally(RawIOBase):
    """Passes bytes on and counts them; their SHA-256 is kept when asked for."""

    def __init__(self, under: BinaryIO, progress: Callable[[int], None] | None, *, digest: bool) -> None:
        super().__init__()
        self._under = under
        self._progress = progress
        self.count = 0
        self.hash = hashlib.sha256() if digest else None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        data = self._under.read(len(view))
        view[: len(data)] = data
        self.count += len(data)
        if self.hash:
            self.hash.update(data)
        if self._progress:
            self._progress(len(data))
        return len(data)

    def release(self) -> None:
        """Close what lies under, but never standard input."""
        if self._under is not sys.stdin.buffer:
            self._under.close()


class _Readable(Protocol):
    def read(self, count: int, /) -> bytes: ...


class _End(RawIOBase):
    """The bytes of a file and then those of one more frame."""

    def __init__(self, under: "_Readable", more: bytes) -> None:
        super().__init__()
        self._under = under
        self._more = more

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        data = self._under.read(len(view))
        if not data:
            data, self._more = self._more[: len(view)], self._more[len(view) :]
        view[: len(data)] = data
        return len(data)


class _WholeZstd:
    """Unpacks Zstandard frames; an EOFError where the last one is cut off, which the library passes over in silence.

    A frame of our own with a random mark follows the file's bytes: it only comes out where all before it was whole.
    """

    def __init__(self, under: "_Readable") -> None:
        self._mark = secrets.token_bytes(16)
        after = zstandard.ZstdCompressor().compress(self._mark)
        unpack = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        self._reader = unpack.stream_reader(cast("BinaryIO", _End(under, after)), read_across_frames=True)
        self._held = b""

    def read(self, count: int, /) -> bytes:
        """At most `count` bytes; none at the end."""
        while True:
            data = self._reader.read(count)
            together = self._held + data
            keep = len(self._mark)
            if not data:
                if together != self._mark:
                    raise EOFError("cut off")
                return b""
            ready, self._held = together[:-keep], together[-keep:]
            if ready:
                return ready


@dataclass(slots=True)
class Source:
    """One log being read. After the last block `lines`, `size` and `sha256` are those of the whole file."""

    name: str
    _raw: _Tally
    _plain: _Readable
    _head: bytes = b""
    lines: int = 0
    notes: list[str] = field(default_factory=list)
    _plain_bytes: int = 0

    @property
    def size(self) -> int:
        """Bytes read so far, as they lie in the file."""
        return self._raw.count

    @property
    def sha256(self) -> str | None:
        """Of the file as it lies there; None where it was not asked for."""
        return self._raw.hash.hexdigest() if self._raw.hash else None

    @property
    def head(self) -> bytes:
        """The first bytes, unpacked; reading goes on behind them, so nothing is lost."""
        while len(self._head) < HEAD and (more := self._read(HEAD - len(self._head))):
            self._head += more
        return self._head

    def blocks(self, unread: "Unread") -> Iterator[Lines]:
        """All lines in blocks of about `BLOCK` bytes; over-long ones go to `unread`."""
        rest, dropping = b"", False
        for block in self._unpacked():
            cut = block.rfind(b"\n") + 1
            if cut == 0:
                if not dropping:
                    rest += block
                    dropping = len(rest) > LINE_LIMIT
                rest = b"" if dropping else rest
                continue
            begin = 0
            if dropping:
                begin, dropping = block.index(b"\n") + 1, False
                self._drop(unread, TOO_LONG)
            if begin < cut:
                yield from self._numbered(rest + block[begin:cut])
            rest = block[cut:]
        if rest and not self.notes:
            yield from self._numbered(rest + b"\n")
        elif rest or dropping:
            self._drop(unread, TOO_LONG if dropping else CUT)
        self._drain()

    def _drop(self, unread: "Unread", why: str) -> None:
        self.lines += 1
        unread.note(why, Lines.of(b"\n", self.lines).numbers)

    def _numbered(self, data: bytes) -> Iterator[Lines]:
        """`data` in parts of at most `MOST_LINES`, so that a block of nothing but short lines needs no more memory."""
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
        begin = 0
        for end in [*ends[MOST_LINES - 1 : -1 : MOST_LINES].tolist(), len(data)]:
            lines = Lines.of(data[begin:end], self.lines + 1)
            self.lines += len(lines)
            begin = end
            yield lines

    def _unpacked(self) -> Iterator[bytes]:
        head = self.head.removeprefix(b"\xef\xbb\xbf")  # a byte-order mark
        self._head = b""
        if head:
            yield head
        while block := self._read(BLOCK):
            yield block

    def _read(self, count: int) -> bytes:
        """The next unpacked bytes; none at the end, at damage and where a bomb is suspected, the latter two noted."""
        if self.notes:
            return b""
        try:
            data = self._plain.read(count)
        except (OSError, EOFError, igzip_lib.IsalError, zstandard.ZstdError) as error:  # type: ignore[misc]  # isal's stub says nothing of its class
            self._stop(f"the packed data is damaged or cut off ({type(error).__name__})")
            return b""
        self._plain_bytes += len(data)
        if self._plain_bytes > _FREE and self._plain_bytes > _RATIO * max(self._raw.count, 1):
            self._stop(f"it unpacks to more than {_RATIO} times its size, which no log does")
        return data

    def _stop(self, why: str) -> None:
        self.notes.append(f"read only as far as line {self.lines}: {why}")

    def _drain(self) -> None:
        """Read what lies behind the packed data, so that size and hash are those of the file."""
        while self._raw.read(BLOCK):
            pass

    def close(self) -> None:
        """Let the file go; standard input stays open."""
        self._raw.release()


def open_source(place: Place, progress: Callable[[int], None] | None, *, digest: bool) -> Source:
    """The log at `place`, opened; InputError where it cannot be."""
    name = "standard input" if place == "-" else str(place)
    try:
        under = sys.stdin.buffer if place == "-" else Path(place).open("rb")  # noqa: SIM115  # Source.close does
        raw = _Tally(under, progress, digest=digest)
        return Source(name, raw, _unpacker(raw))
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", where=name, cure="Check the path and your rights to it."
        ) from error


def _unpacker(raw: _Tally) -> _Readable:
    buffered = BufferedReader(raw, 1 << 20)
    magic = buffered.peek(4)
    if magic.startswith(_GZIP):
        return cast("_Readable", igzip.IGzipFile(fileobj=buffered))  # type: ignore[no-untyped-call]  # isal has no types
    if magic.startswith(_ZSTD):
        return _WholeZstd(buffered)
    return buffered
