"""In: the tables of a squashfs of any version. Out: its entries. The versions differ in how they pack inodes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from wardwatch.errors import InputError
from wardwatch.firmware.tree import NodeKind, Note

from .budget import Budget
from .compression import Block
from .format import HEAD, Entry, Found, Hole, device_of, zeros
from .naming import text_of
from .source import DamageError, Order, Source

_METADATA: Final = 8192
_STORED_METADATA: Final = 1 << 15
_STORED_BLOCK: Final = 1 << 24
_NO_FRAGMENT: Final = 0xFFFFFFFF
_LARGEST_FILE: Final = 1 << 40
_MOST_BLOCKS: Final = 1 << 18
_DEEPEST: Final = 128
_LONGEST_LINK: Final = 65536
_CACHED: Final = 64
_EMPTY_FOLDER: Final = 3
_FOLDER_NUMBERS: Final = (1, 8)


@dataclass(frozen=True, slots=True)
class Super:
    """Where the tables stand, and how large a block is."""

    root: int
    inodes: int
    folders: int
    block: int
    used: int


@dataclass(slots=True)
class Packing:
    """How blocks are packed: the codec and the byte order; a few blocks of metadata and fragments stay unpacked."""

    source: Source
    codec: Block
    order: Order
    budget: Budget
    _metadata: dict[int, tuple[bytes, int]] = field(default_factory=dict)
    _fragment: tuple[tuple[int, int], bytes] = ((-1, -1), b"")

    def metadata(self, place: int) -> tuple[bytes, int]:
        """The metadata block at `place`, and where the next one stands."""
        kept = self._metadata.get(place)
        if kept:
            return kept
        word = self.source.number(place, 2, self.order)
        size = word & (_STORED_METADATA - 1) or _STORED_METADATA
        raw = self.source.read(place + 2, size)
        data = raw if word & _STORED_METADATA else self.codec(raw, _METADATA)
        self.budget.spend("worked", len(data))
        if len(self._metadata) >= _CACHED:
            self._metadata.pop(next(iter(self._metadata)))
        self._metadata[place] = data, place + 2 + size
        return self._metadata[place]

    def block(self, place: int, word: int, limit: int) -> bytes:
        """A data block of at most `limit` bytes."""
        raw = self.source.read(place, word & (_STORED_BLOCK - 1))
        return raw[:limit] if word & _STORED_BLOCK else self.codec(raw, limit)

    def fragment(self, place: int, word: int, limit: int) -> bytes:
        """A block of fragments; small files that follow each other share one."""
        if self._fragment[0] != (place, word):
            self._fragment = (place, word), self.block(place, word, limit)
        return self._fragment[1]


@dataclass(slots=True)
class Cursor:
    """Reads on through metadata blocks."""

    packing: Packing
    place: int
    at: int
    start: int = 0

    def read(self, size: int) -> bytes:
        """The next `size` bytes."""
        found = bytearray()
        while len(found) < size:
            data, following = self.packing.metadata(self.place)
            if self.at >= len(data):
                if not data:
                    raise DamageError("an empty block of metadata")
                self.place, self.at = following, self.at - len(data)
                continue
            piece = data[self.at : self.at + size - len(found)]
            found += piece
            self.at += len(piece)
        return bytes(found)

    def numbers(self, *sizes: int) -> list[int]:
        """The next unsigned numbers, each as many bytes long."""
        raw, found, at = self.read(sum(sizes)), [], 0
        for size in sizes:
            found.append(int.from_bytes(raw[at : at + size], self.packing.order))
            at += size
        return found


@dataclass(frozen=True, slots=True)
class Inode:
    """What an inode says; `kind` is its number among the basic types (1 folder, 2 file, 3 link...)."""

    kind: int
    mode: int
    size: int = 0
    blocks: tuple[int, ...] = ()
    start: int = 0
    fragment: int = _NO_FRAGMENT
    fragment_at: int = 0
    target: bytes = b""
    device: int = 0
    links: int = 1
    folder: tuple[int, int] = (0, 0)


Reader = Callable[["Filing", int, int], Inode]
"""Reads the inode in the block at a place, at an offset in it."""
Names = Callable[["Filing", Inode], Iterator[tuple[bytes, int, int]]]
"""Name, block and offset of the inode of each entry of a folder."""


@dataclass(slots=True)
class Filing:
    """One opened squashfs."""

    packing: Packing
    about: Super
    fragments: list[tuple[int, int]]

    def blocks_of(self, size: int, fragment: int) -> int:
        """How many full blocks a file has; DamageError where it claims too many."""
        count = size // self.about.block if fragment != _NO_FRAGMENT else -(-size // self.about.block)
        if size > _LARGEST_FILE or count > _MOST_BLOCKS:
            raise DamageError(f"a file claims {size} bytes")
        return count

    def content(self, inode: Inode) -> Iterator[bytes | Hole]:
        """A file's blocks, then its tail."""
        place, left = inode.start, inode.size
        for word in inode.blocks:
            wanted = min(self.about.block, left)
            left -= wanted
            if not word & (_STORED_BLOCK - 1):
                yield from zeros(wanted)
                continue
            yield _exact(lambda place=place, word=word, wanted=wanted: self.packing.block(place, word, wanted), wanted)  # type: ignore[misc]  # the loop's own values
            place += word & (_STORED_BLOCK - 1)
        if left:
            yield _exact(lambda: self.tail(inode, left), left)

    def head(self, inode: Inode) -> Iterator[bytes | Hole]:
        """A file's first bytes: of its first block no more than is needed is unpacked."""
        if not inode.blocks or not inode.blocks[0] & (_STORED_BLOCK - 1):
            yield from self.content(inode)
            return
        wanted = min(HEAD, inode.size)
        yield _exact(lambda: self.packing.block(inode.start, inode.blocks[0], wanted), wanted)

    def tail(self, inode: Inode, size: int) -> bytes:
        """The end of a file, from its fragment."""
        if inode.fragment >= len(self.fragments):
            raise DamageError(f"there is no fragment {inode.fragment}")
        data = self.packing.fragment(*self.fragments[inode.fragment], self.about.block)
        return data[inode.fragment_at : inode.fragment_at + size]


