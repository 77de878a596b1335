"""In: the live view, and one receiver. Out: what each bed shows, sent every so often, kept until it was received.

Two tasks: one looks at the beds and puts messages into the spool, one takes them out and sends. When the receiver does
not answer, the waits grow to a minute; what waits stays on disk.
"""

import asyncio
import contextlib
import re
import secrets
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wardwatch.station.live import Live
from wardwatch.station.settings import Forward
from wardwatch.station.views import PlaceKind, PlaceView
from wardwatch.station.words import Peer

from . import fhir, oru
from .sending import Fhir, Mllp, Outcome, Sender
from .spool import Spool, Waiting

_LONGEST_WAIT: Final = 60.0
_FIRST_WAIT: Final = 0.5
_LOOK: Final = 0.2
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,40}")


@dataclass(slots=True)
class Status:
    """How the passing on goes."""

    taken: int = 0
    refused: int = 0
    """Messages the receiver will not take; they are not tried again."""
    failures: int = 0
    not_spooled: int = 0
    """Messages that could not even be kept, since the disk took nothing."""
    trouble: str = ""


class Forwarder:
    """One receiver. `start` in the event loop, `stop` once."""

    def __init__(self, settings: Forward, live: Live, folder: Path, key: bytes | None) -> None:
        self.settings, self.status = settings, Status()
        self._live = live
        self._sender: Sender = Mllp(settings) if settings.kind == "hl7" else Fhir(settings)
        self._run = secrets.token_hex(4).upper()
        self._number = 0
        name = settings.name if _NAME.fullmatch(settings.name) else settings.name.encode().hex()[:40]
        self.spool = Spool(folder / f"forward-{name}.spool", key, settings.most)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look and to send."""
        self._tasks = [asyncio.create_task(self._look()), asyncio.create_task(self._send())]

    async def stop(self) -> None:
        """End both; what waits stays on disk."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._sender.close()
        self.spool.close()

    @property
    def alive(self) -> bool:
        """Whether both tasks run."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def once(self) -> None:
        """Look at every bed now."""
        messages = list(self._messages(time.time_ns()))
        if not messages:
            return
        try:
            await asyncio.to_thread(self.spool.add, messages)
        except sqlite3.Error as error:
            self.status.not_spooled += len(messages)
            self.status.trouble = f"cannot be kept: {error}"

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(max(self.settings.every, _LOOK))
            await self.once()

    async def _send(self) -> None:
        wait = _FIRST_WAIT
        while True:
            waiting = await asyncio.to_thread(self._first)
            if waiting is None:
                await asyncio.sleep(_LOOK)
            elif await self._hand_over(waiting):
                wait = _FIRST_WAIT
            else:
                await asyncio.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)

    def _first(self) -> Waiting | None:
        try:
            return self.spool.first()
        except sqlite3.Error:
            return None

    async def _hand_over(self, waiting: Waiting) -> bool:
        try:
            outcome = await self._sender.send(waiting.body)
        except (OSError, TimeoutError, ValueError) as error:
            outcome, self.status.trouble = Outcome.AGAIN, f"{type(error).__name__}: no connection or no answer"
        if outcome is Outcome.AGAIN:
            self.status.failures += 1
            self.status.trouble = self.status.trouble or "the receiver asks to try again"
            return False
        self.status.taken += outcome is Outcome.TAKEN
        self.status.refused += outcome is Outcome.REFUSED
        self.status.trouble = ""
        with contextlib.suppress(sqlite3.Error):  # it is sent a second time, then
            await asyncio.to_thread(self.spool.done, waiting.number)
        return True

    def _messages(self, now: int) -> Iterator[bytes]:
        peers = {session.number: session.peer for session in self._live.sessions()}
        for view in self._live.places():
            peer = peers.get(view.session) if view.session else None
            message = self._message(view, peer, now) if peer and view.kind is PlaceKind.BED else None
            if message is not None:
                yield message

    def _message(self, view: PlaceView, peer: Peer, now: int) -> bytes | None:
        self._number += 1
        if self.settings.kind == "hl7":
            return oru.message(view, now, f"{self._run}{self._number:08d}", identify=self.settings.identify)
        return fhir.bundle(view, peer, now, identify=self.settings.identify)
