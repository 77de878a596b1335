"""In: nothing; this module only names what a log format is. Out: the types each module in `formats/` is made of.

A format is one module of that folder that defines `FORMAT`. It says whether the first lines have its form, and opens a
reader that turns blocks of lines into one table with the columns named here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

    from .lines import Lines

SIDED: Final = ("syns", "packets", "payload", "wire", "tcpflags")
"""Fields of a flow that a log may hold for both sides, as two columns: `packets_a`, `packets_b`."""
_EXAMPLES: Final = 5


@dataclass(slots=True)
class Unread:
    """Counts lines that could not be used, by reason; a reason never holds anything the log said."""

    counts: dict[str, int] = field(default_factory=dict)
    firsts: dict[str, int] = field(default_factory=dict)

    def note(self, reason: str, numbers: NDArray[np.int64]) -> None:
        """The lines `numbers` cannot be used for `reason`."""
        if numbers.size:
            self.counts[reason] = self.counts.get(reason, 0) + int(numbers.size)
            self.firsts.setdefault(reason, int(numbers[0]))

    @property
    def total(self) -> int:
        """How many lines there are in all."""
        return sum(self.counts.values())

    @property
    def reasons(self) -> tuple[str, ...]:
        """Up to five sentences, the most frequent reason first."""
        ranked = sorted(self.counts, key=lambda reason: (-self.counts[reason], self.firsts[reason]))
        return tuple(self._say(reason) for reason in ranked[:_EXAMPLES])

    def _say(self, reason: str) -> str:
        number = self.counts[reason]
        return f"{reason}: {number} {'line' if number == 1 else 'lines'}, first line {self.firsts[reason]}"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a log, one a line.

    `table` has `first` and `last` (Int64, nanoseconds since 1970), `src` and `dst` (String), and, as far as the log
    says, the Int64 columns `aport`, `bport`, `proto`, `vlan`, each of `SIDED` with `_a` and `_b`, the Boolean
    `closed` and the String `service`. What cannot be read is null. `numbers` are the lines' numbers.
    """

    table: "pl.DataFrame"
    numbers: NDArray[np.int64]


class Reader(Protocol):
    """Reads one file, block after block."""

    @property
    def columns(self) -> frozenset[str]:
        """Fields of a flow that this log really knows, so far."""
        ...

    @property
    def one_way(self) -> bool:
        """Whether a row holds one direction only, the answer being another row."""
        ...

    @property
    def left_out(self) -> int:
        """Rows that the log's own form says are no flows of their own: headers repeated, a session's start."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know about this log."""
        ...

    def feed(self, lines: "Lines", unread: Unread) -> Iterator[Rows]:
        """The rows in `lines`, the next of the file; what cannot be used is noted in `unread`."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """One form of log. `recognise` gets the first bytes, perhaps cut in a line, and names the kind of log or None."""

    name: str
    title: str
    reference: str
    recognise: Callable[[bytes], str | None]
    open: Callable[[str, bytes, str], Reader]
    """(kind, first bytes, the file's name for messages) -> a reader."""
