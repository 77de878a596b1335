"""In: a squashfs 4 image. Out: its entries; blocks and fragments are decompressed when a file is read."""

from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.compression import (
    Block,
    lz4_block,
    lzma_block,
    lzo_block,
    xz_block,
    zlib_block,
    zstd_block,
)
from wardwatch.firmware.image.format import Found, ImageFormat
from wardwatch.firmware.image.source import DamageError, Source
from wardwatch.firmware.image.squashed import Filing, Packing, Super, walk

# Linux, fs/squashfs/squashfs_fs.h; Documentation/filesystems/squashfs.rst.
_MAGIC: Final = b"hsqs"
_SUPER: Final = 96
_VERSION: Final = 4
_LEAST_BLOCK: Final = 12
_MOST_BLOCK: Final = 20
_NO_TABLE: Final = (1 << 64) - 1
_CODECS: Final[dict[int, Block]] = {
    1: zlib_block,
    2: lzma_block,
    3: lzo_block,
    4: xz_block,
    5: lz4_block,
    6: zstd_block,
}


def measure(source: Source, offset: int) -> int | None:
    """By magic, version, block size and the length it gives itself."""
    _, _, _, block, _, _, log, _, _, major, _ = source.unpack("<4sIIIIHHHHHH", offset)
    used = source.number(offset + 40, 8, "little")
    if major != _VERSION or not _LEAST_BLOCK <= log <= _MOST_BLOCK or block != 1 << log or used < _SUPER:
        return None
    return min(used, len(source) - offset)


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """Every entry, from the root folder down."""
    _, _, _, block, fragments, compression, _, _, _, _, _ = source.unpack("<4sIIIIHHHHHH", 0)
    root, used, _, _, inodes, folders, fragment_table, _ = source.unpack("<8Q", 32)
    codec = _CODECS.get(compression)
    if codec is None:
        raise DamageError(f"compression number {compression} is not known")
    packing = Packing(source, codec, "little", budget)
    table = _fragments(packing, fragments, fragment_table)
    about = Super(root, inodes, folders, block, used)
    yield from walk(Filing(packing, about, table))


def _fragments(packing: Packing, count: int, table: int) -> list[tuple[int, int]]:
    """Place and size word of each block of fragments."""
    if not count or table == _NO_TABLE:
        return []
    blocks = -(-count // 512)
    packing.budget.spend("steps", count)
    found: list[tuple[int, int]] = []
    for place in packing.source.unpack(f"<{blocks}Q", table):
        data, _ = packing.metadata(place)
        found += [
            (int.from_bytes(data[at : at + 8], "little"), int.from_bytes(data[at + 8 : at + 12], "little"))
            for at in range(0, len(data) - 15, 16)
        ]
    return found[:count]


FORMAT = ImageFormat(
    name="squashfs",
    title="squashfs 4",
    reference="Linux, fs/squashfs/squashfs_fs.h",
    magics=((_MAGIC, 0),),
    measure=measure,
    open=open_image,
)
