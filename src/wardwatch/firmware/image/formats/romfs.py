"""In: a romfs image. Out: its entries, read in place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wardwatch.errors import InputError
from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.format import Entry, Found, ImageFormat
from wardwatch.firmware.image.naming import text_of
from wardwatch.firmware.image.source import DamageError, Source
from wardwatch.firmware.tree import NodeKind, Note

# Linux, Documentation/filesystems/romfs.rst.
_MAGIC: Final = b"-rom1fs-"
_CHECKED: Final = 512
_LONGEST_NAME: Final = 4096
_DEEPEST: Final = 128
_KINDS: Final = {
    1: NodeKind.FOLDER,
    2: NodeKind.FILE,
    3: NodeKind.LINK,
    4: NodeKind.DEVICE,
    5: NodeKind.DEVICE,
}
_RUNNABLE: Final = 0o111


def _text(source: Source, at: int) -> tuple[bytes, int]:
    """A name in blocks of 16 bytes, and where it ends."""
    raw = source.some(at, _LONGEST_NAME)
    end = raw.find(b"\0")
    if end < 0:
        raise DamageError(f"the name at {at} has no end")
    return raw[:end], at + (end + 16 & ~15)


def measure(source: Source, offset: int) -> int | None:
    """By the checksum over its first 512 bytes."""
    size = source.number(offset + 8, 4, "big")
    raw = source.read(offset, min(_CHECKED, size, len(source) - offset) & ~3)
    total = sum(int.from_bytes(raw[at : at + 4], "big") for at in range(0, len(raw), 4))
    return min(size, len(source) - offset) if size > 16 and not total & 0xFFFFFFFF else None  # noqa: PLR2004  # its head


@dataclass(frozen=True, slots=True)
class _Header:
    kind: int
    runs: bool
    next: int
    info: int
    size: int
    name: bytes
    content: int


def _header(source: Source, at: int) -> _Header:
    first, info, size, _ = source.unpack(">4I", at)
    name, content = _text(source, at + 16)
    return _Header(first & 7, bool(first & 8), first & ~15, info, size, name, content)


@dataclass(slots=True)
class _Walk:
    source: Source
    budget: Budget
    seen: set[int] = field(default_factory=set)

    def folder(self, at: int, parts: tuple[bytes, ...]) -> Iterator[Found]:
        """The chain of entries from `at`, and what lies below."""
        where = "/" + text_of(b"/".join(parts))
        try:
            while at:
                if at in self.seen or len(parts) > _DEEPEST:
                    yield Note(where, "the rest of a folder could not be read", "its chain of entries is a circle")
                    return
                self.seen.add(at)
                self.budget.spend("steps")
                header = _header(self.source, at)
                at = header.next
                if header.name not in {b".", b".."}:
                    yield from self.entry(header, (*parts, header.name))
        except InputError as error:
            yield Note(where, "the rest of a folder could not be read", str(error))

    def entry(self, header: _Header, parts: tuple[bytes, ...]) -> Iterator[Found]:
        """One entry; a hard link is read as what it leads to."""
        if header.kind == 0:
            header = _header(self.source, header.info & ~15)
        kind = _KINDS.get(header.kind, NodeKind.OTHER)
        mode = 0o777 if kind is NodeKind.LINK else 0o644 | (_RUNNABLE if header.runs else 0)
        device = (header.info >> 16, header.info & 0xFFFF) if kind is NodeKind.DEVICE else None
        target = self.source.read(header.content, header.size) if kind is NodeKind.LINK else b""
        size = header.size if kind in {NodeKind.FILE, NodeKind.LINK} else 0
        pieces = lambda: self.source.pieces(header.content, header.size)  # noqa: E731  # shorter than a function
        yield Entry(parts, kind, size, mode, target, pieces, device=device)
        if kind is NodeKind.FOLDER:
            yield from self.folder(header.info & ~15, parts)


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """Every entry; the first one behind the volume's name is the root's first."""
    _, first = _text(source, 16)
    yield from _Walk(source, budget).folder(first, ())


FORMAT = ImageFormat(
    name="romfs",
    title="romfs",
    reference="Linux, Documentation/filesystems/romfs.rst",
    magics=((_MAGIC, 0),),
    measure=measure,
    open=open_image,
)
