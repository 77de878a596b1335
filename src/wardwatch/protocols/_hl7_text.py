"""In: the bytes of one HL7 v2 message. Out: its segments, fields, repetitions and components as text.

HL7 v2.5.1, chapter 2: separators from MSH-1 and MSH-2 (2.5.4), escape sequences (2.7), character set from MSH-18
(2.15.9.18, table 0211). The whole message is decoded before it is split, since in Shift-JIS, Big-5 and GB 18030 the
second byte of a character can be a separator.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from .charsets import ASCII, LATIN_1, UTF_8, guess

# HL7 table 0211, with Python's codecs. The switching sets of Japan are one codec, whichever of them is named.
_CHARSETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ASCII": ASCII,
        "ISO IR6": ASCII,
        "8859/1": LATIN_1,
        **{f"8859/{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 15)},
        "UNICODE UTF-8": UTF_8,
        "UNICODE": UTF_8,
        "UTF-8": UTF_8,
        "GB 18030-2000": "gb18030",
        "BIG-5": "cp950",
        "KS X 1001": "euc_kr",
        "ISO IR14": "shift_jis",
        "ISO IR87": "iso2022_jp_ext",
        "ISO IR159": "iso2022_jp_ext",
        "SHIFT-JIS": "cp932",
        "SHIFT_JIS": "cp932",
    }
)
_CHARSET_FIELD: Final = 17  # MSH-18, since MSH-1 is the separator itself
_SWITCHING: Final = "iso2022_jp_ext"
_DEFAULTS: Final = "^~\\&"
_MOST_SEGMENTS: Final = 20_000
_NULL: Final = '""'  # 2.5.3: the value is deleted


class Separators(NamedTuple):
    """The five characters of a message: field, component, repetition, escape, sub-component."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    sub: str = "&"


class Parsed:
    """One message, split on demand. `incomplete`: its end is missing, so its last segment is left out."""

    def __init__(self, raw: bytes, *, incomplete: bool = False) -> None:
        self.separators, self._splitting = _marks(raw[:16])
        self._codec, self._declared = _declared(raw)
        text, self._guessing = self._decode(raw)
        lines = (text.replace("\n", "\r") if "\n" in text else text).split("\r", _MOST_SEGMENTS)
        self.lines = list(filter(None, lines[:-1] if incomplete else lines))
        """The segments, not yet split."""

    @property
    def reading(self) -> tuple[Separators, str, str, bool]:
        """What, with a line itself, decides how the line is read: two lines alike in both say the same."""
        return self.separators, self._codec, self._declared, self._guessing

    def fields(self, line: str, most: int = -1) -> list[str]:
        """A segment as its fields: field n is entry n, except in MSH, where it is entry n - 1."""
        return line.split(self.separators.field, most)

    def repetitions(self, segment: list[str], place: int) -> list[list[str]]:
        """Each repetition of the field at `place` as its components, still escaped; empty ones are left out."""
        field = segment[place] if place < len(segment) else ""
        if not field or field == _NULL:
            return []
        marks = self.separators
        return [repetition.split(marks.component) for repetition in field.split(marks.repetition) if repetition]

    def is_plain(self, field: str) -> bool:
        """Whether the field is one component of plain letters, so that there is nothing to take apart."""
        return field.isascii() and (field.isalnum() or (field != _NULL and self._splitting.isdisjoint(field)))

    def first(self, segment: list[str], place: int, component: int = 0) -> str:
        """One component of the first repetition, unescaped; empty where it is not there."""
        if place >= len(segment) or not segment[place]:
            return ""
        for components in self.repetitions(segment, place)[:1]:
            if component < len(components):
                return self.read(components[component])[0]
        return ""

    def read(self, component: str) -> tuple[str, str]:
        """A component without escapes, its sub-components parted by blanks, and the character set it was read in."""
        marks = self.separators
        if not component or component == _NULL:
            return "", ASCII
        if component.isascii() and marks.sub not in component and marks.escape not in component:
            return component.strip(), ASCII
        charset = ASCII if component.isascii() else self._codec
        if self._guessing and not component.isascii():
            component, charset = guess(component.encode(LATIN_1))
            charset = f"{charset} (declared {self._declared})" if self._declared else charset
        parts = [part.strip() for part in component.split(marks.sub)]
        if marks.escape in component:
            parts = [_escapes(marks.escape).sub(self._unescaped, part) for part in parts]
        text = " ".join(part for part in parts if part)
        return text, self._codec if charset == ASCII and not text.isascii() else charset

    def _decode(self, raw: bytes) -> tuple[str, bool]:
        if raw.isascii() and b"\x1b" not in raw:  # a switching set is seven bits wide, too
            return raw.decode(ASCII), False
        with suppress(UnicodeDecodeError):
            return raw.decode(self._codec), False
        return raw.decode(LATIN_1), True

    def _unescaped(self, found: re.Match[str]) -> str:
        marks, what = self.separators, found[1]
        known = {"F": marks.field, "S": marks.component, "T": marks.sub, "R": marks.repetition, "E": marks.escape}
        if what in known:
            return known[what]
        if what in {"H", "N"}:  # highlighting
            return ""
        if what == ".br":
            return " "
        if what[0] == "X":
            try:
                return guess(bytes.fromhex(what[1:]))[0]
            except ValueError:
                return found[0]
        return found[0]


@lru_cache(64)
def _escapes(mark: str) -> re.Pattern[str]:
    return re.compile("{0}([^{0}\r\n]{{1,512}}){0}".format(re.escape(mark)))


@lru_cache(256)
def _marks(begin: bytes) -> tuple[Separators, frozenset[str]]:
    """The separators, and those that take a field apart."""
    head = begin.decode(LATIN_1)
    field = head[3:4]
    chosen = head[4:].split(field, 1)[0][:4] if field else ""
    given = chosen + _DEFAULTS[len(chosen) :]
    marks = Separators(field or "|", *given)
    distinct = len({marks.field, marks.component, marks.repetition, marks.escape, marks.sub})
    if distinct != 5 or "\r" in given:  # noqa: PLR2004  # five of them
        marks = Separators(field or "|")
    return marks, frozenset(marks[1:])


def _declared(raw: bytes) -> tuple[str, str]:
    """Python's codec for MSH-18, and MSH-18 as far as it is one of table 0211; without it, seven-bit ASCII."""
    header = raw[:4096].partition(b"\r")[0].partition(b"\n")[0].split(raw[3:4] or b"|", _CHARSET_FIELD + 1)
    return _known(header[_CHARSET_FIELD]) if len(header) > _CHARSET_FIELD else (ASCII, "")


@lru_cache(256)
def _known(field: bytes) -> tuple[str, str]:
    named = field.decode(LATIN_1).upper()
    parts = [part.strip() for part in named.split("~")]
    known = [(_CHARSETS[part], part) for part in parts if part in _CHARSETS]
    switching = [(codec, part) for codec, part in known if codec == _SWITCHING]
    codec, name = (switching or known or [(ASCII, "unknown" if named else "")])[0]
    return codec, name
