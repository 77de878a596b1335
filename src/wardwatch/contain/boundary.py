"""In: a policy. Out: the packets at its edges: every address, port, protocol, side and state where its answer may turn.

From each kept and each forbidden packet one or two things at a time are changed, to every value at which the policy
could decide otherwise: first and last address of a network and those beside them, ports likewise, IPv4 and IPv6,
another MAC, another interface, a reply, a fragment.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from itertools import chain, combinations, islice, product, zip_longest
from typing import Final

from .packet import Packet, State
from .policy import Address, Attachment, Begins, Contained, Keep, Policy, Ports

STRANGE_MAC: Final = "02:00:5e:00:53:fe"
"""No device's: locally administered, with the documentation range of RFC 7042 in it."""
STRANGERS: Final = (ip_address("198.51.100.77"), ip_address("2001:db8:ffff::77"))
ELSEWHERE: Final = "elsewhere0"
_EPHEMERAL: Final = 49152
_LAST_PORT: Final = 65535
_OTHER_PROTOCOLS: Final = ("tcp", "udp", "icmp", "gre")
MOST: Final = 60_000
"""Packets with two things changed, at most, of each base in turn; those with one thing changed all come before."""

Values = Mapping[str, tuple[object, ...]]


def packets(policy: Policy) -> Iterator[Packet]:
    """Each packet once, in an order that stays the same."""
    values, bases = _values(policy), tuple(dict.fromkeys(_bases(policy)))
    seen: set[Packet] = set()
    for packet in chain((near for base in bases for near in _near(base, values)), _in_turn(bases, values)):
        if packet not in seen and _can_be(packet):
            seen.add(packet)
            yield packet


def _near(base: Packet, values: Values) -> Iterator[Packet]:
    """The packet, and with one thing changed."""
    yield base
    for name, choices in values.items():
        for value in choices:
            yield _changed(base, {name: value})


def _in_turn(bases: tuple[Packet, ...], values: Values) -> Iterator[Packet]:
    """Packets with two things changed, one of each base after the other."""
    each = [_far(base, values) for base in bases]
    return islice((packet for round_ in zip_longest(*each) for packet in round_ if packet), MOST)


def _far(base: Packet, values: Values) -> Iterator[Packet]:
    for first, second in combinations(values, 2):
        for one, other in product(values[first], values[second]):
            yield _changed(base, {first: one, second: other})


def _changed(base: Packet, new: dict[str, object]) -> Packet:
    """Without ports where the change leaves none to be seen."""
    packet = replace(base, **new)  # type: ignore[arg-type]  # `_values` holds for each field what that field holds
    return packet if packet.has_ports else replace(packet, sport=0, dport=0)


def _can_be(packet: Packet) -> bool:
    """Both ends of one version."""
    return packet.src.version == packet.dst.version


def _bases(policy: Policy) -> Iterator[Packet]:
    for device in policy.devices:
        for place in device.attachments:
            yield from _kept_bases(policy, device, place)
            yield from _forbidden_bases(policy, device, place)
    sides = (*policy.sides, ELSEWHERE)
    for version in (4, 6):
        stranger = _stranger(version)
        for address in _block_addresses(policy, version):
            yield Packet(sides[-1], sides[0], STRANGE_MAC, address, stranger, "tcp", _EPHEMERAL, 80)
            yield Packet(sides[0], sides[-1], STRANGE_MAC, stranger, address, "udp", _EPHEMERAL, 80)
        yield Packet(sides[-1], sides[-1], STRANGE_MAC, stranger, stranger, "tcp", _EPHEMERAL, 80)


def _kept_bases(policy: Policy, device: Contained, place: Attachment) -> Iterator[Packet]:
    for keep in policy.keeps:
        side = keep.interface or _other_side(policy, place)
        for ours, peer in product(device.addresses, keep.peers):
            if ours.version != peer.version:
                continue
            for ports in keep.ports:
                yield from _conversation(keep, (place, side), (ours, peer), ports)


