"""In: a scene. Out: files from another machine that are put over programs or start-up files."""

from collections.abc import Iterator

from wardwatch.firmware.behaviours.chains import ChainSeen
from wardwatch.firmware.behaviours.words import Kind, Known
from wardwatch.firmware.findings import by_which_way, confidence_of, evidence_of, found, listed
from wardwatch.firmware.scene import Scene
from wardwatch.vocabulary import Finding, Severity

RULE = "firmware.overwrites-programs"


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each source whose files end up over programs."""
    for chain in scene.chains:
        if chain.overwrites and not chain.has(Kind.VERIFY_SIGNATURE):
            yield _finding(scene, chain)


def severity_of(chain: ChainSeen) -> Severity:
    """By who chooses the source."""
    known = chain.source.end.known if chain.source.end else Known.UNKNOWN
    return {
        Known.HARD_CODED: Severity.HIGH, Known.REMOTE: Severity.HIGH,
        Known.UNKNOWN: Severity.MEDIUM, Known.CONFIGURED: Severity.INFO,
    }[known]  # fmt: skip


def _finding(scene: Scene, chain: ChainSeen) -> Finding:
    first = chain.overwrites[0]
    what = listed(dict.fromkeys(str(step.target) for step in chain.overwrites), 4)
    linked = "" if chain.linked else " Several programs take part, connected by the paths they use."
    later = f" {listed(chain.later, 3)} runs at the next start." if chain.later else ""
    confidence = confidence_of(chain.route, sure=first.sure and chain.linked)
    return found(
        RULE, scene.subject, severity_of(chain), confidence,
        f"Files from {chain.source.end} are put over {what} by {first.place}, without a signature being verified."
        f"{later}{linked} {by_which_way(chain.route)}",
        (evidence_of(scene, step) for step in (*chain.overwrites, chain.source)),
    )  # fmt: skip
