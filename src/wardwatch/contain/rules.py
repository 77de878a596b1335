"""In: a policy. Out: its rules in order, of no dialect yet: what generators write down, each in its own words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Final

from .policy import Attachment, Begins, Contained, Keep, Network, Policy, Ports

_KEEP: Final = True
_DROP: Final = False


class Flow(StrEnum):
    """Which packets of a connection: those in the direction of the first one, or those against it."""

    ORIGINAL = "original"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line. `keeps` or drops; empty or None matches everything. Ports are the called side's."""

    keeps: bool
    why: str
    version: int | None = None
    enters: str | None = None
    mac: str | None = None
    leaves: str | None = None
    src: tuple[Network, ...] = ()
    dst: tuple[Network, ...] = ()
    protocol: str | None = None
    ports: tuple[Ports, ...] = ()
    flow: Flow | None = None


def rules(policy: Policy) -> tuple[Rule, ...]:
    """What is kept first, for a kept path may lead into a block; then blocks; then the devices themselves."""
    return (*_keeps(policy), *_blocks(policy), *_devices(policy))


def for_version(found: Iterable[Rule], version: int) -> tuple[Rule, ...]:
    """The rules that an IPv4 or an IPv6 filter needs."""
    return tuple(rule for rule in found if rule.version in {None, version})


def _keeps(policy: Policy) -> Iterator[Rule]:
    for keep in policy.keeps:
        for device in policy.devices:
            for version in (4, 6):
                ours = _hosts(device.addresses, version)
                theirs = _hosts(keep.peers, version)
                if ours and theirs:
                    for place in device.attachments:
                        yield from _kept(keep, device, place, (ours, theirs))


def _kept(
    keep: Keep, device: Contained, place: Attachment, ends: tuple[tuple[Network, ...], tuple[Network, ...]]
) -> Iterator[Rule]:
    ours, theirs = ends
    opens = keep.begins is Begins.DEVICE
    version = ours[0].version
    yield Rule(
        _KEEP, f"keep {keep.name}: {device.name} speaks", version, place.interface, place.mac, keep.interface,
        ours, theirs, keep.protocol, joined(keep.ports), Flow.ORIGINAL if opens else Flow.REPLY,
    )  # fmt: skip
    yield Rule(
        _KEEP, f"keep {keep.name}: {device.name} is {'answered' if opens else 'called'}",
        version, keep.interface, None, place.interface,
        theirs, ours, keep.protocol, joined(keep.ports), Flow.REPLY if opens else Flow.ORIGINAL,
    )  # fmt: skip


def _blocks(policy: Policy) -> Iterator[Rule]:
    for block in policy.blocks:
        for version in (4, 6):
            networks = merged(block.networks, version)
            if networks:
                yield Rule(_DROP, f"block {block.name}: to it", version, dst=networks)
                yield Rule(_DROP, f"block {block.name}: from it", version, src=networks)


def _devices(policy: Policy) -> Iterator[Rule]:
    for place in policy.attachments:
        why = f"contain what is behind {place.interface}"
        yield Rule(_DROP, f"{why}: from it", enters=place.interface, mac=place.mac)
        if place.mac is None:
            yield Rule(_DROP, f"{why}: to it", leaves=place.interface)
    for device in policy.devices:
        for version in (4, 6):
            hosts = _hosts(device.addresses, version)
            if hosts:
                yield Rule(_DROP, f"contain {device.name}: from it, wherever it is", version, src=hosts)
                yield Rule(_DROP, f"contain {device.name}: to it, wherever it is", version, dst=hosts)


def _hosts(addresses: Iterable[object], version: int) -> tuple[Network, ...]:
    return merged([ip_network(str(address)) for address in addresses], version)


def merged(networks: Iterable[Network], version: int) -> tuple[Network, ...]:
    """Those of one version, none within another: a filter may refuse a set whose members overlap."""
    if version == 4:  # noqa: PLR2004  # IP version 4
        return tuple(collapse_addresses(network for network in networks if isinstance(network, IPv4Network)))
    return tuple(collapse_addresses(network for network in networks if isinstance(network, IPv6Network)))


def joined(ports: Iterable[Ports]) -> tuple[Ports, ...]:
    """Ranges in order, those that touch made one."""
    found: list[Ports] = []
    for each in sorted(ports):
        if found and each.first <= found[-1].last + 1:
            found[-1] = Ports(found[-1].first, max(found[-1].last, each.last))
        else:
            found.append(each)
    return tuple(found)
