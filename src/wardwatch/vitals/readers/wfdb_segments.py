"""In: the header of a WFDB record in several segments. Out: the recording's seconds, put together from its segments.

Source: WFDB Applications Guide, header(5), 'Multi-segment records'. The record line names the number of segments behind
a slash; then a line a segment, its name and its length in frames. A segment of length 0 at the beginning describes the
layout and holds no samples; one named '~' was not recorded. Each segment is a record by itself, beside the header.

A second that lies across a seam is put together from both sides; where the other side means something else by its codes
(another gain or baseline) it counts as not measured. A segment that cannot be read is told, and the rest is read.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from math import ceil
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

import numpy as np

from wardwatch.errors import InputError
from wardwatch.vitals.words import Codes, Second, Wave

from .numerics import Numerics
from .recording import Unread
from .wfdb import SLACK, Rows, missing, second_of, table_of, text_of, told
from .wfdb_header import Segments, Signal, parse, parse_segments
from .wfdb_samples import Group, blocks, groups, invalid


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its files, and from which frame of the record to which it lies."""

    name: str
    parts: tuple[Group, ...]
    start: int
    end: int


_Piece = tuple[int, Signal, int, Codes]
"""A second, a signal, the first frame within the record, its codes."""


@dataclass(slots=True)
class SegmentedRecording:
    """A record of several segments with what its monitor displayed."""

    name: str
    kind: str
    files: tuple[Path, ...]
    start: datetime | None
    rate: float
    segments: tuple[Segment, ...]
    table: Numerics | None
    frames: int
    unread: list[Unread] = field(default_factory=list)

    def seconds(self) -> Iterator[Second]:
        """Every whole second of which something was recorded."""
        rows = Rows(self.table)
        total = int(self.frames / self.rate + SLACK)
        for index, pieces in groupby(self._pieces(), itemgetter(0)):
            if index >= total:
                break
            yield from rows.before(index)
            bounds = (self._frame(index), self._frame(index + 1))
            waves = _joined([piece[1:] for piece in pieces], bounds, self.rate)
            row = rows.at(index)
            if waves or row:
                yield second_of(index, waves, row)
        yield from rows.before(total)
        if self.table:
            self.unread += told(self.table)

    def _frame(self, second: int) -> int:
        """The number of the first frame taken at or after `second`."""
        return max(0, ceil(second * self.rate - SLACK))

    def _pieces(self) -> Iterator[_Piece]:
        """What each segment holds of each second, in order."""
        for segment in self.segments:
            with ExitStack() as stack:
                streams = [stack.enter_context(part.path.open("rb")) for part in segment.parts]
                for index in range(int(segment.start / self.rate + SLACK), ceil(segment.end / self.rate)):
                    first = max(segment.start, self._frame(index))
                    end = min(segment.end, self._frame(index + 1))
                    if first < end:
                        yield from self._of(segment, index, (first, end), streams)

    def _of(self, segment: Segment, index: int, span: tuple[int, int], streams: Sequence[BinaryIO]) -> Iterator[_Piece]:
        local = [frame - segment.start for frame in span]
        for part, stream in zip(segment.parts, streams, strict=True):
            codes = next(blocks(part, local, stream))
            for signal in part.signals:
                yield index, signal, span[0], codes[signal.name]


def _joined(pieces: list[tuple[Signal, int, Codes]], bounds: tuple[int, int], rate: float) -> dict[str, Wave]:
    """The waves of one second from its pieces; what no piece covers was not measured."""
    waves: dict[str, Wave] = {}
    first: dict[str, Signal] = {}
    for signal, start, codes in pieces:
        meaning = first.setdefault(signal.name, signal)
        if _meaning(signal) != _meaning(meaning):
            continue
        wave = waves.get(signal.name)
        if wave is None:
            whole = (bounds[1] - bounds[0]) * signal.per_frame
            begins = bounds[0] * signal.per_frame
            empty = np.full(whole, invalid(signal), np.int32)
            wave = Wave(empty, rate * signal.per_frame, begins, signal.gain, signal.baseline,
                        np.zeros(whole, np.bool_), signal.unit)  # fmt: skip
            waves[signal.name] = wave
        at = (start - bounds[0]) * signal.per_frame
        wave.codes[at : at + len(codes)] = codes
        if wave.valid is not None:
            wave.valid[at : at + len(codes)] = codes != invalid(signal)
    return {name: _simple(wave) for name, wave in waves.items() if wave.measured}


def _meaning(signal: Signal) -> tuple[float, float, str, int]:
    return signal.gain, signal.baseline, signal.unit, signal.per_frame


def _simple(wave: Wave) -> Wave:
    """The same, without a mask where all was measured."""
    if wave.measured < len(wave.codes):
        return wave
    return Wave(wave.codes, wave.rate, wave.first, wave.gain, wave.baseline, None, wave.unit)


def open_segments(path: Path) -> SegmentedRecording:
    """The record whose header lies at `path`; InputError where not one of its segments can be read."""
    record = parse_segments(text_of(path), str(path))
    opening = _Opening(path, record)
    for name, frames in record.entries:
        opening.take(name, frames)
    if not opening.segments:
        raise InputError("not one of its segments can be read", where=str(path),
                         cure="The headers and samples of the segments have to lie beside it.")  # fmt: skip
    frames = opening.segments[-1].end
    if frames < record.rate:
        raise InputError("less than one second of samples", where=str(path))
    table, unread = table_of(path)
    files = (path, *opening.files, *([table.path] if table else []))
    kind = f"WFDB record of {len(record.entries)} segments"
    segments, unread = tuple(opening.segments), [*opening.unread, *unread]
    return SegmentedRecording(path.stem, kind, files, record.start, record.rate, segments, table, frames, unread)


class _Opening:
    """Finds the segments of one record."""

    def __init__(self, path: Path, record: Segments) -> None:
        self.segments: list[Segment] = []
        self.unread: list[Unread] = []
        self.files: list[Path] = []
        self._path, self._record = path, record
        self._at = 0

    def take(self, name: str, frames: int) -> None:
        """The next segment, of so many frames."""
        start, self._at = self._at, self._at + frames
        if name == "~" or not frames:
            return
        header = self._path.with_name(f"{name}.hea")
        try:
            segment, notes = self._opened(header, start, frames)
        except InputError as error:
            span = (start / self._record.rate, self._at / self._record.rate)
            self.unread.append(Unread(f"segment {name}", error.what, "", *span))
            return
        self.segments.append(segment)
        self.unread += notes
        self.files += [path for path in (header, *(part.path for part in segment.parts)) if path not in self.files]

    def _opened(self, path: Path, start: int, frames: int) -> tuple[Segment, list[Unread]]:
        header = parse(text_of(path), str(path))
        if header.rate != self._record.rate:
            raise InputError(
                f"{header.rate:g} samples a second, and {self._record.rate:g} in the record", where=str(path)
            )
        parts = groups(header, path.parent)
        there = [part.frames() for part in parts]
        notes = list(missing(replace(header, frames=frames), parts, there, start))
        return Segment(path.stem, parts, start, start + min(frames, max(there))), notes
