"""In: nothing; this module only names what a log format is. Out: the types each module in `formats/` is made of.

A format is one module of that folder that defines `FORMAT`. It says whether the first lines have its form, and opens a
reader that turns blocks of lines into one table with the columns named here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from .unread import Unread

if TYPE_CHECKING:
    import polars as pl

    from .lines import Lines

SIDED: Final = ("syns", "packets", "payload", "wire", "tcpflags")
"""Fields of a flow that a log may hold for both sides, as two columns: `packets_a`, `packets_b`."""


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
