"""In: connections of monitors, and of anybody else. Out: sessions with their sets and messages, to the hub.

Each connection has its own bounds: what it may send a second, how long it may be silent, how much it may send that is
no block. One that passes them waits or is closed; nothing of it reaches another. How many one address and all together
may have open is bounded, too. A fault while reading one connection ends that connection alone.
"""

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, cast

from wardwatch.protocols._hl7_frames import Framer

from . import hl7_reading
from .allowance import Allowance
from .hub import Hub
from .sets import Cutter
from .words import Peer, Source

_SET_COSTS: Final = 512
"""Bytes each set or message is charged at least, since reading it costs time whatever its size."""


_UNREAD: Final = 256 * 1024
"""Bytes of acknowledgements that may wait for a peer."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What connections may do. Seconds, bytes, counts."""

    rate: float = 64 * 1024.0
    burst: float = 1024 * 1024.0
    silent: float = 30.0
    """A stream that sends nothing for so long is closed: a monitor sends every second."""
    silent_hl7: float = 900.0
    without_set: int = 256 * 1024
    """Bytes a stream may send before its first set, or between two."""
    each_address: int = 8
    all: int = 4096
    trusted: tuple[str, ...] = ()
    """Addresses that may open any number, for instance a gateway that many monitors come through."""


@dataclass(slots=True)
class Refusals:
    """Why connections were not accepted or were ended by the station."""

    address: int = 0
    total: int = 0
    silent: int = 0
    no_set: int = 0
    faults: int = 0
    by_address: Counter[str] = field(default_factory=Counter)


class Receiver:
    """All connections. `stream` and `hl7` make the protocol of a new one; `sweep` once a second."""

    def __init__(self, hub: Hub, bounds: Bounds) -> None:
        self.hub, self.bounds, self.refusals = hub, bounds, Refusals()
        self.connections: set[_Connection] = set()
        self._each: Counter[str] = Counter()

    def stream(self) -> asyncio.Protocol:
        """For a port that takes the central-station stream."""
        return _Stream(self)

    def hl7(self) -> asyncio.Protocol:
        """For a port that takes HL7 in MLLP frames."""
        return _Messages(self)

    def sweep(self, now: float) -> None:
        """End connections that have been silent for too long."""
        for connection in list(self.connections):
            if now - connection.heard > connection.patience:
                self.refusals.silent += 1
                connection.end("silent for too long")

    def accept(self, connection: "_Connection", address: str) -> bool:
        """Whether one more from this address is allowed."""
        trusted = address in self.bounds.trusted
        if len(self.connections) >= self.bounds.all:
            self.refusals.total += 1
        elif self._each[address] >= self.bounds.each_address and not trusted:
            self.refusals.address += 1
        else:
            self.connections.add(connection)
            self._each[address] += 1
            return True
        if len(self.refusals.by_address) < self.bounds.all:
            self.refusals.by_address[address] += 1
        return False

    def gone(self, connection: "_Connection", address: str) -> None:
        """It ended."""
        self.connections.discard(connection)
        self._each[address] -= 1
        if self._each[address] <= 0:
            del self._each[address]


