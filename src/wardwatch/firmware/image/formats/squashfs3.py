"""In: a squashfs 3 image of either byte order. Out: its entries; zlib blocks are decompressed when a file is read."""

from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.compression import zlib_block
from wardwatch.firmware.image.format import Found, ImageFormat
from wardwatch.firmware.image.source import DamageError, Order, Source
from wardwatch.firmware.image.squashed import Cursor, Filing, Inode, Packing, Super, walk

# squashfs-tools, squashfs_compat.h: the structures of version 3. Their bit fields begin at the low end in a
# little-endian image and at the high end in a big-endian one.
_SUPER: Final = 119
_VERSION: Final = 3
_LEAST_BLOCK: Final = 12
_MOST_BLOCK: Final = 20
_LARGEST_LINK: Final = 65536
_MAGIC: Final[dict[bytes, Order]] = {b"hsqs": "little", b"sqsh": "big"}


def measure(source: Source, offset: int) -> int | None:
    """By magic, version, block size and the length it gives itself."""
    order = _MAGIC.get(source.some(offset, 4))
    if order is None or source.number(offset + 28, 2, order) != _VERSION:
        return None
    log, block = source.number(offset + 34, 2, order), source.number(offset + 51, 4, order)
    used = source.number(offset + 63, 8, order)
    if not _LEAST_BLOCK <= log <= _MOST_BLOCK or block != 1 << log or used < _SUPER:
        return None
    return min(used, len(source) - offset)


def _fields(value: int, order: Order, *widths: int) -> list[int]:
    """The bit fields of one number, in the order they are declared."""
    found, below = [], sum(widths)
    above = 0
    for width in widths:
        below -= width
        shift = above if order == "little" else below
        found.append(value >> shift & ((1 << width) - 1))
        above += width
    return found


def inode_3(filing: Filing, place: int, offset: int) -> Inode:
    """An inode of version 3."""
    cursor, order = Cursor(filing.packing, place, offset), filing.packing.order
    word, _, _, _, _ = cursor.numbers(2, 1, 1, 4, 4)
    number, mode = _fields(word, order, 4, 12)
    if number in {1, 8}:
        return _folder(cursor, order, mode, number == 1)
    if number in {2, 9}:
        return _file(filing, cursor, mode, number == 2)  # noqa: PLR2004  # the type's number
    links = cursor.numbers(4)[0]
    if number == 3:  # noqa: PLR2004  # the type's number
        size = min(cursor.numbers(2)[0], _LARGEST_LINK)
        return Inode(3, mode, size, target=cursor.read(size), links=links)
    if number in {4, 5}:
        return Inode(number, mode, device=cursor.numbers(2)[0], links=links)
    if number in {6, 7}:
        return Inode(number, mode, links=links)
    raise DamageError(f"an inode has the unknown type {number}")


def _folder(cursor: Cursor, order: Order, mode: int, basic: bool) -> Inode:  # noqa: FBT001  # private, called beside
    links = cursor.numbers(4)[0]
    size, at = _fields(cursor.numbers(4 if basic else 5)[0], order, 19 if basic else 27, 13)
    return Inode(1, mode, size, folder=(cursor.numbers(4)[0], at), links=links)


def _file(filing: Filing, cursor: Cursor, mode: int, basic: bool) -> Inode:  # noqa: FBT001  # private, called beside
    links = 1 if basic else cursor.numbers(4)[0]
    start, fragment, at, size = cursor.numbers(8, 4, 4, 4 if basic else 8)
    count = filing.blocks_of(size, fragment)
    filing.packing.budget.spend("steps", count)
    return Inode(2, mode, size, tuple(cursor.numbers(*[4] * count)), start, fragment, at, links=links)


def names_3(filing: Filing, inode: Inode) -> Iterator[tuple[bytes, int, int]]:
    """The entries of a folder: runs, each with the block of its inodes."""
    cursor = Cursor(filing.packing, filing.about.folders + inode.folder[0], inode.folder[1])
    left = inode.size - 3
    while left > 0:
        count, block, _ = cursor.numbers(1, 4, 4)
        left -= 9
        for _ in range(count + 1):
            word, _ = cursor.numbers(3, 2)
            at, _, size = _fields(word, filing.packing.order, 13, 3, 8)
            yield cursor.read(size + 1), block, at
            left -= 6 + size


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """Every entry, from the root folder down."""
    order = _MAGIC[source.read(0, 4)]
    root, block, fragments = source.number(43, 8, order), source.number(51, 4, order), source.number(55, 4, order)
    used, _, _, inodes, folders, table, _ = (source.number(at, 8, order) for at in range(63, 119, 8))
    packing = Packing(source, zlib_block, order, budget)
    budget.spend("steps", fragments)
    places: list[tuple[int, int]] = []
    for number in range(-(-fragments // 512)):
        data, _ = packing.metadata(source.number(table + 8 * number, 8, order))
        entries = (data[at : at + 12] for at in range(0, len(data) - 15, 16))
        places += [(int.from_bytes(entry[:8], order), int.from_bytes(entry[8:], order)) for entry in entries]
    filing = Filing(packing, Super(root, inodes, folders, block, used), places[:fragments])
    yield from walk(filing, inode_3, names_3)


FORMAT = ImageFormat(
    name="squashfs3",
    title="squashfs 3",
    reference="squashfs-tools, squashfs_compat.h",
    magics=tuple((magic, 0) for magic in _MAGIC),
    measure=measure,
    open=open_image,
)
