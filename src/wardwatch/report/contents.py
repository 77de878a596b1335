"""In: a `Report`. Out: its findings, gaps, subjects and exposures once each, in one order that every document keeps.

The order follows from the values alone, so the same report gives the same document whatever order it was put together.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from wardwatch.report.units import clean
from wardwatch.vocabulary import Exposure, Finding, Gap, Report, Scalar, Severity, Subject, TimelineRow, Verdict, Where

_GRAVITY: Final = {Verdict.FOUND: 0, Verdict.NOT_FIXED: 0, Verdict.NOT_PROVEN: 0, Verdict.UNKNOWN: 1}
_NOT_GRAVE: Final = 2
_NUMBER: Final = re.compile("([0-9]{1,32})")
_SORTED_BY: Final = 256


def plain_where(where: Where) -> dict[str, Any]:
    """`where` as values JSON can carry, every text printable; a number that is none becomes its name."""
    return {clean(key): _plain(value) for key, value in where.items()}


def _plain(value: Scalar | tuple[str, ...]) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple | list):
        return [clean(str(each)) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def findings(report: Report) -> list[Finding]:
    """Every finding and note, gravest first, those of the whole and of its subjects once each."""
    sources = (report.judgement, *(subject.judgement for subject in report.subjects))
    unlike = {id(finding): finding for source in sources for finding in source.findings}
    alike: dict[tuple[object, ...], list[Finding]] = {}
    for finding in unlike.values():
        alike.setdefault(_finding_key(finding), []).append(finding)
    return [finding for key in sorted(alike) for finding in _once(alike[key])]


def _finding_key(finding: Finding) -> tuple[object, ...]:
    said = (finding.title, finding.summary, finding.remedy, finding.references)
    return (finding.severity.rank, -finding.confidence, finding.rule, natural(finding.subject), said)


def _once(alike: Sequence[Finding]) -> Iterable[Finding]:
    """Findings that say the same, in the order of their evidence; those with the same evidence once."""
    if len(alike) == 1:
        return alike
    by_evidence = {_evidence(finding): finding for finding in alike}
    return [by_evidence[key] for key in sorted(by_evidence)]


def _evidence(finding: Finding) -> str:
    every = [(item.kind.value, plain_where(item.where), item.excerpt) for item in finding.evidence]
    return json.dumps(every, sort_keys=True)


def gaps(report: Report) -> list[Gap]:
    """Every gap, the one that leaves most open first, once each."""
    sources = (report.judgement, *(subject.judgement for subject in report.subjects))
    once = {_gap_key(gap): gap for source in sources for gap in source.gaps}
    return [once[key] for key in sorted(once)]


def _gap_key(gap: Gap) -> tuple[object, ...]:
    return (*weight(gap), natural(gap.subject), gap.what, gap.why, gap.bears_on, json.dumps(plain_where(gap.where)))


def weight(gap: Gap) -> tuple[int, int]:
    """How much a gap leaves open, heaviest first: one that bears on everything, then by the number of rules."""
    return (0 if "*" in gap.bears_on else 1, -len(gap.bears_on))


def subjects(report: Report) -> list[Subject]:
    """The subjects by id, addresses in the order of their numbers."""
    return sorted(report.subjects, key=lambda subject: (natural(subject.id), subject.kind, subject.name))


def gravest(report: Report) -> list[Subject]:
    """The subjects, found first, then those nothing can be told of, then the clear ones."""
    worst = {subject.id: _worst(subject.judgement.findings) for subject in report.subjects}
    return sorted(
        subjects(report),
        key=lambda subject: (_GRAVITY.get(subject.judgement.verdict, _NOT_GRAVE), worst[subject.id]),
    )


def _worst(found: Iterable[Finding]) -> int:
    return min((finding.severity.rank for finding in found), default=len(Severity))


def exposures(report: Report) -> list[Exposure]:
    """The exposures by subject, destination and time."""
    return sorted(
        report.exposures,
        key=lambda each: (natural(each.subject), natural(each.to), each.port, each.protocol, each.first, repr(each)),
    )


def timeline(report: Report) -> list[TimelineRow]:
    """The rows of the timeline that hold a mark, by subject and destination."""
    rows = (row for row in report.timeline if row.marks)
    return sorted(rows, key=lambda row: (natural(row.subject), natural(row.to)))


def natural(text: str) -> tuple[tuple[str | int, ...], str]:
    """A key that sorts the numbers in `text` by their value: 10.0.0.9 before 10.0.0.10."""
    parts = _NUMBER.split(text[:_SORTED_BY])  # words at even places, numbers at odd ones
    return tuple(int(part) if place % 2 else part for place, part in enumerate(parts)), text