def _exact(read: Callable[[], bytes], wanted: int) -> bytes | Hole:
    try:
        data = read()
    except InputError as error:
        return Hole(wanted, str(error))
    return data if len(data) == wanted else Hole(wanted, f"a block has {len(data)} bytes, not {wanted}")


def inode_4(filing: Filing, place: int, offset: int) -> Inode:
    """An inode of version 4, basic or extended."""
    cursor = Cursor(filing.packing, place, offset)
    number, mode, _, _, _, _ = cursor.numbers(2, 2, 2, 2, 4, 4)
    kind, extended = (number - 7, True) if number > 7 else (number, False)  # noqa: PLR2004  # seven basic types
    if kind == 1:
        if extended:
            links, size, block, _, _, at, _ = cursor.numbers(4, 4, 4, 4, 2, 2, 4)
        else:
            block, links, size, at, _ = cursor.numbers(4, 4, 2, 2, 4)
        return Inode(1, mode, size, folder=(block, at), links=links)
    if kind == 2:  # noqa: PLR2004  # the type's number
        if extended:
            start, size, _, links, fragment, at, _ = cursor.numbers(8, 8, 8, 4, 4, 4, 4)
        else:
            start, fragment, at, size = cursor.numbers(4, 4, 4, 4)
            links = 1
        count = filing.blocks_of(size, fragment)
        filing.packing.budget.spend("steps", count)
        raw = cursor.read(4 * count)
        blocks = tuple(int.from_bytes(raw[at : at + 4], "little") for at in range(0, len(raw), 4))
        return Inode(2, mode, size, blocks, start, fragment, at, links=links)
    return _other(cursor, kind, mode)


