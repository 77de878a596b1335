"""In: a DICOM data set or command set. Out: the few elements that name somebody, or say what is asked.

DICOM PS3.5: elements (7.1), sequences (7.5), character sets (PS3.3, C.12.1.1.2). Elements come in rising order, so
reading stops behind the last group of interest and never sees the pixels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from struct import Struct
from types import MappingProxyType
from typing import Final, Literal

from .charsets import ASCII, LATIN_1, UTF_8, guess

Tag = tuple[int, int]

CHARSET: Final = (0x0008, 0x0005)
_ITEM: Final = (0xFFFE, 0xE000)
_ITEM_END: Final = (0xFFFE, 0xE00D)
_SEQUENCE_END: Final = (0xFFFE, 0xE0DD)
_DELIMITERS: Final = 0xFFFE
_UNDEFINED: Final = 0xFFFF_FFFF
_LONG_LENGTH: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
_LAST_GROUP: Final = 0x0010
_LONGEST_VALUE: Final = 4096
_DEEPEST: Final = 64

_CHARSETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "": ASCII,
        "ISO_IR 6": ASCII,
        "ISO_IR 100": LATIN_1,
        "ISO_IR 101": "iso8859-2",
        "ISO_IR 109": "iso8859-3",
        "ISO_IR 110": "iso8859-4",
        "ISO_IR 144": "iso8859-5",
        "ISO_IR 127": "iso8859-6",
        "ISO_IR 126": "iso8859-7",
        "ISO_IR 138": "iso8859-8",
        "ISO_IR 148": "iso8859-9",
        "ISO_IR 203": "iso8859-15",
        "ISO_IR 13": "shift_jis",
        "ISO_IR 166": "tis_620",
        "ISO_IR 192": UTF_8,
        "GB18030": "gb18030",
        "GBK": "gbk",
        "ISO_IR 87": "iso2022_jp_ext",
        "ISO_IR 159": "iso2022_jp_ext",
        "ISO_IR 149": "euc_kr",
        "ISO_IR 58": "gb2312",
    }
)
_DESIGNATIONS: Final = (b"\x1b$)C", b"\x1b$)A", b"\x1b(B")  # of the sets that then stand in the high half


@dataclass(frozen=True, slots=True)
class Syntax:
    """How elements are laid out: with their VR or without, and in which byte order."""

    explicit: bool
    little: bool = True


IMPLICIT_LITTLE: Final = Syntax(explicit=False)
EXPLICIT_LITTLE: Final = Syntax(explicit=True)
EXPLICIT_BIG: Final = Syntax(explicit=True, little=False)
_LITTLE_TAG, _BIG_TAG = Struct("<HH"), Struct(">HH")


def likely_syntax(raw: bytes) -> Syntax:
    """By the first element, where the association was not seen."""
    vr = raw[4:6]
    if not (len(vr) == 2 and vr.isalpha() and vr.isupper()):  # noqa: PLR2004  # a VR is two letters
        return IMPLICIT_LITTLE
    return EXPLICIT_LITTLE if raw[1:2] == b"\0" else EXPLICIT_BIG


def elements(raw: bytes, syntax: Syntax, last_group: int = _LAST_GROUP) -> Iterator[tuple[Tag, bytes]]:
    """The elements of the outermost level up to `last_group`, values cut to 4 KiB; ends where `raw` is no data set."""
    order: Literal["little", "big"] = "little" if syntax.little else "big"
    tags = _LITTLE_TAG if syntax.little else _BIG_TAG
    place = depth = 0
    while place + 8 <= len(raw) and depth <= _DEEPEST:
        tag = tags.unpack_from(raw, place)
        place += 4
        if syntax.explicit and tag[0] != _DELIMITERS:
            vr = raw[place : place + 2]
            width, place = (4, place + 4) if vr in _LONG_LENGTH else (2, place + 2)
        else:
            width = 4
        if place + width > len(raw):
            return
        size = int.from_bytes(raw[place : place + width], order)
        place += width
        if tag in {_SEQUENCE_END, _ITEM_END}:
            depth -= 1
        elif size == _UNDEFINED:
            depth += 1
        elif depth <= 0 and tag[0] > last_group:
            return
        else:
            if depth <= 0 and place + size <= len(raw):
                yield tag, raw[place : place + min(size, _LONGEST_VALUE)]
            place += size


def read_text(raw: bytes, declared: str) -> tuple[str, str]:
    """A value as text without its padding, and its character set; one it does not fit is said beside the guess."""
    trimmed = raw.rstrip(b" \0")
    if trimmed.isascii() and b"\x1b" not in trimmed:
        return trimmed.decode(ASCII), ASCII
    codec = _codec(declared)
    for designation in _DESIGNATIONS if codec in {"euc_kr", "gb2312"} else ():
        trimmed = trimmed.replace(designation, b"")
    try:
        return trimmed.decode(codec), codec
    except UnicodeDecodeError:
        text, charset = guess(trimmed)
        known = [part for part in declared.split("\\") if part in _CHARSETS or part.replace("2022 ", "_") in _CHARSETS]
        return text, f"{charset} (declared {known[0]})" if known and known[0] else charset


def _codec(declared: str) -> str:
    """Python's codec for the element (0008,0005); with several values the last is the one that adds characters."""
    parts = [part.strip().replace("ISO 2022 IR", "ISO_IR") for part in declared.split("\\")]
    known = [_CHARSETS[part] for part in parts if part in _CHARSETS]
    return next((codec for codec in reversed(known) if codec != ASCII), ASCII)
