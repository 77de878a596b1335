"""In: frames in order of time, and how bad the capture point is. Out: a pcap file, a frame at a time.

The ward's traffic goes on undisturbed; it is the capture that misses, swaps or repeats packets, as an overloaded
mirror port does. What it did is counted by kind, so the truth can say it. File form: draft-ietf-opsawg-pcap, both the
microsecond and the nanosecond magic, little-endian, link type Ethernet.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from struct import Struct
from typing import Any, BinaryIO, Final, cast

from .events import MICROSECOND, SECOND, Event

_FILE: Final = Struct("<IHHiIII")
_RECORD: Final = Struct("<IIII")
_MAGIC: Final = {MICROSECOND: 0xA1B2C3D4, 1: 0xA1B23C4D}
_SNAP: Final = 262_144
_ETHERNET: Final = 1
_BUFFER: Final = 1 << 20


@dataclass(slots=True)
class CapturePoint:
    """Shares of packets, 0 to 1, that the capture loses, swaps with the same actor's next one, or records twice."""

    loss: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    source: Random = field(default_factory=Random)
    counts: Counter[str] = field(default_factory=Counter)
    lost_by_actor: Counter[int] = field(default_factory=Counter)

    def see(self, events: Iterable[Event]) -> Iterator[tuple[int, bytes]]:
        """What is recorded of `events`: time and frame, times never falling."""
        if not (self.loss or self.reorder or self.duplicate):
            yield from ((event.time, event.frame) for event in events)
            return
        held: dict[int, bytes] = {}
        clock = 0
        for event in events:
            clock = max(clock, event.time)
            for frame in self._recorded(event, held):
                yield clock, frame
        yield from ((clock, frame) for frame in held.values())

    def _recorded(self, event: Event, held: dict[int, bytes]) -> Iterator[bytes]:
        if self.loss and self.source.random() < self.loss:
            self.counts["lost"] += 1
            self.lost_by_actor[event.actor] += 1
            return
        if self.reorder and event.actor not in held and self.source.random() < self.reorder:
            self.counts["reordered"] += 1
            held[event.actor] = event.frame
            return
        yield event.frame
        if self.duplicate and self.source.random() < self.duplicate:
            self.counts["duplicated"] += 1
            yield event.frame
        if event.actor in held:
            yield held.pop(event.actor)


def records(frames: Iterable[tuple[int, bytes]], resolution: int = MICROSECOND) -> Iterator[bytes]:
    """A pcap file, piece by piece. `resolution`: nanoseconds a tick, 1 or 1000."""
    yield _FILE.pack(_MAGIC[resolution], 2, 4, 0, 0, _SNAP, _ETHERNET)
    for time, frame in frames:
        yield _RECORD.pack(time // SECOND, time % SECOND // resolution, len(frame), len(frame)) + frame


@contextmanager
def output(path: Path) -> Iterator[BinaryIO]:
    """`path` for writing, compressed if it ends in `.gz` or `.zst`; it appears under its name once it is complete."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb", buffering=_BUFFER) as raw, _compressed(raw, path.suffix) as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _compressed(raw: BinaryIO, suffix: str) -> AbstractContextManager[BinaryIO]:
    """The same bytes for the same content: neither form holds a name or the time of day."""
    if suffix == ".gz":
        from isal import igzip  # noqa: PLC0415  # paid for only by those who compress

        opened: Any = igzip
        return cast("AbstractContextManager[BinaryIO]", opened.IGzipFile(filename="", mode="wb", fileobj=raw, mtime=0))
    if suffix == ".zst":
        from zstandard import ZstdCompressor  # noqa: PLC0415  # as above

        writer = ZstdCompressor(level=3).stream_writer(raw, closefd=False)
        return cast("AbstractContextManager[BinaryIO]", writer)
    return nullcontext(raw)
