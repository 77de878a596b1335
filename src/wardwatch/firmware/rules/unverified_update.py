"""In: a scene. Out: update paths without integrity check, without log or without version record, one finding each."""

from collections.abc import Iterator

from wardwatch.firmware.audit import Property, audited
from wardwatch.firmware.behaviours.chains import ChainSeen
from wardwatch.firmware.behaviours.words import Kind, Known
from wardwatch.firmware.findings import by_which_way, confidence_of, evidence_of, found
from wardwatch.firmware.scene import Scene
from wardwatch.vocabulary import Finding, Severity

RULE = "firmware.unverified-update"
_LACKS = {
    Property.INTEGRITY: (Severity.HIGH, "Nothing checks the files"),
    Property.LOG: (Severity.LOW, "Nothing logs the update"),
    Property.VERSION: (Severity.LOW, "Nothing records which version was installed"),
}


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each property that an update path lacks."""
    for chain in scene.chains:
        if chain.is_whole:
            for each in audited(scene, chain):
                if each.name in _LACKS and each.state == "absent":
                    yield _finding(scene, chain, each.name)


def _finding(scene: Scene, chain: ChainSeen, lacking: str) -> Finding:
    severity, says = _LACKS[Property(lacking)]
    if chain.has(Kind.VERIFY_SIGNATURE):
        severity = Severity.INFO  # who installs is known: a missing record is a remark
    elif chain.source.end and chain.source.end.known is Known.CONFIGURED and severity is Severity.HIGH:
        severity = Severity.MEDIUM
    last = (chain.overwrites or chain.runs)[0]
    return found(
        RULE, scene.subject, severity, confidence_of(chain.route, sure=chain.linked),
        f"{says} between {chain.source.end} and {last.detail}. {by_which_way(chain.route)}",
        (evidence_of(scene, step) for step in (*(chain.overwrites or chain.runs), chain.source)),
    )  # fmt: skip
