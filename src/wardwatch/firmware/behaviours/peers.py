"""In: a host as recovered from code. Out: where its name comes from, what kind of address it is, what explains it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from wardwatch.firmware.words import Hole, Peer, Text
from wardwatch.knowledge.catalogue import firmware_table

from .words import End, Known

PORT_AT_MOST: Final = 65_535
_RESERVED: Final = 0xF000_0000  # class E and broadcast
LOCAL_NAMES: Final = frozenset(("localhost", "localhost.localdomain", "ip6-localhost"))
_NAME: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_-]{1,63})*\.?")
_URL: Final = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{1,20})://)?(?:[^/@\s]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/?#\s]*)(?::(?P<port>\d{1,5}))?"
)


class Scope(StrEnum):
    """How far an address reaches. The documentation ranges count as routable, as the contract has it."""

    ROUTABLE = "routable"
    PRIVATE = "private"
    LOCAL = "local"
    NAME = "name"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Explained:
    """A peer that is hard-coded for a good reason: which, and why it is harmless."""

    network: str
    why: str
    ports: tuple[int, ...] = ()


def scope(host: str) -> Scope:
    """What kind of address `host` is."""
    address = _address(host)
    if host.lower().rstrip(".") in LOCAL_NAMES:
        return Scope.LOCAL
    if address is None:
        return Scope.NAME if _NAME.fullmatch(host) and not host.replace(".", "").isdigit() else Scope.NONE
    if address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast:
        return Scope.LOCAL
    if isinstance(address, IPv4Address) and (int(address) >> 24 in {0, 255} or int(address) >= _RESERVED):
        return Scope.LOCAL  # this network, reserved, broadcast: nothing is sent there by itself
    return Scope.PRIVATE if any(address in network for network in _own_networks()) else Scope.ROUTABLE


def is_qualified(host: str) -> bool:
    """Whether a name has the form of one in the public name system: with a dot, and letters behind the last one."""
    label, dot, top = host.rstrip(".").rpartition(".")
    return bool(dot and label) and top.isalpha() and len(top) > 1


def is_routable(host: str) -> bool:
    """Whether the address can lead out of the house."""
    return scope(host) is Scope.ROUTABLE


def explained(end: End) -> str:
    """Why this hard-coded peer is right and harmless; '' where nothing explains it."""
    address = _address(end.host)
    for entry in _explanations():
        if entry.ports and end.port not in {None, *entry.ports}:
            continue
        if address is None:
            if end.host.lower().rstrip(".").endswith(entry.network):
                return entry.why
        elif "/" in entry.network and address in ip_network(entry.network):
            return entry.why
    return ""


def end_of(host: Text, port: int | None = None, transport: str = "") -> End:
    """The far end that a host text names."""
    text = host.literal
    if text is not None:
        return End(text.strip("[]"), Known.HARD_CODED if text else Known.UNKNOWN, _port(port), transport=transport)
    holes = host.holes
    return End("", known_of(holes), _port(port), " and ".join(dict.fromkeys(h.origin for h in holes)), transport)


def end_of_peer(peer: Peer) -> End:
    """The far end that a sockaddr names."""
    return end_of(peer.host, peer.port, peer.transport)


def end_of_url(url: Text, default_port: int | None = None) -> End:
    """The far end of a URL, `host:path` or `//host/share`, as far as its host is literal."""
    first = url.parts[0] if url.parts and isinstance(url.parts[0], str) else ""
    match = _URL.match(first.removeprefix("//"))
    if not match or not match["host"] or _host_is_open(url, first, match):
        return end_of(Text(url.holes) if url.holes else Text())
    port = int(match["port"]) if match["port"] else default_port
    return End(match["host"].strip("[]"), Known.HARD_CODED, _port(port), transport=(match["scheme"] or "").lower())


def _host_is_open(url: Text, first: str, match: re.Match[str]) -> bool:
    """Whether a hole follows right behind the host, so that the host itself is not known whole."""
    return len(url.parts) > 1 and match.end() == len(first.removeprefix("//"))


def known_of(holes: tuple[Hole, ...]) -> Known:
    """Where a value with these holes comes from: the least trustworthy source speaks."""
    sources = [source for hole in holes for source in hole.sources]
    if any(source.startswith("network") for source in sources):
        return Known.REMOTE
    if sources and all(is_setting(source) for source in sources):
        return Known.CONFIGURED
    return Known.UNKNOWN


def is_setting(source: str) -> bool:
    """Whether a hole's source is the device's configuration or whoever started the program."""
    table = firmware_table("peers")
    return source.startswith(tuple(table["settings"]))


def _port(port: int | None) -> int | None:
    return port if port is not None and 0 < port <= PORT_AT_MOST else None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


@cache
def _own_networks() -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, firmware_table("peers")["private"]))


@cache
def _explanations() -> tuple[Explained, ...]:
    entries = firmware_table("peers")["explained"]
    return tuple(
        Explained(network, entry["why"], tuple(entry.get("ports", ())))
        for entry in entries
        for network in entry["peers"]
    )
