"""In: a capture. Out: the vital signs of every monitor whose central-station stream is in it, examined one by one."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from wardwatch.errors import InputError
from wardwatch.plugins import modules
from wardwatch.protocols.codec import Codec, Transport
from wardwatch.traffic.reassembly import Piece
from wardwatch.traffic.streams import Place, Streams, read
from wardwatch.vitals.examine import DISAGREES, Answer, Examination
from wardwatch.vitals.readers.live import Connection, Numbered
from wardwatch.vitals.readers.recording import Unread
from wardwatch.vocabulary import Device, Examined, Gap

MOST_MONITORS: Final = 512
_PROBE: Final = 4096
_SURE: Final = 0.5
_PROFILE: Final = "contec-cms8000"


@dataclass(slots=True)
class _Monitor:
    """One sender of streams, and the conversations it had."""

    numbered: Numbered = field(default_factory=Numbered)
    examination: Examination = field(default_factory=Examination)
    flows: list[tuple[int, int]] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    lost: int = 0


class _Ward:
    """Everybody whose stream is in the capture."""

    def __init__(self, codec: Codec) -> None:
        self.monitors: dict[tuple[int, int], _Monitor] = {}
        self.refused: Counter[int] = Counter()
        self._codec = codec
        self._connections: dict[Place, tuple[_Monitor, Connection]] = {}
        self._probes: dict[Place, list[Piece]] = {}

    def take(self, place: Place, piece: Piece) -> bool:
        """Bytes of one direction; whether more of it is wanted."""
        known = self._connections.get(place)
        if known is not None:
            _feed(*known, piece)
            return True
        held = self._probes.setdefault(place, [])
        held.append(piece)
        start = b"".join(each.data for each in held)
        if self._codec.recognise(Transport.TCP, start, b"") <= _SURE:
            if len(start) < _PROBE:
                return True
            del self._probes[place]
            return False
        return self._begin(place)

    def _begin(self, place: Place) -> bool:
        held = self._probes.pop(place)
        monitor = self.monitors.get((place.channel, place.side))
        if monitor is None:
            if len(self.monitors) >= MOST_MONITORS:
                self.refused[place.channel] += 1
                return False
            monitor = self.monitors[place.channel, place.side] = _Monitor()
        connection = Connection(monitor.numbered)
        monitor.connections.append(connection)
        monitor.flows.append((place.flow, place.side))
        self._connections[place] = (monitor, connection)
        for piece in held:
            _feed(monitor, connection, piece)
        return True


def _feed(monitor: _Monitor, connection: Connection, piece: Piece) -> None:
    if piece.lost:
        monitor.lost += piece.lost
        connection.lose(piece.lost)
    if piece.data:
        for start, end, time in _parts(piece):
            for second in connection.feed(piece.data[start:end], time):
                monitor.examination.add(second)


def _parts(piece: Piece) -> Iterator[tuple[int, int, int]]:
    """The bytes of a piece by the packet that brought them: from, to, when."""
    start = 0
    for end, mark in piece.ends:
        yield start, end, mark.time
        start = end
    if start < len(piece.data):
        yield start, len(piece.data), (piece.last or piece.mark).time


def check(path: Path, progress: Callable[[int], None] | None) -> tuple[list[Answer], tuple[Gap, ...], Examined]:
    """An answer for each monitor; InputError where there is none in the capture."""
    codec: Codec = next(one.CODEC for one in modules("wardwatch.protocols", "CODEC") if one.CODEC.name == "cms")
    ward = _Ward(codec)
    streams = read(path, codec, ward.take, progress)
    seen = {key: monitor for key, monitor in ward.monitors.items() if monitor.examination.bed.seconds}
    if not seen:
        cure = (
            "wardwatch vitals check needs the central-station stream of a monitor; wardwatch scan reads other traffic."
        )
        raise InputError("there is no waveform in it that can be read", where=str(path), cure=cure)
    names: Counter[str] = Counter()
    answers = [_answer(monitor, streams, names) for monitor in seen.values()]
    return answers, tuple(_gaps(ward, streams, path)), _input(streams, path)


def _answer(monitor: _Monitor, streams: Streams, names: Counter[str]) -> Answer:
    flow, side = monitor.flows[0]
    address = streams.ends.get(flow, ("a monitor", "a monitor"))[side]
    names[address] += 1
    name = address if names[address] == 1 else f"{address} ({names[address]})"
    unread = []
    if monitor.lost:
        unread.append(Unread(f"{monitor.lost} bytes of its stream", "they are missing in the capture"))
    skipped = sum(connection.skipped for connection in monitor.connections)
    if skipped:
        unread.append(Unread(f"{skipped} bytes of its stream", "they belong to no block", remark=True))
    device = Device(name, name, (address,), _PROFILE, 0.9, ("it sends the central-station stream of this design",))
    return monitor.examination.answer(name, unread, (), device)


def _gaps(ward: _Ward, streams: Streams, path: Path) -> Iterator[Gap]:
    refused = streams.refused + ward.refused.total()
    if refused:
        yield Gap(str(path), f"{refused} more streams", "there are more than are examined at once", (DISAGREES,))
    for note in (note for each in streams.result.files for note in each.notes) if streams.result else ():
        yield Gap(str(path), note.what, note.why, (DISAGREES,))


def _input(streams: Streams, path: Path) -> Examined:
    if streams.result is None:
        raise InputError("nothing was read", where=str(path))
    one = streams.result.files[0]
    return Examined(one.path, one.kind, one.bytes, min(one.packets_decoded, one.packets), one.packets, "packets",
                    one.sha256)  # fmt: skip
