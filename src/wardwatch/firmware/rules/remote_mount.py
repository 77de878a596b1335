"""In: a scene. Out: network file systems that code mounts from a peer that nobody at the site has chosen."""

from collections.abc import Iterator

from wardwatch.firmware.behaviours.peers import Scope, scope
from wardwatch.firmware.behaviours.words import Behaviour, Kind, Known
from wardwatch.firmware.findings import by_which_way, confidence_of, evidence_of, found
from wardwatch.firmware.scene import Scene
from wardwatch.vocabulary import Finding, Severity

RULE = "firmware.remote-mount"


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each mount."""
    for behaviour in dict.fromkeys(scene.of(Kind.REMOTE_MOUNT)):
        severity = _severity(scene, behaviour)
        if severity is not None:
            yield _finding(scene, behaviour, severity)


def _severity(scene: Scene, behaviour: Behaviour) -> Severity | None:
    """None for what the site configures, and for the device itself."""
    end = behaviour.end
    if end is None or end.known in {Known.CONFIGURED, Known.UNKNOWN}:
        return None
    if end.known is Known.REMOTE:
        return Severity.HIGH
    reach = scope(end.host)
    if end.host in scene.known:
        return Severity.CRITICAL
    if reach is Scope.ROUTABLE:
        return Severity.HIGH
    return Severity.MEDIUM if reach in {Scope.PRIVATE, Scope.NAME} else None


def _finding(scene: Scene, behaviour: Behaviour, severity: Severity) -> Finding:
    route = scene.route(behaviour)
    end = behaviour.end
    chosen = "a peer that the network names" if end and end.known is Known.REMOTE else f"the hard-coded peer {end}"
    at = f" at {behaviour.target}" if behaviour.target.parts else ""
    return found(
        RULE, scene.subject, severity, confidence_of(route, sure=behaviour.sure),
        f"{behaviour.place} mounts a network file system of {chosen}{at}. {by_which_way(route)}",
        (evidence_of(scene, behaviour, route),),
    )  # fmt: skip
