"""In: a cpio archive (newc, newc with checksums, odc), as an initramfs is one. Out: its entries, read in place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.format import Entry, Found, ImageFormat, kind_of, split
from wardwatch.firmware.image.source import DamageError, Source
from wardwatch.firmware.tree import NodeKind

# Linux, Documentation/driver-api/early-userspace/buffer-format.rst; POSIX.1-2001, pax, "cpio Interchange Format".
_NEW: Final = (b"070701", b"070702")
_OLD: Final = b"070707"
_NEW_HEADER: Final = 110
_OLD_HEADER: Final = 76
_OLD_FIELDS: Final = (6, 6, 6, 6, 6, 6, 6, 11, 6, 11)
_LONGEST_NAME: Final = 4096
_LAST: Final = b"TRAILER!!!"


@dataclass(frozen=True, slots=True)
class _Header:
    name: bytes
    mode: int
    inode: tuple[int, int, int]
    links: int
    device: tuple[int, int]
    content: int
    size: int
    end: int


def _header(source: Source, at: int, base: int) -> _Header:
    """The header at `at`; padding counts from `base`, the archive's beginning."""
    magic = source.read(at, 6)
    try:
        if magic in _NEW:
            return _new(source, at, base)
        if magic == _OLD:
            return _old(source, at)
    except ValueError as error:
        raise DamageError(f"the header at {at} has a number that is none") from error
    raise DamageError(f"there is no header at {at}")


def _aligned(at: int, base: int) -> int:
    return base + -(-(at - base) // 4) * 4


def _name(source: Source, at: int, size: int) -> bytes:
    if not 0 < size <= _LONGEST_NAME:
        raise DamageError(f"a name at {at} claims {size} bytes")
    return source.read(at, size).partition(b"\0")[0]


def _new(source: Source, at: int, base: int) -> _Header:
    raw = source.read(at + 6, _NEW_HEADER - 6)
    inode, mode, _, _, links, _, size, major, minor, dev_major, dev_minor, names, _ = (
        int(raw[place : place + 8], 16) for place in range(0, 104, 8)
    )
    name = _name(source, at + _NEW_HEADER, names)
    content = _aligned(at + _NEW_HEADER + names, base)
    return _Header(
        name, mode, (major, minor, inode), links, (dev_major, dev_minor), content, size, _aligned(content + size, base)
    )


def _old(source: Source, at: int) -> _Header:
    numbers, place = [], at + 6
    for width in _OLD_FIELDS:
        numbers.append(int(source.read(place, width), 8))
        place += width
    device, inode, mode, _, _, links, special, _, names, size = numbers
    name = _name(source, at + _OLD_HEADER, names)
    content = at + _OLD_HEADER + names
    return _Header(name, mode, (device, 0, inode), links, (special >> 8, special & 0xFF), content, size, content + size)


def measure(source: Source, offset: int) -> int | None:
    """From header to header up to the trailer; an archive without one reaches as far as its headers are sound."""
    at = offset
    while True:
        try:
            header = _header(source, at, offset)
        except DamageError:
            return min(at, len(source)) - offset if at > offset else None
        at = header.end
        if header.name == _LAST:
            return min(at, len(source)) - offset


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """Every entry; of several names of one inode the one that holds the content is read for all."""
    holders: dict[tuple[int, int, int], tuple[bytes, ...]] = {}
    waiting: list[tuple[_Header, tuple[bytes, ...]]] = []
    at = 0
    while True:
        budget.spend("steps")
        header = _header(source, at, 0)
        at = header.end
        if header.name == _LAST:
            break
        parts = split(header.name)
        if not parts:
            continue
        shared = header.links > 1 and kind_of(header.mode) is NodeKind.FILE
        if shared and (header.inode in holders or not header.size):
            waiting.append((header, parts))
            continue
        holders[header.inode] = parts
        yield _entry(source, header, parts)
    for header, parts in waiting:
        other = holders.get(header.inode)
        yield _entry(source, header, parts, other if other != parts else None)


def _entry(source: Source, header: _Header, parts: tuple[bytes, ...], other: tuple[bytes, ...] | None = None) -> Entry:
    kind = kind_of(header.mode)
    target = source.some(header.content, min(header.size, _LONGEST_NAME)) if kind is NodeKind.LINK else b""
    return Entry(
        parts,
        kind,
        header.size,
        header.mode & 0o7777,
        target,
        lambda: source.pieces(header.content, header.size),
        device=header.device if kind is NodeKind.DEVICE else None,
        hard_links=header.links,
        same_as=other,
    )


FORMAT = ImageFormat(
    name="cpio",
    title="cpio",
    reference="Linux, early-userspace/buffer-format.rst; POSIX.1-2001, pax, cpio Interchange Format",
    magics=tuple((magic, 0) for magic in (*_NEW, _OLD)),
    measure=measure,
    open=open_image,
)
