"""In: a `Report`. Out: one self-contained HTML file: no script, no outside resource, bounded in size.

The templates lie in `report/templates`; everything they are given is text, and everything is escaped.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wardwatch.report import curves, proof, sent, sentences, tables, timeline
from wardwatch.report.anatomy import page as anatomy
from wardwatch.report.context import Context
from wardwatch.report.facts import Facts
from wardwatch.report.pointers import Pointer, pointer, reference
from wardwatch.report.steps import steps
from wardwatch.report.units import SEVERITIES, STATES, clean, confidence, cut, many, offsets, sentence, size
from wardwatch.vocabulary import Finding, Report, Rule, Severity, Verdict

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES: Final = Path(__file__).parent.parent / "templates"
_STRIPS: Final = 40
_EVIDENCE: Final = 8
_LONG: Final = 900
_SENTENCE: Final = re.compile(r"\.(?=\s[A-Z0-9])")
_SHORT: Final = 160
_NAME: Final = 60
_RULE: Final = 3000


@dataclass(frozen=True, slots=True)
class Told:
    """One finding as it is shown."""

    name: str
    title: str
    severity: str
    sure: str
    summary: str
    remedy: str
    references: tuple[str, ...]
    pointers: tuple[Pointer, ...]
    left_out: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """One rule and the findings under it."""

    name: str
    title: str
    rule: Rule | None
    references: tuple[str, ...]
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Html:
    """The document to read, print and hand on."""

    name: str = "html"
    suffix: str = ".html"
    about: str = "to read, print and hand on: everything with its evidence, in one file without outside resources"

    def render(self, report: Report, context: Context) -> str:
        """Return the whole page."""
        style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
        page = _page(Facts(report), context)
        return _environment().get_template("report.html.j2").render(page, style=_trusted(style), policy=_policy(style))


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  # only who draws pays for it

    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _trusted(style: str) -> str:
    """Our own style sheet, the one text that is not escaped."""
    from markupsafe import Markup  # noqa: PLC0415  # only who draws pays for it

    return Markup(style)  # noqa: S704  # read from our own file beside this module, nothing of the input in it


def _policy(style: str) -> str:
    """A policy that allows this one style sheet and nothing else (Content Security Policy Level 3)."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _headline(said: str) -> int:
    """Where the first sentence of the verdict ends: it is the headline, the others stand below it."""
    end = _SENTENCE.search(said)
    return end.end() if end else len(said)


def _page(facts: Facts, context: Context) -> dict[str, Any]:
    """Everything the template shows, by name."""
    verdict = facts.report.judgement.verdict
    said = sentences.verdict(facts, context.zone)
    end = _headline(said)
    notable = facts.having(*(each for each in Verdict if each is not Verdict.CLEAR))
    clear = facts.having(Verdict.CLEAR)
    return {
        "state": STATES[verdict],
        "verdict": verdict.value,
        "said": said[:end],
        "more": said[end:].lstrip(),
        "title": cut(said, _SHORT),
        "steps": steps(facts, context),
        "noun": facts.noun,
        "notable": tables.devices(facts, context, notable, _caption(facts)),
        "clear": tables.devices(facts, context, clear, "Clear"),
        "reasons": tables.reasons(facts, context),
        "owners": tables.owners(facts, context),
        "clear_count": many(len(clear), f"clear {facts.noun}"),
        **_timeline(facts, context),
        "exposures": sent.exposures(facts, context),
        "fields": sent.fields(facts, context),
        "doubts": sent.doubts(facts, context),
        "people": sent.people(facts, context),
        **_findings(facts, context),
        **anatomy.values(facts, context),
        **proof.values(facts, context),
        **curves.values(facts),
        "packets": facts.has_packets,
        "gaps": tables.gaps(facts, context),
        "whole": all(each.examined == each.total for each in facts.report.inputs),
        "inputs": tables.inputs(facts, context),
        "examined": sentences.examined(facts),
        "offsets": offsets(facts.times, context.zone),
        "tool": clean(context.tool),
        "version": clean(context.version),
        "revealed": context.revealed,
    }


