"""In: an interface without an address. Out: the address that a DHCP server gives it; and a server's answers, too.

RFC 2131. The client asks as a monitor does, by name; the server is the stand-in where no real one is installed.
"""

import socket
import struct
from collections.abc import Mapping
from random import Random
from typing import Final

from . import dhcp
from .packets import Host, ip

_BROADCAST_FLAG: Final = 0x8000
_HEAD: Final = 240
_TRIES: Final = 40
_PATIENCE: Final = 0.3


def lease(interface: str, mac: str, name: str) -> str:
    """The address given to the interface of the node this thread is in; OSError where nobody gives one."""
    client, number = Host(bytes.fromhex(mac.replace(":", "")), bytes(4), name), Random(mac).getrandbits(32)  # noqa: S311  # a number to tell answers apart
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        asking.bind(("", dhcp.CLIENT_PORT))
        asking.settimeout(_PATIENCE)
        offer = _exchange(asking, dhcp.message(dhcp.DISCOVER, client, client, number), dhcp.OFFER)
        offered = Host(client.mac, offer[16:20], name)
        server = Host(b"", _option(offer, 54))
        _exchange(asking, dhcp.message(dhcp.REQUEST, offered, server, number), dhcp.ACKNOWLEDGE)
    return socket.inet_ntoa(offer[16:20])


def answer(question: bytes, given: Mapping[str, str], server: str) -> bytes:
    """Offer or acknowledge the address set down for a MAC address; nothing for anything else."""
    kind = _option(question, 53)
    mac = question[28:34].hex(":")
    if question[:3] != b"\1\1\6" or kind not in {b"\1", b"\3"} or mac not in given:
        return b""
    says = dhcp.OFFER if kind == b"\1" else dhcp.ACKNOWLEDGE
    client, number = Host(bytes.fromhex(mac.replace(":", "")), ip(given[mac])), struct.unpack_from(">I", question, 4)[0]
    return dhcp.message(says, client, Host(b"", ip(server)), number)


def _exchange(asking: socket.socket, question: bytes, kind: int) -> bytes:
    """Ask everybody, and wait for an answer of that kind to this question."""
    question = question[:10] + struct.pack(">H", _BROADCAST_FLAG) + question[12:]
    for _ in range(_TRIES):
        asking.sendto(question, ("255.255.255.255", dhcp.SERVER_PORT))
        try:
            while True:
                said = asking.recv(2048)
                if said[4:8] == question[4:8] and _option(said, 53) == bytes([kind]):
                    return said
        except TimeoutError:
            continue
    raise TimeoutError(110, "no DHCP server answers")


def _option(message: bytes, wanted: int) -> bytes:
    """The content of an option (RFC 2132); nothing where it is not there."""
    at = _HEAD
    while at + 1 < len(message) and message[at] != 255:  # noqa: PLR2004  # the end of the options
        if message[at] == 0:
            at += 1
            continue
        if message[at] == wanted:
            return message[at + 2 : at + 2 + message[at + 1]]
        at += 2 + message[at + 1]
    return b""
