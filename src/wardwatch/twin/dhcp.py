"""In: a host and the address it is to get. Out: the four messages of DHCP, or the two of a renewal (RFC 2131, 2132)."""

from struct import Struct
from typing import Final

from .packets import Host, ip

CLIENT_PORT: Final = 68
SERVER_PORT: Final = 67
DISCOVER, OFFER, REQUEST, ACKNOWLEDGE = 1, 2, 3, 5
_HEAD: Final = Struct(">BBBBIHH4s4s4s4s16s64s128sI")
_MAGIC: Final = 0x63825363
_HOUR: Final = 3600


def message(kind: int, client: Host, server: Host, transaction: int, *, renewing: bool = False) -> bytes:
    """A message of `kind`. `client.ip` is the address asked for or given; when `renewing` it is in use already."""
    from_server = kind in (OFFER, ACKNOWLEDGE)
    head = _HEAD.pack(
        2 if from_server else 1, 1, 6, 0, transaction, 0, 0,
        client.ip if renewing else bytes(4), client.ip if from_server else bytes(4), bytes(4), bytes(4),
        client.mac.ljust(16, b"\0"), bytes(64), bytes(128), _MAGIC,
    )  # fmt: skip
    body = head + _option(53, bytes([kind]))
    body += _given(server) if from_server else _asked(client, server, kind, renewing=renewing)
    return (body + b"\xff").ljust(300, b"\0")


def _asked(client: Host, server: Host, kind: int, *, renewing: bool) -> bytes:
    options = _option(12, client.name.encode("ascii")) + _option(55, bytes([1, 3, 6, 15, 42]))
    if kind == REQUEST and not renewing:
        options += _option(50, client.ip) + _option(54, server.ip)
    return options


def _given(server: Host) -> bytes:
    lease = _option(51, (8 * _HOUR).to_bytes(4, "big"))
    return _option(54, server.ip) + lease + _option(1, ip("255.255.0.0")) + _option(3, ip("10.20.0.1"))


def _option(code: int, content: bytes) -> bytes:
    return bytes([code, len(content)]) + content if content else b""
