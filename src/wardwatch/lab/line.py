"""In: two interfaces of a node. Out: what comes in at one goes out at the other, but for what the line loses.

This process passes on frame by frame, because not every kernel has a queue that loses and delays (netem).
Frames keep what the kernel has left undone in them, checksums for instance (packet(7), PACKET_VNET_HDR).
"""

import socket
from contextlib import suppress
from random import Random
from typing import Final

from .loop import Loop

_EVERY_PROTOCOL: Final = 0x0003
_PACKET, _VNET_HEADER = 263, 15
_HEADER: Final = 10
_LARGEST: Final = 70_000
_BUFFER: Final = 4 << 20


class Line:
    """A line that is there from the moment it is made, in the node this thread is in."""

    def __init__(self, loop: Loop, ends: tuple[str, str], loss: float = 0.0, delay: float = 0.0) -> None:
        self._loop, self._loss, self._delay = loop, loss, delay
        self._chance = Random(1)  # noqa: S311  # the same line loses the same packets
        self._ends = (_end(ends[0]), _end(ends[1]))
        self.passed = self.lost = 0
        self.cut = False
        for one, other in (self._ends, self._ends[::-1]):
            loop.watch(one, lambda one=one, other=other: self._come(one, other))  # type: ignore[misc]  # bound now

    def close(self) -> None:
        """Both ends."""
        for end in self._ends:
            self._loop.forget(end)
            end.close()

    def _come(self, one: socket.socket, other: socket.socket) -> None:
        while True:
            try:
                data, address = one.recvfrom(_LARGEST)
            except OSError:  # nothing more, or the interface went down
                return
            if address[2] != socket.PACKET_OUTGOING:
                self._take(data, other)

    def _take(self, data: bytes, other: socket.socket) -> None:
        if self.cut or self._chance.random() < self._loss:
            self.lost += 1
        elif self._delay:
            self._loop.after(self._delay, lambda: self._give(data, other))
        else:
            self._give(data, other)

    def _give(self, data: bytes, other: socket.socket) -> None:
        with suppress(OSError):  # the interface is down, or its queue is full: lost, as on a real line
            other.send(data)
            self.passed += 1


def _end(interface: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERY_PROTOCOL))
    end.setsockopt(_PACKET, _VNET_HEADER, 1)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    end.bind((interface, 0))
    end.setblocking(False)  # noqa: FBT003  # its name in the library
    return end