def _caption(facts: Facts) -> str:
    return "Contained" if facts.report.tried else "With a finding, or undecided"


def _timeline(facts: Facts, context: Context) -> dict[str, Any]:
    """Draw what belongs to a finding, gravest subject first; ordinary connections are counted only."""
    order = {subject.id: place for place, subject in enumerate(facts.subjects)}
    rows = sorted(filter(facts.matters, facts.timeline), key=lambda row: order[row.subject])
    shown = rows[: min(context.rows or _STRIPS, _STRIPS)]
    picture = timeline.picture(shown, context.zone)
    names = facts.names
    left = len(rows) - len(shown)
    return {
        "picture": picture,
        "strips": [_named(strip, names) for strip in picture.strips] if picture else [],
        "strips_left": f"{many(left, 'more row')} not drawn." if left else "",
        "ordinary": len(facts.timeline) - len(rows),
        "tallest": size(picture.tallest) if picture else "",
        "numbers": tables.calls(rows, facts, context),
        "height": timeline.HEIGHT,
        "width": timeline.WIDTH,
    }


def _named(strip: timeline.Strip, names: Mapping[str, str]) -> tuple[str, str, timeline.Strip]:
    """A strip with the names at its two ends."""
    subject = names.get(strip.row.subject, strip.row.subject)
    return cut(subject, _NAME), cut(strip.row.to, _NAME), strip


def _findings(facts: Facts, context: Context) -> dict[str, Any]:
    """Sort findings into chapters by rule, notes apart; beyond the bound of rows only their number is told."""
    every = facts.findings
    shown, left_out = tables.bounded(every, context, "finding")
    grave = [finding for finding in shown if finding.severity is not Severity.INFO]
    notes = [finding for finding in shown if finding.severity is Severity.INFO]
    names = facts.names
    return {
        "chapters": list(_chapters(grave, names, context)),
        "notes": list(_chapters(notes, names, context)),
        "findings_left": left_out,
    }


def _chapters(findings: Sequence[Finding], names: Mapping[str, str], context: Context) -> Iterator[Chapter]:
    """One chapter a rule, in the order of its gravest finding."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    for name, group in by_rule.items():
        rule = context.rules.get(name)
        cited = dict.fromkeys(each for finding in group for each in finding.references)
        yield Chapter(
            cut(name, _SHORT),
            cut(rule.title if rule else group[0].title, _SHORT),
            _shown(rule) if rule else None,
            _references(rule.references if rule else tuple(cited)),
            tuple(_told(finding, names, context) for finding in group),
        )


def _shown(rule: Rule) -> Rule:
    """Copy a rule with every text cut and printable."""
    return replace(
        rule,
        finds=cut(rule.finds, _RULE),
        matters=cut(rule.matters, _RULE),
        remedy=cut(rule.remedy, _RULE),
        lookalikes=tuple(cut(each, _LONG) for each in rule.lookalikes),
    )


def _references(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(reference(cut(name, _SHORT)) for name in names[:20])


def _told(finding: Finding, names: Mapping[str, str], context: Context) -> Told:
    rest = len(finding.evidence) - _EVIDENCE
    rule = context.rules.get(finding.rule)
    return Told(
        name=cut(names.get(finding.subject, finding.subject), _SHORT),
        title=cut(finding.title, _SHORT),
        severity=SEVERITIES[finding.severity],
        sure=confidence(finding.confidence),
        summary=cut(sentence(finding.summary), _LONG),
        remedy="" if rule and finding.remedy == rule.remedy else cut(sentence(finding.remedy), _LONG),
        references=tuple(cut(name, _SHORT) for name in finding.references[:20]),
        pointers=tuple(pointer(item, context.zone) for item in finding.evidence[:_EVIDENCE]),
        left_out=f"{many(rest, 'more piece')} of evidence in the JSON document." if rest > 0 else "",
    )


FORMAT: Final = Html()
