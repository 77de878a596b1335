"""In: an ar archive, as Debian packages and old ipk packages are. Out: its members, read in place."""

from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.format import Entry, Found, ImageFormat
from wardwatch.firmware.image.source import DamageError, Source
from wardwatch.firmware.tree import NodeKind

# ar(5) of FreeBSD; binutils, bfd/archive.c; deb(5).
_MAGIC: Final = b"!<arch>\n"
_HEADER: Final = 60
_END: Final = b"`\n"
_LONGEST_NAME: Final = 4096


def _member(source: Source, at: int) -> tuple[bytes, int, int, int]:
    """Name, mode, size of the member at `at`, and where the next one stands."""
    raw = source.read(at, _HEADER)
    size, mode = raw[48:58].strip(), raw[40:48].strip()
    if raw[58:] != _END or not size.isdigit() or (mode and not mode.isdigit()):
        raise DamageError(f"the header at {at} is no member's")
    following = at + _HEADER + int(size)
    try:
        bits = int(mode or b"0", 8)
    except ValueError as error:
        raise DamageError(f"the mode at {at} is not octal") from error
    return raw[:16].rstrip(), bits & 0o7777, int(size), following + following % 2


def measure(source: Source, offset: int) -> int | None:
    """From member to member."""
    inside = source.part(offset)
    at = len(_MAGIC)
    try:
        while at < len(inside):
            at = _member(inside, at)[3]
    except DamageError:
        return at if at > len(_MAGIC) else None
    return min(at, len(inside)) if at > len(_MAGIC) else None


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """Every member but the symbol tables."""
    at, names = len(_MAGIC), b""
    while at < len(source):
        budget.spend("steps")
        name, mode, size, following = _member(source, at)
        start = at + _HEADER
        at = following
        if name == b"//":
            names = source.read(start, size)
        elif name not in {b"/", b"/SYM64/", b"__.SYMDEF"}:
            yield _entry(source, _full(name, names), mode, (start, size))


def _full(name: bytes, names: bytes) -> bytes:
    """A short name without its closing slash, or a long one from the table."""
    if name[:1] == b"/" and name[1:].isdigit():
        return names[int(name[1:]) :][:_LONGEST_NAME].partition(b"/\n")[0]
    return name.removesuffix(b"/")


def _entry(source: Source, name: bytes, mode: int, place: tuple[int, int]) -> Entry:
    return Entry((name,), NodeKind.FILE, place[1], mode, pieces=lambda: source.pieces(*place))


FORMAT = ImageFormat(
    name="ar",
    title="ar",
    reference="ar(5) of FreeBSD; deb(5)",
    magics=((_MAGIC, 0),),
    measure=measure,
    open=open_image,
)
