"""In: connections of monitors, and of anybody else. Out: sessions with their sets and messages, to the hub.

Bounded are what an address may send a second, how long a connection may be silent, how much it may send that is no
block, and how many connections one address and all together may have open. One that passes them waits or is closed;
nothing of it reaches another. However much comes at once, only a few sets or messages are taken before everybody else
has a turn. A fault while reading one connection ends that connection alone.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from wardwatch.protocols._hl7_frames import Found, Framer

from . import hl7_reading
from .allowance import Allowance, Allowances
from .bounds import Bounds, Refusals
from .connection import Connection
from .hub import Hub
from .sets import Cutter, Set
from .words import Source

_UNREAD: Final = 256 * 1024
"""Bytes of acknowledgements that may wait for a peer."""


class Receiver:
    """All connections. `stream` and `hl7` make the protocol of a new one; `sweep` once a second."""

    def __init__(self, hub: Hub, bounds: Bounds) -> None:
        self.hub, self.bounds, self.refusals = hub, bounds, Refusals()
        self.connections: set[Connection[Set] | Connection[Found]] = set()
        self._each: Counter[str] = Counter()
        self._allowances = Allowances(bounds.rate, bounds.burst, bounds.all)

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

    def accept(self, connection: "Connection[Set] | Connection[Found]", address: str) -> bool:
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

    def allowance(self, address: str) -> Allowance:
        """What the address may send; a gateway is not one monitor, so each of its connections has an own one."""
        if address in self.bounds.trusted:
            return Allowance(self.bounds.rate, self.bounds.burst)
        return self._allowances.of(address)

    def gone(self, connection: "Connection[Set] | Connection[Found]", address: str) -> None:
        """It ended."""
        self.connections.discard(connection)
        self._each[address] -= 1
        if self._each[address] <= 0:
            del self._each[address]


class _Stream(Connection[Set]):
    """The central-station stream: only the monitor speaks."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver)
        self._cutter = Cutter()
        self._since = 0

    def read(self, data: bytes) -> list[Set]:
        sets = self._cutter.feed(data)
        self._since = 0 if sets else self._since + len(data)
        if self._since > self.receiver.bounds.without_set:
            self.receiver.refusals.no_set += 1
            self.give_up("sends no sets")
        return sets

    def finish(self) -> list[Set]:
        return self._cutter.finish()

    def take(self, found: Set) -> None:
        self.hub.received(self.session, found)

    def size(self, found: Set) -> int:
        return sum(map(len, found.blocks))

    def skipped(self) -> int:
        return self._cutter.skipped


class _Messages(Connection[Found]):
    """HL7 v2 in MLLP frames: each whole message is acknowledged once it is taken."""

    source = Source.HL7

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver)
        self._framer = Framer()

    @property
    def patience(self) -> float:
        return self.receiver.bounds.silent_hl7

    def read(self, data: bytes) -> list[Found]:
        return self._framer.feed(data)

    def finish(self) -> list[Found]:
        return self._framer.finish()

    def take(self, found: Found) -> None:
        kept = self.hub.message(self.session, found.raw, incomplete=found.incomplete)
        if not found.incomplete and hl7_reading.wants_answer(found.raw):
            self._answer(hl7_reading.answer(found.raw, datetime.now(UTC), "AA" if kept else "AE"))

    def size(self, found: Found) -> int:
        return len(found.raw)

    def skipped(self) -> int:
        return self._framer.skipped

    def _answer(self, data: bytes) -> None:
        """Who does not read its answers is not waited for."""
        if self.transport is None or self.transport.is_closing():
            return
        self.transport.write(data)
        if self.transport.get_write_buffer_size() > _UNREAD:
            self.give_up("does not read its answers")
