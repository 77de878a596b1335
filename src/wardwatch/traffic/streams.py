"""In: a capture and one codec. Out: what each conversation of that codec carried, in order, as it is read.

For those who want more of one protocol than its messages: bytes are handed on with the packet that brought them, holes
as such, and not kept. Who the two ends were is known at the end.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wardwatch.protocols.codec import Codec, Transport

from .capture import CaptureResult, examine
from .kernel import Settings
from .networks import text_of
from .opening import Source
from .reassembly import Mark, Piece, Stream
from .rows import Batch

MOST_STREAMS: Final = 4096


class Place(NamedTuple):
    """One direction of one conversation. `channel`: the same for all conversations of one side with one port."""

    flow: int
    side: int
    channel: int


Take = Callable[[Place, Piece], bool]
"""Gets bytes of a direction; False where no more of it is wanted."""


@dataclass(slots=True)
class Streams:
    """What was read: the capture's account, the ends of each conversation, and how many there was no room for."""

    result: CaptureResult | None = None
    ends: dict[int, tuple[str, str]] = field(default_factory=dict)
    refused: int = 0


class _Sink:
    """Reassembles each direction and hands it on at once."""

    def __init__(self, take: Take, streams: Streams) -> None:
        self._take, self._streams = take, streams
        self._open: dict[Place, Stream] = {}
        self._done: set[Place] = set()

    def segments(self, batch: Batch) -> Iterator[tuple[int, int]]:
        """Payload conversation after conversation, each as it was captured."""
        for segment in batch:
            place = Place(segment.flow, segment.side, segment.channel)
            stream = self._stream(place)
            if stream is None:
                continue
            mark = Mark(segment.file, segment.number, segment.time)
            for piece in stream.add(segment.seq, segment.data, segment.length, segment.flags, mark):
                self._hand(place, piece)
        yield from ()

    def retired(self, flows: NDArray[np.void]) -> None:
        """Whose conversations they were."""
        for record in flows:
            version = int(record["ver"])
            a, b = (text_of(version, record[side].tobytes()) for side in ("a", "b"))
            if int(record["codec"]):
                self._streams.ends[int(record["id"])] = (a, b)

    def finish(self) -> None:
        """What waited behind holes."""
        for place, stream in self._open.items():
            for piece in stream.finish():
                self._hand(place, piece)

    def _stream(self, place: Place) -> Stream | None:
        if place in self._done:
            return None
        stream = self._open.get(place)
        if stream is None:
            if len(self._open) >= MOST_STREAMS:
                self._streams.refused += 1
                self._done.add(place)
                return None
            stream = self._open[place] = Stream()
        return stream

    def _hand(self, place: Place, piece: Piece) -> None:
        if place not in self._done and not self._take(place, piece):
            self._done.add(place)


def read(source: Source, codec: Codec, take: Take, progress: Callable[[int], None] | None = None) -> Streams:
    """Every TCP conversation that has a signature of `codec`; InputError where `source` is no capture."""
    marks = tuple((1, mark) for mark in codec.signatures if mark.transport is Transport.TCP)
    streams = Streams()
    sink = _Sink(take, streams)
    streams.result = examine([source], Settings(local=(), signatures=marks), sink, progress, digest=True)
    sink.finish()
    return streams
