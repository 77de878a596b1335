"""In: attempts, within a lab. Out: what became of each: whether it reached its target, was answered, how fast.

All attempts of a batch are made at once by one loop. Reached is what the target's program read or what a tap before the
target saw of it, whichever tells more: a first packet that gets through is a hole, also where nobody answers it.
"""

import contextlib
import selectors
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from wardwatch.lab.capture import Tap
from wardwatch.lab.namespaces import Namespaces

from .attempts import Attempt, How
from .frames import Key, key_of

PATIENCE: Final = 0.8
"""Seconds for a batch in which something stays unanswered that need not be answered."""
LONGEST: Final = 5.0
"""Seconds for what must be answered; a busy machine takes its time, and all else is waited for as long."""
_MARK: Final = b"wardwatch"
_SIZE: Final = len(_MARK) + 4
_LONG: Final = 3000
_ECHO: Final = {4: 8, 6: 128}
"""ICMP echo request (RFC 792), ICMPv6 echo request (RFC 4443, section 4.1)."""
Handler = Callable[[], None]


@dataclass(slots=True)
class Outcome:
    """What became of an attempt. `seen`: the tap and the number of the first frame of it there."""

    reached: bool = False
    answered: bool = False
    milliseconds: float | None = None
    seen: tuple[str, int] | None = None


@dataclass(slots=True)
class _Going:
    """An attempt under way."""

    attempt: Attempt
    outcome: Outcome
    began: float
    client: socket.socket
    key: Key | None = None


class Exchange:
    """Sockets and taps in every node of a lab; standing connections live as long as it does."""

    def __init__(self, lab: Namespaces, taps: Mapping[str, tuple[str, str]]) -> None:
        self._lab = lab
        self._selector = selectors.DefaultSelector()
        self._listeners: dict[tuple[str, str, str, int], socket.socket] = {}
        self._going: dict[int, _Going] = {}
        self._peers: dict[int, socket.socket] = {}
        self._standing: dict[tuple[int, Attempt], tuple[int, socket.socket, Key | None]] = {}
        self._last = 0
        self.taps: dict[str, Tap] = {}
        self._tap_of: dict[str, list[str]] = {}
        for name, (node, interface) in taps.items():
            with lab.within(node):
                self.taps[name] = Tap(interface)
            self._tap_of.setdefault(node, []).append(name)

    def run(self, batch: Sequence[Attempt], round_: int = 0, *, all_expected: bool = True) -> list[Outcome]:
        """Make every attempt; standing ones are opened where they are not yet, and used where they are.

        `all_expected`: whether everything should be answered, or only what is kept.
        """
        starts = {name: len(tap.frames) for name, tap in self._read_taps().items()}
        going = [self._begin(attempt, round_) for attempt in batch]
        began, expected = time.monotonic(), [each for each in going if all_expected or each.attempt.kept]
        while not _over(time.monotonic() - began, going, expected):
            for key, _ in self._selector.select(0.02):
                handler: Handler = key.data
                with contextlib.suppress(OSError):
                    handler()
        self._look(going, starts)
        for number, each in list(self._going.items()):
            self._finish(number, each, round_)
        return [each.outcome for each in going]

    def close(self) -> None:
        """Close taps with what they still hold."""
        for tap in self.taps.values():
            tap.close()

    def _read_taps(self) -> dict[str, Tap]:
        for tap in self.taps.values():
            tap.read()
        return self.taps

    def _look(self, going: Sequence[_Going], starts: Mapping[str, int]) -> None:
        """What the taps before the targets saw since the batch began."""
        self._read_taps()
        seen: dict[tuple[str, Key], int] = {}
        for name, tap in self.taps.items():
            for number, frame in enumerate(tap.frames[starts[name] :], starts[name] + 1):
                key = None if frame.outgoing else key_of(frame.data)
                if key is not None:
                    seen.setdefault((name, key), number)
        for each in going:
            for name in self._tap_of.get(each.attempt.target, ()):
                first = seen.get((name, each.key)) if each.key else None
                if first is not None:
                    each.outcome.seen = each.outcome.seen or (name, first)
                    each.outcome.reached = True

    def _begin(self, attempt: Attempt, round_: int) -> _Going:
        self._last += 1
        number = self._last
        if attempt.standing and (round_, attempt) in self._standing:
            return self._again(number, attempt, round_)
        self._listen(attempt)
        with self._lab.within(attempt.origin):
            client = _socket(attempt)
        client.bind((str(attempt.src), 0))
        going = _Going(attempt, Outcome(), time.perf_counter(), client, _key(attempt, client))
        self._going[number] = going
        with contextlib.suppress(OSError):
            self._send(number, going)
        return going

    def _again(self, number: int, attempt: Attempt, round_: int) -> _Going:
        """Speak over a standing connection, from both of its ends."""
        first, client, key = self._standing[round_, attempt]
        going = _Going(attempt, Outcome(), time.perf_counter(), client, key)
        self._going[number] = going
        self._watch(client, lambda: self._hear(number, client))
        with contextlib.suppress(OSError):
            client.send(_token(number))
        peer = self._peers.get(first)
        if peer is not None and attempt.how is How.TCP and not attempt.kept:
            with contextlib.suppress(OSError):
                peer.send(_token(number))
        return going

    def _send(self, number: int, going: _Going) -> None:
        attempt, client = going.attempt, going.client
        if attempt.how is How.TCP:
            client.connect_ex((str(attempt.dst), attempt.port))
            self._watch(client, lambda: self._connected(number, going), selectors.EVENT_WRITE)
            return
        self._watch(client, lambda: self._hear(number, client))
        client.connect((str(attempt.dst), attempt.port))
        if attempt.how is How.PING:
            client.send(struct.pack("!BBHHH", _ECHO[attempt.src.version], 0, 0, 0, number & 0xFFFF) + _token(number))
        else:
            client.send(_token(number, long=attempt.how is How.FRAGMENTS))

    def _connected(self, number: int, going: _Going) -> None:
        self._watch(going.client, lambda: self._hear(number, going.client))
        going.client.send(_token(number))

    def _hear(self, number: int, client: socket.socket) -> None:
        """An answer, or over a standing connection something of the other end's own."""
        data = client.recv(65535)
        if not data:
            self._selector.unregister(client)
        elif _MARK in data and number in self._going:
            going = self._going[number]
            going.outcome.reached = going.outcome.answered = True
            if going.outcome.milliseconds is None:
                going.outcome.milliseconds = (time.perf_counter() - going.began) * 1000

    def _listen(self, attempt: Attempt) -> None:
        if attempt.how is How.PING:
            return
        kind = "tcp" if attempt.how is How.TCP else "udp"
        place = (attempt.target, str(attempt.dst), kind, attempt.port)
        if place in self._listeners:
            return
        with self._lab.within(attempt.target):
            family = socket.AF_INET if attempt.dst.version == 4 else socket.AF_INET6  # noqa: PLR2004  # IPv4
            listener = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        listener.settimeout(0.0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(attempt.dst), attempt.port))
        if kind == "tcp":
            listener.listen(64)
            self._watch(listener, lambda: self._accept(listener))
        else:
            self._watch(listener, lambda: self._answer_datagram(listener))
        self._listeners[place] = listener

    def _accept(self, listener: socket.socket) -> None:
        peer, _ = listener.accept()
        peer.settimeout(0.0)
        self._watch(peer, lambda: self._answer(peer))

    def _answer(self, peer: socket.socket) -> None:
        data = peer.recv(65535)
        if not data:
            self._selector.unregister(peer)
            peer.close()
            return
        for number in _numbers(data):
            self._arrived(number)
            self._peers.setdefault(number, peer)
        peer.send(data)

    def _answer_datagram(self, listener: socket.socket) -> None:
        data, sender = listener.recvfrom(65535)
        for number in _numbers(data):
            self._arrived(number)
        listener.sendto(data[:_SIZE], sender)

    def _arrived(self, number: int) -> None:
        if number in self._going:
            self._going[number].outcome.reached = True

    def _watch(self, watched: socket.socket, handler: Handler, event: int = selectors.EVENT_READ) -> None:
        if watched in self._selector.get_map():
            self._selector.modify(watched, event, handler)
        else:
            self._selector.register(watched, event, handler)

    def _finish(self, number: int, going: _Going, round_: int) -> None:
        """A standing connection that was opened stays; all else is cut off at once: nothing of it may come later."""
        del self._going[number]
        if going.attempt.standing:
            if going.outcome.answered:
                self._standing.setdefault((round_, going.attempt), (number, going.client, going.key))
            return
        with contextlib.suppress(KeyError):
            self._selector.unregister(going.client)
        if going.attempt.how is How.TCP:
            going.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        going.client.close()


