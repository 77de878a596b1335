"""In: ports that no central station offers, and who knocks at them. Out: what each device tried, in one sentence.

A CMS8000 whose update function runs asks the address it calls its central station for a network file system: first the
port mapper (111), then NFS (2049), over UDP and TCP. The station offers neither. It counts who knocks, answers nothing
and hangs up, so that a bed's page can say whether its device still tries to call out.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from .words import SECOND

PORTS: Final = (111, 2049)
_STEPS: Final = {111: "the port mapper", 2049: "a network file system"}
_MOST_DEVICES: Final = 4096
_AGAIN: Final = 10 * SECOND
"""A device that goes on knocking is told of so often."""
Tell = Callable[[str, str, int], None]
"""(address of the device, sentence, ns since 1970)"""


class Watcher:
    """Who knocked at the watched ports. `tell` hears each device's first try, and later ones now and then."""

    def __init__(self, tell: Tell, clock: Callable[[], int] = time.time_ns) -> None:
        self._tell, self._clock = tell, clock
        self._knocks: dict[str, Counter[int]] = {}
        self._told: dict[str, int] = {}
        self._servers: list[asyncio.Server] = []
        self._datagrams: list[asyncio.DatagramTransport] = []
        self.watched: tuple[int, ...] = ()
        """The ports that could be opened."""
        self.left_out = 0
        """Knocks of devices beyond those that are remembered."""

    async def open(self, addresses: Iterable[str], ports: Iterable[int], raised_by: int = 0) -> None:
        """Watches these ports at these addresses; one that may not be opened is tried `raised_by` higher.

        What cannot be opened is not watched: `watched` says what is.
        """
        watched = set()
        for address in addresses:
            for port in ports:
                if await self._open(address, port, port) or (
                    raised_by and await self._open(address, port, port + raised_by)
                ):
                    watched.add(port)
        self.watched = tuple(sorted(watched))

    def close(self) -> None:
        """Watches no more."""
        for server in self._servers:
            server.close()
        for transport in self._datagrams:
            transport.close()
        self._servers, self._datagrams = [], []

    def knock(self, address: str, port: int) -> None:
        """Somebody at `address` tried `port`."""
        if address not in self._knocks and len(self._knocks) >= _MOST_DEVICES:
            self.left_out += 1
            return
        knocks = self._knocks.setdefault(address, Counter())
        knocks[port] += 1
        now = self._clock()
        if now - self._told.get(address, -_AGAIN) >= _AGAIN:
            self._told[address] = now
            self._tell(address, _sentence(knocks, now), now)

    async def _open(self, address: str, port: int, where: int) -> bool:
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(lambda: _Hangup(self, port), address, where)
        except OSError:
            return False
        self._servers.append(server)
        with contextlib.suppress(OSError):
            transport, _ = await loop.create_datagram_endpoint(lambda: _Deaf(self, port), (address, where))
            self._datagrams.append(transport)
        return True


class _Hangup(asyncio.Protocol):
    def __init__(self, watcher: Watcher, port: int) -> None:
        self._watcher, self._port = watcher, port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        if isinstance(transport, asyncio.Transport):
            transport.abort()
        if peer:
            self._watcher.knock(str(peer[0]), self._port)


class _Deaf(asyncio.DatagramProtocol):
    def __init__(self, watcher: Watcher, port: int) -> None:
        self._watcher, self._port = watcher, port

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del data
        self._watcher.knock(str(addr[0]), self._port)


def _sentence(knocks: Counter[int], now: int) -> str:
    tried = " and ".join(
        f"port {port} ({_STEPS[port]})" if port in _STEPS else f"port {port}" for port in sorted(knocks)
    )
    count = knocks.total()
    last = datetime.fromtimestamp(now // SECOND).astimezone().strftime("%H:%M:%S")
    times = "1 time" if count == 1 else f"{count} times"
    return f"This device tried to reach {tried} of the station {times}, last at {last}."
