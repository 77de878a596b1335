"""In: names, addresses and interfaces. Out: a containment policy as one frozen value; one that misleads can't be built.

A policy has one meaning (`meaning.py`): what is kept passes, what touches a block or a contained device otherwise
does not, and nothing else is touched. Text that reaches a generated rule is checked here, once, for every dialect.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from wardwatch.errors import UsageError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,47}")
_INTERFACE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,39}")
_MAC: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_LAST_PORT: Final = 65535
MOST: Final = 256
"""At most so many devices, kept paths, blocks or addresses of one: a rule set a person can still read."""


class Protocol(StrEnum):
    """What a kept path speaks; everything else is never kept."""

    TCP = "tcp"
    UDP = "udp"


class Begins(StrEnum):
    """Who opens a kept connection; the other side only answers."""

    DEVICE = "device"
    PEER = "peer"


@dataclass(frozen=True, slots=True, order=True)
class Ports:
    """A range of ports, both ends included."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 0 < self.first <= self.last <= _LAST_PORT:
            raise _wrong("no range of ports", f"{self.first}-{self.last}", "Ports go from 1 to 65535.")

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Attachment:
    """Where a device is plugged in: an interface of the gateway (a VLAN, a switch port, a wireless network).

    Without `mac` everything behind the interface is contained, whatever address it gives itself.
    """

    interface: str
    mac: str | None = None

    def __post_init__(self) -> None:
        _matches(_INTERFACE, self.interface, "no name of an interface", "Letters, digits and ./_- up to 40 characters.")
        if self.mac is not None:
            _matches(_MAC, self.mac, "no MAC address", "Write it like 02:10:0a:14:00:15.")
            if int(self.mac[:2], 16) & 1:
                raise _wrong("a group address, which no device has", self.mac, "Read it off the device or the switch.")


@dataclass(frozen=True, slots=True)
class Contained:
    """A device that is cut off from everything that is not kept."""

    name: str
    addresses: tuple[Address, ...]
    attachments: tuple[Attachment, ...]

    def __post_init__(self) -> None:
        _named(self.name)
        _some("address", self.name, self.addresses)
        _some("attachment", self.name, self.attachments)
        for address in self.addresses:
            _one_host(address)


@dataclass(frozen=True, slots=True)
class Keep:
    """A path that must stay open. `interface`: the gateway's side on which the peer lies, where only that will do."""

    name: str
    peers: tuple[Address, ...]
    protocol: Protocol
    ports: tuple[Ports, ...]
    begins: Begins = Begins.DEVICE
    interface: str | None = None

    def __post_init__(self) -> None:
        _named(self.name)
        _some("peer", self.name, self.peers)
        _some("port", self.name, self.ports)
        for peer in self.peers:
            _one_host(peer)
        if self.interface is not None:
            Attachment(self.interface)


@dataclass(frozen=True, slots=True)
class Block:
    """Networks that nothing reaches, and that reach nothing, save a kept path bound to an interface."""

    name: str
    networks: tuple[Network, ...]

    def __post_init__(self) -> None:
        _named(self.name)
        _some("network", self.name, self.networks)
        for network in self.networks:
            if network.prefixlen == 0:
                raise _wrong("everything there is", str(network), "Name the networks that are to be blocked.")


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole containment. `interfaces`: every interface by which the gateway forwards, for dialects that need it."""

    name: str
    expires: date
    devices: tuple[Contained, ...]
    keeps: tuple[Keep, ...] = ()
    blocks: tuple[Block, ...] = ()
    interfaces: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _named(self.name)
        _some("device", self.name, self.devices)
        for parts in (self.keeps, self.blocks, self.interfaces):
            _few(self.name, parts)
        for interface in self.interfaces:
            Attachment(interface)
        for each in (self.devices, self.keeps, self.blocks):
            _unique([part.name for part in each])
        _sides_are_known(self)
        for keep in self.keeps:
            self._agrees(keep)

    def _agrees(self, keep: Keep) -> None:
        """A kept path into a block is the hospital's own use of the address, and is bound to an isolated segment."""
        for peer in keep.peers:
            if self.blocks_address(peer) and keep.interface is None:
                raise _wrong(
                    f"kept, and {peer} lies in a block",
                    keep.name,
                    "Where the hospital itself uses the address, name the isolated segment it lies on: @INTERFACE.",
                )
            if any(peer in device.addresses for device in self.devices):
                raise _wrong(f"kept, and {peer} is a contained device itself", keep.name, "Name another peer.")

    def blocks_address(self, address: Address) -> bool:
        """Whether the address lies in a block."""
        return any(address in network for block in self.blocks for network in block.networks)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Each place a device is plugged in, once."""
        return tuple(dict.fromkeys(place for device in self.devices for place in device.attachments))

    @property
    def sides(self) -> tuple[str, ...]:
        """Each interface the policy names, once, attachments first."""
        named = [place.interface for place in self.attachments]
        kept = [keep.interface for keep in self.keeps if keep.interface]
        return tuple(dict.fromkeys([*named, *kept, *self.interfaces]))


def _sides_are_known(policy: Policy) -> None:
    """An interface is either whole a device's or shared by MAC, and no peer lies on a contained one."""
    whole = {place.interface for place in policy.attachments if place.mac is None}
    shared = {place.interface for place in policy.attachments if place.mac is not None}
    if both := sorted(whole & shared):
        raise _wrong("contained whole and by MAC at once", both[0], "Bind every device there by MAC, or none.")
    for keep in policy.keeps:
        if keep.interface in whole:
            raise _wrong(f"contained whole, and {keep.name} is said to lie there", str(keep.interface), "Move one.")


def _named(text: str) -> None:
    _matches(_NAME, text, "no name", "Letters, digits, spaces and ._- up to 48 characters, a letter or digit first.")


def _matches(pattern: re.Pattern[str], text: str, what: str, cure: str) -> None:
    if not pattern.fullmatch(text):
        raise _wrong(what, text, cure)


def _some(what: str, name: str, parts: tuple[object, ...]) -> None:
    if not parts:
        raise _wrong(f"without any {what}", name, f"Give at least one {what}.")
    _few(name, parts)


def _few(name: str, parts: tuple[object, ...]) -> None:
    if len(parts) > MOST:
        raise _wrong(f"more than {MOST} of one kind", name, "Make several policies of it.")


def _unique(names: list[str]) -> None:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise _wrong("named twice", twice[0], "Give each its own name.")


def _one_host(address: Address) -> None:
    """Only what names one machine; a zone (RFC 4007) has a meaning on one machine alone and is refused."""
    if address.is_multicast or address.is_unspecified or address.is_loopback or getattr(address, "scope_id", None):
        raise _wrong("not the address of one machine", str(address), "Give the address it is reached by.")


def _wrong(what: str, where: str, cure: str) -> UsageError:
    return UsageError(what, where=where, cure=cure)
