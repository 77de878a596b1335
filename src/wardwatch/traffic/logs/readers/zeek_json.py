"""In: blocks of lines of a Zeek connection log as JSON, one object a line. Out: rows.

polars reads a block at once; a block it refuses is read again line by line, so that one broken line costs only itself.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
import polars as pl

from wardwatch.traffic.logs import zeek
from wardwatch.traffic.logs.layout import Rows
from wardwatch.traffic.logs.lines import Lines
from wardwatch.traffic.logs.unread import Unread

_OPENING: Final = tuple(b"{ \t")
"""How a line with an object begins. polars gets no other: it would unpack what begins like a packed file."""
NO_OBJECT: Final = "not a JSON object"
OTHER_LOG: Final = "a line of another Zeek log, not of a connection"
_SCHEMA: Final = dict.fromkeys((*zeek.FIELDS, "_path"), pl.String)


@dataclass(slots=True)
class ZeekJson:
    """Reads one file."""

    columns: frozenset[str] = frozenset()
    one_way: bool = False
    left_out: int = 0
    notes: tuple[str, ...] = ()

    def feed(self, lines: Lines, unread: Unread) -> Iterator[Rows]:
        """The connections of one block."""
        opened = np.isin(lines.codes[lines.starts], _OPENING)
        unread.note(NO_OBJECT, lines.numbers[~opened])
        lines = lines.where(opened)
        if not len(lines):
            return
        table = _table(lines)
        objects = table["_path"].is_not_null().to_numpy()
        unread.note(NO_OBJECT, lines.numbers[~objects])
        fits = table["_path"].is_in(["conn", ""]).fill_null(value=False).to_numpy()
        unread.note(OTHER_LOG, lines.numbers[objects & ~fits])
        kept = table.filter(pl.Series(fits))
        present = [name for name in zeek.FIELDS if kept[name].null_count() < kept.height]
        self.columns |= zeek.known(present)
        yield Rows(zeek.rows(kept), lines.numbers[fits])


def _table(lines: Lines) -> pl.DataFrame:
    """One row a line; `_path` is '' where the object has none, and null where the line is no object."""
    try:
        table = pl.read_ndjson(BytesIO(lines.data), schema=_SCHEMA)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return _line_by_line(lines)
    if table.height != len(lines):
        return _line_by_line(lines)
    return table.with_columns(pl.col("_path").fill_null(""))


def _line_by_line(lines: Lines) -> pl.DataFrame:
    objects = [_object(lines.text(index)) for index in range(len(lines))]
    return pl.DataFrame({name: [entry.get(name) for entry in objects] for name in _SCHEMA}, _SCHEMA)


def _object(line: bytes) -> dict[str, str]:
    try:
        content = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    plain = {name: _plain(content[name]) for name in _SCHEMA if content.get(name) is not None}
    return {"_path": ""} | plain


def _plain(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()  # a lone surrogate is no text
