"""In: an open page's WebSocket. Out: what happens at the beds, as frames, until it closes or its session ends.

A page that is too slow loses updates, never the station: its queue is bounded, and once it is read again the page gets
the whole view anew.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from wardwatch.station.subscription import Subscription

from .desk import Desk, same_origin, who
from .sessions import Session
from .shown import Reader
from .watch import Watch

NO_REQUEST: Final = 4400
SIGN_IN: Final = 4401
ELSEWHERE: Final = 4403
TOO_MANY: Final = 4429
MOST_EACH: Final = 16
_TOGETHER: Final = 0.1  # seconds of updates that go in one frame
_STILL_HERE: Final = 2.0
_ASKED_AGAIN: Final = 0.1  # seconds; a whole view is work, and nobody presses keys faster


async def serve(desk: Desk, socket: WebSocket) -> None:
    """One page, from its first word to its last."""
    session = desk.session(socket)
    refused = _refused(desk, socket, session)
    await socket.accept()  # a browser is told the reason only where the socket was opened first
    if refused or session is None:
        await socket.close(refused)
        return
    name = session.account.name
    desk.sockets[name] = desk.sockets.get(name, 0) + 1
    subscription = desk.live.subscribe()
    try:
        role = session.account.role
        reader = Reader(role.sees_names, desk.zone, desk.watched)
        watch = Watch(desk.live, desk.numbers, reader, role.admits, role.silences, desk.find, desk.troubles)
        await _Page(desk, socket, session, subscription, watch).run()
    finally:
        subscription.close()
        desk.sockets[name] -= 1


def _refused(desk: Desk, socket: WebSocket, session: Session | None) -> int:
    if not same_origin(socket):
        return ELSEWHERE
    if not desk.requests.allows(who(socket), desk.now()):
        return TOO_MANY
    if session is None:
        return SIGN_IN
    return TOO_MANY if desk.sockets.get(session.account.name, 0) >= MOST_EACH else 0


@dataclass(slots=True)
class _Page:
    desk: Desk
    socket: WebSocket
    session: Session
    subscription: Subscription
    watch: Watch
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    dropped: int = 0

    async def run(self) -> None:
        """Listens and tells until either ends, then closes with that one's code."""
        tasks = asyncio.create_task(self.listen()), asyncio.create_task(self.tell())
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        code = 0
        with suppress(WebSocketDisconnect):
            code = max(task.result() for task in done)
        if code and self.socket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self.socket.close(code)

    async def listen(self) -> int:
        """What the page asks for, until it asks for nothing that can be understood."""
        while True:
            try:
                text = await self.socket.receive_text()
                async with self.lock:
                    await self.send(self.watch.ask(text))
                await asyncio.sleep(_ASKED_AGAIN)
            except (ValueError, KeyError, RecursionError):  # KeyError: bytes where text was due
                return NO_REQUEST

    async def tell(self) -> int:
        """What happens, until the session is over."""
        while self.desk.session(self.socket) is not None:
            await self.send_news()
            await asyncio.sleep(_TOGETHER)
        return SIGN_IN

    async def send_news(self) -> None:
        """The updates that wait, or after a while the word that there are none."""
        updates = []
        with suppress(TimeoutError):
            async with asyncio.timeout(_STILL_HERE):
                updates = await self.subscription.next()
        async with self.lock:
            if self.subscription.dropped != self.dropped:
                self.dropped = self.subscription.dropped
                await self.send(self.watch.everything())
            else:
                await self.send(self.watch.changed(updates) if updates else [self.watch.still_here()])

    async def send(self, frames: list[bytes]) -> None:
        """Names go out only once the audit log has them: where it cannot be written, the view is built without."""
        named = self.watch.named() if frames else []
        try:
            seen = [(each.name, self.desk.pseudonym(each)) for each in named]
            self.desk.audit.saw(self.desk.now(), self.session.account.name, self.session.csrf, seen)
        except OSError:
            self.desk.unwritten += 1
            self.watch.reader = self.watch.reader._replace(names=False)
            frames = self.watch.everything()
        for frame in frames:
            await self.socket.send_bytes(frame)
