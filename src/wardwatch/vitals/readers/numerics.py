"""In: a CSV table of displayed values, a row a second. Out: each row as what was shown, and what was not readable.

The columns are described in docs/vitals.md. A field that is no number counts as not known and is told; an empty one
means that the display showed dashes.
"""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from wardwatch.errors import InputError
from wardwatch.vitals.words import Limits, Quantity

_MOST_COLUMNS: Final = 256
_LONGEST_LINE: Final = 1 << 16
_LAST_SECOND: Final = 10**10


@dataclass(frozen=True, slots=True)
class Row:
    """What the display showed at second `index`."""

    index: int
    shown: Mapping[str, float | None]
    limits: Mapping[str, Limits]
    message: str | None = None
    clock: datetime | None = None
    probe: bool | None = None
    cuff: datetime | None = None


@dataclass(slots=True)
class Trouble:
    """What of a table was not used."""

    fields: int = 0
    rows: int = 0
    first_line: int = 0

    def note(self, line: int, *, row: bool = False) -> None:
        """One field, or a whole row, of this line could not be read."""
        self.first_line = self.first_line or line
        self.rows += row
        self.fields += not row


@dataclass(slots=True)
class Numerics:
    """An opened table; `trouble` is complete once the rows have been read."""

    path: Path
    trouble: Trouble = field(default_factory=Trouble)

    def rows(self) -> Iterator[Row]:
        """Rows in order of time; a row that goes back in time or has no time is left out and told."""
        try:
            with self.path.open(encoding="utf-8", errors="replace", newline="") as stream:
                yield from self._rows(stream)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=str(self.path)) from error

    def _rows(self, stream: TextIO) -> Iterator[Row]:
        columns = self._columns(stream)
        last = -1
        for number, words in enumerate(_lines(stream), 2):
            if words == []:
                continue
            row = self._row(columns, words or [], number)
            if row is None or row.index <= last:
                self.trouble.note(number, row=True)
                continue
            last = row.index
            yield row

    def _columns(self, stream: TextIO) -> dict[str, int]:
        names = next(_lines(stream), None) or []
        columns = {name.strip().removeprefix("\ufeff"): place for place, name in enumerate(names)}
        if "time_s" not in columns or len(names) > _MOST_COLUMNS:
            cure = "Its first line has to name the columns, one of them time_s."
            raise InputError("not a table of displayed values", where=str(self.path), cure=cure)
        return columns

    def _row(self, columns: Mapping[str, int], words: list[str], number: int) -> Row | None:
        texts = {name: words[place].strip() for name, place in columns.items() if place < len(words)}
        time = _number(texts.get("time_s", ""))
        if time is None or not 0 <= time < _LAST_SECOND:
            return None
        shown = {name: self._value(texts[name], number) for name in Quantity if name in texts}
        limits = {str(name): limit for name in Quantity if (limit := self._limits(texts, name, number))}
        return Row(
            int(time),
            {str(name): value for name, value in shown.items() if value is None or not math.isnan(value)},
            limits,
            texts.get("message"),
            self._moment(texts.get("clock", ""), number),
            {"on": True, "off": False}.get(texts.get("SpO2_probe", "")),
            self._moment(texts.get("NIBP_time", ""), number),
        )

    def _value(self, text: str, number: int) -> float | None:
        """None for dashes, NaN for what is no number."""
        if not text:
            return None
        value = _number(text)
        if value is None:
            self.trouble.note(number)
        return math.nan if value is None else value

    def _limits(self, texts: Mapping[str, str], name: str, number: int) -> Limits | None:
        parts = [texts.get(f"{name}_alarm_{part}") for part in ("min", "max", "on")]
        if not any(parts):
            return None
        low, high, on = (self._value(part or "", number) for part in parts)
        low, high = (None if value is None or math.isnan(value) else value for value in (low, high))
        return Limits(low, high, None if on is None or math.isnan(on) else on != 0)

    def _moment(self, text: str, number: int) -> datetime | None:
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.trouble.note(number)
            return None


def _lines(stream: TextIO) -> Iterator[list[str] | None]:
    """Each line's fields; None for a line that cannot be a row. A quote never reaches beyond its line."""
    while text := stream.readline(_LONGEST_LINE):
        if len(text) >= _LONGEST_LINE and not text.endswith("\n"):
            while (rest := stream.readline(_LONGEST_LINE)) and not rest.endswith("\n"):
                pass
            yield None
            continue
        try:
            yield next(csv.reader([text.replace("\0", "")]), [])
        except csv.Error:
            yield None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < _LAST_SECOND else None
