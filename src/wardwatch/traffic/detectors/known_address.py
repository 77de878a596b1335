"""In: a scene. Out: traffic to or from an address, or a network, that an advisory has published."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from wardwatch.traffic.findings import count, found
from wardwatch.traffic.networks import Reach
from wardwatch.traffic.scene import Row, Scene
from wardwatch.traffic.table import ARP, FlowFlag
from wardwatch.vocabulary import Finding, Severity

RULE = "traffic.known-address"


class _Towards(NamedTuple):
    subject: str
    peer: str
    port: int
    proto: str


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each device, published address, port and protocol."""
    flagged = (scene.column("flags") & (FlowFlag.KNOWN_A | FlowFlag.KNOWN_B) != 0) & (scene.column("ver") != ARP)
    groups: dict[_Towards, list[tuple[Row, int]]] = defaultdict(list)
    for row in scene.rows(flagged):
        peer = _peer(scene, row)
        towards = _Towards(scene.subject(row.text(1 - peer)), row.text(peer), row.port(1), row.proto)
        groups[towards].append((row, peer))
    for towards in sorted(groups):
        yield _finding(scene, towards, groups[towards])


def _peer(scene: Scene, row: Row) -> int:
    """The side that is the published one: an address named itself before one that only lies in a named network."""
    for side in (1, 0):
        if row.text(side) in scene.known:
            return side
    return 1 if row.has(FlowFlag.KNOWN_B) else 0


def _finding(scene: Scene, towards: _Towards, rows: list[tuple[Row, int]]) -> Finding:
    answered = [row for row, peer in rows if row.packets(peer) and row.answered]
    silent = "Nothing answered." if scene.replies_seen else "Whether anything answered cannot be seen here."
    sent = sum(int(row.record["payload"][1 - peer]) for row, peer in rows)
    outside = any(scene.reach(row, 1 - peer) is Reach.OUTSIDE for row, peer in rows)
    named = towards.peer in scene.known
    return found(
        RULE,
        towards.subject,
        _severity(named=named, outside=outside, sent=bool(answered and sent)),
        1.0 if named else 0.5,
        _summary(towards, len(rows), named=named)
        + (_answers(len(answered), sent, outside=outside) if answered else silent),
        (evidence for row, _ in rows for evidence in (scene.first_packet(row), scene.evidence(row))),
    )


def _severity(*, named: bool, outside: bool, sent: bool) -> Severity:
    if not named:
        return Severity.LOW
    if not outside:
        return Severity.MEDIUM
    return Severity.CRITICAL if sent else Severity.HIGH


def _summary(towards: _Towards, tries: int, *, named: bool) -> str:
    port = f" on {towards.proto.upper()} port {towards.port}" if towards.port else f" by {towards.proto.upper()}"
    what = "which an advisory names" if named else "which lies in a network that an advisory names"
    return f"{count(tries, 'connection')} with {towards.peer}{port}, {what}. "


def _answers(answered: int, sent: int, *, outside: bool) -> str:
    where = "" if outside else " The answers come from inside or near the local networks."
    return f"{answered:,} of them answered; the device sent {sent:,} bytes.{where}"
