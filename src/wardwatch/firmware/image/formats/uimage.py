"""In: a legacy U-Boot image. Out: its payload, or each payload of a multi-file image, as an image inside."""

import zlib
from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.format import Found, ImageFormat, Inner
from wardwatch.firmware.image.source import Source
from wardwatch.firmware.tree import Note

# U-Boot, include/image.h, struct legacy_img_hdr.
_MAGIC: Final = b"\x27\x05\x19\x56"
_HEADER: Final = 64
_MULTI: Final = 4
_TYPES: Final = {
    1: "standalone",
    2: "kernel",
    3: "ramdisk",
    4: "multi",
    5: "firmware",
    6: "script",
    7: "filesystem",
    8: "device-tree",
    14: "kernel-noload",
}
_MOST: Final = 64


def measure(source: Source, offset: int) -> int | None:
    """By the checksum of the header."""
    raw = source.read(offset, _HEADER)
    if zlib.crc32(raw[:4] + bytes(4) + raw[8:]) != int.from_bytes(raw[4:8], "big"):
        return None
    size = int.from_bytes(raw[12:16], "big")
    return min(_HEADER + size, len(source) - offset)


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """The payload; the header says what it is."""
    size, crc = source.number(12, 4, "big"), source.number(24, 4, "big")
    kind = source.number(30, 1, "big")
    there = len(source) - _HEADER
    if size > there:
        yield Note("/", "the image is cut off", f"it says that it has {size} bytes and there are {there}")
    elif zlib.crc32(source.read(_HEADER, size)) != crc:
        yield Note("/", "the checksum of the payload does not hold", "it was changed after it was made", is_gap=False)
    payload = source.part(_HEADER, min(size, there))
    if kind != _MULTI:
        yield Inner(_TYPES.get(kind, "payload"), payload)
        return
    yield from _several(payload, budget)


def _several(payload: Source, budget: Budget) -> Iterator[Found]:
    """A list of sizes that ends with 0, then the payloads, each padded to four bytes."""
    sizes: list[int] = []
    while (size := payload.number(4 * len(sizes), 4, "big")) and len(sizes) < _MOST:
        budget.spend("steps")
        sizes.append(size)
    at = 4 * len(sizes) + 4
    for number, size in enumerate(sizes):
        yield Inner(f"payload-{number}", payload.part(at, size))
        at += -(-size // 4) * 4


FORMAT = ImageFormat(
    name="uimage",
    title="U-Boot legacy",
    reference="U-Boot, include/image.h",
    magics=((_MAGIC, 0),),
    measure=measure,
    open=open_image,
)
