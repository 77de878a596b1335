"""In: two hosts and what each says. Out: the frames of a TCP connection as a mirror port sees them, in order of time.

A connection keeps both sequence numbers and acknowledges what it receives (RFC 9293); data is cut at the segment size
both sides announced. The wire itself loses nothing here: a capture that misses packets is made by the capture point
(see `capture`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from .events import MICROSECOND, Event, Sent
from .packets import ACK, FIN, PSH, SYN, Host, TcpHead, tcp

CLIENT: Final = 0
SERVER: Final = 1

_WRAP: Final = 2**32
_WINDOW: Final = 29_200


@dataclass(frozen=True, slots=True)
class Line:
    """What lies between two hosts. `trip`: ns from client's packet to server's answer, seen beside the client.

    `unacknowledged`: segments in a row before the other side acknowledges; 8 stay well inside the window.
    """

    actor: int = 0
    trip: int = 400 * MICROSECOND
    size: int = 1460
    unacknowledged: int = 8


class Connection:
    """One TCP connection. Its methods yield events and move `time` (ns) on; set `time` forward to wait."""

    def __init__(
        self, client: tuple[Host, int], server: tuple[Host, int], time: int, source: Random, line: Line
    ) -> None:
        self._hosts = (client[0], server[0])
        self._ports = (client[1], server[1])
        self._seq = [source.getrandbits(32), source.getrandbits(32)]
        self._source = source
        self._line = line
        self.time = time

    def attempt(self, sent: Sent | None = None) -> Event:
        """A SYN with this connection's initial sequence number: the first, or the same again."""
        return self._segment(CLIENT, SYN, options=self._announced, sent=sent)

    def open(self, sent: Sent | None = None) -> Iterator[Event]:
        """The three-way handshake."""
        yield self.attempt(sent)
        self._seq[CLIENT] += 1
        self._pause(self._line.trip)
        yield self._segment(SERVER, SYN | ACK, options=self._announced)
        self._seq[SERVER] += 1
        self._pause(80 * MICROSECOND)
        yield self._segment(CLIENT, ACK)

    def send(self, side: int, data: bytes, sent: Sent | None = None) -> Iterator[Event]:
        """`data` from `side` in one write, cut into segments, acknowledged by the other side.

        `sent` goes with the last segment; the earlier ones carry only their share of its bytes.
        """
        yield from self._deliver(side, list(self._cut(data, sent)))

    def send_each(self, side: int, writes: list[tuple[bytes, Sent | None]]) -> Iterator[Event]:
        """Like `send`, but every item is a write, and so a segment, of its own."""
        yield from self._deliver(side, [part for data, sent in writes for part in self._cut(data, sent)])

    def _cut(self, data: bytes, sent: Sent | None) -> Iterator[tuple[bytes, Sent | None]]:
        size = self._line.size
        for at in range(0, len(data), size):
            part = data[at : at + size]
            blocks = sent.blocks if sent and at + size >= len(data) else ()
            yield part, sent and Sent(sent.stream, len(part), blocks)

    def _deliver(self, side: int, parts: list[tuple[bytes, Sent | None]]) -> Iterator[Event]:
        for number, (part, sent) in enumerate(parts, 1):
            last = number == len(parts)
            self._pause(12 * MICROSECOND + len(part) * 8)
            yield self._segment(side, ACK | PSH if last else ACK, payload=part, sent=sent)
            self._seq[side] += len(part)
            if last or number % self._line.unacknowledged == 0:
                self._pause(self._line.trip if side == CLIENT else 60 * MICROSECOND)
                yield self._segment(1 - side, ACK)

    def close(self, first: int = CLIENT) -> Iterator[Event]:
        """FIN from both sides, `first` first."""
        for side in (first, 1 - first):
            self._pause(self._line.trip)
            yield self._segment(side, FIN | ACK)
            self._seq[side] += 1
        self._pause(80 * MICROSECOND)
        yield self._segment(first, ACK)

    @property
    def _announced(self) -> bytes:
        return b"\x02\x04" + self._line.size.to_bytes(2, "big")

    def _segment(
        self, side: int, flags: int, *, payload: bytes = b"", options: bytes = b"", sent: Sent | None = None
    ) -> Event:
        ack = self._seq[1 - side] % _WRAP if flags & ACK else 0
        sport, dport = self._ports[side], self._ports[1 - side]
        head = TcpHead(sport, dport, self._seq[side] % _WRAP, ack, flags, _WINDOW, options)
        return Event(self.time, self._line.actor, tcp(self._hosts[side], self._hosts[1 - side], head, payload), sent)

    def _pause(self, about: int) -> None:
        self.time += about + self._source.randrange(about // 4 + 1)
