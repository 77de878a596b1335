"""In: a scene. Out: devices that look for, or claim, an address of a foreign network on the local cable."""

from collections import defaultdict
from collections.abc import Iterator

from wardwatch.traffic.findings import count, found, listed
from wardwatch.traffic.networks import Address
from wardwatch.traffic.scene import Row, Scene
from wardwatch.traffic.table import ARP, FlowFlag
from wardwatch.vocabulary import Finding, Severity

RULE = "traffic.foreign-arp"
LIVED_IN = 2
"""From so many different senders on, a public network is one the site really uses."""
NEIGHBOURS = 4
"""Or where one sender looks for so many of its own: a router among its hosts. A monitor looks for a station or two."""


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each sender."""
    arp = scene.column("ver") == ARP
    away = (scene.column("flags") & (FlowFlag.LOCAL_A | FlowFlag.LOCAL_B)) != (FlowFlag.LOCAL_A | FlowFlag.LOCAL_B)
    rows = list(scene.rows(arp & away))
    lived_in = _lived_in(rows)
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if _is_foreign(scene, row, lived_in):
            groups[scene.subject(row.text(0))].append(row)
    for subject in sorted(groups):
        yield _finding(scene, subject, groups[subject])


def _lived_in(rows: list[Row]) -> set[bytes]:
    """Networks, as /24 (ARP knows only IPv4, RFC 826), with several senders, or one that looks for many neighbours."""
    senders: dict[bytes, set[Address]] = defaultdict(set)
    sought: dict[Address, set[Address]] = defaultdict(set)
    for row in rows:
        sender, target = row.address(0), row.address(1)
        senders[_network(sender)].add(sender)
        if _network(sender) == _network(target) and sender != target:
            sought[sender].add(target)
    routed = {_network(sender) for sender, targets in sought.items() if len(targets) >= NEIGHBOURS}
    return routed | {network for network, them in senders.items() if len(them) >= LIVED_IN}


def _network(address: Address) -> bytes:
    return address.packed[:3]


def _is_foreign(scene: Scene, row: Row, lived_in: set[bytes]) -> bool:
    sender, target = row.address(0), row.address(1)
    if sender.is_unspecified or target.is_unspecified:  # an address probe, RFC 5227, section 2.1.1
        return False
    if row.has(FlowFlag.KNOWN_B) or row.has(FlowFlag.KNOWN_A):
        return True
    foreign = target if not scene.site.is_local(target) else sender
    return _network(foreign) not in lived_in


def _finding(scene: Scene, subject: str, rows: list[Row]) -> Finding:
    targets = sorted({row.text(1) for row in rows if row.address(1) != row.address(0)})
    claimed = sorted({row.text(0) for row in rows if not scene.site.is_local(row.address(0))})
    asked = sum(row.packets(0) for row in rows)
    answered = sum(1 for row in rows if row.packets(1))
    known = any(row.text(side) in scene.known for row in rows for side in (0, 1))
    parts = [f"{count(asked, 'ARP packet')}"]
    if targets:
        parts.append(f"looking for {listed(targets, 4)} on the local network")
    if claimed:
        parts.append(f"using {listed(claimed, 4)} as its own address there")
    end = f"{answered} of these addresses answered." if answered else "Nothing answered."
    return found(
        RULE,
        subject,
        Severity.HIGH if known else Severity.MEDIUM,
        0.95 if known else 0.7,
        f"{', '.join(parts)}. {end}",
        (scene.first_packet(row, f"ARP: who has {row.address(1)}? tell {row.address(0)}") for row in rows),
    )
