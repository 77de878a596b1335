"""In: the first bytes of a log and a mapping. Out: whether the one describes the other, and a reader by it."""

import csv
import re
from dataclasses import dataclass
from typing import Final

from wardwatch.errors import InputError

from .layout import Reader
from .mapping import LogMapping

_SEARCHED: Final = 50
"""Lines behind the skipped ones among which the header, or a line of the right form, must stand."""
_WIDEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Header:
    """The header line of a table: its names, its number from 1, and its bytes without the line end."""

    names: tuple[str, ...]
    number: int
    text: bytes


def header(head: bytes, mapping: LogMapping) -> Header | None:
    """The first line that names every column the mapping needs."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")[: mapping.skip_rows + _SEARCHED]
    for number, line in enumerate(lines[mapping.skip_rows :], mapping.skip_rows + 1):
        if not all(name.encode() in line for name in mapping.needs):
            continue
        names = cells(line, mapping.delimiter)
        if len(names) <= _WIDEST and set(mapping.needs) <= set(names):
            return Header(names, number, line.rstrip(b"\r"))
    return None


def cells(line: bytes, delimiter: str) -> tuple[str, ...]:
    """The cells of one line, blanks around them removed; none where the line is not of CSV's form."""
    text = line.decode("utf-8", "replace").replace("\0", " ").strip()
    try:
        return tuple(cell.strip() for row in csv.reader([text], delimiter=delimiter) for cell in row)
    except csv.Error:
        return ()


def recognised(head: bytes, mapping: LogMapping) -> bool:
    """Whether the first lines have the form that `mapping` describes."""
    if mapping.layout == "table":
        return header(head, mapping) is not None
    needs = [_needle(name, mapping.layout) for name in mapping.needs]
    lines = head.split(b"\n")[mapping.skip_rows :][:_SEARCHED]
    return any(all(need.search(line) for need in needs) for line in lines)


def _needle(name: str, layout: str) -> re.Pattern[bytes]:
    plain = re.escape(name.encode())
    return re.compile(rb'(?:^|[\s,;"])' + plain + rb"=" if layout == "pairs" else plain)


def opened(head: bytes, mapping: LogMapping, where: str) -> Reader:
    """A reader of the log that begins with `head`; InputError where the mapping cannot be carried out."""
    from .readers.mapped import Mapped, check  # noqa: PLC0415  # polars is slow to load

    check(mapping)
    if mapping.layout != "table":
        return Mapped(mapping)
    found = header(head, mapping)
    if found is None:
        raise InputError(
            f"its first lines do not name the columns that the mapping '{mapping.name}' needs",
            where=where,
            cure="Compare the mapping's 'needs' with the log's header line.",
        )
    return Mapped(mapping, found.names, found.number, found.text)