def _over(seconds: float, going: Sequence[_Going], expected: Sequence[_Going]) -> bool:
    """Whether a batch has had its time."""
    if all(each.outcome.answered for each in going) or seconds > LONGEST:
        return True
    return seconds > PATIENCE and all(each.outcome.answered for each in expected)


def _socket(attempt: Attempt) -> socket.socket:
    version = attempt.src.version
    family = socket.AF_INET if version == 4 else socket.AF_INET6  # noqa: PLR2004  # IPv4
    if attempt.how is How.PING:
        protocol = socket.IPPROTO_ICMP if version == 4 else socket.IPPROTO_ICMPV6  # noqa: PLR2004  # as above
        made = socket.socket(family, socket.SOCK_DGRAM, protocol)
    else:
        made = socket.socket(family, socket.SOCK_STREAM if attempt.how is How.TCP else socket.SOCK_DGRAM)
    made.settimeout(0.0)
    return made


def _key(attempt: Attempt, client: socket.socket) -> Key:
    """What its packets show on the wire."""
    ends = attempt.src.packed, attempt.dst.packed
    if attempt.how is How.PING:
        return (*ends, "icmp", 0, 0)
    protocol = "tcp" if attempt.how is How.TCP else "udp"
    return (*ends, protocol, client.getsockname()[1], attempt.port)


def _token(number: int, *, long: bool = False) -> bytes:
    token = _MARK + struct.pack("!I", number)
    return token.ljust(_LONG, b".") if long else token


def _numbers(data: bytes) -> list[int]:
    """The number of each token in what was read; a stream may bring several at once."""
    parts = data.split(_MARK)[1:]
    return [struct.unpack("!I", part[:4])[0] for part in parts if len(part) >= 4]  # noqa: PLR2004  # size of a number
