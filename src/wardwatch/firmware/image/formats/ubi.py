"""In: a UBI image, eraseblock by eraseblock. Out: each volume as an image inside, put together in logical order."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.format import Found, ImageFormat, Inner
from wardwatch.firmware.image.naming import name_of
from wardwatch.firmware.image.source import DamageError, Source, whole
from wardwatch.firmware.tree import Note

# Linux, drivers/mtd/ubi/ubi-media.h.
_BLOCK: Final = b"UBI#"
_VOLUME: Final = b"UBI!"
_HEADER: Final = 64
_LAYOUT: Final = 0x7FFFEFFF
_STATIC: Final = 2
_RECORD: Final = 172
_MOST_VOLUMES: Final = 128
_SIZES: Final = tuple(1 << bits for bits in range(12, 23))
_ALL: Final = 0xFFFFFFFF


def _sound(raw: bytes, magic: bytes) -> bool:
    """Whether a header's checksum holds: CRC-32 without the last inversion."""
    return raw[:4] == magic and zlib.crc32(raw[:60]) ^ _ALL == int.from_bytes(raw[60:64], "big")


def _block_size(source: Source) -> int | None:
    """The eraseblock size: the distance of the first headers."""
    for size in _SIZES:
        if _sound(source.some(size, _HEADER), _BLOCK):
            return size
    return None


def measure(source: Source, offset: int) -> int | None:
    """From eraseblock to eraseblock; one that is erased or damaged does not end the image if sound ones follow."""
    inside = source.part(offset)
    if not _sound(inside.some(0, _HEADER), _BLOCK):
        return None
    size = _block_size(inside)
    if size is None:
        return None
    end = 0
    for at in range(0, len(inside), size):
        if _sound(inside.some(at, _HEADER), _BLOCK):
            end = at + size
        elif at - end > 8 * size:
            break
    return min(end, len(inside))


@dataclass(frozen=True, slots=True)
class _Leb:
    volume: int
    number: int
    static: bool
    size: int
    padding: int
    sequence: int
    at: int
    room: int


def _leb(source: Source, at: int, size: int) -> _Leb | None:
    """The logical eraseblock in the physical one at `at`; None where it is empty."""
    raw = source.read(at, _HEADER)
    if not _sound(raw, _BLOCK):
        return None
    header, data = (int.from_bytes(raw[place : place + 4], "big") for place in (16, 20))
    about = source.some(at + header, _HEADER)
    if not _sound(about, _VOLUME) or not 0 < data < size:
        return None
    volume, number, used, padding = (int.from_bytes(about[place : place + 4], "big") for place in (8, 12, 20, 28))
    sequence = int.from_bytes(about[40:48], "big")
    if padding >= size - data:
        raise DamageError(f"the eraseblock at {at} is all padding")
    return _Leb(volume, number, about[5] == _STATIC, used, padding, sequence, at + data, size - data - padding)


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """Each volume of the users, under its name."""
    size = _block_size(source)
    if size is None:
        raise DamageError("the size of the eraseblocks is not to be seen")
    volumes: dict[int, dict[int, _Leb]] = {}
    for at in range(0, len(source) - size + 1, size):
        budget.spend("steps")
        leb = _leb(source, at, size)
        if leb:
            blocks = volumes.setdefault(leb.volume, {})
            if leb.number not in blocks or blocks[leb.number].sequence < leb.sequence:
                blocks[leb.number] = leb
    names = _names(source, volumes.get(_LAYOUT, {}))
    for number, blocks in sorted(volumes.items()):
        if number < _LAYOUT:
            yield from _volume(source, budget, names.get(number, f"volume-{number}"), blocks)


def _names(source: Source, layout: dict[int, _Leb]) -> dict[int, str]:
    """Names by number, from the first sound copy of the volume table."""
    for leb in layout.values():
        found: dict[int, str] = {}
        for number in range(min(_MOST_VOLUMES, leb.room // _RECORD)):
            raw = source.some(leb.at + number * _RECORD, _RECORD)
            if (
                len(raw) == _RECORD
                and zlib.crc32(raw[:168]) ^ _ALL == int.from_bytes(raw[168:], "big")
                and raw[:4] != bytes(4)
            ):
                found[number] = name_of(raw[16 : 16 + min(int.from_bytes(raw[14:16], "big"), 127)])
        if found:
            return found
    return {}


def _volume(source: Source, budget: Budget, name: str, blocks: dict[int, _Leb]) -> Iterator[Found]:
    """A volume in memory; logical blocks that are not there read as erased."""
    last, room = max(blocks), max(leb.room for leb in blocks.values())
    budget.spend("held", (last + 1) * room)
    missing = b"\xff" * room
    pieces = []
    lost = 0
    for number in range(last + 1):
        leb = blocks.get(number)
        lost += leb is None
        pieces.append(missing if leb is None else _data(source, leb).ljust(0 if leb.static else room, b"\xff"))
    if lost and any(leb.static for leb in blocks.values()):
        yield Note("/" + name, f"{lost} eraseblocks of a static volume are not there", "they read as erased")
    yield Inner(name, whole(b"".join(pieces)))


def _data(source: Source, leb: _Leb) -> bytes:
    return source.read(leb.at, min(leb.size, leb.room) if leb.static else leb.room)


FORMAT = ImageFormat(
    name="ubi",
    title="UBI",
    reference="Linux, drivers/mtd/ubi/ubi-media.h",
    magics=((_BLOCK, 0),),
    measure=measure,
    open=open_image,
)
