"""In: a scene. Out: files with a published hash, or that fit a YARA rule."""

from collections.abc import Iterator

from wardwatch.firmware.findings import found
from wardwatch.firmware.scene import Match, Scene
from wardwatch.vocabulary import Evidence, EvidenceKind, Finding, Severity

RULE = "firmware.known-binary"


def detect(scene: Scene) -> Iterator[Finding]:
    """One finding for each file and what it fits."""
    for match in scene.matches:
        yield found(
            RULE, scene.subject, Severity.HIGH, 0.99 if match.source else 0.9,
            f"{match.path} is known: {match.about or match.name}.", (_evidence(match),),
        )  # fmt: skip


def _evidence(match: Match) -> Evidence:
    return Evidence(EvidenceKind.FILE, {"file": match.path, "match": match.name, "source": match.source}, match.excerpt)
