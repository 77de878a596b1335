"""In: connections of monitors, and of anybody else. Out: sessions with their sets and messages, to the hub.

Bounded are what an address may send a second, how long a connection may be silent, how much it may send that is no
block, and how many connections one address and all together may have open. One that passes them waits or is closed;
nothing of it reaches another. However much comes at once, only a few sets or messages are taken before everybody else
has a turn. A fault while reading one connection ends that connection alone.
"""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar, cast

from wardwatch.protocols._hl7_frames import Found, Framer

from . import hl7_reading
from .allowance import Allowance, Allowances
from .bounds import Bounds, Refusals
from .hub import Hub
from .sets import Cutter, Set
from .words import Peer, Source

_SET_COSTS: Final = 512
"""Bytes each set or message is charged at least, since reading it costs time whatever its size."""
_TURN: Final = 8
"""Sets or messages of one connection that are taken before others have their turn."""
_LAST_WORDS: Final = 1000
"""Those that are still taken where the station itself ends."""

_UNREAD: Final = 256 * 1024
"""Bytes of acknowledgements that may wait for a peer."""


T = TypeVar("T", Set, Found)


class Receiver:
    """All connections. `stream` and `hl7` make the protocol of a new one; `sweep` once a second."""

    def __init__(self, hub: Hub, bounds: Bounds) -> None:
        self.hub, self.bounds, self.refusals = hub, bounds, Refusals()
        self.connections: set[_Connection[Set] | _Connection[Found]] = set()
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

    def accept(self, connection: "_Connection[Set] | _Connection[Found]", address: str) -> bool:
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

    def gone(self, connection: "_Connection[Set] | _Connection[Found]", address: str) -> None:
        """It ended."""
        self.connections.discard(connection)
        self._each[address] -= 1
        if self._each[address] <= 0:
            del self._each[address]


class _Connection(asyncio.Protocol, Generic[T]):
    """What both kinds share: counting, slowing down, taking turns, ending."""

    source = Source.STREAM

    def __init__(self, receiver: Receiver) -> None:
        self.receiver, self.hub = receiver, receiver.hub
        self.heard = time.monotonic()
        self.session = 0
        self.transport: asyncio.Transport | None = None
        self._address, self._why = "", "the monitor closed the connection"
        self._allowance = Allowance(receiver.bounds.rate, receiver.bounds.burst)
        self._waiting: deque[T] = deque()
        self._turn: asyncio.TimerHandle | None = None
        self._lost = False

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
        self._allowance = self.receiver.allowance(self._address)
        self.session = self.hub.opened(Peer(self._address, int(peer[1]), int(local[1]), self.source))

    def data_received(self, data: bytes) -> None:
        """Some bytes."""
        if not self.session or self._lost:
            return
        self.heard = time.monotonic()
        if self._guarded(lambda: self._waiting.extend(self.read(data))):
            self._take(len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended, from whichever side; what is still to be taken is."""
        if not self.session:
            return
        if exc is not None:
            self._why = "the connection broke"
        self._lost = True
        self._guarded(lambda: self._waiting.extend(self.finish()))
        if self._turn is None:
            self._take(0)

    def end(self, why: str) -> None:
        """From our side, at once."""
        if not self._lost:
            self._why = why
            if self.transport:
                self.transport.abort()
            return
        if self._turn:
            self._turn.cancel()
        for _ in range(min(_LAST_WORDS, len(self._waiting))):
            self._guarded(lambda: self.take(self._waiting.popleft()))
        self._close()

    def read(self, data: bytes) -> list[T]:
        """What the bytes complete."""
        raise NotImplementedError

    def finish(self) -> list[T]:
        """What is left at the end."""
        raise NotImplementedError

    def take(self, found: T) -> None:
        """One set or message, to the hub."""
        raise NotImplementedError

    def size(self, found: T) -> int:
        """Its bytes."""
        raise NotImplementedError

    # -- inside -----------------------------------------------------------------------------------------------------

    def _take(self, cost: float) -> None:
        """A few of those that wait; then others have their turn, and the address waits as long as it owes."""
        if self._turn:
            self._turn.cancel()
        self._turn = None
        for _ in range(min(_TURN, len(self._waiting))):
            cost += max(0, _SET_COSTS - self.size(self._waiting[0]))
            if not self._guarded(lambda: self.take(self._waiting.popleft())):
                break
        self.heard = time.monotonic()
        wait = self._allowance.spend(cost, self.heard)
        if self._waiting or (wait > 0 and not self._lost):
            self._turn = asyncio.get_running_loop().call_later(wait, self._take, 0)
        elif self._lost:
            self._close()
        self._read_on(wanted=self._turn is None)

    def _guarded(self, act: Callable[[], None]) -> bool:
        """What goes wrong here ends this connection and no other; whether nothing did."""
        try:
            act()
        except Exception:  # noqa: BLE001  # whatever one monitor's bytes set off must not touch another's
            self.receiver.refusals.faults += 1
            self._waiting.clear()
            if not self._lost:
                self.end("its bytes set off a fault of the station")
            return False
        return True

    def _read_on(self, *, wanted: bool) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        with contextlib.suppress(RuntimeError):  # closed meanwhile
            self.transport.resume_reading() if wanted else self.transport.pause_reading()

    def _close(self) -> None:
        if left := sum(map(self.size, self._waiting)):
            self.hub.skipped(self.session, left)
        self._waiting.clear()
        self.receiver.gone(self, self._address)
        self.hub.closed(self.session, self._why)
        self.session = 0


class _Stream(_Connection[Set]):
    """The central-station stream: only the monitor speaks."""

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver)
        self._cutter = Cutter()
        self._skipped = self._since = 0

    def read(self, data: bytes) -> list[Set]:
        sets = self._cutter.feed(data)
        self._since = 0 if sets else self._since + len(data)
        self._skip()
        if self._since > self.receiver.bounds.without_set:
            self.receiver.refusals.no_set += 1
            self.end("sends no sets")
        return sets

    def finish(self) -> list[Set]:
        sets = self._cutter.finish()
        self._skip()
        return sets

    def take(self, found: Set) -> None:
        self.hub.received(self.session, found)

    def size(self, found: Set) -> int:
        return sum(map(len, found.blocks))

    def _skip(self) -> None:
        more, self._skipped = self._cutter.skipped - self._skipped, self._cutter.skipped
        if more:
            self.hub.skipped(self.session, more)


class _Messages(_Connection[Found]):
    """HL7 v2 in MLLP frames: each whole message is acknowledged once it is taken."""

    source = Source.HL7

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver)
        self._framer = Framer()
        self._skipped = 0

    @property
    def patience(self) -> float:
        return self.receiver.bounds.silent_hl7

    def read(self, data: bytes) -> list[Found]:
        found = self._framer.feed(data)
        more, self._skipped = self._framer.skipped - self._skipped, self._framer.skipped
        if more:
            self.hub.skipped(self.session, more)
        return found

    def finish(self) -> list[Found]:
        return self._framer.finish()

    def take(self, found: Found) -> None:
        kept = self.hub.message(self.session, found.raw, incomplete=found.incomplete)
        if not found.incomplete and hl7_reading.wants_answer(found.raw):
            self._answer(hl7_reading.answer(found.raw, datetime.now(UTC), "AA" if kept else "AE"))

    def size(self, found: Found) -> int:
        return len(found.raw)

    def _answer(self, data: bytes) -> None:
        """Who does not read its answers is not waited for."""
        if self.transport is None or self.transport.is_closing():
            return
        self.transport.write(data)
        if self.transport.get_write_buffer_size() > _UNREAD:
            self.end("does not read its answers")
