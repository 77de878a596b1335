"""In: blocks of lines of which some end in a summary. Out: rows, the summaries left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from wardwatch.traffic.logs.layout import Reader, Rows
from wardwatch.traffic.logs.lines import Lines
from wardwatch.traffic.logs.unread import Unread


@dataclass(slots=True)
class Footed:
    """Hands on to `reader` what does not stand between a line beginning with one of `footers` and the next header."""

    reader: Reader
    footers: Sequence[bytes]
    header_text: bytes
    _below: bool = False

    @property
    def columns(self) -> frozenset[str]:
        """Those of the reader."""
        return self.reader.columns

    @property
    def one_way(self) -> bool:
        """As the reader says."""
        return self.reader.one_way

    @property
    def left_out(self) -> int:
        """Those of the reader; a summary is no row."""
        return self.reader.left_out

    @property
    def notes(self) -> tuple[str, ...]:
        """Those of the reader."""
        return self.reader.notes

    def feed(self, lines: Lines, unread: Unread) -> Iterator[Rows]:
        """The rows of one block."""
        change = np.zeros(len(lines) + 1, np.int8)
        change[0] = 1 if self._below else -1
        for footer in self.footers:
            change[1:][lines.begin_with(footer)] = 1
        change[1:][lines.begin_with(self.header_text)] = -1
        latest = np.maximum.accumulate(np.where(change != 0, np.arange(change.size), 0))
        below = change[latest] > 0
        self._below = bool(below[-1])
        yield from self.reader.feed(lines.where(~below[1:]), unread)
