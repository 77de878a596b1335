"""In: captures in chunks. Out: flow records, the payload of those worth keeping, and counts of what was not decoded.

The typed face of the C library beside it (kernel.h names its parts). Python owns no packet: the library keeps the flow
table, hands segments and retired records on in batches, and everything else is numbers.
"""

import ctypes
from collections.abc import Iterable
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from wardwatch.errors import UsageError
from wardwatch.traffic.rows import APART, NO_MORE, Batch
from wardwatch.traffic.table import FLOW

from .library import COUNTER, SEGMENT, Report, loaded
from .lining import line_up
from .names import REMARKS, counter_name
from .settings import Network, Prepared, Settings

RECORD_LIMIT: Final = 384 * 1024
"""Records of a capture longer than this are skipped and counted: a buffer needs a little more to make progress."""

STOPPED: Final = ("", "not a capture", "damaged", "unknown version")
FORMATS: Final = ("", "pcap", "pcapng")

__all__ = ["APART", "NO_MORE", "Batch", "Counter", "Kernel", "Network", "Settings", "Sink", "Walked"]


class _Much(NamedTuple):
    """From how much on segments are handed on."""

    bytes: int
    segments: int


_MANY: Final = _Much(5 << 20, 28_000)
"""Below what the kernel's arena holds while it still takes packets in (ARENA_BYTES - ARENA_ROOM, ARENA_SEGMENTS)."""
_MANY_BEGUN: Final = 1024
"""Conversations: their reader keeps a few thousand open, and closes those that are over between two batches."""
_MANY_UNSURE: Final = _Much(768 * 1024, 4096)
"""Where a conversation is kept in the hope that its codec is told before its budget ends."""


class Counter(NamedTuple):
    """What was not decoded, or is worth a remark: packets and their bytes on the wire."""

    name: str
    packets: int
    bytes: int
    decoded: bool
    """The packets were decoded all the same."""


class Walked(NamedTuple):
    """What the kernel says of one file. Offsets and bytes count in the uncompressed capture."""

    format: str
    """'pcap', 'pcapng', or '' where it is neither."""
    packets: int
    decoded: int
    """Packets that reached a flow or wait as fragments."""
    cut: int
    """Packets of which the capture holds only the beginning."""
    bytes: int
    first: int | None
    """Nanoseconds since 1970 of the earliest packet."""
    last: int | None
    linktypes: dict[int, int]
    """Packets by link type."""
    stopped: str
    """One of STOPPED: why the rest could not be read."""
    stopped_at: int
    resyncs: int
    """Places of damage after which the next sound record was searched."""
    resync_bytes: int
    resync_at: int
    oversize: int
    oversize_bytes: int
    timeless: int
    undeclared: int
    tail: int
    """Bytes of an unfinished record at the end."""


class Sink(Protocol):
    """Who takes what leaves the kernel."""

    def segments(self, batch: Batch) -> Iterable[tuple[int, int]]:
        """Payload, in the order of the packets within each flow; answers flows with a wish.

        A wish is the codec a flow turned out to have, NO_MORE, or APART: one side after the other from now on.
        """
        ...

    def retired(self, flows: npt.NDArray[np.void]) -> None:
        """FLOW records that no later packet will change; they lie in the kernel's memory, so copy what must last."""
        ...


class _Nobody:
    """A sink for those who only want the flow table."""

    def segments(self, batch: Batch) -> Iterable[tuple[int, int]]:
        return [(run.flow, NO_MORE) for run in batch.runs]

    def retired(self, flows: npt.NDArray[np.void]) -> None:
        """Nobody takes them."""


def _view(address: int, count: int, dtype: np.dtype[np.void]) -> npt.NDArray[np.void]:
    """The kernel's own memory as an array; copy what must last."""
    raw = memoryview((ctypes.c_char * (count * dtype.itemsize)).from_address(address))
    return np.frombuffer(raw.cast("B"), dtype, count)


