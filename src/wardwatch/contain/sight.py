"""In: a policy and a packet. Out: whether a filter that does not stand on the way of everything can answer for it.

A filter on a host, or one that is asked by a device's own port, knows addresses and no interfaces. It is answerable for
packets whose ends lie where the policy says they lie, and for those alone.
"""

from dataclasses import replace

from .meaning import decide
from .packet import Packet, State
from .policy import Address, Policy


def of_device(policy: Policy, packet: Packet) -> bool:
    """One end is a device, and no datagram that would be kept if it were an answer, or a question, and is not."""
    one = any(packet.src in device.addresses or packet.dst in device.addresses for device in policy.devices)
    return one and at_home(policy, packet) and not (packet.protocol == "udp" and _could_be_kept(policy, packet))


def of_peer(policy: Policy, packet: Packet) -> bool:
    """One end is a machine that is kept; fragments are put together before a host looks at them."""
    peers = _peers(policy)
    return (packet.src in peers or packet.dst in peers) and not packet.fragment and at_home(policy, packet)


def of_peer_opening(policy: Policy, packet: Packet) -> bool:
    """As `of_peer`, and it opens a connection: what stands when such a filter comes stays until it is cut."""
    return packet.state is State.NEW and of_peer(policy, packet)


def at_home(policy: Policy, packet: Packet) -> bool:
    """Whether both ends lie behind the interfaces, and send by the MAC addresses, that the policy names for them."""
    sent = _lies(policy, packet.src, packet.enters, packet.mac)
    return sent and _lies(policy, packet.dst, packet.leaves, None)


def _lies(policy: Policy, address: Address, side: str, mac: str | None) -> bool:
    places = [place for device in policy.devices if address in device.addresses for place in device.attachments]
    if places:
        return any(place.interface == side and mac in {None, place.mac or mac} for place in places)
    if any(place.interface == side and place.mac in {None, mac} for place in policy.attachments):
        return False
    kept = [keep.interface for keep in policy.keeps if address in keep.peers and keep.interface]
    return not kept or side in kept


def _peers(policy: Policy) -> set[Address]:
    return {peer for keep in policy.keeps for peer in keep.peers}


def _could_be_kept(policy: Policy, packet: Packet) -> bool:
    """A datagram has nothing that tells an answer from a question."""
    if decide(policy, packet).passes:
        return False
    return any(decide(policy, replace(packet, state=state)).passes for state in State)
