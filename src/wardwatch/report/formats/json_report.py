"""In: a `Report`. Out: the JSON document `wardwatch.report.v1`, for scripts and other tools; see docs/json.md.

Keys stand in a fixed order, lists in an order that follows from their content, one entry a line. The same report gives
the same bytes. Every text in it is printable.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from wardwatch.dissection import Comparison, Dissection
from wardwatch.report import contents
from wardwatch.report.context import Context
from wardwatch.report.units import clean
from wardwatch.vocabulary import Evidence, Examined, Exposure, Finding, Gap, Report, Subject, rfc3339

SCHEMA: Final = "wardwatch.report.v1"


@dataclass(frozen=True, slots=True)
class JsonReport:
    """The document other programs read."""

    name: str = "json"
    suffix: str = ".json"
    about: str = "for scripts and other tools: everything, under the schema wardwatch.report.v1"

    def render(self, report: Report, context: Context) -> str:
        """Return the document, ending in a newline."""
        return "".join(_lines(report, context))


def _lines(report: Report, context: Context) -> Iterator[str]:
    yield "{\n"
    yield f'"schema": {_text(SCHEMA)},\n'
    yield f'"tool": {_text({"name": clean(context.tool), "version": clean(context.version)})},\n'
    yield f'"verdict": {_text(report.judgement.verdict.value)},\n'
    yield from _list("inputs", map(_input, report.inputs))
    yield from _list("subjects", map(_subject, contents.subjects(report)))
    yield from _list("findings", map(_finding, contents.findings(report)))
    yield from _list("exposure", map(_exposure, contents.exposures(report)))
    yield from _list("gaps", map(_gap, contents.gaps(report)))
    yield from _list("dissections", map(_shown, report.dissections))
    yield f'"comparison": {_text(_shown(report.comparison) if report.comparison else None)}\n'
    yield "}\n"


def _list(name: str, entries: Iterable[dict[str, Any]], end: str = ",\n") -> Iterator[str]:
    """One list with an entry a line: compact, and readable in a comparison of two reports."""
    lines = [_text(entry) for entry in entries]
    body = "\n" + ",\n".join(lines) + "\n" if lines else ""
    yield f'"{name}": [{body}]{end}'


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _all_clean(texts: Iterable[str]) -> list[str]:
    return [clean(text) for text in texts]


def _shown(value: Dissection | Comparison) -> dict[str, Any]:
    """The words of an image as they are: their names are the document's, and their texts are printable already."""
    return asdict(value)


def _input(examined: Examined) -> dict[str, Any]:
    return {
        "path": examined.path,
        "kind": clean(examined.kind),
        "sha256": examined.sha256,
        "bytes": examined.bytes,
        "coverage": {"examined": examined.examined, "total": examined.total, "unit": clean(examined.unit)},
    }


def _subject(subject: Subject) -> dict[str, Any]:
    device = subject.device
    return {
        "id": clean(subject.id),
        "kind": subject.kind.value,
        "name": subject.name,
        "verdict": subject.judgement.verdict.value,
        "addresses": _all_clean(device.addresses) if device else [],
        "profile": clean(device.profile) if device and device.profile else None,
        "attribution": {"confidence": device.confidence, "reasons": list(device.reasons)} if device else None,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "rule": clean(finding.rule),
        "title": finding.title,
        "subject": finding.subject,
        "severity": finding.severity.value,
        "confidence": finding.confidence,
        "summary": finding.summary,
        "evidence": [_evidence(item) for item in finding.evidence],
        "references": _all_clean(finding.references),
        "remedy": finding.remedy,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    where = contents.plain_where(evidence.where)
    return {"kind": evidence.kind.value, "where": where, "excerpt": evidence.excerpt}


def _exposure(exposure: Exposure) -> dict[str, Any]:
    return {
        "subject": clean(exposure.subject),
        "to": clean(exposure.to),
        "port": exposure.port,
        "protocol": clean(exposure.protocol),
        "first": rfc3339(exposure.first),
        "last": rfc3339(exposure.last),
        "sessions": exposure.sessions,
        "bytes": exposure.bytes,
        "patients_min": exposure.patients_min,
        "patients_max": exposure.patients_max,
        "fields": _all_clean(exposure.fields),
        "records": exposure.records,
        "patients": list(exposure.patients),
        "reasons": list(exposure.reasons),
        "outside": exposure.outside,
        "answered": exposure.answered,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    said = {"subject": gap.subject, "what": gap.what, "why": gap.why, "bears_on": _all_clean(gap.bears_on)}
    return {**said, "where": contents.plain_where(gap.where)} if gap.where else said


FORMAT: Final = JsonReport()
