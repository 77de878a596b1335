"""In: a scene. Out: network file systems that a device asked for, mounted or used, and how far away they lie."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from wardwatch.traffic.content import Notable
from wardwatch.traffic.findings import count, found, listed
from wardwatch.traffic.networks import Reach
from wardwatch.traffic.scene import Row, Scene
from wardwatch.traffic.table import ARP, FlowFlag
from wardwatch.vocabulary import Evidence, Finding, Severity

RULE = "traffic.remote-mount"
PORTMAP, NFS = 111, 2049
_USES = {
    "portmap-lookup": "asked for the service",
    "mount": "mounted",
    "export": "listed shares",
    "lookup": "looked up files",
    "read": "read",
    "write": "wrote",
    "create": "created files",
    "remove": "removed files",
    "rename": "renamed files",
}


class _Pair(NamedTuple):
    subject: str
    server: str


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each device and server."""
    groups: dict[_Pair, list[tuple[Row, Notable]]] = defaultdict(list)
    inside: dict[str, list[tuple[Row, Notable]]] = defaultdict(list)
    for row in scene.with_content:
        used = [each for each in row.content.notable if _is_use(each)] if row.content else []
        if used and scene.reach(row) is Reach.INSIDE:
            inside[row.text(1)] += [(row, notable) for notable in used]
        elif used:
            groups[_pair(scene, row)] += [(row, notable) for notable in used]
    for pair in sorted(groups):
        yield _finding(scene, pair, groups[pair])
    for server in sorted(inside):
        yield _note(scene, server, inside[server])
    yield from _by_port_only(scene, set(groups))


def _is_use(notable: Notable) -> bool:
    return notable.protocol == "sunrpc" and notable.kind in _USES


def _pair(scene: Scene, row: Row) -> _Pair:
    return _Pair(scene.subject(row.text(0)), row.text(1))


def _finding(scene: Scene, pair: _Pair, seen: list[tuple[Row, Notable]]) -> Finding:
    reach = {scene.reach(row) for row, _ in seen}
    uses = [text for kind, text in _USES.items() if any(notable.kind == kind for _, notable in seen)]
    paths = sorted({path for _, notable in seen if (path := notable.fact("path"))})
    answered = "The server answered." if any(row.answered for row, _ in seen) else "Nothing answered."
    of_what = f" ({listed(paths, 4)})" if paths else ""
    return found(
        RULE,
        pair.subject,
        _severity(scene, pair, reach),
        0.98,
        f"It {listed(uses, 9)} on the network file system of {pair.server}{of_what}. {answered} {_where(reach)}",
        _evidence(scene, seen),
    )


def _note(scene: Scene, server: str, seen: list[tuple[Row, Notable]]) -> Finding:
    """A server inside the house, with those who use it: ordinary, so one note is enough for all of them."""
    users = sorted({row.text(0) for row in {id(row): row for row, _ in seen}.values()})
    paths = sorted({path for _, notable in seen if (path := notable.fact("path"))})
    of_what = f" ({listed(paths, 4)})" if paths else ""
    return found(
        RULE,
        server,
        Severity.INFO,
        0.98,
        f"Its network file system{of_what} is used by {count(len(users), 'machine')} inside: {listed(users, 4)}. "
        f"{_where({Reach.INSIDE})}",
        _evidence(scene, seen),
    )


def _severity(scene: Scene, pair: _Pair, reach: set[Reach]) -> Severity:
    if Reach.OUTSIDE in reach:
        device = scene.devices.get(pair.subject)
        grave = pair.server in scene.known or (device is not None and device.profile is not None)
        return Severity.CRITICAL if grave else Severity.HIGH
    if Reach.ROUTED_INSIDE in reach:
        return Severity.MEDIUM
    return Severity.LOW


def _where(reach: set[Reach]) -> str:
    if Reach.OUTSIDE in reach:
        return "The server lies outside the local networks."
    if Reach.ROUTED_INSIDE in reach:
        return "The server has a public address, but answers from a few hops away."
    if Reach.NEIGHBOUR in reach:
        return "Both machines share one public network, as in a campus; --local can say that it is yours."
    return "The server lies inside the local networks, which is ordinary."


def _evidence(scene: Scene, seen: list[tuple[Row, Notable]]) -> Iterator[Evidence]:
    for kind in _USES:
        for _, notable in [entry for entry in seen if entry[1].kind == kind][:3]:
            path, status = notable.fact("path"), notable.fact("status")
            text = " ".join(filter(None, (notable.kind, path, f"({status})" if status else "")))
            yield scene.packet(notable.mark, text)
    yield scene.evidence(seen[0][0])


def _by_port_only(scene: Scene, told: set[_Pair]) -> Iterator[Finding]:
    """Calls to outside portmap or NFS ports of which no message was read: unanswered, or known from a log only."""
    flows = scene.flows
    calls = ((flows["bport"] == PORTMAP) | (flows["bport"] == NFS)) & (flows["ver"] != ARP)
    calls &= ((flows["flags"] & FlowFlag.LOCAL_B) == 0) & ((flows["proto"] == 6) | (flows["proto"] == 17))  # noqa: PLR2004  # TCP, UDP
    groups: dict[_Pair, list[Row]] = defaultdict(list)
    for row in scene.rows(calls):
        pair = _pair(scene, row)
        if pair not in told and scene.reach(row) is Reach.OUTSIDE:
            groups[pair].append(row)
    for pair, rows in sorted(groups.items()):
        ports = listed(str(port) for port in sorted({row.port(1) for row in rows}))
        yield found(
            RULE,
            pair.subject,
            Severity.MEDIUM,
            0.5,
            f"{count(len(rows), 'call')} to {pair.server} on port {ports}, where network file systems are served, "
            "outside the local networks. No message of it was read, so only the port says what it is.",
            (scene.evidence(row) for row in rows),
        )
