"""In: nothing. Out: what one format of images is to the rest, and what it yields: entries, inner images, notes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from wardwatch.firmware.tree import NodeKind, Note

from .budget import Budget
from .source import Source

PACKAGE: Final = "wardwatch.firmware.image.formats"


@dataclass(frozen=True, slots=True)
class Hole:
    """`size` bytes of a file that could not be read, and why; they are read as zeros."""

    size: int
    why: str


Pieces = Callable[[], Iterator[bytes | Hole]]
"""A file's content from its beginning."""


HEAD: Final = 2048
"""Enough of a file to recognise every format by: ext has its magic at 0x438."""


def nothing() -> Iterator[bytes | Hole]:
    """No content."""
    return iter(())


def zeros(size: int) -> Iterator[bytes]:
    """`size` zeros in pieces of bounded size."""
    block = bytes(min(size, 1 << 16))
    while size > 0:
        yield block[:size]
        size -= len(block)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the format names it: `parts` are the names on the way to it, raw, each without the separator.

    `same_as` names another entry whose content this one shares (a hard link). `head` gives the first bytes where that
    is cheaper than beginning to read the whole.
    """

    parts: tuple[bytes, ...]
    kind: NodeKind
    size: int = 0
    mode: int = 0
    target: bytes = b""
    pieces: Pieces = nothing
    device: tuple[int, int] | None = None
    hard_links: int = 1
    same_as: tuple[bytes, ...] | None = None
    head: Pieces | None = None


@dataclass(frozen=True, slots=True)
class Inner:
    """An image inside: a compressed stream's content, a partition, a payload. `name` is what it is called there.

    `used` is how many bytes a stream took. `named` payloads stay visible as a file of their own.
    """

    name: str
    source: Source
    used: int = 0
    named: bool = False


Found = Entry | Inner | Note


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """One format.

    `magics` are bytes with their place after the beginning; `measure(source, offset)` says how long the image at
    `offset` is, or None where none is, by its own header and cheaply; `open` yields what a source of that length holds.
    `is_stream`: one content without a name (gzip), so that the entries are those of the content; how long it is shows
    only when it is read, so `measure` gives an upper bound. `carved`: also looked for in the midst of a flash image.
    """

    name: str
    title: str
    reference: str
    magics: tuple[tuple[bytes, int], ...]
    measure: Callable[[Source, int], int | None]
    open: Callable[[Source, Budget], Iterator[Found]]
    is_stream: bool = False
    carved: bool = True


_KINDS: Final = {
    0o040000: NodeKind.FOLDER,
    0o100000: NodeKind.FILE,
    0o120000: NodeKind.LINK,
    0o020000: NodeKind.DEVICE,
    0o060000: NodeKind.DEVICE,
}


def kind_of(mode: int) -> NodeKind:
    """What the file type in a Unix mode says."""
    return _KINDS.get(mode & 0o170000, NodeKind.OTHER)


def split(name: bytes) -> tuple[bytes, ...]:
    """The names in an archive's path; '.' and empty ones mean nothing, '..' is kept to be made harmless."""
    return tuple(part for part in name.split(b"/") if part not in {b"", b"."})


def device_of(number: int) -> tuple[int, int]:
    """Major and minor of a device number as Linux packs it (new_encode_dev)."""
    return (number >> 8) & 0xFFF, (number & 0xFF) | ((number >> 12) & 0xFFF00)
