"""In: addresses and ports that a program calls. Out: each of them answered, inside the lab, and what came counted.

The node of the sink takes every address for its own. It listens on a port from the moment somebody calls it.
"""

import selectors
import socket
import struct
from dataclasses import dataclass
from typing import Final

from .seen import Session

_HEAD: Final = 16384
_PORTS: Final = 256
_CALLS: Final = 1024
_BLOCK: Final = 65536
_PACKET_INFO: Final = 8  # IP_PKTINFO, ip(7)


@dataclass(slots=True)
class _Count:
    sessions: int = 0
    received: int = 0
    head: bytes = b""


class Sink:
    """Everybody a program may call. Its sockets are made in the node the thread is in when `expect` is called."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._open: dict[tuple[str, int], socket.socket] = {}
        self._calls: dict[socket.socket, tuple[str, int, str]] = {}
        self._counts: dict[tuple[str, int, str], _Count] = {}

    def knows(self, transport: str, port: int) -> bool:
        """Whether that port is answered already, or cannot be any more."""
        return (transport, port) in self._open or len(self._open) >= _PORTS or not port

    def expect(self, transport: str, port: int) -> None:
        """Listen on a port."""
        kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
        listening = socket.socket(socket.AF_INET, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("0.0.0.0", port))  # noqa: S104  # every address of a network that has no way out
        listening.setblocking(False)  # noqa: FBT003  # its name in the library
        if transport == "tcp":
            listening.listen(64)
        else:
            listening.setsockopt(socket.IPPROTO_IP, _PACKET_INFO, 1)
        self._open[transport, port] = listening
        take = self._accept if transport == "tcp" else self._datagram
        self._selector.register(listening, selectors.EVENT_READ, lambda: take(listening, port))

    def sessions(self) -> tuple[Session, ...]:
        """What came until now."""
        return tuple(
            Session(address, port, transport, count.sessions, count.received, count.head)
            for (address, port, transport), count in self._counts.items()
        )

    def close(self) -> None:
        """Hang up everywhere."""
        for each in (*self._calls, *self._open.values()):
            self._selector.unregister(each)
            each.close()

    def _accept(self, listening: socket.socket, port: int) -> None:
        try:
            call, _ = listening.accept()
        except OSError:
            return  # it hung up meanwhile
        if len(self._calls) >= _CALLS:
            call.close()
            return
        call.setblocking(False)  # noqa: FBT003  # its name in the library
        key = (call.getsockname()[0], port, "tcp")
        self._calls[call] = key
        self._count(key).sessions += 1
        self._selector.register(call, selectors.EVENT_READ, lambda: self._receive(call))

    def _receive(self, call: socket.socket) -> None:
        try:
            data = call.recv(_BLOCK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._add(self._calls[call], data)
        if not data:
            self._selector.unregister(call)
            del self._calls[call]
            call.close()

    def _datagram(self, listening: socket.socket, port: int) -> None:
        try:
            data, extra, _, _ = listening.recvmsg(_BLOCK, 256)
        except OSError:
            return
        for level, kind, content in extra:
            if (level, kind) == (socket.IPPROTO_IP, _PACKET_INFO):
                _, _, address = struct.unpack_from("=i4s4s", content)
                key = (socket.inet_ntoa(address), port, "udp")
                self._count(key).sessions += 1
                self._add(key, data)

    def _count(self, key: tuple[str, int, str]) -> _Count:
        return self._counts.setdefault(key, _Count())

    def _add(self, key: tuple[str, int, str], data: bytes) -> None:
        count = self._count(key)
        count.received += len(data)
        count.head += data[: max(0, _HEAD - len(count.head))]
