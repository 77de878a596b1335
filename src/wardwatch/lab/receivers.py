"""In: calls of a lab's machines. Out: each served as its service would, and what came counted, by client and service.

Counted with no codec of wardwatch, from the published forms alone: this is what an examination is compared with.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from .loop import Loop

_BLOCK: Final = 65536
_MOST: Final = 1 << 20
_BEGIN, _END = b"\x0b", b"\x1c\r"
_PATIENT, _NUMBER = 0x3E, 0x47  # a patient's block: its kind, and where its number stands, counted from the length
_HEAD: Final = 2
CMS, MLLP, LPD, SINK = "cms", "hl7", "lpd", "tcp"


@dataclass(slots=True)
class Count:
    """What one client sent to one service."""

    protocol: str
    sessions: int = 0
    received: int = 0
    records: int = 0
    patients: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Call:
    """One connection: what is not yet a whole message, and what its service remembers of it."""

    count: Count
    pending: bytes = b""
    wanted: int = 0
    received: int = 0


Service = Callable[[_Call], bytes]
"""Takes whole messages from what is pending, and says what to answer."""


def cms(call: _Call) -> bytes:
    """A central station only listens. Blocks: a length of two bytes, little-endian, and as many bytes."""
    while len(call.pending) >= _HEAD and len(call.pending) >= (
        size := _HEAD + int.from_bytes(call.pending[:2], "little")
    ):
        block, call.pending = call.pending[:size], call.pending[size:]
        call.count.records += 1
        if size > _NUMBER and block[3] == _PATIENT:
            call.count.patients.add(block[_NUMBER : _NUMBER + 32].split(b"\0")[0].decode("latin-1"))
    return b""


def mllp(call: _Call) -> bytes:
    """An HL7 receiver acknowledges each message (HL7 v2.4, chapter 2; MLLP)."""
    said = b""
    while _END in call.pending:
        whole, _, call.pending = call.pending.partition(_END)
        segments = [segment.split(b"|") for segment in whole.partition(_BEGIN)[2].split(b"\r")]
        call.count.records += 1
        for segment in segments:
            if segment[0] == b"PID" and len(segment) > 3:  # noqa: PLR2004  # PID-3 is the number
                call.count.patients.add(segment[3].split(b"^")[0].decode("latin-1"))
        control = segments[0][9] if len(segments[0]) > 9 else b""  # noqa: PLR2004  # MSH-10
        said += _BEGIN + b"MSH|^~\\&|LAB|LAB|||20260301100000||ACK|1|P|2.4\rMSA|AA|" + control + b"\r" + _END
    return said


def lpd(call: _Call) -> bytes:
    """A printer acknowledges each command and each file with a zero byte (RFC 1179)."""
    said = b""
    while True:
        if call.wanted:
            if len(call.pending) < call.wanted:
                return said
            call.pending, call.wanted = call.pending[call.wanted :], 0
            call.count.records += 1
        elif b"\n" in call.pending:
            line, _, call.pending = call.pending.partition(b"\n")
            words = line[1:].split()
            if len(words) > 1 and words[0].isdigit():
                call.wanted = min(int(words[0][:9]), _MOST) + 1
        else:
            return said
        said += b"\0"


def sink(call: _Call) -> bytes:
    """Takes everything and says nothing."""
    call.pending = b""
    return b""


_SERVICES: Final[dict[str, Service]] = {CMS: cms, MLLP: mllp, LPD: lpd, SINK: sink}


class Receivers:
    """All services of one lab."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._open: set[socket.socket] = set()
        self.calls = 0
        self.counts: dict[tuple[str, str, int], Count] = {}
        self.told: Callable[[str, tuple[str, str, int], Count], None] = lambda _what, _key, _count: None

    def listen(self, port: int, protocol: str) -> int:
        """On every address of the node this thread is in; at which port, where 0 asks for any."""
        listening = socket.create_server(("", port), backlog=64)
        port = int(listening.getsockname()[1])
        listening.setblocking(False)  # noqa: FBT003  # its name in the library
        self._open.add(listening)
        self._loop.watch(listening, lambda: self._accept(listening, port, protocol))
        return port

    def close(self) -> None:
        """Hang up everywhere."""
        for each in self._open:
            self._loop.forget(each)
            each.close()
        self._open.clear()

    def _accept(self, listening: socket.socket, port: int, protocol: str) -> None:
        try:
            caller, (client, *_) = listening.accept()
        except OSError:
            return  # it hung up meanwhile
        caller.setblocking(False)  # noqa: FBT003  # its name in the library
        key = (client, caller.getsockname()[0], port)
        call = _Call(self.counts.setdefault(key, Count(protocol)))
        self._open.add(caller)
        self.calls += 1
        self.told("call", key, call.count)
        self._loop.watch(caller, lambda: self._receive(caller, key, call))

    def _receive(self, caller: socket.socket, key: tuple[str, str, int], call: _Call) -> None:
        try:
            data = caller.recv(_BLOCK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data and len(call.pending) < _MOST:
            call.count.sessions += not call.received
            call.received += len(data)
            call.count.received += len(data)
            call.pending += data
            if said := _SERVICES[call.count.protocol](call):
                self._say(caller, said)
            return
        self.calls -= 1
        self.told("end", key, call.count)
        self._loop.forget(caller)
        self._open.discard(caller)
        caller.close()

    def _say(self, caller: socket.socket, said: bytes) -> None:
        try:
            caller.send(said)
        except OSError:
            return  # it does not want to hear it
