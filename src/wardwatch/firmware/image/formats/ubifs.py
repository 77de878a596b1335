"""In: a UBIFS volume. Out: its entries by the committed index; blocks are decompressed when they are read."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from wardwatch.errors import InputError
from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.compression import Block, deflate_block, lzo_block, zstd_block
from wardwatch.firmware.image.format import Entry, Found, Hole, ImageFormat, device_of, kind_of, zeros
from wardwatch.firmware.image.naming import text_of
from wardwatch.firmware.image.source import DamageError, Source
from wardwatch.firmware.tree import NodeKind, Note

# Linux, fs/ubifs/ubifs-media.h.
_MAGIC: Final = 0x06101831
_HEADER: Final = 24
_INODE, _DATA, _NAME, _SUPER, _MASTER, _INDEX = 0, 1, 2, 6, 7, 9
_BLOCK: Final = 4096
_DIRTY: Final = 1
_ROOT: Final = 1
_BRANCH: Final = 20
_DEEPEST: Final = 128
_MOST_LEVELS: Final = 16
_LARGEST_LEB: Final = 1 << 22
_LEAST_LEB: Final = 15 * 1024
_LARGEST_NODE: Final = 1 << 20
_LARGEST_FILE: Final = 1 << 40
_ALL: Final = 0xFFFFFFFF


def _stored(data: bytes, limit: int) -> bytes:
    return data[:limit]


_CODECS: Final[dict[int, Block]] = {0: _stored, 1: lzo_block, 2: deflate_block, 3: zstd_block}


def _node(source: Source, at: int, kind: int) -> bytes:
    """The node at `at`, of the type wanted and with a checksum that holds."""
    head = source.read(at, _HEADER)
    magic, crc = int.from_bytes(head[:4], "little"), int.from_bytes(head[4:8], "little")
    size = int.from_bytes(head[16:20], "little")
    if magic != _MAGIC or head[20] != kind or not _HEADER <= size <= _LARGEST_NODE:
        raise DamageError(f"there is no node of type {kind} at {at}")
    raw = source.read(at, size)
    if zlib.crc32(raw[8:]) ^ _ALL != crc:
        raise DamageError(f"the checksum of the node at {at} does not hold")
    return raw


def _u32(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 4], "little")


def _sizes(source: Source, offset: int) -> tuple[int, int]:
    """Size and number of the logical eraseblocks."""
    raw = _node(source, offset, _SUPER)
    size, count = _u32(raw, 36), _u32(raw, 40)
    if not _LEAST_LEB <= size <= _LARGEST_LEB or not count:
        raise DamageError(f"eraseblocks of {size} bytes")
    return size, count


def measure(source: Source, offset: int) -> int | None:
    """By the superblock's checksum."""
    size, count = _sizes(source, offset)
    return min(size * count, len(source) - offset)


