"""In: a scene. Out: for each device and destination that matter, what happened when, for a picture and a table."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from wardwatch.vocabulary import TimelineMark, TimelineRow

from .networks import Reach
from .scene import Row, Scene, time_of
from .table import ARP, TCP, FlowFlag

MARKS_KEPT: Final = 2000


def timeline(scene: Scene, subjects: Iterable[str], peers: Iterable[str]) -> tuple[TimelineRow, ...]:
    """One row for each subject and each destination that is published, outside, or named in `peers`."""
    wanted = {address for subject in subjects for address in _addresses(scene, subject)}
    named = set(peers)
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in scene.rows(scene.from_any(0, wanted) & (scene.column("ver") != ARP)):
        to = row.text(1)
        if to in named or row.has(FlowFlag.KNOWN_B) or not row.has(FlowFlag.LOCAL_B):
            groups[scene.subject(row.text(0)), to].append(row)
    return tuple(_row(scene, subject, to, rows) for (subject, to), rows in sorted(groups.items()))


def _addresses(scene: Scene, subject: str) -> tuple[str, ...]:
    device = scene.devices.get(subject)
    return device.addresses if device else (subject,)


def _row(scene: Scene, subject: str, to: str, rows: list[Row]) -> TimelineRow:
    outside = any(scene.reach(row) is Reach.OUTSIDE for row in rows)
    return TimelineRow(subject, to, tuple(_marks(scene, rows[:MARKS_KEPT])), outside)


def _marks(scene: Scene, rows: list[Row]) -> Iterator[TimelineMark]:
    unanswered = "attempt" if scene.replies_seen else "call"
    for row in rows:
        sent = int(row.record["payload"].sum())
        kind = "session" if row.answered or (sent and row.record["proto"] == TCP) else unanswered
        yield TimelineMark(
            kind,
            time_of(int(row.record["first"])),
            time_of(int(row.record["last"])),
            sent,
            scene.protocol(row) or row.proto,
        )
