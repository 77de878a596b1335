"""In: a recording. Out: what the display showed as a table, a row a second (RFC 4180); for waves take WFDB or EDF+."""

from pathlib import Path
from typing import Final

from wardwatch.station.recording import Format, Recording
from wardwatch.station.table import Table, beside


def _write(recording: Recording, stem: Path) -> tuple[Path, ...]:
    path = beside(stem)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = Table(file)
        for second in recording.seconds():
            table.add(second)
    return (path,)


EXPORT: Final = Format("csv", "a table of what the display showed", _write)
