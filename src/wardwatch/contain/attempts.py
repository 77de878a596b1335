"""In: a policy and the network to try it in. Out: every attempt: who, from which address, to whom, how; kept or not.

Attempts are chosen from the policy alone, by its meaning: each kept path at both ends of its ports; just beside them;
every published address by every port the design uses; a stranger; the peers by other protocols; and all that from
outside and from the peers to the device.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from .policy import Address, Begins, Keep, Policy
from .scenery import OUTSIDE, STRANGERS, Home, Scenery

DESIGN_PORTS: Final = {"tcp": (515, 516, 520, 511, 111, 2049, 80), "udp": (111, 2049, 123)}
"""What the hard-coded addresses are called by, and the web."""
_LAST_PORT: Final = 65535
_INWARD: Final = (("tcp", 22), ("tcp", 515), ("udp", 515), ("udp", 161))
_MAIN: Final = 3
_KEPT: Final = True
_FORBIDDEN: Final = False
_TAKEN: Final = True
_GIVEN: Final = False


class How(StrEnum):
    """What is sent."""

    TCP = "tcp"
    UDP = "udp"
    FRAGMENTS = "udp in fragments"
    PING = "ping"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One path to try.

    `standing`: a connection that was there before the rules. `taken`: by an address the device gave itself.
    """

    kept: bool
    device: str
    origin: str
    target: str
    src: Address
    dst: Address
    how: How
    port: int = 0
    standing: bool = False
    taken: bool = False
    outward: bool = True

    @property
    def name(self) -> str:
        """The path in a table."""
        port = f" {self.port}" if self.port else ""
        standing = ", standing" if self.standing else ""
        return f"{self.src} to {self.dst}: {self.how}{port}{standing}"


def attempts(policy: Policy, scenery: Scenery, number: int) -> tuple[Attempt, ...]:
    """All attempts while the devices are on their attachment of that number, each once."""
    found: dict[Attempt, None] = {}
    for home in scenery.homes:
        found |= dict.fromkeys(_kept(policy, scenery, home))
        found |= dict.fromkeys(_outward(policy, scenery, home))
        found |= dict.fromkeys(_inward(scenery, home, number))
    kept = {(each.origin, each.src, each.dst, each.how, each.port) for each in found if each.kept}
    return tuple(
        each for each in found if each.kept or (each.origin, each.src, each.dst, each.how, each.port) not in kept
    )


def _kept(policy: Policy, scenery: Scenery, home: Home) -> Iterator[Attempt]:
    for keep in policy.keeps:
        for peer, own in product(keep.peers, home.own):
            if peer.version == own.version:
                yield from _kept_pair(keep, home, (own, peer), scenery.peers[peer])


def _kept_pair(keep: Keep, home: Home, ends: tuple[Address, Address], node: str) -> Iterator[Attempt]:
    own, peer = ends
    out = keep.begins is Begins.DEVICE
    how = How(keep.protocol)
    way = (home.node, node, own, peer) if out else (node, home.node, peer, own)
    for ports in keep.ports:
        for port in dict.fromkeys((ports.first, ports.last)):
            yield Attempt(_KEPT, home.device.name, *way, how, port, outward=out)
    first = keep.ports[0].first
    yield Attempt(_KEPT, home.device.name, *way, how, first, standing=True, outward=out)


def _outward(policy: Policy, scenery: Scenery, home: Home) -> Iterator[Attempt]:
    for own, taken in _sources(home):
        for number, address in enumerate(each for each in scenery.outside if each.version == own.version):
            for how, port in _calls(address, main=number < _MAIN):
                yield Attempt(_FORBIDDEN, home.device.name, home.node, OUTSIDE, own, address, how, port, taken=taken)
            if number < _MAIN and not taken:
                for how, port in ((How.TCP, 515), (How.UDP, 2049)):
                    yield Attempt(
                        _FORBIDDEN, home.device.name, home.node, OUTSIDE, own, address, how, port, standing=True
                    )
        for keep in policy.keeps:
            yield from _beside(keep, scenery, home, own, taken=taken)


def _calls(address: Address, *, main: bool) -> Iterator[tuple[How, int]]:
    if address in STRANGERS:
        yield from ((How.TCP, 443), (How.UDP, 53))
    ports = DESIGN_PORTS if main else {"tcp": (515,), "udp": (2049,)}
    for protocol, numbers in ports.items():
        yield from ((How(protocol), port) for port in numbers)
    if main:
        yield from ((How.FRAGMENTS, 2049), (How.PING, 0))


def _beside(keep: Keep, scenery: Scenery, home: Home, own: Address, *, taken: bool) -> Iterator[Attempt]:
    """Ports next to those kept, the other protocol, and the kept path itself from an address that is not kept."""
    other = How.UDP if keep.protocol == "tcp" else How.TCP
    for peer in keep.peers:
        if peer.version != own.version:
            continue
        calls = [(How(keep.protocol), port) for port in _near(keep)]
        calls += [(other, keep.ports[0].first), (How.PING, 0)]
        if taken and keep.begins is Begins.DEVICE:
            calls.append((How(keep.protocol), keep.ports[0].first))
        for how, port in calls:
            yield Attempt(
                _FORBIDDEN, home.device.name, home.node, scenery.peers[peer], own, peer, how, port, taken=taken
            )


def _near(keep: Keep) -> Iterator[int]:
    for ports in keep.ports:
        for port in (ports.first - 1, ports.last + 1):
            if 0 < port <= _LAST_PORT and not any(port in each for each in keep.ports):
                yield port


def _inward(scenery: Scenery, home: Home, number: int) -> Iterator[Attempt]:
    """From outside and from the peers; to an address it gave itself only where the interface is its own."""
    place = home.device.attachments[min(number, len(home.device.attachments) - 1)]
    for own, taken in _sources(home):
        if taken and place.mac is not None:
            continue
        outside = [each for each in scenery.outside if each.version == own.version][:_MAIN]
        origins = [(OUTSIDE, each) for each in outside]
        origins += [(node, peer) for peer, node in scenery.peers.items() if peer.version == own.version]
        for node, address in origins:
            calls = [(How(protocol), port) for protocol, port in _INWARD]
            calls += [(How.FRAGMENTS, 515), (How.PING, 0)] if node == OUTSIDE else []
            for how, port in calls:
                yield Attempt(
                    _FORBIDDEN, home.device.name, node, home.node, address, own, how, port, taken=taken, outward=False
                )


def _sources(home: Home) -> Iterator[tuple[Address, bool]]:
    yield from ((address, _GIVEN) for address in home.own)
    yield from ((address, _TAKEN) for address in home.taken)
