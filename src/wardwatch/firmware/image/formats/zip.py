"""In: a zip archive. Out: its entries by the central directory, decompressed when they are read."""

import bz2
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.format import Entry, Found, Hole, ImageFormat, kind_of, split
from wardwatch.firmware.image.source import DamageError, Source
from wardwatch.firmware.tree import NodeKind

# PKWARE, APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (its end).
_LOCAL: Final = b"PK\x03\x04"
_CENTRAL: Final = b"PK\x01\x02"
_END: Final = b"PK\x05\x06"
_END_SIZE: Final = 22
_CENTRAL_SIZE: Final = 46
_LOCAL_SIZE: Final = 30
_TRIED: Final = 64
_STORED: Final = 0
_DEFLATED: Final = 8
_BZIP2: Final = 12
_UNIX: Final = 3
_ENCRYPTED: Final = 1
_STEP: Final = 1 << 16
_OUTPUT: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _Directory:
    start: int
    count: int
    end: int


def _directory(source: Source, offset: int) -> _Directory | None:
    """The central directory of the archive that begins at `offset`: the first whose numbers fit."""
    at = offset
    for _ in range(_TRIED):
        at = source.find(_END, at)
        if at < 0 or at + _END_SIZE > len(source):
            return None
        count, size, start, comment = source.unpack("<HIIH", at + 10)
        if offset + start + size == at and (not count or source.some(offset + start, 4) == _CENTRAL):
            return _Directory(start, count, min(at + _END_SIZE + comment, len(source)) - offset)
        at += 1
    return None


def measure(source: Source, offset: int) -> int | None:
    """By the central directory that speaks of this beginning."""
    found = _directory(source, offset)
    return found.end if found else None


@dataclass(frozen=True, slots=True)
class _File:
    method: int
    flags: int
    packed: int
    size: int
    local: int


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """Every entry of the central directory."""
    directory = _directory(source, 0)
    if directory is None:
        raise DamageError("no central directory")
    at = directory.start
    for _ in range(directory.count):
        budget.spend("steps")
        if source.read(at, 4) != _CENTRAL:
            raise DamageError(f"the central directory is damaged at {at}")
        made_by, _, flags, method = source.unpack("<HHHH", at + 4)
        packed, size, names, extra, comment = source.unpack("<IIHHH", at + 20)
        attributes, local = source.unpack("<II", at + 38)
        name = source.read(at + _CENTRAL_SIZE, names)
        at += _CENTRAL_SIZE + names + extra + comment
        mode = attributes >> 16 if made_by >> 8 == _UNIX else 0
        yield from _entry(source, name, mode, _File(method, flags, packed, size, local))


def _entry(source: Source, name: bytes, mode: int, file: _File) -> Iterator[Found]:
    parts = split(name.replace(b"\\", b"/"))
    kind = kind_of(mode) if mode & 0o170000 else NodeKind.FILE
    if name.endswith(b"/"):
        kind = NodeKind.FOLDER
    if not parts:
        return
    bits = mode & 0o7777 or (0o755 if kind is NodeKind.FOLDER else 0o644)
    target = b""
    if kind is NodeKind.LINK:
        target = b"".join(piece for piece in _content(source, file) if isinstance(piece, bytes))[:4096]
    yield Entry(parts, kind, file.size, bits, target, lambda: _content(source, file))


def _content(source: Source, file: _File) -> Iterator[bytes | Hole]:
    if file.flags & _ENCRYPTED:
        yield Hole(file.size, "the file is encrypted")
        return
    if source.some(file.local, 4) != _LOCAL:
        yield Hole(file.size, "its local header is not there")
        return
    names, extra = source.unpack("<HH", file.local + 26)
    packed = source.part(file.local + _LOCAL_SIZE + names + extra, file.packed)
    if file.method == _STORED:
        yield from packed.pieces(0, len(packed))
    elif file.method == _DEFLATED:
        yield from _unpacked(_Deflate(), packed)
    elif file.method == _BZIP2:
        yield from _unpacked(bz2.BZ2Decompressor(), packed)
    else:
        yield Hole(file.size, f"compression method {file.method} is not read")


class _Deflate:
    """Deflate with the interface of bzip2's decompressor."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(-15)

    def decompress(self, data: bytes, limit: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, limit)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail


def _unpacked(decoder: Any, packed: Source) -> Iterator[bytes | Hole]:  # noqa: ANN401  # zlib's and bz2's have no common type
    at = 0
    try:
        while not decoder.eof:
            data = packed.some(at, _STEP) if decoder.needs_input else b""
            if decoder.needs_input and not data:
                raise DamageError("the compressed file ends early")
            at += len(data)
            yield decoder.decompress(data, _OUTPUT)
    except (zlib.error, OSError) as error:
        raise DamageError(f"the compressed file is damaged ({error})") from error


FORMAT = ImageFormat(
    name="zip",
    title="zip",
    reference="PKWARE, APPNOTE.TXT 6.3.10",
    magics=((_LOCAL, 0),),
    measure=measure,
    open=open_image,
)
