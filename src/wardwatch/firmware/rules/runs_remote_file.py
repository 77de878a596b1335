"""In: a scene. Out: files from another machine that are run, at once or at the next start."""

from collections.abc import Iterator

from wardwatch.firmware.behaviours.chains import ChainSeen
from wardwatch.firmware.behaviours.peers import known_of
from wardwatch.firmware.behaviours.words import Behaviour, Kind, Known
from wardwatch.firmware.findings import by_which_way, confidence_of, evidence_of, found, listed
from wardwatch.firmware.scene import Scene
from wardwatch.vocabulary import Finding, Severity

RULE = "firmware.runs-remote-file"
REMOTE_SHELL = "!remote_shell"
_SEVERITIES = {Known.HARD_CODED: Severity.HIGH, Known.REMOTE: Severity.HIGH, Known.UNKNOWN: Severity.MEDIUM}


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each source whose files are run, and for each command that the network gives."""
    for chain in scene.chains:
        if (chain.runs or chain.later) and not chain.has(Kind.VERIFY_SIGNATURE):
            yield _finding(scene, chain)
    for behaviour in dict.fromkeys(scene.of(Kind.RUN)):
        if known_of(behaviour.target.holes) is Known.REMOTE:
            yield _from_network(scene, behaviour, "runs what the network sends as a command")
        elif REMOTE_SHELL in behaviour.labels:
            yield _from_network(scene, behaviour, f"gives {behaviour.end} a shell")


def _finding(scene: Scene, chain: ChainSeen) -> Finding:
    known = chain.source.end.known if chain.source.end else Known.UNKNOWN
    now = f"runs {listed((str(step.target) for step in chain.runs), 3)}" if chain.runs else ""
    later = f"replaces {listed(chain.later, 3)}, which runs at the next start" if chain.later else ""
    steps = chain.runs or chain.overwrites
    return found(
        RULE, scene.subject, _SEVERITIES.get(known, Severity.INFO),
        confidence_of(chain.route, sure=steps[0].sure and chain.linked),
        f"With files from {chain.source.end}, {steps[0].place.file} {' and '.join(filter(None, (now, later)))}, "
        f"without a signature being verified. {by_which_way(chain.route)}",
        (evidence_of(scene, step) for step in (*steps, chain.source)),
    )  # fmt: skip


def _from_network(scene: Scene, behaviour: Behaviour, does: str) -> Finding:
    route = scene.route(behaviour)
    return found(
        RULE, scene.subject, Severity.HIGH, confidence_of(route, sure=behaviour.sure),
        f"{behaviour.place} {does}. {by_which_way(route)}", (evidence_of(scene, behaviour, route),),
    )  # fmt: skip
