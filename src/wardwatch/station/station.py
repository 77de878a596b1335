"""In: settings, a folder, a key, a way to check. Out: a station that runs: receives, keeps, checks, passes on.

Everything but the writing and checking threads happens in one event loop; what the parts do is theirs.
"""

import asyncio
import contextlib
import errno
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wardwatch.errors import InputError, UsageError

from . import alarms
from .admission import Admission, Identity
from .checks import CheckThread
from .delay import Delay
from .forwarding.forwarder import Forwarder
from .hub import Hub
from .keeping.writer import Writer
from .live import Live
from .recall import Recaller
from .receiving import Receiver
from .settings import UNPRIVILEGED, Settings
from .trends import Recalled
from .watching import Watcher
from .words import Checker, EventKind, Mark

_TICK: Final = 1.0
_BY_HAND: Final = "admissions.json"
_LARGEST: Final = 1 << 20
_REFUSED: Final = frozenset((errno.EACCES, errno.EPERM))


@dataclass(frozen=True, slots=True)
class Storage:
    """Where a station keeps what it received, and the key to it; `key` None: readable by whoever has the disk."""

    folder: Path
    key: bytes | None = None


class Station:
    """One station. `start`, then `stop`; `live` is what readers look at."""

    def __init__(
        self, settings: Settings, storage: Storage | None = None, make_checker: Callable[[], Checker] | None = None
    ) -> None:
        self.settings, self.storage = settings, storage
        self.delay = Delay()
        self.begun = time.time_ns()
        admission = Admission(settings.beds, _by_hand(storage.folder) if storage else None)
        self.live = Live(admission, settings.live, alarms.table(settings.alarms))
        self.writer: Writer | None = None
        self.recaller: Recaller | None = None
        self.checks: CheckThread | None = None
        self.forwarders: tuple[Forwarder, ...] = ()
        self.listening: tuple[tuple[str, int], ...] = ()
        self._make_checker = make_checker
        self._servers: list[asyncio.Server] = []
        self._ticking: asyncio.Task[None] | None = None
        self._trouble = ""
        self.watcher = Watcher(self.live.expose)
        self.hub = Hub(self.live, None, None)
        self.receiver = Receiver(self.hub, settings.bounds)

    async def start(self) -> None:
        """Open the ports and begin; UsageError where none can be opened."""
        loop = asyncio.get_running_loop()
        if self.storage:
            held = self.storage
            self.writer = Writer(held.folder, held.key, self.settings.keeping, self.settings.retention, self.begun)
            self.recaller = Recaller(held.folder, held.key, self.live.admission.beds, self._recalled(loop), self.begun)
            self.forwarders = tuple(Forwarder(to, self.live, held.folder, held.key) for to in self.settings.forward)
        elif self.settings.forward:
            raise UsageError("passing on needs a folder to keep what waits", where="[[forward]]", cure="Say --data.")
        if self._make_checker:
            self.checks = CheckThread(self._make_checker, self._deliver(loop))
        self.hub.join(self.writer, self.checks, self.delay)
        try:
            await self._listen(loop)
        except BaseException:
            await self.stop()
            raise
        for forwarder in self.forwarders:
            forwarder.start()
        if self.recaller:
            self.recaller.start()
        self._ticking = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Close the ports, write what waits, end in order."""
        self.watcher.close()
        for server in self._servers:
            server.close()
        for connection in list(self.receiver.connections):
            connection.end("the station stops")
        await asyncio.sleep(0)
        for connection in list(self.receiver.connections):  # those that still have something to be taken
            connection.end("the station stops")
        if self._ticking:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
        for forwarder in self.forwarders:
            await forwarder.stop()
        for each in (self.recaller and self.recaller.stop, self.checks and self.checks.close):
            if each:
                await asyncio.to_thread(each)
        if self.writer:
            await asyncio.to_thread(self.writer.close)
        for subscription in self.live.subscribers:
            subscription.close()

    def admit(self, session: int, bed: str) -> None:
        """By hand: this session's monitor belongs to `bed`; remembered for its next visit and the next start."""
        self.live.admit(session, bed, time.time_ns())
        self._remember()

    def release(self, session: int) -> None:
        """Take back what was decided by hand about this session's monitor."""
        self.live.release(session, time.time_ns())
        self._remember()

    # -- inside -----------------------------------------------------------------------------------------------------

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        listen, opened = self.settings.listen, []
        for address in listen.addresses:
            for ports, make in ((listen.stream, self.receiver.stream), (listen.hl7, self.receiver.hl7)):
                for port in ports:
                    server = await self._open(loop, make, address, port)
                    self._servers.append(server)
                    opened += [
                        (str(socket.getsockname()[0]), int(socket.getsockname()[1])) for socket in server.sockets
                    ]
        self.listening = tuple(opened)
        await self.watcher.open(listen.addresses, listen.watch, UNPRIVILEGED if listen.fallback else 0)

    async def _open(
        self, loop: asyncio.AbstractEventLoop, make: Callable[[], asyncio.Protocol], address: str, port: int
    ) -> asyncio.Server:
        try:
            try:
                return await loop.create_server(make, address, port, backlog=512)
            except OSError as error:
                if error.errno not in _REFUSED or not self.settings.listen.fallback or not port:
                    raise
                return await loop.create_server(make, address, port + UNPRIVILEGED, backlog=512)
        except OSError as error:
            cure = "See who listens there (ss -ltnp), or name other ports under [listen]."
            raise UsageError(
                f"cannot be opened: {error.strerror or error}", where=f"{address} port {port}", cure=cure
            ) from error

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self.receiver.sweep(time.monotonic())
            self.live.tick(time.time_ns())
            self._watch_disk()

    def _watch_disk(self) -> None:
        """Say loudly, once, that nothing is kept, and that it is again."""
        if self.writer is None or self.writer.status.trouble == self._trouble:
            return
        self._trouble = self.writer.status.trouble
        text = f"nothing is kept on disk: {self._trouble}" if self._trouble else "sets are kept on disk again"
        self.live.tell(EventKind.STORAGE, text, time.time_ns(), {"lost_sets": self.writer.status.lost_sets})

    def _deliver(self, loop: asyncio.AbstractEventLoop) -> Callable[[int, tuple[Mark, ...]], None]:
        def deliver(session: int, marks: tuple[Mark, ...]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(lambda: self.live.mark(session, marks, time.time_ns()))

        return deliver

    def _recalled(self, loop: asyncio.AbstractEventLoop) -> Callable[[Recalled], None]:
        def deliver(earlier: Recalled) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self.live.recall, earlier)

        return deliver

    def _remember(self) -> None:
        if self.storage is None:
            return
        decided = [[*identity, bed] for identity, bed in self.live.admission.by_hand.items()]
        path = self.storage.folder / _BY_HAND
        fresh = path.with_suffix(".new")
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(decided, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            text = f"an admission could not be kept: {error.strerror}"
            self.live.tell(EventKind.STORAGE, text, time.time_ns())


def _by_hand(folder: Path) -> Mapping[Identity, str]:
    """What was decided by hand before; InputError where the file cannot be read as such."""
    path = folder / _BY_HAND
    if not path.exists():
        return {}
    try:
        with path.open("rb") as file:
            decided = json.loads(file.read(_LARGEST))
        return {Identity(str(address), None if bed is None else int(bed)): str(name) for address, bed, name in decided}
    except (OSError, ValueError, TypeError, RecursionError) as error:
        cure = "Move it away and admit monitors anew."
        raise InputError("what was admitted by hand cannot be read", where=str(path), cure=cure) from error
