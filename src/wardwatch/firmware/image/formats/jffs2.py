"""In: a JFFS2 log of either byte order. Out: the entries that are left of it; pages are decompressed when read."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wardwatch.errors import InputError
from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.format import Entry, Found, Hole, ImageFormat, device_of, kind_of
from wardwatch.firmware.image.jffs2_packing import unpack
from wardwatch.firmware.image.naming import text_of
from wardwatch.firmware.image.source import DamageError, Order, Source
from wardwatch.firmware.tree import NodeKind, Note

# Linux, include/uapi/linux/jffs2.h.
_MAGIC: Final = 0x1985
_NAME: Final = 0xE001
_INODE: Final = 0xE002
_ACCURATE: Final = 0x2000
_HEADER: Final = 12
_NAME_SIZE: Final = 40
_INODE_SIZE: Final = 68
_PAGE: Final = 4096
_LARGEST_NODE: Final = 1 << 20
_LARGEST_DATA: Final = 1 << 17
_REACH: Final = 1 << 20
_MOST_TRIED: Final = 4096
_ROOT: Final = 1
_DEEPEST: Final = 128
_ALL: Final = 0xFFFFFFFF


def _crc(data: bytes) -> int:
    """CRC-32 from 0 and without the last inversion, as the kernel's crc32_le."""
    return zlib.crc32(data, _ALL) ^ _ALL


@dataclass(frozen=True, slots=True)
class _Log:
    source: Source
    order: Order

    @property
    def magic(self) -> bytes:
        """The first two bytes of every node."""
        return _MAGIC.to_bytes(2, self.order)

    def node(self, at: int) -> tuple[int, int] | None:
        """Type and length of the node at `at`, where its header's checksum holds."""
        raw = self.source.some(at, _HEADER)
        if len(raw) < _HEADER or raw[:2] != self.magic:
            return None
        kind, size, crc = (int.from_bytes(raw[a:b], self.order) for a, b in ((2, 4), (4, 8), (8, 12)))
        accurate = (kind | _ACCURATE).to_bytes(2, self.order)
        if crc not in {_crc(raw[:8]), _crc(raw[:2] + accurate + raw[4:8])}:
            return None
        return (kind, size) if _HEADER <= size <= _LARGEST_NODE else None

    def nodes(self) -> Iterator[tuple[int, int, int]]:
        """Place, type and length of every sound node; what lies between them is skipped as far as it is short."""
        at = 0
        while at < len(self.source):
            found = self.node(at)
            if found is None:
                at = self.next(at)
                if at < 0:
                    return
                continue
            yield at, *found
            at += (found[1] + 3) & ~3

    def next(self, at: int) -> int:
        """Where the next sound node stands; -1 where none does within reach."""
        place = at
        for _ in range(_MOST_TRIED):
            place = self.source.find(self.magic, place + 1)
            if place < 0 or place - at > _REACH:
                return -1
            if not place % 4 and self.node(place):
                return place
        return -1

    def numbers(self, at: int, *sizes: int) -> list[int]:
        """Numbers that follow each other."""
        found = []
        for size in sizes:
            found.append(self.source.number(at, size, self.order))
            at += size
        return found


def _order(source: Source, offset: int) -> Order:
    return "little" if source.some(offset, 2) == _MAGIC.to_bytes(2, "little") else "big"


def measure(source: Source, offset: int) -> int | None:
    """From node to node up to the last sound one; at least one of them must be a name or an inode."""
    log = _Log(source.part(offset), _order(source, offset))
    end, useful = 0, False
    if log.node(0) is None:
        return None
    for at, kind, size in log.nodes():
        end = min(at + ((size + 3) & ~3), len(log.source))
        useful = useful or kind in {_NAME, _INODE}
    return end if useful else None


@dataclass(frozen=True, slots=True)
class _Page:
    """One inode node: `size` bytes of the file from `offset`, packed at `at`."""

    version: int
    at: int
    mode: int
    length: int
    offset: int
    packed: int
    size: int
    codec: int


