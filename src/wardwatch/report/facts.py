"""In: a `Report`. Out: the facts its sentences are made of: who was found, what left, to whom, of how many patients."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import Final

from wardwatch.dissection import Chain
from wardwatch.report import contents
from wardwatch.vocabulary import (
    EvidenceKind,
    Exposure,
    Finding,
    Gap,
    Report,
    Severity,
    Subject,
    SubjectKind,
    TimelineRow,
    Verdict,
)

DOCUMENTED: Final = ip_network("202.114.4.0/24")
"""The block of the addresses built into the CMS8000 (CISA ICSMA-25-030-01 Update A)."""

ATTEMPT: Final = "attempt"
CALL: Final = "call"
"""A call of which the input does not show whether it was answered."""
"""The kind of a timeline mark that nobody answered."""

MONITOR: Final = "monitor"
"""What a device with a profile is called."""

_ADDRESS: Final = re.compile(r"[0-9A-Fa-f.:]+")

_NOUNS: Final = {
    SubjectKind.DEVICE: "device",
    SubjectKind.IMAGE: "image",
    SubjectKind.PROGRAM: "program",
    SubjectKind.RECORDING: "recording",
    SubjectKind.FLOW_LOG: "flow log",
}


def is_documented(address: str) -> bool:
    """Whether `address` lies in the published block."""
    try:
        return ip_address(address) in DOCUMENTED
    except ValueError:
        return False


def patients(exposures: Sequence[Exposure]) -> tuple[int, int]:
    """Bounds of the number of different patients in several exposures together.

    A pseudonym that occurs in several is one patient. Each exposure may hold fewer patients than pseudonyms (one
    patient under two names) or more (some without a name), by its own bounds.
    """
    different = len({patient for each in exposures for patient in each.patients})
    doubles = sum(max(0, len(set(each.patients)) - each.patients_min) for each in exposures)
    nameless = sum(max(0, each.patients_max - len(set(each.patients))) for each in exposures)
    low = max([different - doubles, *(each.patients_min for each in exposures)], default=0)
    high = min(sum(each.patients_max for each in exposures), different + nameless)
    return low, max(low, high)


def noun(subjects: Sequence[Subject]) -> str:
    """What to call these subjects, in the singular: 'monitor' only where each device has a profile."""
    kinds = {subject.kind for subject in subjects}
    if kinds == {SubjectKind.DEVICE} and all(subject.device and subject.device.profile for subject in subjects):
        return MONITOR
    return _NOUNS[kinds.pop()] if len(kinds) == 1 else "thing"


def destinations(exposures: Iterable[Exposure]) -> list[str]:
    """To whom, the one that got the data of most patients first."""
    weight: dict[str, tuple[int, int]] = {}
    for each in exposures:
        most, sent = weight.get(each.to, (0, 0))
        weight[each.to] = (most + each.patients_max, sent + each.bytes)
    return sorted(weight, key=lambda to: (-weight[to][0], -weight[to][1], contents.natural(to)))


@dataclass(frozen=True)
class Facts:
    """A report seen from the side of its reader. Everything is computed once, when it is asked for."""

    report: Report

    @cached_property
    def subjects(self) -> list[Subject]:
        """Every subject, gravest first."""
        return contents.gravest(self.report)

    @cached_property
    def findings(self) -> list[Finding]:
        """Every finding and note, gravest first."""
        return contents.findings(self.report)

    @cached_property
    def gaps(self) -> list[Gap]:
        """Every gap, the one that leaves most open first."""
        return contents.gaps(self.report)

    @cached_property
    def exposures(self) -> list[Exposure]:
        """What was sent in clear text, by subject and destination."""
        return contents.exposures(self.report)

    @cached_property
    def timeline(self) -> list[TimelineRow]:
        """The rows that hold a mark, by subject and destination."""
        return contents.timeline(self.report)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """What to call each subject, by its id."""
        return {subject.id: subject.name or subject.id for subject in self.report.subjects}

    @cached_property
    def noun(self) -> str:
        """What to call one of the subjects."""
        return noun(self.subjects)

    def having(self, *verdicts: Verdict) -> list[Subject]:
        """The subjects with one of these verdicts, gravest first."""
        return [subject for subject in self.subjects if subject.judgement.verdict in verdicts]

    @cached_property
    def monitors(self) -> list[Subject]:
        """The devices that are thought to be monitors."""
        return [subject for subject in self.subjects if noun([subject]) == MONITOR]

    @cached_property
    def found(self) -> list[Subject]:
        """The subjects something was found on."""
        return self.having(Verdict.FOUND)

    @cached_property
    def _found_ids(self) -> set[str]:
        return {subject.id for subject in self.found}

    @cached_property
    def sent(self) -> list[Exposure]:
        """What the found subjects sent in clear text to the outside."""
        return [each for each in self.exposures if each.outside and each.subject in self._found_ids]

    @cached_property
    def sent_inside(self) -> list[Exposure]:
        """What the found subjects sent in clear text within the site's own networks."""
        found = self._found_ids
        return [each for each in self.exposures if not each.outside and each.subject in found]

    @cached_property
    def calls(self) -> list[TimelineRow]:
        """What the found subjects did towards addresses outside that a finding names, or the published block."""
        rows = (row for row in self.timeline if row.subject in self._found_ids)
        return [row for row in rows if self._is_call(row)]

    def _is_call(self, row: TimelineRow) -> bool:
        """An ordinary connection of a found device is no call; an address routed inside the site is none either."""
        if row.outside is None:
            return is_documented(row.to)
        return row.outside and (is_documented(row.to) or row.to in self._named.get(row.subject, set()))

    @cached_property
    def _named(self) -> dict[str, set[str]]:
        """The addresses that the findings of each subject name."""
        named: dict[str, set[str]] = {}
        for finding in self.findings:
            if finding.severity is not Severity.INFO:
                where = (str(value) for item in finding.evidence for value in item.where.values())
                words = [word.rstrip(".:") for text in (finding.summary, *where) for word in _ADDRESS.findall(text)]
                named.setdefault(finding.subject, set()).update(words, (word.split(":")[0] for word in words))
        return named

    @cached_property
    def _exposures_of(self) -> dict[str, list[Exposure]]:
        sorted_out: dict[str, list[Exposure]] = {}
        for each in self.exposures:
            sorted_out.setdefault(each.subject, []).append(each)
        return sorted_out

    @cached_property
    def _calls_of(self) -> dict[str, list[str]]:
        sorted_out: dict[str, list[str]] = {}
        for row in self.timeline:
            sorted_out.setdefault(row.subject, []).append(row.to)
        return sorted_out

    @cached_property
    def chains(self) -> list[tuple[str, Chain]]:
        """What the code does step by step, with the id of what holds it; of two versions what the new one does."""
        old = self.report.comparison.old if self.report.comparison else None
        shown = (each for each in self.report.dissections if old is None or each.subject != old)
        return [(each.subject, chain) for each in shown for chain in each.chains]

    @cached_property
    def has_packets(self) -> bool:
        """Whether any evidence lies in traffic."""
        kinds = {item.kind for finding in self.findings for item in finding.evidence}
        return bool(kinds & {EvidenceKind.PACKET, EvidenceKind.FLOW})

    def sent_by(self, subject: str) -> list[Exposure]:
        """What one subject sent in clear text, to anybody."""
        return self._exposures_of.get(subject, [])

    def called_by(self, subject: str) -> list[str]:
        """Whom one subject sent to or called."""
        return self._calls_of.get(subject, [])

    def matters(self, row: TimelineRow) -> bool:
        """Whether a row of the timeline belongs to what was found: a call, or data in clear text."""
        if row.subject not in self._found_ids:
            return False
        return self._is_call(row) or any(each.to == row.to for each in self.sent_by(row.subject))

    @cached_property
    def outside_peers(self) -> list[str]:
        """Addresses outside that the found subjects sent to or called, the gravest first."""
        called = (row.to for row in self.calls)
        return list(dict.fromkeys([*destinations(self.sent), *called]))

    @cached_property
    def open_gaps(self) -> list[Gap]:
        """The gaps that leave a question open, the heaviest first."""
        return [gap for gap in self.gaps if gap.is_open]

    @cached_property
    def rules(self) -> set[str]:
        """The rules met by more than a note."""
        found = self.findings
        return {finding.rule for finding in found if finding.severity is not Severity.INFO}

    @cached_property
    def times(self) -> list[datetime]:
        """The times the documents show, for the one statement of the zone."""
        spans = [(each.first, each.last) for each in self.report.exposures]
        spans += [(min(m.first for m in row.marks), max(m.last for m in row.marks)) for row in self.timeline]
        whole = [time for time in (self.report.first, self.report.last) if time]
        return [*whole, *(time for pair in spans for time in pair)]
