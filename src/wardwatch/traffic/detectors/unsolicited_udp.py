"""In: a scene. Out: UDP that reached a monitor from somebody it had not called and that is not its central station."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

import numpy as np

from wardwatch.traffic.findings import count, found, listed
from wardwatch.traffic.scene import Row, Scene
from wardwatch.traffic.table import ARP, TCP, UDP
from wardwatch.vocabulary import Finding, Severity

RULE = "traffic.unsolicited-udp"
ANSWERS: Final = frozenset({53, 67, 123})
"""Source ports of answers whose question may lie before the capture's beginning: DNS, DHCP, NTP."""
STATION: Final = frozenset({"cms", "hl7"})


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each monitor and stranger."""
    monitors = {address for address, device in scene.devices.items() if device.profile}
    if not monitors:
        return
    called = _called(scene, monitors)
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    udp = (scene.column("proto") == UDP) & (scene.column("ver") != ARP)
    for row in scene.rows(udp & scene.from_any(1, monitors)):
        stranger, monitor = row.text(0), row.text(1)
        if stranger not in called[monitor] and row.port(0) not in ANSWERS:
            groups[scene.subject(monitor), stranger].append(row)
    for (subject, stranger), rows in sorted(groups.items()):
        yield _finding(scene, subject, stranger, rows)


def _called(scene: Scene, monitors: set[str]) -> dict[str, set[str]]:
    """For each monitor whom it called by UDP, and who is its central station: the receiver of its stream."""
    called: dict[str, set[str]] = defaultdict(set)
    transport = np.isin(scene.column("proto"), [TCP, UDP]) & (scene.column("ver") != ARP)
    for row in scene.rows(transport & (scene.from_any(0, monitors) | scene.from_any(1, monitors))):
        source = row.text(0)
        is_station = bool(row.content and row.content.protocol in STATION)
        if source in monitors and (row.record["proto"] == UDP or is_station):
            called[source].add(row.text(1))
        elif is_station and row.text(1) in monitors:
            called[row.text(1)].add(source)
    return called


def _finding(scene: Scene, subject: str, stranger: str, rows: list[Row]) -> Finding:
    packets = sum(row.packets(0) for row in rows)
    ports = listed(str(port) for port in sorted({row.port(1) for row in rows}))
    inside = scene.site.is_local(rows[0].address(0))
    return found(
        RULE,
        subject,
        Severity.MEDIUM if inside else Severity.HIGH,
        0.8,
        f"{count(packets, 'UDP packet')} from {stranger} to the monitor's port {ports}; it is not its central station "
        "and was not called by it.",
        (evidence for row in rows for evidence in (scene.first_packet(row), scene.evidence(row))),
    )
