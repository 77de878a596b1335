"""In: a cramfs image of either byte order. Out: its entries; zlib blocks of one page each, read when asked for."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.format import Entry, Found, Hole, ImageFormat, kind_of
from wardwatch.firmware.image.source import DamageError, Order, Source
from wardwatch.firmware.tree import NodeKind, Note

# Linux, include/uapi/linux/cramfs_fs.h; the superblock may stand behind a boot block of 512 bytes.
MAGIC: Final = 0x28CD3D45
_SIGNATURE: Final = b"Compressed ROMFS"
_SUPER: Final = 76
_INODE: Final = 12
_PAGE: Final = 4096
_BOOT: Final = 512
_V2: Final = 0x1
_EXTENDED_POINTERS: Final = 0x800
_KNOWN_FLAGS: Final = 0xFF | 0x100 | 0x200 | 0x400 | 0x800
_DIRECT: Final = 1 << 30
_UNCOMPRESSED: Final = 1 << 31
_DEEPEST: Final = 64


@dataclass(frozen=True, slots=True)
class Inode:
    """The 12 bytes of an inode: bit fields, packed from the other end where the image is big-endian."""

    mode: int
    uid: int
    size: int
    gid: int
    names: int
    offset: int

    @classmethod
    def at(cls, source: Source, offset: int, order: Order) -> "Inode":
        """The inode at `offset`."""
        first, second, third = (source.number(offset + place, 4, order) for place in (0, 4, 8))
        if order == "little":
            fields = first & 0xFFFF, first >> 16, second & 0xFFFFFF, second >> 24, third & 0x3F, third >> 6
        else:
            fields = first >> 16, first & 0xFFFF, second >> 8, second & 0xFF, third >> 26, third & 0x3FFFFFF
        mode, uid, size, gid, names, place = fields
        return cls(mode, uid, size, gid, names * 4, place * 4)


def _order(source: Source, offset: int) -> Order | None:
    raw = source.some(offset, 4)
    for order in ("little", "big"):
        if int.from_bytes(raw, order) == MAGIC:
            return order
    return None


def _super(source: Source, offset: int = 0) -> tuple[Order, int] | None:
    """Byte order and the superblock's place, where one stands at `offset` or behind a boot block."""
    for place in (offset, offset + _BOOT):
        order = _order(source, place)
        if order and source.some(place + 16, 16) == _SIGNATURE and len(source) >= place + _SUPER:
            entries = Inode.at(source, place + 64, order).offset
            if entries == place - offset + _SUPER or (not entries and place == offset):
                return order, place
    return None


def measure(source: Source, offset: int) -> int | None:
    """By signature, flags and root inode; version 1 does not say its size, so it reaches to the end."""
    found = _super(source, offset)
    if found is None:
        return None
    order, place = found
    size, flags = source.number(place + 4, 4, order), source.number(place + 8, 4, order)
    root = Inode.at(source, place + 64, order)
    if kind_of(root.mode) is not NodeKind.FOLDER or flags & ~_KNOWN_FLAGS:
        return None
    left = len(source) - offset
    return min(size, left) if flags & _V2 and size >= _SUPER else left


