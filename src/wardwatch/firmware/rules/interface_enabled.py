"""In: a scene. Out: code that brings a network interface up by itself, whatever the site has set."""

from collections.abc import Iterator

from wardwatch.firmware.behaviours.words import Behaviour, Kind
from wardwatch.firmware.findings import by_which_way, confidence_of, evidence_of, found
from wardwatch.firmware.scene import Scene
from wardwatch.firmware.words import Trigger
from wardwatch.vocabulary import Finding, Severity

RULE = "firmware.interface-enabled"
LOOPBACK = "lo"
CLIENT = "!client"


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each place; what start scripts do for everybody is a note."""
    for behaviour in dict.fromkeys(scene.of(Kind.INTERFACE_UP)):
        if behaviour.subject and not behaviour.subject.startswith(LOOPBACK):
            yield _finding(scene, behaviour)


def _finding(scene: Scene, behaviour: Behaviour) -> Finding:
    route = scene.route(behaviour)
    chain = next((each for each in scene.chains if behaviour in each.steps), None)
    then = f" Right after it, {chain.source.end} is called." if chain else ""
    interface = "network interfaces" if behaviour.subject == "*" else behaviour.subject
    return found(
        RULE, scene.subject, _severity(scene, behaviour, in_chain=chain is not None and chain.is_whole),
        confidence_of(route, sure=behaviour.sure),
        f"{behaviour.place} brings {interface} up by itself.{then} {by_which_way(route)}",
        (evidence_of(scene, behaviour, route),),
    )  # fmt: skip


def _severity(scene: Scene, behaviour: Behaviour, *, in_chain: bool) -> Severity:
    if in_chain:
        return Severity.HIGH
    ordinary = CLIENT in behaviour.labels or scene.is_script(behaviour.place.file)
    if ordinary and scene.route(behaviour).trigger in {Trigger.START_UP, Trigger.NONE_FOUND, Trigger.SIGNAL}:
        return Severity.INFO
    return Severity.LOW
