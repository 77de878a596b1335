"""In: devices, what was found on them, what must be kept. Out: the policy with the fewest parts that stops every path.

Each device is denied by default, so every path from it or to it is stopped already; blocks are added only for those
peers that are no use to anybody: published networks, and addresses of paths that go outside.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_network
from typing import Final

from wardwatch.errors import UsageError

from .meaning import decide
from .packet import Packet, State
from .policy import Address, Block, Contained, Keep, Network, Policy
from .reported import Path

NAT64: Final = int(IPv6Address("64:ff9b::"))
"""The well-known prefix by which hosts without IPv4 reach IPv4 addresses (RFC 6052, section 2.1)."""
INSIDE: Final = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
        "0.0.0.0/8", "240.0.0.0/4", "fc00::/7", "fe80::/10", "::/127",
    )
)  # fmt: skip
"""What is nobody's outside (RFC 1918, 6598, 3927, 1122, 4193, 4291): such a peer is denied, but not blocked for all."""
_SIX_TO_FOUR: Final = 0x2002
_SIXTEEN_BITS: Final = 16
_EPHEMERAL: Final = 49152


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan is made of. `published`: networks the knowledge names; `blocks`: networks asked for by hand."""

    name: str
    expires: date
    devices: tuple[Contained, ...]
    keeps: tuple[Keep, ...] = ()
    published: tuple[Network, ...] = ()
    blocks: tuple[Network, ...] = ()
    paths: tuple[Path, ...] = ()
    interfaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stopped:
    """A path that was found, and the part of the policy that stops it."""

    path: Path
    because: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The policy, and what it does to each path that was found."""

    policy: Policy
    stopped: tuple[Stopped, ...]


def plan(asked: Asked) -> Plan:
    """UsageError where a path that was found is one that is to be kept: nobody can have both."""
    policy = Policy(asked.name, asked.expires, asked.devices, asked.keeps, tuple(_blocks(asked)), asked.interfaces)
    stopped = [Stopped(path, _stops(policy, path)) for path in asked.paths]
    return Plan(policy, tuple(stopped))


def _blocks(asked: Asked) -> Iterator[Block]:
    published = _needed(asked)
    if published:
        yield Block("published", tuple(_also_as_ipv6(published)))
    by_hand = [network for network in asked.blocks if not _covered(network, published)]
    if by_hand:
        yield Block("asked for", tuple(_also_as_ipv6(by_hand)))
    rest = [network for network in _outside(asked.paths) if not _covered(network, [*published, *by_hand])]
    rest = [network for network in rest if not any(peer in network for keep in asked.keeps for peer in keep.peers)]
    if rest:
        yield Block("found", tuple(_also_as_ipv6(rest)))


def _needed(asked: Asked) -> Sequence[Network]:
    """Published networks whole, even where only one address in them was called: the program may know more."""
    return _collapsed(asked.published)


def _outside(paths: Iterable[Path]) -> Sequence[Network]:
    """The addresses of paths that are nobody's on site."""
    hosts = (ip_network(str(path.peer)) for path in paths if not path.peer.is_multicast)
    return _collapsed(host for host in hosts if not _covered(host, INSIDE))


def _collapsed(networks: Iterable[Network]) -> list[Network]:
    all_networks = list(networks)
    return [
        *collapse_addresses(each for each in all_networks if isinstance(each, IPv4Network)),
        *collapse_addresses(each for each in all_networks if isinstance(each, IPv6Network)),
    ]


def _covered(network: Network, by: Iterable[Network]) -> bool:
    ends = network.network_address, network.broadcast_address
    return any(network.version == other.version and all(end in other for end in ends) for other in by)


def _also_as_ipv6(networks: Iterable[Network]) -> Iterator[Network]:
    """Each network, and those by which an IPv6 host reaches an IPv4 one: NAT64 (RFC 6052) and 6to4 (RFC 3056)."""
    for network in networks:
        yield network
        if isinstance(network, IPv4Network):
            start = int(network.network_address)
            yield IPv6Network((NAT64 | start, 96 + network.prefixlen))
            yield IPv6Network((_SIX_TO_FOUR << 112 | start << 80, _SIXTEEN_BITS + network.prefixlen))


def _stops(policy: Policy, path: Path) -> str:
    device = next((each for each in policy.devices if each.name == path.device), None)
    if device is None and not policy.blocks_address(path.peer):
        return "contain, for whichever device runs it"
    because = ""
    for packet in _packets(policy, path, device or policy.devices[0]):
        decision = decide(policy, packet)
        if decision.passes:
            raise UsageError(
                f"asked to be kept ({decision.because}), and found: {path}",
                where="the plan", cure="Keep another peer or port, or leave this device as it is.",
            )  # fmt: skip
        because = decision.because
    return because


def _packets(policy: Policy, path: Path, device: Contained) -> Iterator[Packet]:
    """The packets of the path, by each way the device is attached, new and standing."""
    ours: Address | None = next((each for each in device.addresses if each.version == path.peer.version), None)
    if ours is None:
        return
    for place in device.attachments:
        for side in policy.sides:
            for state in (State.NEW, State.ONWARD):
                mac = place.mac or "02:00:5e:00:53:01"
                ends = (path.peer, ours) if path.inward else (ours, path.peer)
                sides = (side, place.interface) if path.inward else (place.interface, side)
                yield Packet(*sides, mac, *ends, path.protocol, _EPHEMERAL, path.port, state)
