"""In: an ext2, ext3 or ext4 file system. Out: its entries; blocks are read in place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wardwatch.errors import InputError
from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.format import Entry, Found, Hole, ImageFormat, device_of, kind_of, zeros
from wardwatch.firmware.image.naming import text_of
from wardwatch.firmware.image.source import DamageError, Source
from wardwatch.firmware.tree import NodeKind, Note

# Linux, Documentation/filesystems/ext4 (globals, dynamic).
_SUPER: Final = 1024
_ROOT: Final = 2
_EXTENTS: Final = 0x80000
_INLINE: Final = 0x10000000
_META_GROUPS: Final = 0x10
_WIDE: Final = 0x80
_READ: Final = 0x2 | 0x4 | 0x40 | 0x80 | 0x200 | 0x2000 | 0x8000
_EXTENT_MAGIC: Final = 0xF30A
_UNWRITTEN: Final = 32768
_FAST_LINK: Final = 60
_DEEPEST: Final = 128
_EXTENT_DEPTH: Final = 5
_LONGEST_LINK: Final = 65536
_FIXED: Final = 128
_INODE_FIELDS: Final = ((0, 2), (4, 4), (26, 2), (108, 4))


@dataclass(frozen=True, slots=True)
class _Super:
    blocks: int
    block: int
    first: int
    inodes: int
    group_inodes: int
    inode_size: int
    descriptor: int
    features: int


def _super(source: Source, offset: int) -> _Super | None:
    """The superblock's numbers where they are possible ones."""
    at = offset + _SUPER
    inodes, blocks, _, _, _, first, log = source.unpack("<7I", at)
    group_blocks, _, group_inodes = source.unpack("<3I", at + 32)
    revision, size, features = (
        source.number(at + 76, 4, "little"),
        source.number(at + 88, 2, "little"),
        source.number(at + 96, 4, "little"),
    )
    descriptor = source.number(at + 254, 2, "little") if features & _WIDE else 32
    size = size if revision else _FIXED
    if log > 6 or revision > 1 or not blocks or not inodes or not group_inodes or not group_blocks:  # noqa: PLR2004  # 64 KiB
        return None
    block = 1024 << log
    if first != (1 if block == 1024 else 0) or size < _FIXED or size > block or size & (size - 1):  # noqa: PLR2004  # smallest
        return None
    if group_inodes > 8 * block or descriptor < 32 or descriptor > block:  # noqa: PLR2004  # a descriptor's least
        return None
    return _Super(blocks, block, first, inodes, group_inodes, size, descriptor, features)


def measure(source: Source, offset: int) -> int | None:
    """By superblock and root folder."""
    about = _super(source, offset)
    if about is None:
        return None
    inside = source.part(offset)
    files = _Files(inside, about)
    if kind_of(files.inode(_ROOT).mode) is not NodeKind.FOLDER:
        return None
    return min(about.blocks * about.block, len(inside))


@dataclass(frozen=True, slots=True)
class _Inode:
    mode: int
    size: int
    links: int
    flags: int
    blocks: bytes