@dataclass(slots=True)
class _Files:
    source: Source
    leb: int
    budget: Budget
    inodes: dict[int, int] = field(default_factory=dict)
    blocks: dict[int, dict[int, int]] = field(default_factory=dict)
    names: dict[int, list[int]] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)

    def place(self, leb: int, offset: int) -> int:
        """Where a node stands in the volume."""
        return leb * self.leb + offset

    def index(self, at: int, levels: int) -> None:
        """The leaves below an index node into the tables; damage loses what is below it, and is kept for a note."""
        self.budget.spend("steps")
        try:
            raw = _node(self.source, at, _INDEX)
        except DamageError as error:
            self.damage.append(str(error))
            return
        count, level = int.from_bytes(raw[24:26], "little"), int.from_bytes(raw[26:28], "little")
        each = (len(raw) - 28) // count if count else 0
        if each < _BRANCH or level >= levels:
            self.damage.append(f"the index node at {at} is damaged")
            return
        for number in range(count):
            branch = raw[28 + number * each : 28 + (number + 1) * each]
            child = self.place(_u32(branch, 0), _u32(branch, 4))
            if level:
                self.index(child, level)
            else:
                self.leaf(branch, child)

    def leaf(self, branch: bytes, at: int) -> None:
        """One key: the inode's number, and what the node is to it."""
        self.budget.spend("steps")
        inode, word = _u32(branch, 12), _u32(branch, 16)
        kind, rest = word >> 29, word & 0x1FFFFFFF
        if kind == _INODE:
            self.inodes[inode] = at
        elif kind == _DATA:
            self.blocks.setdefault(inode, {})[rest] = at
        elif kind == _NAME:
            self.names.setdefault(inode, []).append(at)

    def folder(self, inode: int, parts: tuple[bytes, ...], above: frozenset[int]) -> Iterator[Found]:
        """A folder's entries and what lies below."""
        for at in self.names.get(inode, ()):
            try:
                raw = _node(self.source, at, _NAME)
            except DamageError as error:
                yield Note("/" + text_of(b"/".join(parts)), "an entry could not be read", str(error))
                continue
            child = int.from_bytes(raw[40:48], "little")
            name = raw[56 : 56 + int.from_bytes(raw[50:52], "little")]
            if child:
                yield from self.entry(child, (*parts, name), above)

    def entry(self, inode: int, parts: tuple[bytes, ...], above: frozenset[int]) -> Iterator[Found]:
        """One entry."""
        where = "/" + text_of(b"/".join(parts))
        try:
            if inode not in self.inodes:
                raise DamageError(f"inode {inode} is not in the index")
            raw = _node(self.source, self.inodes[inode], _INODE)
        except InputError as error:
            yield Note(where, "an entry could not be read", str(error))
            return
        mode, size = _u32(raw, 104), int.from_bytes(raw[48:56], "little")
        kind, inside = kind_of(mode), raw[160 : 160 + _u32(raw, 112)]
        links = _u32(raw, 92)
        if kind is NodeKind.FILE:
            yield Entry(parts, kind, size, mode & 0o7777, pieces=self.reader(inode, size), hard_links=links)
            return
        device = device_of(int.from_bytes(inside[:8], "little")) if kind is NodeKind.DEVICE else None
        target = inside if kind is NodeKind.LINK else b""
        yield Entry(parts, kind, len(target), mode & 0o7777, target, device=device)
        if kind is NodeKind.FOLDER:
            if inode in above or len(parts) > _DEEPEST:
                yield Note(where, "a folder is part of itself", "its inode was read already")
                return
            yield from self.folder(inode, parts, above | {inode})

    def reader(self, inode: int, size: int) -> Callable[[], Iterator[bytes | Hole]]:
        """What reads a file's blocks; blocks without a node are zeros."""

        def pieces() -> Iterator[bytes | Hole]:
            if size > _LARGEST_FILE:
                raise DamageError(f"a file claims {size} bytes")
            reached = 0
            for number, at in sorted(self.blocks.get(inode, {}).items()):
                start = number * _BLOCK
                if start >= size:
                    break
                yield from zeros(start - reached)
                reached = min(start + _BLOCK, size)
                yield self.block(at, reached - start)
            yield from zeros(size - reached)

        return pieces

    def block(self, at: int, wanted: int) -> bytes | Hole:
        """One block of a file."""
        try:
            raw = _node(self.source, at, _DATA)
            size, codec = _u32(raw, 40), int.from_bytes(raw[44:46], "little")
            if size > _BLOCK or codec not in _CODECS:
                raise DamageError(f"the block at {at} has {size} bytes and compression {codec}")
            data = _CODECS[codec](raw[48:], size)
        except InputError as error:
            return Hole(wanted, str(error))
        return data[:wanted].ljust(wanted, b"\0")


def _master(source: Source, leb: int) -> bytes:
    """The newest master node: the last one written into the second or third eraseblock."""
    newest = b""
    for start in (leb, 2 * leb):
        at = start
        while at < start + leb:
            try:
                raw = _node(source, at, _MASTER)
            except DamageError:
                at += 8
                if source.some(at, 4) == b"\xff\xff\xff\xff":
                    break
                continue
            if not newest or raw[8:16][::-1] > newest[8:16][::-1]:
                newest = raw
            at += -(-len(raw) // 8) * 8
    if not newest:
        raise DamageError("there is no master node")
    return newest


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """Every entry of the last commit."""
    leb, count = _sizes(source, 0)
    if leb * count > len(source):
        there = len(source) // leb
        if there < _u32(_node(source, 0, _SUPER), 40) // 2:
            yield Note(
                "/", "the volume may be cut off", f"it has {count} eraseblocks and {there} are there", is_gap=False
            )
    master = _master(source, leb)
    if _u32(master, 40) & _DIRTY:
        yield Note(
            "/", "the newest changes were not read", "the volume was not closed and its journal was not replayed"
        )
    files = _Files(source, leb, budget)
    files.index(files.place(_u32(master, 48), _u32(master, 52)), _MOST_LEVELS)
    for why in files.damage[:16]:
        yield Note("/", "a part of the index could not be read", why)
    yield from files.folder(_ROOT, (), frozenset({_ROOT}))


FORMAT = ImageFormat(
    name="ubifs",
    title="UBIFS",
    reference="Linux, fs/ubifs/ubifs-media.h",
    magics=((_MAGIC.to_bytes(4, "little"), 0),),
    measure=measure,
    open=open_image,
)
