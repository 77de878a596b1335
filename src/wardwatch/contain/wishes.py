"""In: words of a command line, such as `station=10.20.0.5:515-520/tcp`. Out: devices and kept paths of a policy."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from wardwatch.errors import UsageError

from .document import ports as port_range
from .policy import Address, Attachment, Begins, Contained, Keep, Ports, Protocol

USUAL: Final = {
    "station": (Protocol.TCP, "515-520"),
    "hl7": (Protocol.TCP, "511,2575"),
    "ntp": (Protocol.UDP, "123"),
    "dns": (Protocol.UDP, "53"),
}
"""What the usual peers of a monitor speak, so that only their address must be given."""

_KEEP: Final = re.compile(
    r"(?P<name>[^=]+)=(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<bare>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)|(?P<four>[0-9.]+))"
    r"(?::(?P<ports>[0-9,-]+))?(?:/(?P<protocol>tcp|udp))?(?:@(?P<side>[^,@]+))?(?P<calls>,calls)?"
)
_HOW: Final = "Write station=10.20.0.5, or NAME=ADDRESS:PORTS/tcp, with @INTERFACE where the peer lies on one."


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a command line says of a containment."""

    devices: tuple[Contained, ...]
    keeps: tuple[Keep, ...]


def keep(text: str) -> Keep:
    """`NAME=ADDRESS[:PORTS][/PROTOCOL][@INTERFACE][,calls]`; ',calls' where the peer opens the connection."""
    found = _KEEP.fullmatch(text)
    if not found:
        raise UsageError("cannot be read as a path to keep", where=text, cure=_HOW)
    name = found["name"]
    protocol, usual = USUAL.get(name.lower(), (Protocol.TCP, ""))
    numbers = found["ports"] or usual
    if not numbers:
        raise UsageError("without ports", where=text, cure=f"{_HOW} Ports go without saying for {', '.join(USUAL)}.")
    return Keep(
        name, (_address(found["six"] or found["bare"] or found["four"]),),
        Protocol(found["protocol"]) if found["protocol"] else protocol,
        _ports(numbers), Begins.PEER if found["calls"] else Begins.DEVICE, found["side"],
    )  # fmt: skip


def device(text: str, places: tuple[Attachment, ...]) -> Contained:
    """`NAME=ADDRESS[,ADDRESS...]`, attached where the others are."""
    name, equals, addresses = text.partition("=")
    if not equals:
        raise UsageError("cannot be read as a device", where=text, cure="Write monitor-3=10.20.0.21,fd00:20::21.")
    return Contained(name, tuple(map(_address, addresses.split(","))), places)


def attachment(text: str) -> Attachment:
    """`INTERFACE` or `INTERFACE@MAC`."""
    interface, _, mac = text.partition("@")
    return Attachment(interface, mac.lower().replace("-", ":") or None)


def _ports(text: str) -> tuple[Ports, ...]:
    return tuple(map(port_range, text.split(",")))


def _address(text: str) -> Address:
    try:
        return ip_address(text.strip())
    except ValueError as error:
        raise UsageError("no IP address", where=text, cure="Write 10.20.0.5 or fd00:20::5.") from error