def _conversation(
    keep: Keep, sides: tuple[Attachment, str], ends: tuple[Address, Address], ports: Ports
) -> Iterator[Packet]:
    """First packet, later ones, and the answer."""
    (place, side), (ours, peer) = sides, ends
    mac = place.mac or STRANGE_MAC
    protocol = str(keep.protocol)
    out = Packet(place.interface, side, mac, ours, peer, protocol, _EPHEMERAL, ports.first)
    back = Packet(side, place.interface, STRANGE_MAC, peer, ours, protocol, ports.first, _EPHEMERAL)
    if keep.begins is Begins.DEVICE:
        yield from (out, replace(out, state=State.ONWARD), replace(back, state=State.REPLY))
    else:
        called = replace(back, sport=_EPHEMERAL, dport=ports.first)
        answer = replace(out, sport=ports.first, dport=_EPHEMERAL, state=State.REPLY)
        yield from (called, replace(called, state=State.ONWARD), answer)


def _forbidden_bases(policy: Policy, device: Contained, place: Attachment) -> Iterator[Packet]:
    side, mac = _other_side(policy, place), place.mac or STRANGE_MAC
    for version in (4, 6):
        ours = next((each for each in device.addresses if each.version == version), _stranger(version))
        for other in (_stranger(version), *_block_addresses(policy, version)):
            yield Packet(place.interface, side, mac, ours, other, "tcp", _EPHEMERAL, 515)
            yield Packet(side, place.interface, STRANGE_MAC, other, ours, "udp", _EPHEMERAL, 515)


def _values(policy: Policy) -> Values:
    """For each field of a packet the values at which an answer may turn."""
    addresses = tuple(_addresses(policy))
    numbers = tuple(_ports(policy))
    return {
        "enters": (*policy.sides, ELSEWHERE),
        "leaves": (*policy.sides, ELSEWHERE),
        "mac": (*(place.mac for place in policy.attachments if place.mac), STRANGE_MAC),
        "src": addresses,
        "dst": addresses,
        "protocol": _OTHER_PROTOCOLS,
        "sport": numbers,
        "dport": numbers,
        "state": tuple(State),
        "fragment": (True,),
    }


def _addresses(policy: Policy) -> Iterable[Address]:
    found = [address for device in policy.devices for address in device.addresses]
    found += [peer for keep in policy.keeps for peer in keep.peers]
    hosts = [near for address in found for near in _beside(address, address)]
    return dict.fromkeys([*STRANGERS, *hosts, *_block_addresses(policy, 4), *_block_addresses(policy, 6)])


def _block_addresses(policy: Policy, version: int) -> Iterator[Address]:
    for block in policy.blocks:
        for network in block.networks:
            if network.version == version:
                yield from _beside(network.network_address, network.broadcast_address)


def _beside(first: Address, last: Address) -> Iterator[Address]:
    kind, most = type(first), (1 << first.max_prefixlen) - 1
    for number in dict.fromkeys((int(first) - 1, int(first), int(last), int(last) + 1)):
        if 0 <= number <= most:
            yield kind(number)


def _ports(policy: Policy) -> Iterable[int]:
    ranges = [ports for keep in policy.keeps for ports in keep.ports]
    near = [port for ports in ranges for port in (ports.first - 1, ports.first, ports.last, ports.last + 1)]
    wanted = dict.fromkeys([0, 1, 111, 515, 2049, _EPHEMERAL, _LAST_PORT, *near])
    return [port for port in wanted if port <= _LAST_PORT]


def _other_side(policy: Policy, place: Attachment) -> str:
    places = {each.interface for each in policy.attachments}
    return next((side for side in policy.sides if side not in places and side != place.interface), ELSEWHERE)


def _stranger(version: int) -> Address:
    return next(address for address in STRANGERS if address.version == version)
