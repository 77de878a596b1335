"""In: the path of a WFDB header, its samples and its table of displayed values beside it. Out: the recording's seconds.

A last second that is not whole is left out. Without the table nothing is known of the display.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Final

import numpy as np

from wardwatch.errors import InputError
from wardwatch.vitals.words import Codes, Second, Wave

from .numerics import Numerics, Row
from .recording import Unread
from .wfdb_header import LARGEST, Header, Signal, parse
from .wfdb_samples import Group, blocks, groups, invalid

_AT_ONCE: Final = 32  # seconds decoded at once
SLACK: Final = 1e-6  # of a frame: rates such as 1/0.008 are not exact


@dataclass(slots=True)
class WfdbRecording:
    """A record with what its monitor displayed."""

    name: str
    kind: str
    files: tuple[Path, ...]
    start: datetime | None
    header: Header
    parts: tuple[Group, ...]
    table: Numerics | None
    frames: int
    unread: list[Unread] = field(default_factory=list)

    def seconds(self) -> Iterator[Second]:
        """Every whole second; one in which nothing at all was recorded is left out."""
        rows = Rows(self.table)
        with ExitStack() as stack:
            streams = [stack.enter_context(part.path.open("rb")) for part in self.parts]
            total = int(self.frames / self.header.rate + SLACK)
            for begin in range(0, total, _AT_ONCE):
                seconds = range(begin, min(begin + _AT_ONCE, total))
                bounds = [self._frame(second) for second in (*seconds, seconds[-1] + 1)]
                found = [
                    (part, next(blocks(part, [bounds[0], bounds[-1]], stream)))
                    for part, stream in zip(self.parts, streams, strict=True)
                ]
                for place, index in enumerate(seconds):
                    waves = _cut(found, bounds, place, self.header.rate)
                    row = rows.at(index)
                    if waves or row:
                        yield second_of(index, waves, row)
        if self.table:
            self.unread += told(self.table)

    def _frame(self, second: int) -> int:
        """The number of the first frame taken at or after `second`."""
        return max(0, ceil(second * self.header.rate - SLACK))


def told(table: Numerics) -> list[Unread]:
    """What of a table, once it has been read, was not used."""
    trouble = table.trouble
    if not trouble.fields and not trouble.rows:
        return []
    what = f"{trouble.fields} fields and {trouble.rows} rows of {table.path.name}"
    return [Unread(what, f"no numbers, or out of order; the first in line {trouble.first_line}")]


def table_of(path: Path) -> tuple[Numerics | None, list[Unread]]:
    """The table of displayed values beside the header at `path`, or what is to be said without it."""
    table = path.with_suffix(".numerics.csv")
    if table.is_file():
        return Numerics(table), []
    return None, [Unread("the displayed values", f"there is no {table.name} beside the record")]


class Rows:
    """Rows of the table by second, read as far as needed."""

    def __init__(self, table: Numerics | None) -> None:
        self._rows = table.rows() if table else iter(())
        self._next = next(self._rows, None)

    def before(self, index: int) -> Iterator[Second]:
        """Seconds of which nothing but what was displayed is known, up to `index`."""
        while self._next is not None and self._next.index < index:
            yield second_of(self._next.index, {}, self._next)
            self._next = next(self._rows, None)

    def at(self, index: int) -> Row | None:
        """The row of this second; those before it are passed over."""
        while self._next is not None and self._next.index < index:
            self._next = next(self._rows, None)
        found = self._next
        if found is None or found.index != index:
            return None
        self._next = next(self._rows, None)
        return found


def _cut(
    found: list[tuple[Group, dict[str, Codes]]], bounds: list[int], place: int, rate: float
) -> dict[str, Wave]:  # fmt: skip
    """The waves of one second; a signal of which nothing was measured in it is left out."""
    waves = {}
    for part, codes in found:
        for signal in part.signals:
            first, end = bounds[place] * signal.per_frame, bounds[place + 1] * signal.per_frame
            skipped = bounds[0] * signal.per_frame
            piece = codes[signal.name][first - skipped : end - skipped]
            wave = _wave(signal, piece, first, rate * signal.per_frame) if len(piece) == end - first else None
            if wave is not None:
                waves[signal.name] = wave
    return waves


def _wave(signal: Signal, codes: Codes, first: int, rate: float) -> Wave | None:
    valid = codes != invalid(signal)
    measured = int(np.count_nonzero(valid))
    if not measured:
        return None
    mask = None if measured == len(codes) else valid
    return Wave(codes, rate, first, signal.gain, signal.baseline, mask, signal.unit)


def second_of(index: int, waves: dict[str, Wave], row: Row | None) -> Second:
    """A second of these waves, with what its row of the table says."""
    if row is None:
        return Second(index, waves)
    return Second(index, waves, row.shown, row.limits, row.message, row.clock, row.probe, row.cuff)


def open_wfdb(path: Path) -> WfdbRecording:
    """The record whose header lies at `path`; InputError with what is wrong with it."""
    header = parse(text_of(path), str(path))
    parts = groups(header, path.parent)
    there = [part.frames() for part in parts]
    frames = max(there) if header.frames is None else min(header.frames, max(there))
    if frames < header.rate:
        raise InputError("less than one second of samples", where=str(parts[0].path))
    table, unread = table_of(path)
    files = (path, *(part.path for part in parts), *([table.path] if table else []))
    unread = [*missing(header, parts, there), *unread]
    return WfdbRecording(path.stem, "WFDB record", files, header.start, header, parts, table, frames, unread)


def missing(header: Header, parts: tuple[Group, ...], there: list[int], after: int = 0) -> Iterator[Unread]:
    """What the header announces and the files do not hold; `after`: frames of the recording before this record."""
    whole = header.frames if header.frames is not None else max(there)
    for part, frames in zip(parts, there, strict=True):
        if frames < whole:
            why = f"{part.path.name} ends there; the header announces {whole / header.rate:.0f} s"
            for signal in part.signals:
                begins, ends = (after + frames) / header.rate, (after + whole) / header.rate
                yield Unread(f"signal {signal.name}", why, signal.name, begins, ends)


def text_of(path: Path) -> str:
    """The text of a header, if it is short enough to be one."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if len(data) > LARGEST:
        raise InputError("not a WFDB header: it is longer than any", where=str(path), cure="Name the .hea file.")
    return data.decode("latin-1")
