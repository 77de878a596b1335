"""In: a scene and the device profiles. Out: which devices were seen, each with a confidence and its reasons.

Nobody is named by an address or a MAC prefix alone: each clue is something the device did. Independent clues add up
as 1 - (1 - a)(1 - b); a profile is given from `GIVEN` on.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from wardwatch.knowledge.catalogue import Clue, Profile
from wardwatch.vocabulary import Device

from .content import Notable
from .networks import parse_address, text_of
from .scene import Row, Scene, distinct
from .table import ARP, FlowFlag

GIVEN: Final = 0.5
MOST_ADDRESSES: Final = 8
_MOUNTING: Final = frozenset({"mount", "portmap-lookup", "lookup", "read"})


@dataclass(slots=True)
class _Seen:
    """What is known of one address."""

    clues: dict[tuple[str, int], Clue] = field(default_factory=dict)  # (profile, place of the clue) -> clue
    names: dict[str, None] = field(default_factory=dict)
    macs: set[bytes] = field(default_factory=set)


def attribute(scene: Scene, profiles: Iterable[Profile]) -> Mapping[str, Device]:
    """Every device about which something is known, by each of its addresses."""
    seen: dict[str, _Seen] = defaultdict(_Seen)
    for profile in profiles:
        for place, clue in enumerate(profile.clues):
            for address in _LOOKS[clue.see](scene, clue):
                seen[address].clues[profile.name, place] = clue
    _name(scene, seen)
    _learn_macs(scene, seen)
    groups = _together(seen)
    devices = (_device(group, seen, profiles) for group in groups)
    return {address: device for device in devices for address in device.addresses}


def _streams(scene: Scene, clue: Clue) -> Iterator[str]:
    for row in scene.with_content:
        if row.content and row.content.protocol == clue.protocol:
            sender = 0 if row.content.sides[0].records.total() >= row.content.sides[1].records.total() else 1
            yield row.text(sender)


def _mounts(scene: Scene, clue: Clue) -> Iterator[str]:
    for row, notable in _notables(scene, "sunrpc"):
        if notable.kind in _MOUNTING and notable.fact("path").rstrip("/") == clue.path:
            yield row.text(0)


def _hl7(scene: Scene, clue: Clue) -> Iterator[str]:
    for row, notable in _notables(scene, "hl7"):
        text = f"{notable.fact('sending application')} {notable.fact('sending facility')}".lower()
        if any(part in text for part in clue.contains):
            yield row.text(int(notable.side))


def _dhcp(scene: Scene, clue: Clue) -> Iterator[str]:
    for address, text in _dhcp_names(scene):
        if any(part in text.lower() for part in clue.contains):
            yield address


def _attempts(scene: Scene, clue: Clue) -> Iterator[str]:
    flagged = (scene.column("flags") & FlowFlag.KNOWN_B != 0) & (scene.column("ver") != ARP)
    for row in scene.rows(flagged):
        if row.port(1) in clue.ports and row.text(1) in scene.known:
            yield row.text(0)


def _foreign_arp(scene: Scene, _clue: Clue) -> Iterator[str]:
    for row in scene.rows((scene.column("ver") == ARP) & (scene.column("flags") & FlowFlag.KNOWN_B != 0)):
        if row.text(1) in scene.known:
            yield row.text(0)


_LOOKS: Final = {
    "stream": _streams,
    "mount": _mounts,
    "hl7": _hl7,
    "dhcp": _dhcp,
    "attempt": _attempts,
    "foreign-arp": _foreign_arp,
}


def _notables(scene: Scene, protocol: str) -> Iterator[tuple[Row, Notable]]:
    for row in scene.with_content:
        if row.content and row.content.protocol == protocol:
            for notable in row.content.notable:
                yield row, notable


def _dhcp_names(scene: Scene) -> Iterator[tuple[str, str]]:
    """(address, name it gives to DHCP) for each client whose address is seen in the exchange or behind its MAC."""
    texts: dict[str, str] = {}
    addresses: dict[str, set[str]] = defaultdict(set)
    for _, notable in _notables(scene, "dhcp"):
        mac = notable.fact("mac")
        named = " ".join(filter(None, (notable.fact("host name"), notable.fact("vendor class"))))
        texts[mac] = named or texts.get(mac, "")
        addresses[mac] |= {notable.fact(key) for key in ("requested address", "assigned address", "client address")}
    for mac, text in texts.items():
        for address in sorted(addresses[mac]):
            parsed = parse_address(address)
            if text and parsed and not parsed.is_unspecified:
                yield str(parsed), text


def _name(scene: Scene, seen: dict[str, _Seen]) -> None:
    for address, text in _dhcp_names(scene):
        if address in seen:
            seen[address].names[text.split()[0]] = None


def _learn_macs(scene: Scene, seen: dict[str, _Seen]) -> None:
    for side, name in ((0, "a"), (1, "b")):
        flows = scene.flows[scene.from_any(side, seen)]
        pairs = np.concatenate([flows["ver"][:, None], flows[name], flows["mac"][:, side]], axis=1)
        for pair in distinct(pairs):
            address, mac = text_of(pair[0], pair[1:17]), pair[17:]
            if address in seen and any(mac) and mac not in scene.gateways:
                seen[address].macs.add(mac)


def _together(seen: Mapping[str, _Seen]) -> Iterator[tuple[str, ...]]:
    """Addresses that one network card used, taken for one device; a card with many addresses is a router."""
    by_mac: dict[bytes, list[str]] = defaultdict(list)
    for address, known in seen.items():
        for mac in known.macs:
            by_mac[mac].append(address)
    done: set[str] = set()
    for address, known in seen.items():
        if address in done:
            continue
        group = {address}.union(*(by_mac[mac] for mac in known.macs if len(by_mac[mac]) <= MOST_ADDRESSES))
        done |= group
        yield tuple(sorted(group))


def _device(addresses: tuple[str, ...], seen: Mapping[str, _Seen], profiles: Iterable[Profile]) -> Device:
    clues = {key: clue for address in addresses for key, clue in seen[address].clues.items()}
    name = next((name for address in addresses for name in seen[address].names), "")
    best = max(profiles, key=lambda profile: _confidence(clues, profile), default=None)
    confidence = _confidence(clues, best) if best else 0.0
    given = best.name if best and confidence >= GIVEN else None
    reasons = tuple(sorted({clue.because for (profile, _), clue in clues.items() if best and profile == best.name}))
    return Device(addresses[0], name or addresses[0], addresses, given, round(confidence, 3), reasons)


def _confidence(clues: Mapping[tuple[str, int], Clue], profile: Profile) -> float:
    doubt = 1.0
    for (owner, _), clue in clues.items():
        if owner == profile.name:
            doubt *= 1.0 - clue.weight
    return 1.0 - doubt
