"""In: capture files or flow logs. Out: devices, findings, exposures and gaps: the traffic domain's whole answer.

This is the one module of the domain that joins reading (I/O) to understanding (pure).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Protocol, TypeVar, cast

from wardwatch.knowledge.catalogue import indicators, profiles
from wardwatch.plugins import modules
from wardwatch.secrecy import Veil
from wardwatch.vocabulary import (
    Device,
    Examined,
    Exposure,
    Finding,
    Gap,
    Severity,
    Subject,
    SubjectKind,
    TimelineRow,
    judge,
)

from . import gaps as gap
from .attribution import attribute
from .conversations import Conversations, codecs
from .exposure import exposures
from .ledger import Flows, Ledger
from .mounts import join_mounts
from .networks import Network, Site, parse_address
from .rows import Batch
from .scene import Scene
from .timeline import timeline
from .turning import turn_round

Source = Path | Literal["-"]
Progress = Callable[[int], None]
_Said = TypeVar("_Said", Finding, Gap)


class Detector(Protocol):
    """What a module in `detectors/` offers."""

    RULE: str

    def detect(self, scene: Scene) -> Iterator[Finding]:
        """Every finding of the rule in the scene."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """How to look: which networks are the site's own, what may be shown, whether hashes of the inputs are needed."""

    site: Site
    veil: Veil
    digest: bool = False
    mapping: Path | None = None
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was seen. `times`: nanoseconds of the first and the last packet or line, where there are any."""

    inputs: tuple[Examined, ...]
    devices: tuple[Device, ...]
    findings: tuple[Finding, ...]
    exposures: tuple[Exposure, ...]
    gaps: tuple[Gap, ...]
    timeline: tuple[TimelineRow, ...]
    times: tuple[int, int] | None = None
    subjects: tuple[Subject, ...] = ()


@dataclass(slots=True)
class _Sink:
    """Takes what the capture kernel hands on."""

    conversations: Conversations
    ledger: Ledger = field(default_factory=Ledger)

    def segments(self, batch: Batch) -> Iterable[tuple[int, int]]:
        return self.conversations.segments(batch)

    def retired(self, flows: Flows) -> None:
        self.ledger.add(flows)


def known_networks() -> tuple[Network, ...]:
    """Every address and network that the knowledge names."""
    return tuple(ip_network(entry.value) for entry in indicators() if entry.kind in {"address", "network"})


def known_addresses() -> frozenset[str]:
    """Every single address that the knowledge names, as text."""
    return frozenset(entry.value for entry in indicators() if entry.kind == "address")


def examine_captures(sources: Sequence[Source], question: Question) -> Answer:
    """What the captures show, read in the order given as one recording; InputError where one is no capture."""
    from .capture import examine  # noqa: PLC0415  # loads the kernel, which flow logs do not need
    from .kernel import Settings  # noqa: PLC0415  # as above

    known = codecs()
    settings = Settings(
        local=question.site.local,
        known=known_networks(),
        signatures=tuple((place, mark) for place, codec in enumerate(known, 1) for mark in codec.signatures),
    )
    sink = _Sink(Conversations(known))
    result = examine(sources, settings, sink, question.progress, question.digest)
    sink.conversations.finish()
    inputs = tuple(
        Examined(s.path, s.kind, s.bytes, min(s.packets_decoded, s.packets), s.packets, "packets", s.sha256)
        for s in result.files
    )
    flows = sink.ledger.flows()
    turn_round(flows, sink.conversations.contents)
    join_mounts(flows, sink.conversations.contents)
    scene = Scene(
        flows, sink.conversations.contents, question.site, tuple(s.path for s in result.files),
        question.veil, known=known_addresses(), codecs=tuple(codec.name for codec in known),
    )  # fmt: skip
    times = [time for s in result.files for time in (s.first, s.last) if time is not None]
    unread = [
        *gap.capture_gaps(result),
        *gap.bound_gaps(
            sink.ledger,
            interrupted=sink.conversations.interrupted,
            refused=sink.conversations.refused,
            late=sink.conversations.late,
        ),
        *gap.flow_gaps(sink.ledger.totals),
    ]
    return _answer(scene, inputs, unread, (min(times), max(times)) if times else None)


def examine_logs(sources: Sequence[Source], question: Question) -> Answer:
    """What the flow logs show, with gaps for what no log holds; InputError where one cannot be read."""
    from .logs import read  # noqa: PLC0415  # loads polars, which captures do not need

    ledger = Ledger()
    result = read(
        sources, mapping=question.mapping, local=question.site.local, known=known_networks(),
        batch=ledger.add, progress=question.progress, digest=question.digest,
    )  # fmt: skip
    inputs = tuple(
        Examined(str(s.path), s.kind, s.bytes, s.rows, s.rows + s.rows_unread, "lines", s.sha256) for s in result.files
    )
    scene = Scene(
        ledger.flows(), {}, question.site, tuple(str(s.path) for s in result.files),
        question.veil, lines=True, known=known_addresses(), replies_seen=_shows_replies(result.columns),
    )  # fmt: skip
    times = [time for s in result.files for time in (s.first, s.last) if time is not None]
    unread = [
        *(entry for s in result.files for entry in gap.log_gaps(s)),
        *gap.bound_gaps(ledger),
        *gap.flow_gaps(ledger.totals),
    ]
    return _answer(scene, inputs, unread, (min(times), max(times)) if times else None)


def _shows_replies(columns: frozenset[str]) -> bool:
    """Whether a log counts packets of both sides, or knows whole connections (which end) with their TCP states."""
    return "packets" in columns or {"syns", "last"} <= columns


def _answer(scene: Scene, inputs: tuple[Examined, ...], unread: list[Gap], times: tuple[int, int] | None) -> Answer:
    scene = scene.with_devices(attribute(scene, profiles()))
    detectors = cast("Sequence[Detector]", modules("wardwatch.traffic.detectors", "detect"))
    findings = tuple(finding for detector in detectors for finding in detector.detect(scene))
    exposed = exposures(scene)
    open_questions = gap.merged([*unread, *gap.conversation_gaps(scene)])
    subjects = _subjects(scene, findings, exposed, open_questions)
    rows = timeline(scene, _worth_a_picture(subjects), [entry.to for entry in exposed if entry.outside])
    devices = tuple(subject.device for subject in subjects if subject.device)
    return Answer(inputs, devices, findings, exposed, open_questions, rows, times, subjects)


def _worth_a_picture(subjects: Iterable[Subject]) -> list[str]:
    """Monitors, and whoever something more than ordinary was found of."""
    return [
        subject.id
        for subject in subjects
        if (subject.device and subject.device.profile)
        or any(finding.severity.rank <= Severity.MEDIUM.rank for finding in subject.judgement.findings)
    ]


def _subjects(
    scene: Scene, findings: Sequence[Finding], exposed: Sequence[Exposure], unread: Sequence[Gap]
) -> tuple[Subject, ...]:
    """Every device that was told apart, and every address something is said of."""
    devices = {device.id: device for device in scene.devices.values() if device.profile}
    for name in (*(finding.subject for finding in findings), *(entry.subject for entry in exposed)):
        devices.setdefault(name, scene.devices.get(name) or Device(name, name, (name,)))
    found_of, unread_of = _by_subject(findings), _by_subject(unread)
    return tuple(
        Subject(name, SubjectKind.DEVICE, device.name, judge(found_of[name], unread_of[name]), device)
        for name, device in sorted(devices.items(), key=lambda entry: _order(entry[0]))
    )


def _by_subject(all_said: Iterable[_Said]) -> Mapping[str, list[_Said]]:
    groups: dict[str, list[_Said]] = defaultdict(list)
    for said in all_said:
        groups[said.subject].append(said)
    return groups


def _order(text: str) -> tuple[int, bytes]:
    address = parse_address(text)
    return (address.version, address.packed) if address else (0, text.encode())
