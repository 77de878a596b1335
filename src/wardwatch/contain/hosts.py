"""In: a policy. Out: what a filter on each kept machine has to do there, of no language yet."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from .policy import Address, Begins, Network, Policy, Ports, Protocol
from .rules import joined, merged

LAST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Host:
    """One kept machine, and the devices that speak its version of IP.

    `calls`: its ports on which devices call it; `answers`: the devices' ports on which it calls them; `blocked`: what
    it must not reach; `own`: whether it lies in a block itself, and then reaches nobody but the devices.
    """

    address: Address
    devices: tuple[Network, ...]
    calls: Mapping[Protocol, tuple[Ports, ...]]
    answers: Mapping[Protocol, tuple[Ports, ...]]
    blocked: tuple[Network, ...]
    own: bool


def hosts(policy: Policy) -> tuple[Host, ...]:
    """Each kept machine once, in the order in which the policy names them."""
    return tuple(_host(policy, peer) for peer in dict.fromkeys(peer for keep in policy.keeps for peer in keep.peers))


def others(kept: Iterable[Ports]) -> tuple[tuple[int, int], ...]:
    """All ports but these, which are in order and do not overlap, as ranges from 0 on."""
    found, start = [], 0
    for ports in kept:
        if start < ports.first:
            found.append((start, ports.first - 1))
        start = ports.last + 1
    return (*found, (start, LAST_PORT)) if start <= LAST_PORT else tuple(found)


def _host(policy: Policy, peer: Address) -> Host:
    devices = merged(map(_alone, (each for device in policy.devices for each in device.addresses)), peer.version)
    networks = merged((network for block in policy.blocks for network in block.networks), peer.version)
    blocked = tuple(merged(_without(networks, devices), peer.version))
    return Host(
        peer, devices, _ports(policy, peer, Begins.DEVICE), _ports(policy, peer, Begins.PEER), blocked,
        policy.blocks_address(peer),
    )  # fmt: skip


def _ports(policy: Policy, peer: Address, begins: Begins) -> Mapping[Protocol, tuple[Ports, ...]]:
    """None at all where no device speaks the peer's version."""
    spoken = any(each.version == peer.version for device in policy.devices for each in device.addresses)
    kept = [keep for keep in policy.keeps if spoken and peer in keep.peers and keep.begins is begins]
    return {
        protocol: joined(ports for keep in kept if keep.protocol is protocol for ports in keep.ports)
        for protocol in Protocol
    }


def _alone(address: Address) -> Network:
    return ip_network(str(address))


def _without(networks: Iterable[Network], holes: Iterable[Network]) -> Iterator[Network]:
    """A block rule wins over what is kept, so devices that lie in a block are cut out of it."""
    left = list(networks)
    for hole in holes:
        left = [part for network in left for part in _cut(network, hole)]
    return iter(left)


def _cut(network: Network, hole: Network) -> list[Network]:
    if hole.network_address not in network:
        return [network]
    return list(network.address_exclude(hole))  # type: ignore[arg-type]  # both of one version
