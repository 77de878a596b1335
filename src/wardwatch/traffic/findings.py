"""In: what a detector found. Out: a finding with its rule's own words, references and remedy."""

from collections.abc import Iterable
from itertools import islice

from wardwatch.knowledge.catalogue import rules
from wardwatch.vocabulary import Evidence, Finding, Severity

EVIDENCE_KEPT = 12


def found(  # noqa: PLR0913, PLR0917  # these are a finding's own parts; `Finding` takes as many
    rule: str, subject: str, severity: Severity, confidence: float, summary: str, evidence: Iterable[Evidence]
) -> Finding:
    """A finding of `rule`; of its evidence the first twelve pieces."""
    text = rules()[rule]
    kept = tuple(islice(evidence, EVIDENCE_KEPT))
    return Finding(
        rule=rule, subject=subject, title=text.title, severity=severity, confidence=round(confidence, 3),
        summary=summary, evidence=kept, references=text.references, remedy=text.remedy,
    )  # fmt: skip


def count(number: int, noun: str) -> str:
    """`1 session`, `3 sessions`, `12,345 sessions`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(words: Iterable[str], most: int = 6) -> str:
    """`a, b and c`; beyond `most` words how many more there are."""
    all_words = list(words)
    shown = all_words[:most]
    if len(all_words) > most:
        return f"{', '.join(shown)} and {len(all_words) - most} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""
