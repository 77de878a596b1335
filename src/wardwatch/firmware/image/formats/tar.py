"""In: a tar archive (ustar, GNU, pax). Out: its entries, read in place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.format import Entry, Found, ImageFormat, split
from wardwatch.firmware.image.naming import text_of
from wardwatch.firmware.image.source import DamageError, Source
from wardwatch.firmware.tree import NodeKind, Note

# POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, section "Basic Tar Format".
_BLOCK: Final = 512
_LONGEST_TEXT: Final = 1 << 16
_KINDS: Final = {
    b"0": NodeKind.FILE,
    b"\0": NodeKind.FILE,
    b"7": NodeKind.FILE,
    b"1": NodeKind.FILE,
    b"2": NodeKind.LINK,
    b"3": NodeKind.DEVICE,
    b"4": NodeKind.DEVICE,
    b"5": NodeKind.FOLDER,
}
_WITHOUT_CONTENT: Final = frozenset(b"123456")


@dataclass(slots=True)
class _Header:
    name: bytes
    mode: int
    size: int
    type: bytes
    link: bytes
    device: tuple[int, int]


def _octal(raw: bytes) -> int:
    """A number in octal digits, or in base 256 where the first bit is set (GNU)."""
    if raw[0] & 0x80:
        return int.from_bytes(raw[1:], "big")
    digits = raw.strip(b" \0")
    try:
        return int(digits, 8) if digits else 0
    except ValueError as error:
        raise DamageError("a number is not octal") from error


def _header(source: Source, offset: int) -> _Header | None:
    """The header at `offset`; None at the end of the archive; DamageError where its checksum does not hold."""
    raw = source.read(offset, _BLOCK)
    if not raw.strip(b"\0"):
        return None
    if sum(raw[:148]) + 8 * 32 + sum(raw[156:]) != _octal(raw[148:156]):
        raise DamageError(f"the checksum of the header at {offset} does not hold")
    name = raw[:100].partition(b"\0")[0]
    prefix = raw[345:500].partition(b"\0")[0] if raw[257:263] == b"ustar\0" else b""
    device = _octal(raw[329:337]), _octal(raw[337:345])
    link = raw[157:257].partition(b"\0")[0]
    full = prefix + b"/" + name if prefix else name
    return _Header(full, _octal(raw[100:108]), _octal(raw[124:136]), raw[156:157], link, device)


def _end(offset: int, header: _Header) -> int:
    size = 0 if header.type in {bytes([code]) for code in _WITHOUT_CONTENT} else header.size
    return offset + _BLOCK + -(-size // _BLOCK) * _BLOCK


def measure(source: Source, offset: int) -> int | None:
    """By the first header's checksum; from header to header up to the two blocks of zeros."""
    at = offset
    while at + _BLOCK <= len(source):
        try:
            header = _header(source, at)
        except DamageError:
            return None if at == offset else at - offset
        if header is None:
            return _padded(source, at) - offset if at > offset else None
        at = _end(at, header)
    return len(source) - offset


def _padded(source: Source, at: int) -> int:
    """The end of the zeros that close an archive: two blocks, and up to 19 that fill the record of 20."""
    end = at
    while end < len(source) and end - at < 21 * _BLOCK and not source.some(end, _BLOCK).strip(b"\0"):
        end += _BLOCK
    return min(end, len(source))


@dataclass(slots=True)
class _More:
    """What extended headers say about the entry that follows."""

    facts: dict[bytes, bytes] = field(default_factory=dict)

    def take(self, header: _Header, content: bytes) -> bool:
        """Whether the header was one that speaks of the next."""
        if header.type in {b"L", b"K"}:
            self.facts[b"path" if header.type == b"L" else b"linkpath"] = content.rstrip(b"\0")
            return True
        if header.type == b"x":
            self.facts |= _records(content)
        return header.type in {b"x", b"g"}

    def applied(self, header: _Header) -> _Header:
        """The header with what the extended ones said, which is then forgotten."""
        header.name = self.facts.get(b"path", header.name)
        header.link = self.facts.get(b"linkpath", header.link)
        if self.facts.get(b"size", b"").isdigit():
            header.size = int(self.facts[b"size"][:18])
        self.facts = {}
        return header


def _records(content: bytes) -> dict[bytes, bytes]:
    """The records of a pax header: 'length key=value' and a line feed each."""
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(content):
        digits = content[at : at + 10].partition(b" ")[0]
        if not digits.isdigit() or not int(digits):
            break
        key, _, value = content[at + len(digits) + 1 : at + int(digits) - 1].partition(b"=")
        found[key] = value
        at += int(digits)
    return found


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """Every entry in the order of the archive."""
    at, more = 0, _More()
    while at + _BLOCK <= len(source):
        budget.spend("steps")
        header = _header(source, at)
        if header is None:
            return
        size = min(header.size, _LONGEST_TEXT)
        if more.take(header, source.some(at + _BLOCK, size) if header.type in {b"L", b"K", b"x"} else b""):
            at = _end(at, header)
            continue
        header = more.applied(header)
        yield from _entry(source, at, header)
        at = _end(at, header)
    yield Note("/", "the archive is cut off", "it has no end", is_gap=at > len(source))


def _entry(source: Source, at: int, header: _Header) -> Iterator[Found]:
    kind = _KINDS.get(header.type, NodeKind.OTHER)
    parts = split(header.name)
    if header.name.endswith(b"/") and kind is NodeKind.FILE:
        kind = NodeKind.FOLDER
    if not parts:
        return
    where = "/" + text_of(b"/".join(parts))
    if header.type == b"S":
        yield Note(where, "a sparse file was not read", "GNU's sparse entries are not understood")
    if header.type == b"1":
        yield Entry(parts, kind, mode=header.mode & 0o7777, same_as=split(header.link))
        return
    device = header.device if kind is NodeKind.DEVICE else None
    size = header.size if kind is NodeKind.FILE else len(header.link) if kind is NodeKind.LINK else 0
    mode = header.mode & 0o7777
    yield Entry(parts, kind, size, mode, header.link, lambda: source.pieces(at + _BLOCK, size), device=device)
    if kind is NodeKind.FILE and at + _BLOCK + size > len(source):
        yield Note(where, "a file is cut off", "the archive ends before it")


FORMAT = ImageFormat(
    name="tar",
    title="tar",
    reference="POSIX.1-2017, pax, ustar Interchange Format; GNU tar manual",
    magics=((b"ustar", 257),),
    measure=measure,
    open=open_image,
)
