"""In: the bytes of one connection. Out: its sets or messages, a few at a time, so that everybody else has a turn.

However much comes at once, and however long it takes to read: after a small piece of it, or a few sets, others are
served. What costs more than its bytes, since it is many small things or nothing at all, is charged for more.
"""

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, TypeVar, cast

from wardwatch.protocols._hl7_frames import Found

from .allowance import Allowance
from .bounds import Bounds, Refusals
from .hub import Hub
from .sets import Set
from .words import Peer, Source

_SET_COSTS: Final = 512
"""Bytes each set or message is charged at least, since reading it costs time whatever its size."""
_SKIPPED_COSTS: Final = 8
"""Times that a byte which belongs to nothing is charged in addition: looking for a beginning takes time."""
_PIECE: Final = 4096
"""Bytes that are read at once."""
_TURN: Final = 8
"""Sets or messages of one connection that are taken before others have their turn."""
_LAST_TURNS: Final = 200
"""Those that are still granted where the station itself ends."""
T = TypeVar("T", Set, Found)


class Counting(Protocol):
    """Who counts all connections and says what each may do (`receiving.Receiver`)."""

    hub: Hub
    bounds: Bounds
    refusals: Refusals

    def accept(self, connection: Any, address: str) -> bool:  # noqa: ANN401  # of streams and of messages
        """Whether one more from this address is allowed."""

    def allowance(self, address: str) -> Allowance:
        """What the address may send."""

    def gone(self, connection: Any, address: str) -> None:  # noqa: ANN401  # as above
        """It ended."""


class Connection(asyncio.Protocol, ABC, Generic[T]):
    """What both kinds share: counting, slowing down, taking turns, ending."""

    source = Source.STREAM

    def __init__(self, receiver: Counting) -> None:
        self.receiver = receiver
        self.hub = receiver.hub
        self.heard = time.monotonic()
        self.session = 0
        self.transport: asyncio.Transport | None = None
        self._address, self._why = "", "the monitor closed the connection"
        self._allowance = Allowance(receiver.bounds.rate, receiver.bounds.burst)
        self._unread = bytearray()
        self._waiting: deque[T] = deque()
        self._turn: asyncio.TimerHandle | None = None
        self._lost = self._finished = False
        self._skipped = 0

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
        self._unread += data
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended, from whichever side; what is still to be taken is."""
        if not self.session:
            return
        if exc is not None:
            self._why = "the connection broke"
        self._lost = True
        if self._turn is None or not (self._waiting or self._unread):  # who only owes is not waited for
            self._go_on()

    def end(self, why: str) -> None:
        """From our side, at once."""
        if not self._lost:
            self._why = why
            if self.transport:
                self.transport.abort()
            return
        for _ in range(_LAST_TURNS):
            if not self._left():
                break
            self._work()
        self._close()

    def give_up(self, why: str) -> None:
        """From our side, and nothing more of what it sent is taken."""
        self._drop()
        if not self._lost:
            self.end(why)

    @abstractmethod
    def read(self, data: bytes) -> list[T]:
        """What the bytes complete."""

    @abstractmethod
    def finish(self) -> list[T]:
        """What is left at the end."""

    @abstractmethod
    def take(self, found: T) -> None:
        """One set or message, to the hub."""

    @abstractmethod
    def size(self, found: T) -> int:
        """Its bytes."""

    @abstractmethod
    def skipped(self) -> int:
        """Bytes so far that belong to no set or message."""

    def skipped_now(self) -> int:
        """Those since this was asked last; told to the hub."""
        more, self._skipped = self.skipped() - self._skipped, self.skipped()
        if more:
            self.hub.skipped(self.session, more)
        return more

    # -- inside -----------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """A turn; then others have theirs, and the address waits as long as it owes."""
        if self._turn:
            self._turn.cancel()
        self._turn = None
        cost = self._work()
        self.heard = time.monotonic()
        wait = self._allowance.spend(cost, self.heard)
        if self._left() or (wait > 0 and not self._lost):
            self._turn = asyncio.get_running_loop().call_later(wait, self._go_on)
        elif self._lost:
            self._close()
        self._read_on(wanted=self._turn is None)

    def _work(self) -> float:
        """A piece of the bytes that came, and a few of the sets or messages in it; what that costs."""
        cost = 0.0
        if not self._waiting and self._unread:
            piece = bytes(self._unread[:_PIECE])
            del self._unread[:_PIECE]
            cost += len(piece)
            self._guarded(lambda: self._waiting.extend(self.read(piece)))
        elif not self._waiting and self._lost:
            self._finished = True
            self._guarded(lambda: self._waiting.extend(self.finish()))
        for _ in range(min(_TURN, len(self._waiting))):
            cost += max(0, _SET_COSTS - self.size(self._waiting[0]))
            if not self._guarded(lambda: self.take(self._waiting.popleft())):
                break
        cost += _SKIPPED_COSTS * self.skipped_now()
        return cost

    def _left(self) -> bool:
        """Whether there is more to do."""
        return bool(self._waiting or self._unread or (self._lost and not self._finished))

    def _guarded(self, act: Callable[[], None]) -> bool:
        """What goes wrong here ends this connection and no other; whether nothing did."""
        try:
            act()
        except Exception:  # noqa: BLE001  # whatever one monitor's bytes set off must not touch another's
            self.receiver.refusals.faults += 1
            self.give_up("its bytes set off a fault of the station")
            return False
        return True

    def _read_on(self, *, wanted: bool) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        with contextlib.suppress(RuntimeError):  # closed meanwhile
            self.transport.resume_reading() if wanted else self.transport.pause_reading()

    def _close(self) -> None:
        if self._turn:
            self._turn.cancel()
            self._turn = None
        self._drop()
        self.receiver.gone(self, self._address)
        self.hub.closed(self.session, self._why)
        self.session = 0

    def _drop(self) -> None:
        """What was not taken is counted."""
        if left := len(self._unread) + sum(map(self.size, self._waiting)):
            self.hub.skipped(self.session, left)
        self._unread.clear()
        self._waiting.clear()