@dataclass(slots=True)
class _Cramfs:
    source: Source
    budget: Budget
    order: Order
    flags: int
    seen: set[int]

    def folder(self, inode: Inode, parts: tuple[bytes, ...]) -> Iterator[Found]:
        """The entries of one folder and of those below it."""
        if not inode.size:
            return
        where = "/" + b"/".join(parts).decode("utf-8", "backslashreplace")
        if inode.offset in self.seen or len(parts) > _DEEPEST:
            yield Note(where, "a folder is part of itself", "its inode points to a folder that was read already")
            return
        self.seen.add(inode.offset)
        at, end = inode.offset, inode.offset + inode.size
        while at < end:
            self.budget.spend("steps")
            try:
                child = Inode.at(self.source, at, self.order)
                name = self.source.read(at + _INODE, child.names).rstrip(b"\0")
            except DamageError as error:
                yield Note(where, "the rest of a folder could not be read", str(error))
                return
            at += _INODE + child.names
            if not name:
                yield Note(where, "the rest of a folder could not be read", "an entry has no name")
                return
            yield from self.entry(child, (*parts, name))

    def entry(self, inode: Inode, parts: tuple[bytes, ...]) -> Iterator[Found]:
        """One entry, and what lies below it."""
        kind = kind_of(inode.mode)
        mode = inode.mode & 0o7777
        if kind is NodeKind.FOLDER:
            yield Entry(parts, kind, mode=mode)
            yield from self.folder(inode, parts)
        elif kind is NodeKind.FILE:
            yield Entry(parts, kind, inode.size, mode, pieces=lambda: self.blocks(inode))
        elif kind is NodeKind.LINK:
            pieces = list(self.blocks(inode)) if inode.size <= _PAGE else [Hole(0, "the target is too long")]
            target = b"".join(piece for piece in pieces if isinstance(piece, bytes))
            lost = [piece.why for piece in pieces if isinstance(piece, Hole)]
            yield Entry(parts, kind, inode.size, mode, target)
            for why in lost:
                yield Note("/" + b"/".join(parts).decode("utf-8", "backslashreplace"), "a link's target is lost", why)
        elif kind is NodeKind.DEVICE:
            yield Entry(parts, kind, mode=mode, device=(inode.size >> 8 & 0xFF, inode.size & 0xFF))
        else:
            yield Entry(parts, kind, mode=mode)

    def blocks(self, inode: Inode) -> Iterator[bytes | Hole]:
        """A file's pages. The pointers before them say where each one ends; a page without bytes is a hole."""
        count = -(-inode.size // _PAGE)
        start = inode.offset + 4 * count
        for number in range(count):
            wanted = min(_PAGE, inode.size - number * _PAGE)
            pointer = int.from_bytes(self.source.some(inode.offset + 4 * number, 4), self.order)
            try:
                yield self.page(inode, number, (start, pointer), wanted)
            except (DamageError, zlib.error) as error:
                yield Hole(wanted, str(error))
            start = self.end(pointer, start)

    def end(self, pointer: int, start: int) -> int:
        """Where the page that `pointer` belongs to ends, which is where the next begins."""
        if not self.flags & _EXTENDED_POINTERS or not pointer & (_DIRECT | _UNCOMPRESSED):
            return pointer
        place = pointer & 0x3FFFFFFF
        if not pointer & _DIRECT:
            return place
        at = place << 2
        if pointer & _UNCOMPRESSED:
            return at + _PAGE
        try:
            return at + 2 + self.source.number(at, 2, self.order)
        except DamageError:
            return start

    def page(self, inode: Inode, number: int, bounds: tuple[int, int], wanted: int) -> bytes:
        """One page as it was before it was compressed."""
        start, pointer = bounds
        end = self.end(pointer, start)
        if self.flags & _EXTENDED_POINTERS and pointer & _DIRECT:
            start = ((pointer & 0x3FFFFFFF) << 2) + (0 if pointer & _UNCOMPRESSED else 2)
            end = start + wanted if pointer & _UNCOMPRESSED else end
        if end == start:
            return bytes(wanted)
        if not 0 < end - start <= 2 * _PAGE:
            raise DamageError(f"block {number} at {inode.offset} has {end - start} bytes")
        raw = self.source.read(start, end - start)
        if self.flags & _EXTENDED_POINTERS and pointer & _UNCOMPRESSED:
            return raw[:wanted].ljust(wanted, b"\0")
        data = zlib.decompressobj().decompress(raw, _PAGE)
        if len(data) < wanted:
            raise DamageError(f"block {number} at {inode.offset} is {len(data)} bytes long, not {wanted}")
        return data[:wanted]


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """Every entry, folder by folder; damaged folders give what can be read."""
    found = _super(source)
    if found is None:
        raise DamageError("no superblock")
    order, place = found
    size, flags = source.number(place + 4, 4, order), source.number(place + 8, 4, order)
    if flags & _V2:
        yield from _sound(source, (order, place), size)
    root = Inode.at(source, place + 64, order)
    yield from _Cramfs(source, budget, order, flags, set()).folder(root, ())


def _sound(source: Source, at: tuple[Order, int], size: int) -> Iterator[Note]:
    """Notes where the image is cut off or its checksum does not hold."""
    order, place = at
    if size > len(source):
        yield Note("/", "the image is cut off", f"it says that it has {size} bytes and there are {len(source)}")
        return
    crc = zlib.crc32(source.read(place, 32))
    crc = zlib.crc32(bytes(4), crc)
    for piece in source.pieces(place + 36, len(source) - place - 36):
        crc = zlib.crc32(piece, crc)
    if crc != source.number(place + 32, 4, order):
        yield Note("/", "the checksum of the image does not hold", "it was changed after it was made", is_gap=False)


FORMAT = ImageFormat(
    name="cramfs",
    title="cramfs",
    reference="Linux, fs/cramfs and include/uapi/linux/cramfs_fs.h",
    magics=((_SIGNATURE, 16), (_SIGNATURE, _BOOT + 16)),
    measure=measure,
    open=open_image,
)
