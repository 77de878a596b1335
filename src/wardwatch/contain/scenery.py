"""In: a policy. Out: the network to try it in: each device where it is attached, each peer, and a world outside.

Nothing in it is real but the kernel that forwards. 'Outside' holds first and last addresses of each blocked network,
the addresses the knowledge names in it, and a stranger.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from re import fullmatch
from typing import Final

from wardwatch.errors import UsageError
from wardwatch.lab.network import Network, Port, Route

from .policy import Address, Contained, Policy

GATEWAY: Final = "gateway"
OUTSIDE: Final = "outside"
VIA: Final = {4: "169.254.0.1", 6: "fe80::1"}
"""The gateway's address towards every neighbour, whatever network that one is in."""
STRANGERS: Final = (ip_address("198.51.100.77"), ip_address("2001:db8:ffff::77"))
_OWN_IPV6: Final = int(IPv6Address("fd57:6172:6477:6174::"))
_LINUX_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}"
MOST_DEVICES: Final = 16
MOST_OUTSIDE: Final = 24


@dataclass(frozen=True, slots=True)
class Home:
    """A device in the lab: its node, the addresses it has by the policy, and those it gives itself."""

    device: Contained
    node: str
    own: tuple[Address, ...]
    taken: tuple[Address, ...]

    def interface(self, number: int) -> str:
        """Its interface for its attachment of that number."""
        return f"eth{number}"


@dataclass(frozen=True, slots=True)
class Scenery:
    """The network, and who is where in it. `outside`: the addresses there; `peers`: node of each kept peer."""

    network: Network
    homes: tuple[Home, ...]
    peers: dict[Address, str]
    outside: tuple[Address, ...]


def scenery(policy: Policy, known: Iterable[Address] = ()) -> Scenery:
    """UsageError where the policy's interfaces have names that Linux does not take, or devices are too many."""
    if len(policy.devices) > MOST_DEVICES:
        raise UsageError(f"more than {MOST_DEVICES} devices", where=policy.name, cure="Prove it in several parts.")
    for name in policy.sides:
        if not fullmatch(_LINUX_NAME, name):
            raise UsageError(
                "no name Linux gives an interface",
                where=name,
                cure="A proof needs names of up to 15 letters and digits.",
            )
    inside, edge = _sides(policy)
    homes = tuple(_home(number, device, policy) for number, device in enumerate(policy.devices))
    peers = {peer: f"peer{number}" for number, keep in enumerate(policy.keeps) for peer in keep.peers}
    outside = tuple(_outside(policy, known))
    sides = list(
        dict.fromkeys([*(place.interface for place in policy.attachments), inside, edge, *_kept_sides(policy)])
    )
    ports = [Port(GATEWAY, side, side, (f"{VIA[6]}/64",)) for side in sides]
    ports += [port for home in homes for port in _attached(home)]
    ports += [Port(GATEWAY, "self0", "self", (f"{VIA[4]}/32",))]
    routes = [route for home in homes for route in routes_to(home, 0)]
    for address, node in peers.items():
        keep = next(keep for keep in policy.keeps if address in keep.peers)
        ports, routes = _placed(node, (address,), keep.interface or inside, ports, routes)
    ports, routes = _placed(OUTSIDE, outside, edge, ports, routes)
    return Scenery(Network(tuple(ports), tuple(routes), (GATEWAY,)), homes, peers, outside)


def routes_to(home: Home, number: int) -> Iterator[Route]:
    """What brings traffic to a device, and from it, by its attachment of that number."""
    number = min(number, len(home.device.attachments) - 1)
    side, own = home.device.attachments[number].interface, home.interface(number)
    for address in (*home.own, *home.taken):
        yield Route(GATEWAY, host(address), side)
    for version in (4, 6):
        yield Route(home.node, f"{VIA[version]}/{128 if version == 6 else 32}", own)  # noqa: PLR2004  # IP version 6
        yield Route(home.node, "::/0" if version == 6 else "0.0.0.0/0", own, VIA[version])  # noqa: PLR2004  # as above


def host(address: Address) -> str:
    """The address as the network of one host."""
    return f"{address}/{address.max_prefixlen}"


def _kept_sides(policy: Policy) -> list[str]:
    return [keep.interface for keep in policy.keeps if keep.interface]


def _sides(policy: Policy) -> tuple[str, str]:
    """Where peers lie that no interface is named for, and where the outside is: the last side that is no device's."""
    places = {place.interface for place in policy.attachments}
    free = [side for side in policy.interfaces if side not in places and side not in _kept_sides(policy)]
    edge = free[-1] if free else "edge0"
    return (free[0] if len(free) > 1 else "inside0"), edge


def _home(number: int, device: Contained, policy: Policy) -> Home:
    """A device takes a neighbour's address, and an IPv6 address nobody gave it."""
    busy = {*(a for each in policy.devices for a in each.addresses), *(p for keep in policy.keeps for p in keep.peers)}
    mine = IPv6Address(_OWN_IPV6 + 16 + number)
    first = next((each for each in device.addresses if isinstance(each, IPv4Address)), None)
    start = int(first) if first else int(IPv4Address("192.0.2.16"))
    near = (IPv4Address((start + 40 + step * 16 + number) % 2**32) for step in range(64))
    taken = next((each for each in near if each not in busy and not policy.blocks_address(each)), None)
    return Home(device, f"device{number}", device.addresses, (*([taken] if taken else []), mine))


def _attached(home: Home) -> Iterator[Port]:
    addresses = tuple(map(host, (*home.own, *home.taken)))
    for number, place in enumerate(home.device.attachments):
        yield Port(home.node, home.interface(number), place.interface, addresses, place.mac)


def _placed(
    node: str, addresses: tuple[Address, ...], side: str, ports: list[Port], routes: list[Route]
) -> tuple[list[Port], list[Route]]:
    """A host with these addresses on that side, and the routes to it and from it."""
    before = next((port for port in ports if port.node == node), None)
    have = before.addresses if before else ()
    others = [port for port in ports if port is not before]
    port = Port(node, "eth0", side, (*have, *map(host, addresses)))
    more = [Route(GATEWAY, host(address), side) for address in addresses]
    for version, whole, bits in ((4, "0.0.0.0/0", 32), (6, "::/0", 128)):
        more += [Route(node, f"{VIA[version]}/{bits}", "eth0"), Route(node, whole, "eth0", VIA[version])]
    return [*others, port], [*routes, *more]


def _outside(policy: Policy, known: Iterable[Address]) -> Iterator[Address]:
    taken = {peer for keep in policy.keeps for peer in keep.peers}
    taken |= {address for device in policy.devices for address in device.addresses}
    wanted: dict[Address, None] = {address: None for address in known if policy.blocks_address(address)}
    for block in policy.blocks:
        for network in block.networks:
            wanted |= dict.fromkeys(
                (network.network_address + int(network.num_addresses > 1), network.broadcast_address)
            )
    free = [address for address in (*STRANGERS, *wanted) if address not in taken]
    local = ip_network("127.0.0.0/8")
    yield from [address for address in free if address not in local and not address.is_multicast][:MOST_OUTSIDE]
