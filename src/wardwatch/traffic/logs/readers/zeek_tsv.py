"""In: blocks of lines of a Zeek log with tabs. Out: rows of its connections, by whichever header stands above them.

Source: Zeek's documentation of the ASCII log writer (`base/frameworks/logging/writers/ascii.zeek`). Concatenated logs
bring their headers along; each holds until the next one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wardwatch.traffic.logs import delimited, zeek
from wardwatch.traffic.logs.layout import Rows
from wardwatch.traffic.logs.lines import Lines
from wardwatch.traffic.logs.unread import Unread

_WIDEST: Final = 4096
_MOST_HEADERS: Final = 64
NO_HEADER: Final = "no usable #fields header of a connection log above it"


@dataclass(frozen=True, slots=True)
class Header:
    """What the comment lines said last."""

    separator: str = "\t"
    unset: str = "-"
    empty: str = "(empty)"
    path: str = ""
    fields: tuple[str, ...] = ()

    def after(self, line: bytes) -> "Header":
        """The header once `line` is taken into account; unknown lines change nothing."""
        text = line.decode("utf-8", "replace")
        if text.startswith("#separator "):
            return replace(Header(), separator=_unescaped(text.removeprefix("#separator ")))
        name, _, rest = text.partition(self.separator)
        if name == "#fields":
            return replace(self, fields=tuple(rest.split(self.separator)))
        if name == "#unset_field":
            return replace(self, unset=rest)
        if name == "#empty_field":
            return replace(self, empty=rest)
        return replace(self, path=rest) if name == "#path" else self

    @property
    def usable(self) -> bool:
        """Whether rows below it can be read as connections."""
        if len(self.separator.encode()) != 1 or self.separator in '"\n\r' or self.path not in ("", "conn"):
            return False
        return len(self.fields) <= _WIDEST and all(name in self.fields for name in zeek.NEEDED)


def _unescaped(text: str) -> str:
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)


_NONE: Final = Header(separator="")
"""Stands for those above `_MOST_HEADERS` in one block: its rows are not read."""


@dataclass(slots=True)
class ZeekTsv:
    """Reads one file."""

    columns: frozenset[str] = frozenset()
    one_way: bool = False
    left_out: int = 0
    notes: tuple[str, ...] = ()
    _header: Header = field(default_factory=Header)

    def feed(self, lines: Lines, unread: Unread) -> Iterator[Rows]:
        """Rows grouped by header, as one block of a hostile log may hold thousands."""
        headers, which = self._assign(lines)
        for index, header in enumerate(headers):
            part = lines.where(which == index)
            if not len(part):
                continue
            if not header.usable:
                unread.note(NO_HEADER, part.numbers)
                continue
            known = zeek.known(header.fields)
            self.columns = self.columns & known if self.columns else known
            yield Rows(zeek.rows(_table(part, header)), part.numbers)

    def _assign(self, lines: Lines) -> tuple[list[Header], NDArray[np.int64]]:
        """The headers that hold in this block, and for each line the index of its own; -1 for comment lines."""
        comment = lines.begin_with(b"#")
        headers, index, change = {self._header: 0}, 0, np.zeros(len(lines), np.int64)
        for place in np.flatnonzero(comment).tolist():
            self._header = self._header.after(lines.text(place))
            if place + 1 < len(lines) and comment[place + 1]:
                continue  # nothing stands between this comment and the next
            key = self._header if self._header in headers or len(headers) < _MOST_HEADERS else _NONE
            before, index = index, headers.setdefault(key, len(headers))
            change[place] = index - before
        which = np.cumsum(change)
        which[comment] = -1
        return list(headers), which


def _table(lines: Lines, header: Header) -> pl.DataFrame:
    place = {name: header.fields.index(name) for name in zeek.FIELDS if name in header.fields}
    table = delimited.columns(lines, header.separator, list(place.values()), quoted=False)
    unset = [header.unset, header.empty]
    return table.select(
        pl.col(str(place[name])).replace(unset, [None, None]).alias(name)
        if name in place
        else pl.lit(None, pl.String).alias(name)
        for name in zeek.FIELDS
    )
