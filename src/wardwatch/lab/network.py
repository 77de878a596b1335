"""In: nodes, links, addresses and routes as data. Out: the steps that make them, as words for ip(8), in order.

Every link runs through one switch, so that several nodes may share an interface of a router as they do on a ward.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SWITCH: Final = "switch"
MTU: Final = 1500
Step = tuple[str, tuple[str, ...]]
"""A node and the words of one ip command within it; 'PATH:NODE' in the words stands for that node's namespace."""


@dataclass(frozen=True, slots=True)
class Port:
    """An interface of a node, and the segment of the switch it is plugged into. `addresses` with prefix length."""

    node: str
    interface: str
    segment: str
    addresses: tuple[str, ...] = ()
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """`via` None: the destination is a neighbour on the interface."""

    node: str
    to: str
    interface: str
    via: str | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """`routers`: the nodes that forward."""

    ports: tuple[Port, ...]
    routes: tuple[Route, ...] = ()
    routers: tuple[str, ...] = ()

    @property
    def nodes(self) -> tuple[str, ...]:
        """Each node once, without the switch."""
        return tuple(dict.fromkeys(port.node for port in self.ports))


def steps(network: Network) -> Iterator[Step]:
    """All that turns empty namespaces into the network."""
    for node in (SWITCH, *network.nodes):
        yield node, ("link", "set", "lo", "up")
    segments = list(dict.fromkeys(port.segment for port in network.ports))
    for number, _ in enumerate(segments):
        yield SWITCH, ("link", "add", f"br{number}", "type", "bridge", "mcast_snooping", "0")
        yield SWITCH, ("link", "set", f"br{number}", "up")
    for number, port in enumerate(network.ports):
        yield from _plugged(port, f"p{number}", f"br{segments.index(port.segment)}")
    for route in network.routes:
        yield route.node, route_words(route)


def route_words(route: Route) -> tuple[str, ...]:
    """Set a route, whatever it was before."""
    family = ("-6",) if ":" in route.to or ":" in (route.via or "") else ()
    via = ("via", route.via) if route.via else ()
    onlink = ("onlink",) if route.via else ()
    return (*family, "route", "replace", route.to, *via, "dev", route.interface, *onlink)


def address_words(address: str, interface: str) -> tuple[str, ...]:
    """Give an interface an address at once, without asking whether somebody has it."""
    nodad = ("nodad",) if ":" in address else ()
    return ("address", "replace", address, "dev", interface, *nodad)


def _plugged(port: Port, plug: str, bridge: str) -> Iterator[Step]:
    mac = ("address", port.mac) if port.mac else ()
    yield SWITCH, (
        "link", "add", plug, "mtu", str(MTU), "type", "veth",
        "peer", "name", port.interface, "mtu", str(MTU), *mac, "netns", f"PATH:{port.node}",
    )  # fmt: skip
    yield SWITCH, ("link", "set", plug, "master", bridge, "up")
    yield port.node, ("link", "set", port.interface, "up")
    for address in port.addresses:
        yield port.node, address_words(address, port.interface)
