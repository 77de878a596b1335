"""In: the bytes of a program, a library or a kernel. Out: which known software is in it, in which version.

It is known by its strings; the patterns are data in `knowledge/components`.
A kernel's own compression is undone within bounds.
"""

import lzma
import re
import zlib
from functools import cache
from typing import Final, NamedTuple

from wardwatch.knowledge.catalogue import components as known_components

MOST_KERNEL: Final = 48 << 20
_U_BOOT: Final = b"\x27\x05\x19\x56"
_U_BOOT_HEADER: Final = 64
_ZIMAGE: Final = b"\x18\x28\x6f\x01"
_ZIMAGE_BIG: Final = b"\x01\x6f\x28\x18"
_MOST_PAYLOADS: Final = 4


class Software(NamedTuple):
    """Known software in some version."""

    name: str
    version: str
    kind: str
    cpe: str
    source: str


class _Pattern(NamedTuple):
    marker: bytes
    pattern: re.Pattern[bytes]
    name: str
    kind: str
    cpe: str
    source: str


@cache
def _patterns() -> tuple[_Pattern, ...]:
    return tuple(
        _Pattern(
            entry["marker"].encode(),
            re.compile(entry["pattern"].encode()),
            entry["name"],
            entry["kind"],
            entry["cpe"],
            entry["source"],
        )
        for entry in known_components()
    )


def versions(data: bytes) -> tuple[Software, ...]:
    """Each known software once, in the version its string names first."""
    found = []
    for entry in _patterns():
        at = data.find(entry.marker)
        while at >= 0:
            hit = entry.pattern.search(data, max(0, at - 64), at + 256)
            if hit:
                version = next(group for group in hit.groups() if group).decode("ascii", "replace")
                cpe = entry.cpe.format(version=version) if entry.cpe else ""
                found.append(Software(entry.name, version, entry.kind, cpe, entry.source))
                break
            at = data.find(entry.marker, at + 1)
    return tuple(found)


def is_kernel(data: bytes) -> bool:
    """Whether it has the form of a kernel image: U-Boot's header, ARM zImage, x86 bzImage, or the banner itself."""
    return (
        data[:4] == _U_BOOT
        or data[0x24:0x28] in {_ZIMAGE, _ZIMAGE_BIG}
        or data[0x202:0x206] == b"HdrS"
        or b"Linux version " in data[: 64 << 20]
    )


def kernel_version(data: bytes) -> str:
    """The version a kernel image names: in its banner, plain or compressed, else in U-Boot's header."""
    for plain in (data, *_inflated(data)):
        found = re.search(rb"Linux version (\d{1,3}\.\d{1,3}[-.+\w]{0,60})", plain)
        if found:
            return found[1].decode()
    named = (
        re.match(rb"[Ll]inux[- ](?:[Kk]ernel[- ])?(\d+\.\d+[-.+\w]{0,24})", data[32:_U_BOOT_HEADER])
        if data[:4] == _U_BOOT
        else None
    )
    return named[1].decode() if named else ""


def _inflated(data: bytes) -> tuple[bytes, ...]:
    """The payloads of a kernel that unpacks itself: the first that can be read, as far as the bound."""
    out: list[bytes] = []
    for magic in (b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\x5d\0\0"):
        at, tried = data.find(magic), 0
        while at >= 0 and tried < _MOST_PAYLOADS:
            plain = _unpacked(data[at:], magic)
            if len(plain) > 1 << 16:
                return (*out, plain)
            tried += 1
            at = data.find(magic, at + 1)
    return tuple(out)


def _unpacked(data: bytes, magic: bytes) -> bytes:
    try:
        if magic[0] == 0x1F:  # noqa: PLR2004  # gzip, RFC 1952
            return zlib.decompressobj(wbits=31).decompress(data, MOST_KERNEL)
        form = lzma.FORMAT_XZ if magic[0] == 0xFD else lzma.FORMAT_ALONE  # noqa: PLR2004  # the .xz format, section 2.1.1.1
        return lzma.LZMADecompressor(format=form, memlimit=256 << 20).decompress(data, MOST_KERNEL)
    except (zlib.error, lzma.LZMAError, EOFError, ValueError):
        return b""
