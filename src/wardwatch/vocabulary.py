"""In: what a domain saw. Out: the words every domain and every document shares, as frozen values.

A value that would mislead cannot be built: a finding without evidence, a clear verdict over an open gap, a time
without a zone. Text is made printable on the way in, so no document has to remember to do it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from .curves import Curves
from .dissection import Comparison, Dissection
from .printable import printable
from .tried import PathsTried

Scalar = str | int | float | bool | None
Where = Mapping[str, Scalar | tuple[str, ...]]

EVERYTHING: Final = "*"
"""A gap that bears on every rule."""


class Verdict(StrEnum):
    """What can be said of a subject. `FIXED` and its kin speak of a patch, `PROVEN` and its kin of a containment."""

    CLEAR = "clear"
    FOUND = "found"
    UNKNOWN = "unknown"
    FIXED = "fixed"
    NOT_FIXED = "not-fixed"
    PROVEN = "proven"
    NOT_PROVEN = "not-proven"


class Asked(StrEnum):
    """What a judgement answers: what is in it, whether a patch is real, whether a containment holds."""

    EXAMINATION = "examination"
    PATCH = "patch"
    PROOF = "proof"


_ANSWERS: Final = {
    Asked.EXAMINATION: (Verdict.FOUND, Verdict.CLEAR),
    Asked.PATCH: (Verdict.NOT_FIXED, Verdict.FIXED),
    Asked.PROOF: (Verdict.NOT_PROVEN, Verdict.PROVEN),
}
"""The verdict where a finding is more than a note, and where nothing was found and no gap is open."""


class Severity(StrEnum):
    """How much it matters for a patient or for the data; `INFO` is a note and never makes a verdict."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the gravest, so that sorting puts it first."""
        return list(Severity).index(self)


class EvidenceKind(StrEnum):
    """What a piece of evidence points into."""

    PACKET = "packet"
    FLOW = "flow"
    FUNCTION = "function"
    FILE = "file"
    SAMPLES = "samples"
    LINE = "line"


class SubjectKind(StrEnum):
    """What a verdict is about."""

    DEVICE = "device"
    IMAGE = "image"
    PROGRAM = "program"
    RECORDING = "recording"
    FLOW_LOG = "flow-log"


def moment(time: datetime) -> datetime:
    """`time` in UTC; a ValueError where it carries no zone."""
    if time.tzinfo is None or time.utcoffset() is None:
        raise ValueError("a time without a zone cannot be compared with another")
    return time.astimezone(UTC)


def rfc3339(time: datetime) -> str:
    """`time` as RFC 3339, section 5.6, in UTC with microseconds."""
    return moment(time).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _frozen(where: Where) -> Where:
    return MappingProxyType({printable(key): _shown(value) for key, value in where.items()})


def _shown(value: Scalar | tuple[str, ...]) -> Scalar | tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(map(printable, value))
    return printable(value) if isinstance(value, str) else value


def _show(value: object, *names: str) -> None:
    """Make the text in the fields `names` printable; a tuple's texts each."""
    for name in names:
        content = getattr(value, name)
        if content is not None:
            _set(value, name, _shown(content))


def _share(name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} lies between 0 and 1, not at {value}")


