"""In: paths of flow logs. Out: batches of flow records, and for each log how much of it was read and what was not."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from wardwatch.errors import InputError, LimitError
from wardwatch.plugins import modules

from .described import cells, opened, recognised
from .layout import Format, Reader
from .mapping import LogMapping, load
from .source import Place, Source, open_source
from .unread import Unread

if TYPE_CHECKING:
    from .addresses import AddressBook, Network

FORMATS: Final = "wardwatch.traffic.logs.formats"
_MOST_ROWS: Final = 2**32 - 1
_SHOWN_COLUMNS: Final = 6
Batch = Callable[[NDArray[np.void]], None]


@dataclass(frozen=True, slots=True)
class LogFile:
    """One log as it was read. `rows` became records; `rows_unread` could not, `left_out` are no flows of their own."""

    path: str
    kind: str
    bytes: int
    sha256: str | None
    lines: int
    rows: int
    rows_unread: int
    left_out: int
    reasons: tuple[str, ...]
    first: int | None
    last: int | None
    columns: frozenset[str]
    notes: tuple[str, ...] = ()
    cut: str = ""
    """Why the log was not read to its end; empty where it was."""


@dataclass(frozen=True, slots=True)
class LogResult:
    """All logs of one reading."""

    files: tuple[LogFile, ...]

    @property
    def columns(self) -> frozenset[str]:
        """Fields of a flow that every log which held rows knows."""
        known = [file.columns for file in self.files if file.rows]
        return frozenset.intersection(*known) if known else frozenset()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the report should know about these logs."""
        return tuple(note for file in self.files for note in file.notes)


@dataclass(slots=True)
class _Task:
    """What is the same for all logs of one reading."""

    book: "AddressBook"
    services: Mapping[str, int]
    batch: Batch
    next_id: int = 1

    def hand_on(self, records: NDArray[np.void]) -> None:
        """Number the records and give them to the caller."""
        if not len(records):
            return
        if self.next_id + len(records) > _MOST_ROWS:
            raise LimitError("more than 4,294,967,295 rows", cure="Give wardwatch the logs of fewer days at once.")
        records["id"] = np.arange(self.next_id, self.next_id + len(records), dtype=np.uint32)
        self.next_id += len(records)
        self.batch(records)


@dataclass(slots=True)
class _Progress:
    """What has been read of one log."""

    rows: int = 0
    first: int | None = None
    last: int | None = None
    unread: Unread = field(default_factory=Unread)

    def add(self, records: NDArray[np.void]) -> None:
        if not len(records):
            return
        self.rows += len(records)
        first, last = int(records["first"].min()), int(records["last"].max())
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)


def sniff(head: bytes) -> str | None:
    """Which kind of log begins with the unpacked bytes `head`; None where none does. Quick, and never raises."""
    found = _recognise(head)
    return found[1] if found else None


def _recognise(head: bytes) -> tuple[Format, str] | None:
    for module in modules(FORMATS, "FORMAT"):
        kind = module.FORMAT.recognise(head)
        if kind:
            return module.FORMAT, kind
    return None


def read(  # noqa: PLR0913  # one keyword for each thing a caller decides
    paths: Sequence[Place],
    *,
    mapping: Path | None,
    local: "Sequence[Network]",
    known: "Sequence[Network]",
    batch: Batch,
    progress: Callable[[int], None] | None = None,
    digest: bool = False,
    services: Mapping[str, int] | None = None,
) -> LogResult:
    """Read the logs at `paths`, `-` for standard input, and hand their flows to `batch` as FLOW records.

    `mapping` is tried first, then every known form. `progress` is told the bytes read since it was last called.
    `services` says which `codec` stands for a service that the log names. InputError where a log cannot be read at
    all; what cannot be read within one is counted in the result.
    """
    from .addresses import AddressBook  # noqa: PLC0415  # polars is slow to load

    own = load(mapping) if mapping else None
    task = _Task(AddressBook(local=local, known=known), services or {}, batch)
    files = []
    for index, place in enumerate(paths):
        with closing(open_source(place, progress, digest=digest)) as source:
            files.append(_read_one(source, own, task, index))
    return LogResult(tuple(files))


def _read_one(source: Source, own: LogMapping | None, task: _Task, index: int) -> LogFile:
    kind, reader = _reader(source, own)
    done = _Progress()
    for records in _records(source, reader, task, done, index):
        task.hand_on(records)
    return LogFile(
        path=source.name,
        kind=kind,
        bytes=source.size,
        sha256=source.sha256,
        lines=source.lines,
        rows=done.rows,
        rows_unread=done.unread.total,
        left_out=reader.left_out,
        reasons=done.unread.reasons,
        first=done.first,
        last=done.last,
        columns=reader.columns | ({"codec"} if task.services else frozenset()),
        notes=tuple(f"{source.name}: {note}" for note in (*source.notes, *reader.notes)),
        cut="; ".join(source.notes),
    )


def _records(source: Source, reader: Reader, task: _Task, done: _Progress, index: int) -> Iterator[NDArray[np.void]]:
    from .pairing import Pairing  # noqa: PLC0415  # loaded with the readers
    from .records import convert  # noqa: PLC0415  # polars is slow to load

    pairing = Pairing() if reader.one_way else None
    for block in source.blocks(done.unread):
        for rows in reader.feed(block.usable(done.unread), done.unread):
            records = convert(rows, task.book, done.unread, index, task.services)
            done.add(records)
            yield pairing.add(records) if pairing else records
    if pairing:
        yield pairing.finish()


def _reader(source: Source, own: LogMapping | None) -> tuple[str, Reader]:
    head = source.head
    if own and recognised(head, own):
        return own.name, opened(head, own, source.name)
    found = _recognise(head)
    if found is None:
        raise _unknown(head, source.name)
    kind, name = found
    return name, kind.open(name, head, source.name)


def _unknown(head: bytes, where: str) -> InputError:
    if not head:
        return InputError("it holds nothing", where=where, cure="Give wardwatch the log itself.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return InputError("a text in UTF-16", where=where, cure="Save it as UTF-8 and try again.")
    names = [name for name in cells(head.split(b"\n", 1)[0][:2000], ",") if name][:_SHOWN_COLUMNS]
    seen = f": its first line begins with {', '.join(name[:40] for name in names)}" if names else ""
    return InputError(
        f"no flow log that wardwatch knows{seen}",
        where=where,
        cure="Write a mapping file for it, as docs/flow-logs.md shows, and give it with --mapping.",
    )
