"""In: a station's address and how fast. Out: one monitor's stream over TCP, a set a second, until it is enough.

Connects where it is told and nowhere else, once: a connection that ends is said, never begun again in silence.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from wardwatch.errors import UsageError

from .events import SECOND
from .stream import Bedside

_NEAR: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)
_PATIENCE: Final = 10.0  # seconds to connect, or to hand over a set
_STAY: Final = 300.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how fast: `seconds` of the monitor's time (None: no end), `speed` times as fast as the clock."""

    seconds: int | None = None
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Who:
    """Which monitor: `seed` and `bed` (from 1) choose it, its patient and the waves.

    `too_high`: how much its display shows the heart rate too high. `stay`: how long a patient stays, on average.
    """

    seed: int = 1
    bed: int = 1
    too_high: int = 0
    stay: float = _STAY


def sets(who: Who, start: int) -> Iterator[bytes]:
    """What one monitor sends from `start` (ns since 1970) on: the opening with the first set, then set after set."""
    bedside = Bedside(who.seed, who.bed - 1, start - SECOND, who.stay, too_high=who.too_high)
    opening = b"".join(data for data, _ in bedside.opening(0))
    k = 0
    while True:
        yield opening + b"".join(data for data, _ in bedside.second(k))
        opening = b""
        k += 1


def destination(text: str, *, public: bool) -> tuple[str, int]:
    """Address and port of `HOST:PORT`; UsageError where the host is not on this machine or in a private network.

    With `public` any address is accepted. The name is looked up once and the address found is the one connected to.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:  # noqa: PLR2004  # ports
        raise UsageError("is no destination", where=text, cure="Write HOST:PORT, for example 127.0.0.1:5150")
    try:
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0][4]
    except OSError as error:
        raise UsageError("no such host", where=host, cure="Give its address instead of its name") from error
    address = str(found[0])
    if not public and not any(ipaddress.ip_address(address) in network for network in _NEAR):
        raise UsageError(
            f"{address} is neither this machine nor in a private network, and a twin does not send outside unasked",
            where=text,
            cure="If it really is yours, add --allow-public-destination",
        )
    return address, int(port)


def stream(to: tuple[str, int], who: Who, pace: Pace, told: Callable[[int], None] = lambda _: None) -> int:
    """Send until `pace` is over; the number of sets sent. `told` hears that number after each set.

    UsageError where nobody accepts the connection or it ends early. KeyboardInterrupt goes through, socket closed.
    """
    where = f"{to[0]}:{to[1]}"
    try:
        with socket.create_connection(to, timeout=_PATIENCE) as connection:
            return _send(connection, who, pace, told)
    except OSError as error:
        reason = error.strerror or "no answer in time"
        raise UsageError(f"the connection ended: {reason}", where=where, cure="Start the station first") from error


def _send(connection: socket.socket, who: Who, pace: Pace, told: Callable[[int], None]) -> int:
    begun, count = time.monotonic(), 0
    for count, data in enumerate(sets(who, time.time_ns()), 1):
        connection.sendall(data)
        told(count)
        if pace.seconds is not None and count >= pace.seconds:
            break
        time.sleep(max(0.0, begun + count / pace.speed - time.monotonic()))
    connection.shutdown(socket.SHUT_WR)
    return count
