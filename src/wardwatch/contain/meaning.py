"""In: a policy and a packet. Out: whether the packet may pass, and why: what the policy means, and nothing else.

Generators do not use it and readers do not either: it is the measure both are held against.
"""

from typing import NamedTuple

from .packet import Packet, State
from .policy import Attachment, Begins, Contained, Keep, Policy


class Decision(NamedTuple):
    """Whether it passes, and the part of the policy that says so."""

    passes: bool
    because: str


def decide(policy: Policy, packet: Packet) -> Decision:
    """Kept paths pass; then blocks and contained devices are cut off; the rest is not this policy's business."""
    for keep in policy.keeps:
        if any(_kept(keep, device, packet) for device in policy.devices):
            return Decision(passes=True, because=f"keep {keep.name}")
    for block in policy.blocks:
        if any(packet.src in network or packet.dst in network for network in block.networks):
            return Decision(passes=False, because=f"block {block.name}")
    for device in policy.devices:
        if _from(device, packet) or _to(device, packet):
            return Decision(passes=False, because=f"contain {device.name}")
    return Decision(passes=True, because="not of this policy")


def _kept(keep: Keep, device: Contained, packet: Packet) -> bool:
    if packet.protocol != keep.protocol or packet.fragment:
        return False
    outward = packet.src in device.addresses and packet.dst in keep.peers
    inward = packet.src in keep.peers and packet.dst in device.addresses
    opens = packet.state is not State.REPLY
    if outward:
        placed = any(_behind(place, packet) for place in device.attachments) and keep.interface in {None, packet.leaves}
        return placed and opens is (keep.begins is Begins.DEVICE) and _port(keep, packet)
    if inward:
        back = any(place.interface == packet.leaves for place in device.attachments)
        placed = back and keep.interface in {None, packet.enters}
        return placed and opens is (keep.begins is Begins.PEER) and _port(keep, packet)
    return False


def _port(keep: Keep, packet: Packet) -> bool:
    """The port of the side that was called: the destination's of what opens, the source's of what answers."""
    port = packet.sport if packet.state is State.REPLY else packet.dport
    return any(port in ports for ports in keep.ports)


def _behind(place: Attachment, packet: Packet) -> bool:
    return packet.enters == place.interface and place.mac in {None, packet.mac}


def _from(device: Contained, packet: Packet) -> bool:
    return packet.src in device.addresses or any(_behind(place, packet) for place in device.attachments)


def _to(device: Contained, packet: Packet) -> bool:
    """By address; and by interface where nothing else lies behind it, for the device may have changed its address."""
    whole = any(place.mac is None and place.interface == packet.leaves for place in device.attachments)
    return whole or packet.dst in device.addresses