class _Connection(asyncio.Protocol):
    """What both kinds share: counting, slowing down, ending."""

    source = Source.STREAM

    def __init__(self, receiver: Receiver) -> None:
        self.receiver, self.hub = receiver, receiver.hub
        self.heard = time.monotonic()
        self.session = 0
        self.transport: asyncio.Transport | None = None
        self._address, self._why = "", "the monitor closed the connection"
        self._allowance = Allowance(receiver.bounds.rate, receiver.bounds.burst)
        self._resume: asyncio.TimerHandle | None = None

    @property
    def patience(self) -> float:
        """Seconds of silence after which it is ended."""
        return self.receiver.bounds.silent

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A new connection; closed at once where it is one too many."""
        self.transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername") or ("", 0)
        local = transport.get_extra_info("sockname") or ("", 0)
        self._address = str(peer[0]).removeprefix("::ffff:")
        if not self.receiver.accept(self, self._address):
            self._address = ""
            self.transport.abort()
            return
        self.session = self.hub.opened(Peer(self._address, int(peer[1]), int(local[1]), self.source))

    def data_received(self, data: bytes) -> None:
        """Some bytes. What goes wrong here ends this connection and no other."""
        if not self.session:
            return
        self.heard = time.monotonic()
        try:
            cost = self.read(data)
        except Exception:  # noqa: BLE001  # whatever one monitor's bytes set off must not touch another's
            self.receiver.refusals.faults += 1
            self.end("its bytes set off a fault of the station")
            return
        wait = self._allowance.spend(cost, self.heard)
        if wait > 0 and self.transport and not self.transport.is_closing():
            self.transport.pause_reading()
            self._resume = asyncio.get_running_loop().call_later(wait, self._go_on)

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended, from whichever side."""
        if self._resume:
            self._resume.cancel()
        if not self.session:
            return
        if exc is not None:
            self._why = "the connection broke"
        try:
            self.finish()
        except Exception:  # noqa: BLE001  # as above
            self.receiver.refusals.faults += 1
        self.receiver.gone(self, self._address)
        self.hub.closed(self.session, self._why)
        self.session = 0

    def end(self, why: str) -> None:
        """From our side, at once."""
        self._why = why
        if self.transport:
            self.transport.abort()

    def read(self, data: bytes) -> float:
        """Take the bytes; what they cost."""
        raise NotImplementedError

    def finish(self) -> None:
        """Take what is left at the end."""

    def _go_on(self) -> None:
        self._resume = None
        self.heard = time.monotonic()
        if self.transport and not self.transport.is_closing():
            with contextlib.suppress(RuntimeError):  # closed meanwhile
                self.transport.resume_reading()


class _Stream(_Connection):
    """The central-station stream: only the monitor speaks."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver)
        self._cutter = Cutter()
        self._skipped = self._since = 0

    def read(self, data: bytes) -> float:
        sets = self._cutter.feed(data)
        self._since = 0 if sets else self._since + len(data)
        self._skip()
        for found in sets:
            self.hub.received(self.session, found)
        if self._since > self.receiver.bounds.without_set:
            self.receiver.refusals.no_set += 1
            self.end("sends no sets")
        return max(len(data), len(sets) * _SET_COSTS)

    def finish(self) -> None:
        for found in self._cutter.finish():
            self.hub.received(self.session, found)
        self._skip()

    def _skip(self) -> None:
        more, self._skipped = self._cutter.skipped - self._skipped, self._cutter.skipped
        if more:
            self.hub.skipped(self.session, more)


class _Messages(_Connection):
    """HL7 v2 in MLLP frames: each whole message is acknowledged once it is taken."""

    source = Source.HL7

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver)
        self._framer = Framer()
        self._skipped = 0

    @property
    def patience(self) -> float:
        return self.receiver.bounds.silent_hl7

    def read(self, data: bytes) -> float:
        found = self._framer.feed(data)
        for one in found:
            kept = self.hub.message(self.session, one.raw, incomplete=one.incomplete)
            if not one.incomplete and hl7_reading.wants_answer(one.raw):
                self._answer(hl7_reading.answer(one.raw, datetime.now(UTC), "AA" if kept else "AE"))
        more, self._skipped = self._framer.skipped - self._skipped, self._framer.skipped
        if more:
            self.hub.skipped(self.session, more)
        return max(len(data), len(found) * _SET_COSTS)

    def finish(self) -> None:
        for one in self._framer.finish():
            self.hub.message(self.session, one.raw, incomplete=one.incomplete)

    def _answer(self, data: bytes) -> None:
        """Who does not read its answers is not waited for."""
        if self.transport is None or self.transport.is_closing():
            return
        self.transport.write(data)
        if self.transport.get_write_buffer_size() > _UNREAD:
            self.end("does not read its answers")
