"""In: a scene. Out: patient or sensor data that goes to a fixed peer without encryption."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from wardwatch.firmware.behaviours.peers import Scope, explained, scope
from wardwatch.firmware.behaviours.words import Behaviour, End, Kind, Known
from wardwatch.firmware.findings import by_which_way, confidence_of, evidence_of, found, listed
from wardwatch.firmware.scene import Scene
from wardwatch.knowledge.catalogue import firmware_table
from wardwatch.vocabulary import Finding, Severity

RULE = "firmware.clear-telemetry"


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each peer."""
    by_peer: dict[str, list[Behaviour]] = defaultdict(list)
    for behaviour in scene.of(Kind.SEND):
        end = behaviour.end
        if end and _leads_out(end) and not behaviour.encrypted and signs(behaviour):
            by_peer[end.name].append(behaviour)
    for peer in sorted(by_peer):
        yield _finding(scene, peer, by_peer[peer])


def _leads_out(end: End) -> bool:
    fixed = end.known is Known.HARD_CODED and scope(end.host) in {Scope.ROUTABLE, Scope.NAME}
    return fixed and not explained(end)


def signs(behaviour: Behaviour) -> list[str]:
    """What says that the data is of a patient or a sensor: field names, forms, devices it was read from."""
    labels = [label for label in behaviour.labels if any(word in _plain(label) for word in _words("labels"))]
    text = _plain(str(behaviour.call.through_shell)) if behaviour.call and behaviour.call.through_shell else ""
    labels += [word.strip() for word in _words("labels") if word in text] if behaviour.by_shell else []
    return list(
        dict.fromkeys((*labels, *(source for source in behaviour.sources if source.startswith(_words("sources")))))
    )


def _finding(scene: Scene, peer: str, seen: list[Behaviour]) -> Finding:
    ways = [(scene.route(each), each) for each in seen]
    route, first = min(ways, key=lambda pair: (-confidence_of(pair[0]), str(pair[1].place)))
    why = listed(dict.fromkeys(sign for each in seen for sign in signs(each)), 5)
    known = first.end is not None and first.end.host in scene.known
    return found(
        RULE, scene.subject, Severity.CRITICAL if known else Severity.HIGH, confidence_of(route, sure=first.sure),
        f"{first.place} sends data of a patient or sensor ({why}) to {peer} without encryption. {by_which_way(route)}",
        (evidence_of(scene, each) for each in (first, *(other for other in seen if other is not first))),
    )  # fmt: skip


def _plain(text: str) -> str:
    return f" {text.lower()} "


@cache
def _words(kind: str) -> tuple[str, ...]:
    return tuple(map(str, firmware_table("telemetry")[kind]))