def _set(value: object, name: str, content: object) -> None:
    object.__setattr__(value, name, content)  # the one way to finish a frozen value


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where something was seen: `where` has the keys the contract names for its kind; no patient data in `excerpt`."""

    kind: EvidenceKind
    where: Where = field(hash=False)
    excerpt: str = ""

    def __post_init__(self) -> None:
        if not self.where:
            raise ValueError("evidence says where it was seen")
        _set(self, "where", _frozen(self.where))
        _set(self, "excerpt", printable(self.excerpt))


@dataclass(frozen=True, slots=True)
class Rule:
    """What is looked for and why: the text behind `wardwatch explain`, held as data in `knowledge/rules`."""

    name: str
    title: str
    finds: str
    matters: str
    remedy: str
    lookalikes: tuple[str, ...]
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule met on one subject, with the evidence for it."""

    rule: str
    subject: str
    title: str
    severity: Severity
    confidence: float
    summary: str
    evidence: tuple[Evidence, ...]
    references: tuple[str, ...] = ()
    remedy: str = ""

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"{self.rule}: a finding without evidence is a rumour")
        _share("confidence", self.confidence)
        _show(self, "rule", "subject", "title", "summary", "remedy", "references")

    @property
    def id(self) -> str:
        """Short, and the same for the same rule, subject and first evidence in every run."""
        first = "|".join(f"{key}={value}" for key, value in sorted(self.evidence[0].where.items()))
        return sha256(f"{self.rule}|{self.subject}|{first}".encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Gap:
    """What could not be examined, why, and which rules it leaves open; a gap that bears on nothing is a remark."""

    subject: str
    what: str
    why: str
    bears_on: tuple[str, ...] = ()
    where: Where = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        _show(self, "subject", "what", "why", "bears_on")
        _set(self, "where", _frozen(self.where))

    @property
    def is_open(self) -> bool:
        """Whether a question stays open because of it."""
        return bool(self.bears_on)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with all it rests on; one that does not follow from its findings and gaps cannot be built."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    asked: Asked = Asked.EXAMINATION

    def __post_init__(self) -> None:
        if self.verdict is not _follows(self.findings, self.gaps, self.asked):
            raise ValueError(f"'{self.verdict}' does not follow from these findings and gaps")


def judge(findings: Iterable[Finding], gaps: Iterable[Gap], asked: Asked = Asked.EXAMINATION) -> Judgement:
    """Found where a finding is more than a note; else unknown where a gap is open; else clear.

    Of a patch the findings are those it leaves: not fixed, unknown, fixed. Of a proof those that contradict it.
    """
    all_findings, all_gaps = tuple(findings), tuple(gaps)
    return Judgement(_follows(all_findings, all_gaps, asked), all_findings, all_gaps, asked)


def _follows(findings: tuple[Finding, ...], gaps: tuple[Gap, ...], asked: Asked) -> Verdict:
    bad, good = _ANSWERS[asked]
    if any(finding.severity is not Severity.INFO for finding in findings):
        return bad
    return Verdict.UNKNOWN if any(gap.is_open for gap in gaps) else good


@dataclass(frozen=True, slots=True)
class Flow:
    """One conversation between two transport addresses; `src` began it. `bytes`: payload of both directions."""

    src: str
    sport: int
    dst: str
    dport: int
    proto: str
    first: datetime
    last: datetime
    packets: int
    bytes: int

    def __post_init__(self) -> None:
        _set(self, "first", moment(self.first))
        _set(self, "last", moment(self.last))
        if self.last < self.first:
            raise ValueError("a flow ends after it begins")

    def evidence(self, excerpt: str = "") -> Evidence:
        """This flow as the evidence the contract describes."""
        where: Where = {
            "src": self.src,
            "sport": self.sport,
            "dst": self.dst,
            "dport": self.dport,
            "proto": self.proto,
            "first": rfc3339(self.first),
            "last": rfc3339(self.last),
            "packets": self.packets,
            "bytes": self.bytes,
        }
        return Evidence(EvidenceKind.FLOW, where, excerpt)


@dataclass(frozen=True, slots=True)
class Device:
    """Something with an address that was seen; `profile` is what it is thought to be, with the reasons why."""

    id: str
    name: str
    addresses: tuple[str, ...]
    profile: str | None = None
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _share("confidence", self.confidence)
        if self.profile and not self.reasons:
            raise ValueError("a device is not given a profile without a reason")
        _show(self, "id", "name", "addresses", "profile", "reasons")


@dataclass(frozen=True, slots=True)
class Subject:
    """What the report speaks about, judged. `device` is there where the subject is one."""

    id: str
    kind: SubjectKind
    name: str
    judgement: Judgement
    device: Device | None = None

    def __post_init__(self) -> None:
        _show(self, "id", "name")


@dataclass(frozen=True, slots=True)
class Exposure:
    """What one subject sent to one destination in clear text. Bounds of patients come with the reason they differ.

    `answered`: whether the destination accepted or sent anything; None where that could not be seen.
    """

    subject: str
    to: str
    port: int
    protocol: str
    first: datetime
    last: datetime
    sessions: int
    bytes: int
    records: int
    patients_min: int
    patients_max: int
    fields: tuple[str, ...] = ()
    patients: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    outside: bool = False
    answered: bool | None = None

    def __post_init__(self) -> None:
        _set(self, "first", moment(self.first))
        _set(self, "last", moment(self.last))
        if not 0 <= self.patients_min <= self.patients_max:
            raise ValueError("the bounds of the number of patients are the wrong way round")
        if self.patients_min != self.patients_max and not self.reasons:
            raise ValueError("bounds that differ need a reason")
        _show(self, "subject", "to", "protocol", "fields", "patients", "reasons")


@dataclass(frozen=True, slots=True)
class Indicator:
    """A published fact that traffic or code can be compared with: an address, a network, a hash."""

    kind: str
    value: str
    about: str
    source: str


@dataclass(frozen=True, slots=True)
class Examined:
    """One input as it was read: how much of it there was, and how much of that was examined."""

    path: str
    kind: str
    bytes: int
    examined: int
    total: int
    unit: str
    sha256: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.examined <= self.total:
            raise ValueError("no more can be examined than there is")
        _show(self, "path", "kind", "unit")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one examination has to say, and the only thing a document is made from.

    `first` and `last`: the span of time the inputs cover, where they carry times. `dissections`: what images and
    programs hold, one a subject; `comparison`: what changed between two of them.
    `tried`: the paths a containment was tried by. `curves`: what recordings displayed and what their waves said.
    """

    judgement: Judgement
    inputs: tuple[Examined, ...]
    subjects: tuple[Subject, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    timeline: tuple["TimelineRow", ...] = ()
    first: datetime | None = None
    last: datetime | None = None
    dissections: tuple[Dissection, ...] = ()
    comparison: Comparison | None = None
    tried: PathsTried | None = None
    curves: tuple[Curves, ...] = ()

    def __post_init__(self) -> None:
        if not self.inputs:
            raise ValueError("a report names what was examined")
        if (self.first is None) != (self.last is None):
            raise ValueError("a span of time has two ends")
        if self.first is not None and self.last is not None:
            _set(self, "first", moment(self.first))
            _set(self, "last", moment(self.last))
            if moment(self.last) < moment(self.first):
                raise ValueError("a span of time ends after it begins")


@dataclass(frozen=True, slots=True)
class TimelineMark:
    """One thing that happened between two times.

    `kind`: 'attempt', which nobody answered; 'session'; 'call', where the input does not show whether it was answered.
    """

    kind: str
    first: datetime
    last: datetime
    bytes: int = 0
    label: str = ""

    def __post_init__(self) -> None:
        _set(self, "first", moment(self.first))
        _set(self, "last", moment(self.last))
        _show(self, "kind", "label")


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """What one subject did towards one destination, in order of time.

    `outside`: whether the destination lies outside the site's networks; None where that is not known.
    """

    subject: str
    to: str
    marks: tuple[TimelineMark, ...]
    outside: bool | None = None
