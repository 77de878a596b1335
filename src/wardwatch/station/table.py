"""In: seconds of a recording. Out: rows of a table of what the display showed, the same beside every format.

Columns: seconds since the first set, the time by the station's clock, numbers, cuff time, alarm limits, messages. An
empty field is a number shown as dashes, or nothing known. A second without a set has no row.
"""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from .recording import Second
from .words import SECOND, Contents, Quantity

SHOWN: Final = (
    Quantity.HR, Quantity.RR, Quantity.SPO2, Quantity.PR,
    Quantity.NIBP_SYS, Quantity.NIBP_DIA, Quantity.NIBP_MAP, Quantity.T1,
)  # fmt: skip
LIMITED: Final = SHOWN
HEADINGS: Final = (
    "time_s", "clock", *(str(each) for each in SHOWN[:7]), "NIBP_time", "T1", "SpO2_probe",
    *(f"{each}_alarm_{part}" for each in LIMITED for part in ("min", "max", "on")), "message",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Table:
    """Writes the headings, then a row for each second."""

    def __init__(self, file: TextIO) -> None:
        self._table = csv.writer(file, lineterminator="\n")
        self._table.writerow(HEADINGS)

    def add(self, second: Second) -> None:
        """One more second."""
        self._table.writerow(row(second))


def beside(stem: Path) -> Path:
    """The table's path, for a recording written as `stem`."""
    return stem.with_name(f"{stem.name}.numerics.csv")


def row(second: Second) -> list[str]:
    """One second."""
    told = second.contents
    shown = [_number(told.shown.get(each)) for each in SHOWN]
    cuff = f"{told.cuff:%Y-%m-%dT%H:%M:%SZ}" if told.cuff else ""
    probe = "" if told.probe is None else ("on" if told.probe else "off")
    clock = datetime.fromtimestamp(second.at / SECOND, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    limits = [part for each in LIMITED for part in _limit(told, each)]
    return [str(second.number), clock, *shown[:7], cuff, shown[7], probe, *limits, _text("; ".join(told.messages))]


def _limit(told: Contents, quantity: Quantity) -> tuple[str, str, str]:
    limit = told.limits.get(quantity)
    return (f"{limit.low:g}", f"{limit.high:g}", str(int(limit.on))) if limit else ("", "", "")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _text(text: str) -> str:
    """A monitor's words, never a formula where a spreadsheet opens the table."""
    return f"'{text}" if text.startswith(_FORMULA) else text