@dataclass(slots=True)
class _Files:
    source: Source
    about: _Super
    budget: Budget | None = None
    seen: set[int] = field(default_factory=set)

    def spend(self) -> None:
        """One step."""
        if self.budget:
            self.budget.spend("steps")

    def inode(self, number: int) -> _Inode:
        """An inode by its number."""
        if not 0 < number <= self.about.inodes:
            raise DamageError(f"there is no inode {number}")
        group, place = divmod(number - 1, self.about.group_inodes)
        at = (self.about.first + 1) * self.about.block + group * self.about.descriptor
        table = self.source.number(at + 8, 4, "little")
        if self.about.features & _WIDE and self.about.descriptor >= 64:  # noqa: PLR2004  # with the high halves
            table |= self.source.number(at + 40, 4, "little") << 32
        raw = self.source.read(table * self.about.block + place * self.about.inode_size, self.about.inode_size)
        mode, low, links, high = (int.from_bytes(raw[at : at + size], "little") for at, size in _INODE_FIELDS)
        return _Inode(mode, low | high << 32, links, int.from_bytes(raw[32:36], "little"), raw[40:100])

    def runs(self, inode: _Inode) -> Iterator[tuple[int, int, int]]:
        """First block in the file, first block on the disk (0: a hole), number of blocks; in order."""
        if inode.flags & _EXTENTS:
            yield from self.extents(inode.blocks, _EXTENT_DEPTH)
        else:
            yield from self.mapped(inode)

    def extents(self, raw: bytes, depth: int) -> Iterator[tuple[int, int, int]]:
        """The extents below one node of the tree."""
        magic, count, _, level = (int.from_bytes(raw[at : at + 2], "little") for at in (0, 2, 4, 6))
        if magic != _EXTENT_MAGIC or level > depth or 12 * (count + 1) > len(raw):
            raise DamageError("an extent tree is damaged")
        for at in range(12, 12 * (count + 1), 12):
            self.spend()
            first, second, third = (int.from_bytes(raw[at + place : at + place + 4], "little") for place in (0, 4, 8))
            if level:
                place = second | (third & 0xFFFF) << 32
                yield from self.extents(self.source.read(place * self.about.block, self.about.block), level - 1)
                continue
            length, high = second & 0xFFFF, second >> 16
            unwritten = length > _UNWRITTEN
            yield first, 0 if unwritten else third | high << 32, length - _UNWRITTEN if unwritten else length

    def mapped(self, inode: _Inode) -> Iterator[tuple[int, int, int]]:
        """Direct blocks, then those behind one, two and three levels of pointers."""
        pointers = [int.from_bytes(inode.blocks[at : at + 4], "little") for at in range(0, 60, 4)]
        left = -(-inode.size // self.about.block)
        position = 0
        for place, pointer in enumerate(pointers):
            level = max(0, place - 11)
            if position >= left:
                return
            for number in self.below(pointer, level):
                if number >= 0:
                    yield position, number, 1
                    position += 1
                else:
                    position -= number
                if position >= left:
                    return

    def below(self, pointer: int, level: int) -> Iterator[int]:
        """The blocks behind a pointer; a missing one stands for as many holes, given as a negative number."""
        each = self.about.block // 4
        if not pointer:
            yield -(each**level)
        elif not level:
            yield pointer
        else:
            raw = self.source.read(pointer * self.about.block, self.about.block)
            for at in range(0, len(raw), 4):
                self.spend()
                yield from self.below(int.from_bytes(raw[at : at + 4], "little"), level - 1)

    def content(self, inode: _Inode) -> Iterator[bytes | Hole]:
        """A file's bytes; what has no block is zeros."""
        if inode.flags & _INLINE:
            yield self.inline(inode)
            return
        block, reached = self.about.block, 0
        for first, place, count in self.runs(inode):
            if first * block < reached:
                raise DamageError("blocks of a file overlap")
            if first * block >= inode.size:
                break
            yield from zeros(first * block - reached)
            size = min(count * block, inode.size - first * block)
            reached = first * block + size
            if not place:
                yield from zeros(size)
            else:
                yield from self.source.pieces(place * block, size)
        yield from zeros(inode.size - reached)

    def inline(self, inode: _Inode) -> bytes:
        """A small file kept in the inode; only the part in the block map is read."""
        if inode.size > _FAST_LINK:
            raise DamageError("a file inside its inode continues in an attribute, which is not read")
        return inode.blocks[: inode.size]

    def folder(self, inode: _Inode, parts: tuple[bytes, ...]) -> Iterator[Found]:
        """A folder's entries and what lies below."""
        where = "/" + text_of(b"/".join(parts))
        try:
            if inode.size > len(self.source):
                raise DamageError(f"a folder claims {inode.size} bytes")
            raw = b"".join(piece for piece in self.content(inode) if isinstance(piece, bytes))
            for name, number in self.names(raw):
                yield from self.entry(number, (*parts, name))
        except InputError as error:
            yield Note(where, "the rest of a folder could not be read", str(error))

    def names(self, raw: bytes) -> Iterator[tuple[bytes, int]]:
        """Name and inode of each entry; an index is hidden in entries that name nothing."""
        for start in range(0, len(raw), self.about.block):
            at = start
            while at + 8 <= start + self.about.block:
                self.spend()
                number = int.from_bytes(raw[at : at + 4], "little")
                length = int.from_bytes(raw[at + 4 : at + 6], "little")
                name = raw[at + 8 : at + 8 + raw[at + 6]]
                if length < 8:  # noqa: PLR2004  # an entry's head
                    raise DamageError("an entry has no length")
                if number and name and name not in {b".", b".."}:
                    yield name, number
                at += length

    def entry(self, number: int, parts: tuple[bytes, ...]) -> Iterator[Found]:
        """One entry."""
        where = "/" + text_of(b"/".join(parts))
        try:
            inode = self.inode(number)
            kind = kind_of(inode.mode)
            target = self.target(inode) if kind is NodeKind.LINK else b""
        except InputError as error:
            yield Note(where, "an entry could not be read", str(error))
            return
        size = inode.size if kind in {NodeKind.FILE, NodeKind.LINK} else 0
        device = self.device(inode) if kind is NodeKind.DEVICE else None
        pieces = lambda: self.content(inode)  # noqa: E731  # shorter than a function of its own
        mode = inode.mode & 0o7777
        yield Entry(parts, kind, size, mode, target, pieces, device=device, hard_links=inode.links)
        if kind is NodeKind.FOLDER:
            if number in self.seen or len(parts) > _DEEPEST:
                yield Note(where, "a folder is part of itself", "its inode was read already")
                return
            self.seen.add(number)
            yield from self.folder(inode, parts)

    def target(self, inode: _Inode) -> bytes:
        """A link's text: in the inode where it is short."""
        if inode.size < _FAST_LINK and not inode.flags & _EXTENTS:
            return inode.blocks[: inode.size]
        if inode.size > _LONGEST_LINK:
            raise DamageError(f"a link's target claims {inode.size} bytes")
        return b"".join(piece for piece in self.content(inode) if isinstance(piece, bytes))

    def device(self, inode: _Inode) -> tuple[int, int]:
        """Major and minor: in the first pointer in the old form, in the second in the new one."""
        old, new = (int.from_bytes(inode.blocks[at : at + 4], "little") for at in (0, 4))
        return (old >> 8 & 0xFF, old & 0xFF) if old else device_of(new)


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """Every entry, from the root folder down."""
    about = _super(source, 0)
    if about is None:
        raise DamageError("no superblock")
    if about.features & _META_GROUPS or about.features & ~_READ:
        yield Note("/", "the file system has features that are not read", f"feature bits 0x{about.features:x}")
    if about.blocks * about.block > len(source):
        there = len(source)
        yield Note("/", "the image is cut off", f"it has {about.blocks * about.block} bytes and there are {there}")
    files = _Files(source, about, budget, {_ROOT})
    yield from files.folder(files.inode(_ROOT), ())


FORMAT = ImageFormat(
    name="ext",
    title="ext2, ext3 or ext4",
    reference="Linux, Documentation/filesystems/ext4",
    magics=((b"\x53\xef", _SUPER + 56),),
    measure=measure,
    open=open_image,
)
