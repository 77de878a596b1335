"""In: compressed blocks and streams of an image. Out: what they hold, never more than was allowed for."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from wardwatch.errors import LimitError
from wardwatch.firmware.tree import Note

from .budget import MIB, Budget
from .format import Found, Inner
from .source import DamageError, Source, whole

_MEMORY: Final = 128 * MIB
_INPUT: Final = 1 << 18
_OUTPUT: Final = 1 << 20
_PROBE: Final = 512
_STEP: Final = 1 << 14
_SMALL: Final = 256

Block = Callable[[bytes, int], bytes]
"""A compressed block and the most it may hold, to its content."""


def zlib_block(data: bytes, limit: int) -> bytes:
    """RFC 1950."""
    try:
        return zlib.decompressobj().decompress(data, limit)
    except zlib.error as error:
        raise DamageError(f"a zlib block is damaged ({error})") from error


def deflate_block(data: bytes, limit: int) -> bytes:
    """RFC 1951, without any header."""
    try:
        return zlib.decompressobj(-15).decompress(data, limit)
    except zlib.error as error:
        raise DamageError(f"a deflate block is damaged ({error})") from error


def xz_block(data: bytes, limit: int) -> bytes:
    """A whole .xz stream (tukaani.org/xz/xz-file-format.txt)."""
    return _lzma(data, limit, lzma.FORMAT_XZ)


def lzma_block(data: bytes, limit: int) -> bytes:
    """A whole .lzma stream, as LZMA Utils wrote it."""
    return _lzma(data, limit, lzma.FORMAT_ALONE)


def _lzma(data: bytes, limit: int, form: int) -> bytes:
    try:
        return lzma.LZMADecompressor(form, memlimit=_MEMORY).decompress(data, limit)
    except lzma.LZMAError as error:
        raise DamageError(f"an LZMA block is damaged ({error})") from error


def lzo_block(data: bytes, limit: int) -> bytes:
    """LZO1X. The library finds the length itself, at most 256 times that of the block."""
    import lzallright  # noqa: PLC0415  # few images need it

    try:
        found: bytes = lzallright.LZOCompressor.decompress(data, limit)
    except lzallright.LZOError as error:
        raise DamageError(f"an LZO block is damaged ({error})") from error
    return found[:limit]


def lz4_block(data: bytes, limit: int) -> bytes:
    """An LZ4 block without a frame."""
    import lz4.block  # noqa: PLC0415  # few images need it

    try:
        found: bytes = lz4.block.decompress(data, uncompressed_size=limit)
    except lz4.block.LZ4BlockError as error:
        raise DamageError(f"an LZ4 block is damaged ({error})") from error
    return found


def zstd_block(data: bytes, limit: int) -> bytes:
    """RFC 8878; the size that a frame claims is not believed."""
    import zstandard  # noqa: PLC0415  # few images need it

    try:
        with zstandard.ZstdDecompressor(max_window_size=_MEMORY).stream_reader(data) as reader:
            return reader.read(limit)
    except zstandard.ZstdError as error:
        raise DamageError(f"a Zstandard block is damaged ({error})") from error


class _Zlib:
    """A gzip member with the interface of the decompressors for LZMA and bzip2."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)
        self._rest = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        found = self._inner.decompress(self._rest + data, max_length)
        self._rest = self._inner.unconsumed_tail
        return found

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._rest

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


class _Zstd:
    """A Zstandard frame, fed in pieces so small that none of them holds more than a few blocks of 128 KiB."""

    def __init__(self) -> None:
        import zstandard  # noqa: PLC0415  # few images need it

        self._inner = zstandard.ZstdDecompressor(max_window_size=_MEMORY).decompressobj()
        self._error = zstandard.ZstdError
        self._rest = memoryview(b"")

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if data:
            self._rest = memoryview(bytes(self._rest) + data)
        found = bytearray()
        try:
            while self._rest and len(found) < max_length and not self._inner.eof:
                piece, self._rest = self._rest[:_SMALL], self._rest[_SMALL:]
                found += self._inner.decompress(piece)
        except self._error as error:
            raise OSError(str(error)) from error
        return bytes(found)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._rest

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data + bytes(self._rest)


class _Lz4:
    """An LZ4 frame."""

    def __init__(self) -> None:
        import lz4.frame  # noqa: PLC0415  # few images need it

        self._inner = lz4.frame.LZ4FrameDecompressor()

    def decompress(self, data: bytes, max_length: int) -> bytes:
        try:
            found: bytes = self._inner.decompress(data, max_length)
        except RuntimeError as error:
            raise OSError(str(error)) from error
        return found

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def needs_input(self) -> bool:
        return bool(self._inner.needs_input)

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data or b""


DECODERS: Final[dict[str, Callable[[], Any]]] = {
    "gzip": _Zlib,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY),
    "lzma": lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_MEMORY),
    "bzip2": bz2.BZ2Decompressor,
    "zstd": _Zstd,
    "lz4": _Lz4,
}
_ERRORS: Final = (zlib.error, lzma.LZMAError, OSError, EOFError)


def probe(kind: str, source: Source, offset: int) -> bool:
    """Whether the stream at `offset` gives some content without an error."""
    decoder = DECODERS[kind]()
    try:
        for at in range(offset, min(len(source), offset + MIB), _STEP):
            if decoder.decompress(source.some(at, _STEP), _PROBE) or decoder.eof:
                return True
    except _ERRORS:
        return False
    return False


def pieces(kind: str, source: Source) -> Iterator[tuple[bytes, int]]:
    """What a stream at the beginning of `source` holds, piece by piece, with the bytes used of it so far."""
    decoder = DECODERS[kind]()
    at = 0
    try:
        while not decoder.eof:
            data = source.some(at, _INPUT) if decoder.needs_input else b""
            if decoder.needs_input and not data:
                raise DamageError(f"the {kind} stream ends early")
            at += len(data)
            piece = decoder.decompress(data, _OUTPUT)
            yield piece, at - (len(decoder.unused_data) if decoder.eof else 0)
    except _ERRORS as error:
        raise DamageError(f"the {kind} stream is damaged ({error})") from error


@dataclass(slots=True)
class Unpacked:
    """The content of a stream as far as it went, the bytes it took, and why it ended early ('' if it did not)."""

    data: bytes
    used: int
    why: str = ""


def gathered(stream: Iterator[tuple[bytes, int]], budget: Budget) -> Unpacked:
    """All of a stream in memory, as far as there is room for it."""
    data, used = bytearray(), 0
    try:
        for piece, reached in stream:
            used = reached
            budget.spend("held", len(piece))
            budget.spend("worked", len(piece))
            data += piece
    except (DamageError, LimitError) as error:
        return Unpacked(bytes(data), used, str(error))
    return Unpacked(bytes(data), used)


def inner(name: str, unpacked: Unpacked, whole_size: int) -> Iterator[Found]:
    """A stream's content as an image inside. One that ended early reaches to the end of what there is."""
    if unpacked.why:
        yield Note("/", "the compressed stream could not be read to its end", unpacked.why)
    if unpacked.data or not unpacked.why:
        yield Inner(name, whole(unpacked.data), used=whole_size if unpacked.why else unpacked.used)


def beginning(kind: str, source: Source, size: int = 4096) -> bytes:
    """The first bytes that a stream holds, as far as they can be read."""
    if kind not in DECODERS:
        return b""
    data = bytearray()
    try:
        for piece, _ in pieces(kind, source.part(0, min(len(source), MIB))):
            data += piece
            if len(data) >= size:
                break
    except DamageError:
        return bytes(data[:size])
    return bytes(data[:size])
