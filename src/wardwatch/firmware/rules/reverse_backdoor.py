"""In: a scene. Out: whole chains from a fixed or remote-controlled peer to programs that are replaced or run."""

from collections.abc import Iterator

from wardwatch.firmware.behaviours.chains import ChainSeen
from wardwatch.firmware.behaviours.peers import Scope, scope
from wardwatch.firmware.behaviours.state import title
from wardwatch.firmware.behaviours.words import Kind, Known
from wardwatch.firmware.findings import by_which_way, confidence_of, evidence_of, found
from wardwatch.firmware.scene import Scene
from wardwatch.vocabulary import Finding, Severity

RULE = "firmware.reverse-backdoor"


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each whole chain that something can set going."""
    for chain in scene.chains:
        if is_backdoor(chain) and (chain.route.found or chain.route.open_ends):
            yield _finding(scene, chain)


def is_backdoor(chain: ChainSeen) -> bool:
    """Whether unverified files of a peer that nobody at the site chose replace programs, or run."""
    end = chain.source.end
    if not chain.is_whole or end is None or chain.has(Kind.VERIFY_SIGNATURE):
        return False
    if end.known is Known.REMOTE:
        return True
    named_and_sealed = scope(end.host) is Scope.NAME and chain.source.encrypted  # the certificate vouches for the name
    outside = scope(end.host) in {Scope.ROUTABLE, Scope.PRIVATE, Scope.NAME}
    return end.known is Known.HARD_CODED and outside and not named_and_sealed


def _finding(scene: Scene, chain: ChainSeen) -> Finding:
    steps = [title(step) for step in chain.steps]
    linked = "" if chain.linked else " Several programs take part, connected by the paths they use."
    does = f"{chain.source.owner.file} {', then '.join(steps)}"
    later = f", and {chain.later[0]} runs at the next start" if chain.later else ""
    confidence = confidence_of(chain.route, sure=chain.linked and all(step.sure for step in chain.steps))
    return found(
        RULE, scene.subject, Severity.CRITICAL if chain.route.found else Severity.HIGH, confidence,
        f"{does}{later}; no signature is verified.{linked} {by_which_way(chain.route)}",
        (evidence_of(scene, step) for step in (chain.source, *(each for each in chain.steps if each != chain.source))),
    )  # fmt: skip