def _copy(records: npt.NDArray[np.void], places: npt.NDArray[np.intp]) -> npt.NDArray[np.void]:
    """The records at `places`, copied as plain words: NumPy would copy structures field by field."""
    words = records.view(np.uint64).reshape(-1, FLOW.itemsize // 8)
    return words.take(places, axis=0).view(FLOW).reshape(-1)


class Kernel:
    """Reads captures, one after the other, into one flow table. Use as a context manager, or call `close()`."""

    def __init__(self, settings: Settings, sink: Sink | None = None) -> None:
        self._library = loaded()
        self._sink = sink or _Nobody()
        self._prepared = Prepared(settings)
        self._handle = self._library.ww_open(ctypes.byref(self._prepared.structure))
        if not self._handle:
            raise UsageError("the kernel refuses these settings, or there is no memory for so many flows")
        self._report: Report = self._library.ww_report(self._handle).contents
        self._tail = 0

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Frees the kernel's memory."""
        self.close()

    def begin(self, file_index: int) -> None:
        """Start a file; flows and fragments of the files before it go on."""
        self._tail = 0
        self._library.ww_begin(self._handle, file_index & 0xFFFF)

    def feed(self, data: memoryview, *, final: bool = False) -> int:
        """Take in what follows; the number of bytes used. The rest belongs in front of the next call's data.

        `final`: nothing follows. Nothing more is used once the file is known to be unreadable (see `Walked.stopped`).
        """
        array = np.frombuffer(data, np.uint8)
        return self._feed(array.ctypes.data, len(array), final=final)

    def _feed(self, address: int, size: int, *, final: bool) -> int:
        used = 0
        while True:
            step: int = self._library.ww_feed(self._handle, address + used, size - used, final)
            used += step
            if not self._drain(enough=True) and not step:
                self._tail = size - used
                return used

    def feed_at(self, address: int, size: int) -> int:
        """Like `feed`, from a buffer whose address the caller knows."""
        return self._feed(address, size, final=False)

    def end(self, rest: memoryview | bytes = b"") -> Walked:
        """Finish the file, given the bytes that `feed` did not use; what was seen of it."""
        if len(rest):
            self.feed(memoryview(rest), final=True)
        report = self._report
        known = int(report.nlinktypes)
        linktypes = dict(zip(report.linktypes[:known], report.linktype_packets[:known], strict=True))
        return Walked(
            format=FORMATS[report.format],
            packets=report.packets,
            decoded=report.decoded,
            cut=report.cut,
            bytes=report.offset,
            first=report.first if report.first <= report.last else None,
            last=report.last if report.first <= report.last else None,
            linktypes=linktypes,
            stopped=STOPPED[report.stopped],
            stopped_at=report.stopped_at,
            resyncs=report.resyncs,
            resync_bytes=report.resync_bytes,
            resync_at=report.resync_at,
            oversize=report.oversize,
            oversize_bytes=report.oversize_bytes,
            timeless=report.timeless,
            undeclared=report.undeclared,
            tail=self._tail,
        )

    def finish(self) -> None:
        """No file follows: count the fragments still waiting. Flows stay, see `flows`."""
        self._library.ww_finish(self._handle)
        self._drain(enough=False)

    def _drain(self, *, enough: bool) -> bool:
        """Hand segments and retired records on; whether there were any. With `enough`, segments only if many wait.

        Much at a time, so that what belongs together is read together, and Python's own code stays in the processor's
        cache for a while; well before the kernel has to wait for it.
        """
        report = self._report
        segments, retired = report.segments_ready, report.retired_ready
        many = _MANY_UNSURE if report.unsure else _MANY
        if enough and report.arena_used < many.bytes and segments < many.segments and report.begun < _MANY_BEGUN:
            segments = 0
        if segments:
            self._hand_on(segments)
            self._library.ww_segments_fetched(self._handle)
        if retired:
            self._sink.retired(_view(self._library.ww_retired(self._handle), retired, FLOW))
            self._library.ww_retired_fetched(self._handle)
        return bool(segments or retired)

    def _hand_on(self, count: int) -> None:
        rows = _view(self._library.ww_segments(self._handle), count, SEGMENT)
        batch = line_up(rows, self._library.ww_arena(self._handle), int(self._report.arena_used))
        for flow, wish in self._sink.segments(batch):
            if wish > 0:
                self._library.ww_adopt(self._handle, flow, wish)
            elif wish == APART:
                self._library.ww_apart(self._handle, flow)
            else:
                self.drop(flow)

    def drop(self, flow: int) -> None:
        """Stop keeping the payload of `flow`, and take its codec away; a flow that has left the table is no error."""
        self._library.ww_drop(self._handle, flow)

    def flows(self) -> npt.NDArray[np.void]:
        """Copies of the FLOW records in the table, in order of first packet time."""
        return self.take(self.order())

    def order(self) -> npt.NDArray[np.intp]:
        """Where in the table the live records lie, in order of first packet time, then of id."""
        live = self._live()
        places = np.flatnonzero(live["id"])
        return places[np.lexsort((live["id"][places], live["first"][places]))]

    def take(self, places: npt.NDArray[np.intp]) -> npt.NDArray[np.void]:
        """Copies of the records at `places` of the table."""
        return _copy(self._live(), places)

    def _live(self) -> npt.NDArray[np.void]:
        slots = self._library.ww_slots(self._handle)
        return _view(self._library.ww_flows(self._handle), slots, FLOW) if slots else np.zeros(0, FLOW)

    def counters(self) -> tuple[Counter, ...]:
        """What was not decoded so far, most packets first."""
        rows = _view(self._library.ww_counters(self._handle), int(self._report.ncounters), COUNTER).tolist()
        named = [(counter_name(kind, value), packets, size) for kind, value, packets, size in rows]
        listed = [Counter(name, packets, size, name in REMARKS) for name, packets, size in named]
        return tuple(sorted(listed, key=lambda line: (-line.packets, line.name)))

    @property
    def evicted(self) -> int:
        """Flows that had to leave a full table."""
        return int(self._report.evicted)

    @property
    def flows_seen(self) -> int:
        """Flows opened so far."""
        return int(self._report.flows_seen)

    @property
    def segments_total(self) -> int:
        """Segments handed on so far."""
        return int(self._report.segments_total)

    def layout(self) -> list[int]:
        """Offsets and sizes as the C compiler laid them out; see `ww_layout` in kernel.c."""
        count = self._library.ww_layout(None, 0)
        numbers = (ctypes.c_uint32 * count)()
        self._library.ww_layout(numbers, count)
        return list(numbers)

    def close(self) -> None:
        """Free the kernel's memory; harmless when done twice."""
        handle, self._handle = self._handle, None
        if handle:
            self._library.ww_close(handle)
