"""In: lines and a delimiter. Out: chosen columns as text, exactly one row a line.

polars parses; two measures make it safe for lines an attacker wrote: a first line of our own fixes the number of
columns, and the number of rows must be that of the lines.
"""

import csv
from collections.abc import Sequence
from io import BytesIO

import polars as pl

from .lines import Lines


def columns(lines: Lines, delimiter: str, indices: Sequence[int], *, quoted: bool) -> pl.DataFrame:
    """Columns `indices` (from 0) as String columns named '0', '4', ...; null where a line has too few.

    With `quoted`, RFC 4180's quotation marks are obeyed within a line; see `Lines.closed`.
    """
    wanted = sorted(set(indices))
    quoted = quoted and b'"' in lines.data
    try:
        table = _parse(lines.data, delimiter, wanted, quote='"' if quoted else None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):  # a mark where RFC 4180 allows none
        return _line_by_line(lines, delimiter, wanted, quoted=quoted)
    # A parser that counts otherwise would shift rows against their numbers.
    return table if table.height == len(lines) else _line_by_line(lines, delimiter, wanted, quoted=quoted)


def _line_by_line(lines: Lines, delimiter: str, wanted: Sequence[int], *, quoted: bool) -> pl.DataFrame:
    """The same, slowly and without complaint: a broken line spoils no other line of its block."""
    rows = [_cells(lines.text(index), delimiter, quoted=quoted) for index in range(len(lines))]
    cells = {str(place): [row[place] if place < len(row) else None for row in rows] for place in wanted}
    return pl.DataFrame(cells, dict.fromkeys(cells, pl.String))


def _cells(line: bytes, delimiter: str, *, quoted: bool) -> list[str]:
    text = line.decode("utf-8", "replace")
    if not quoted:
        return text.split(delimiter)
    try:
        return next(csv.reader([text.replace("\0", "\ufffd")], delimiter=delimiter), [])
    except csv.Error:  # a cell longer than csv's limit
        return []


def _parse(data: bytes, delimiter: str, wanted: Sequence[int], quote: str | None) -> pl.DataFrame:
    width = max(wanted[-1] + 1, 2)
    # The first line of our own also keeps polars from unpacking data that begins like a packed file.
    first = delimiter.encode() * (width - 1) + b"\n"
    table = pl.read_csv(
        BytesIO(first + data),
        has_header=False,
        separator=delimiter,
        quote_char=quote,
        schema={f"column_{index + 1}": pl.String for index in range(width)},
        columns=list(wanted),
        truncate_ragged_lines=True,
        encoding="utf8-lossy",
    )
    table.columns = [str(index) for index in wanted]
    return table.slice(1)