@dataclass(slots=True)
class _Files:
    log: _Log
    names: dict[tuple[int, bytes], tuple[int, int]] = field(default_factory=dict)
    pages: dict[int, list[_Page]] = field(default_factory=dict)
    below: dict[int, list[tuple[bytes, int]]] = field(default_factory=dict)
    links: dict[int, int] = field(default_factory=dict)

    def take(self, at: int, kind: int, size: int) -> None:
        """One node into the tables; DamageError where its own checksum does not hold."""
        if kind == _NAME and size >= _NAME_SIZE:
            self.name(at, size)
        elif kind == _INODE and size >= _INODE_SIZE:
            self.page(at, size)

    def name(self, at: int, size: int) -> None:
        """A folder's entry; the newest of a name counts, and inode 0 deletes it."""
        raw = self.log.source.read(at, _NAME_SIZE)
        parent, version, inode, _ = self.log.numbers(at + 12, 4, 4, 4, 4)
        crc, name_crc = self.log.numbers(at + 32, 4, 4)
        length = min(raw[28], size - _NAME_SIZE)
        name = self.log.source.read(at + _NAME_SIZE, length)
        if crc != _crc(raw[:32]) or name_crc != _crc(name):
            raise DamageError(f"the checksum of the name at {at} does not hold")
        if version >= self.names.get((parent, name), (0, 0))[0]:
            self.names[parent, name] = version, inode

    def page(self, at: int, size: int) -> None:
        """A piece of a file with what it says of the whole."""
        inode, version, mode = self.log.numbers(at + 12, 4, 4, 4)
        length = self.log.numbers(at + 28, 4)[0]
        offset, packed, unpacked, codec = self.log.numbers(at + 44, 4, 4, 4, 1)
        crc = self.log.numbers(at + 64, 4)[0]
        if crc != _crc(self.log.source.read(at, 60)):
            raise DamageError(f"the checksum of the inode at {at} does not hold")
        if packed > size - _INODE_SIZE or unpacked > _LARGEST_DATA:
            raise DamageError(f"the inode at {at} claims {unpacked} bytes in {packed}")
        page = _Page(version, at + _INODE_SIZE, mode, length, offset, packed, unpacked, codec)
        self.pages.setdefault(inode, []).append(page)

    def finish(self) -> None:
        """Folders from names, pages in the order they were written."""
        for (parent, name), (_, inode) in sorted(self.names.items()):
            if inode:
                self.below.setdefault(parent, []).append((name, inode))
                self.links[inode] = self.links.get(inode, 0) + 1
        for pages in self.pages.values():
            pages.sort(key=lambda page: page.version)

    def folder(self, inode: int, parts: tuple[bytes, ...], above: frozenset[int]) -> Iterator[Found]:
        """A folder's entries and what lies below."""
        for name, child in self.below.get(inode, ()):
            path = (*parts, name)
            pages = self.pages.get(child)
            if not pages:
                yield Note("/" + text_of(b"/".join(path)), "an entry could not be read", "its inode is not there")
                continue
            yield self.entry(path, child, pages)
            if kind_of(pages[-1].mode) is not NodeKind.FOLDER:
                continue
            if child in above or len(path) > _DEEPEST:
                yield Note("/" + text_of(b"/".join(path)), "a folder is part of itself", "its inode was read already")
                continue
            yield from self.folder(child, path, above | {child})

    def entry(self, path: tuple[bytes, ...], inode: int, pages: list[_Page]) -> Entry:
        """One entry by the newest of its nodes."""
        newest = pages[-1]
        kind, mode = kind_of(newest.mode), newest.mode & 0o7777
        if kind is NodeKind.FILE:
            content = lambda: self.content(pages)  # noqa: E731  # shorter than a function of its own
            return Entry(path, kind, newest.length, mode, pieces=content, hard_links=self.links.get(inode, 1))
        raw = self.unpacked(newest) if kind in {NodeKind.LINK, NodeKind.DEVICE} else b""
        if kind is NodeKind.DEVICE:
            number = int.from_bytes(raw[:4], self.log.order)
            device = device_of(number) if len(raw) > 2 else (number >> 8, number & 0xFF)  # noqa: PLR2004  # the old form
            return Entry(path, kind, mode=mode, device=device)
        return Entry(path, kind, len(raw), mode, raw)

    def content(self, pages: list[_Page]) -> Iterator[bytes | Hole]:
        """A file page by page, each from the nodes that touch it, the newest last."""
        length, touched = pages[-1].length, dict[int, list[_Page]]()
        for page in pages:
            for number in range(page.offset // _PAGE, -(-(page.offset + page.size) // _PAGE)):
                touched.setdefault(number, []).append(page)
        reached = 0
        for number in sorted(touched):
            start = number * _PAGE
            if start >= length:
                break
            yield from _missing(start - reached)
            reached = min(start + _PAGE, length)
            yield from self.laid(touched[number], start, reached)
        yield from _missing(length - reached)

    def laid(self, pages: list[_Page], start: int, end: int) -> Iterator[bytes | Hole]:
        """The bytes from `start` to `end`; pieces that cannot be read leave what lay below them."""
        buffer = bytearray(end - start)
        for page in pages:
            try:
                data = self.unpacked(page)
            except InputError as error:
                yield Hole(0, str(error))
                continue
            first, last = max(page.offset, start), min(page.offset + page.size, end)
            if first < last:
                buffer[first - start : last - start] = data[first - page.offset : last - page.offset]
        yield bytes(buffer)

    def unpacked(self, page: _Page) -> bytes:
        """What a node holds; DamageError where it does not hold as much as it says."""
        raw = self.log.source.read(page.at, page.packed)
        data = unpack(page.codec, raw, page.size)
        if len(data) != page.size:
            raise DamageError(f"the node at {page.at} holds {len(data)} bytes, not {page.size}")
        return data


def _missing(size: int) -> Iterator[Hole]:
    """Pages that no node holds; JFFS2 writes a node even for zeros."""
    if size > 0:
        yield Hole(size, f"the log holds nothing for {size} bytes")


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """The newest state that the log describes."""
    files = _Files(_Log(source, _order(source, 0)))
    for at, kind, size in files.log.nodes():
        budget.spend("steps")
        try:
            files.take(at, kind, size)
        except DamageError as error:
            yield Note("/", "a part of the log is damaged", str(error))
    files.finish()
    yield from files.folder(_ROOT, (), frozenset({_ROOT}))


FORMAT = ImageFormat(
    name="jffs2",
    title="JFFS2",
    reference="Linux, include/uapi/linux/jffs2.h",
    magics=tuple(
        (_MAGIC.to_bytes(2, order) + kind.to_bytes(2, order), 0)
        for order in ("little", "big")
        for kind in (_NAME, _INODE, 0x2003)
    ),
    measure=measure,
    open=open_image,
)