def _other(cursor: Cursor, kind: int, mode: int) -> Inode:
    links = cursor.numbers(4)[0]
    if kind == 3:  # noqa: PLR2004  # the type's number
        size = cursor.numbers(4)[0]
        if size > _LONGEST_LINK:
            raise DamageError(f"a link's target claims {size} bytes")
        return Inode(kind, mode, size, target=cursor.read(size), links=links)
    if kind in {4, 5}:
        return Inode(kind, mode, device=cursor.numbers(4)[0], links=links)
    if kind in {6, 7}:
        return Inode(kind, mode, links=links)
    raise DamageError(f"an inode has the unknown type {kind}")


def names_4(filing: Filing, inode: Inode) -> Iterator[tuple[bytes, int, int]]:
    """The entries of a folder: runs, each with the block of its inodes."""
    cursor = Cursor(filing.packing, filing.about.folders + inode.folder[0], inode.folder[1])
    left = inode.size - _EMPTY_FOLDER
    while left > 0:
        count, block, _ = cursor.numbers(4, 4, 4)
        left -= 12
        if count > 255:  # noqa: PLR2004  # squashfs.rst, section 3.4: at most 256 entries a run
            raise DamageError(f"a folder claims {count + 1} entries in one run")
        for _ in range(count + 1):
            at, _, _, size = cursor.numbers(2, 2, 2, 2)
            yield cursor.read(size + 1), block, at
            left -= 9 + size


_KINDS: Final = {
    1: NodeKind.FOLDER,
    2: NodeKind.FILE,
    3: NodeKind.LINK,
    4: NodeKind.DEVICE,
    5: NodeKind.DEVICE,
}


@dataclass(slots=True)
class _Walk:
    filing: Filing
    inode: Reader
    names: Names
    seen: set[tuple[int, int]] = field(default_factory=set)

    def folder(self, inode: Inode, parts: tuple[bytes, ...]) -> Iterator[Found]:
        """A folder's entries and what lies below; damage ends this folder only."""
        where = "/" + text_of(b"/".join(parts))
        try:
            for name, block, at in self.names(self.filing, inode):
                self.filing.packing.budget.spend("steps")
                yield from self.entry((*parts, name), block, at)
        except InputError as error:
            yield Note(where, "the rest of a folder could not be read", str(error))

    def entry(self, parts: tuple[bytes, ...], block: int, at: int) -> Iterator[Found]:
        """One entry."""
        where = "/" + text_of(b"/".join(parts))
        try:
            inode = self.inode(self.filing, self.filing.about.inodes + block, at)
        except InputError as error:
            yield Note(where, "an entry could not be read", str(error))
            return
        kind = _KINDS.get(inode.kind, NodeKind.OTHER)
        device = device_of(inode.device) if kind is NodeKind.DEVICE else None
        size = inode.size if kind in {NodeKind.FILE, NodeKind.LINK} else 0
        pieces = lambda: self.filing.content(inode)  # noqa: E731  # shorter than a function of its own
        mode = inode.mode & 0o7777
        head = lambda: self.filing.head(inode)  # noqa: E731  # as above
        yield Entry(parts, kind, size, mode, inode.target, pieces, device=device, hard_links=inode.links, head=head)
        if kind is NodeKind.FOLDER:
            if (block, at) in self.seen or len(parts) > _DEEPEST:
                yield Note(where, "a folder is part of itself", "its inode was read already")
                return
            self.seen.add((block, at))
            yield from self.folder(inode, parts)


def walk(filing: Filing, inode: Reader = inode_4, names: Names = names_4) -> Iterator[Found]:
    """Every entry, from the root folder down."""
    place, at = filing.about.root >> 16, filing.about.root & 0xFFFF
    if filing.about.used > len(filing.packing.source):
        there = len(filing.packing.source)
        yield Note("/", "the image is cut off", f"it says that it has {filing.about.used} bytes and there are {there}")
    root = inode(filing, filing.about.inodes + place, at)
    if root.kind not in _FOLDER_NUMBERS:
        raise DamageError("the root is no folder")
    run = _Walk(filing, inode, names, {(place, at)})
    yield from run.folder(root, ())
