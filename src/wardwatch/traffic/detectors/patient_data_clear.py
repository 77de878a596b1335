"""In: a scene. Out: fields that identify patients in clear text, from any protocol that a codec reads."""

from collections import defaultdict
from collections.abc import Iterator

from wardwatch.traffic.exposure import Channel, channel_of
from wardwatch.traffic.findings import count, found, listed
from wardwatch.traffic.networks import Reach
from wardwatch.traffic.scene import Row, Scene
from wardwatch.vocabulary import Evidence, Finding, Severity

RULE = "traffic.patient-data-clear"


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each sender, receiver and protocol."""
    groups: dict[Channel, list[Row]] = defaultdict(list)
    for row in scene.with_content:
        if row.content and row.content.patients:
            groups[channel_of(scene, row, row.content)].append(row)
    for channel in sorted(groups):
        yield _finding(scene, channel, groups[channel])


def _finding(scene: Scene, channel: Channel, rows: list[Row]) -> Finding:
    contents = [row.content for row in rows if row.content]
    leaves = any(scene.reach(row, row.content.sender) is Reach.OUTSIDE for row in rows if row.content)
    people = {patient for content in contents for patient in content.patients}
    fields = sorted({name for content in contents for name in content.charsets})
    where = "to an address outside the local networks" if leaves else "inside the local networks"
    return found(
        RULE,
        channel.subject,
        Severity.CRITICAL if leaves else Severity.LOW,
        max(content.confidence for content in contents),
        f"{listed(fields, 8).capitalize()} of {count(len(people), 'patient record')} in clear text over "
        f"{channel.protocol.upper()} to {channel.to} port {channel.port}, {where}.",
        _evidence(scene, rows),
    )


def _evidence(scene: Scene, rows: list[Row]) -> Iterator[Evidence]:
    for row in rows:
        for patient, mark in row.content.patients.items() if row.content else ():
            kind = "patient number" if patient.number else "patient name"
            yield scene.packet(mark, f"{kind} {scene.veil(kind, patient.number or patient.name)}")
