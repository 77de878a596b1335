"""In: a scene. Out: who sent what, whose data, when and to whom, with a lower and an upper bound of the patients.

Numbers are exact where the capture is. Where it is not, the bounds part, and each reason for that is said.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from wardwatch.secrecy import Veil
from wardwatch.vocabulary import Exposure

from .content import Content, Patient
from .networks import Reach
from .scene import Row, Scene, time_of


class Channel(NamedTuple):
    """One sender, one receiver, one protocol."""

    subject: str
    to: str
    port: int
    protocol: str


def channel_of(scene: Scene, row: Row, content: Content) -> Channel:
    """The channel a flow belongs to. Without a SYN nobody knows who called whom: then the receiver's port counts."""
    sender = content.sender
    opened = bool(row.record["syns"][0])
    port = row.port(1) if opened or sender == 0 else row.port(0)
    return Channel(scene.subject(row.text(sender)), row.text(1 - sender), port, content.protocol)


def exposures(scene: Scene) -> tuple[Exposure, ...]:
    """One exposure for each channel on which patient data went in clear, in order of subject and destination."""
    tallies: dict[Channel, _Tally] = defaultdict(_Tally)
    for row in scene.with_content:
        if row.content and row.content.protocol and _tells_of_patients(row.content):
            tallies[channel_of(scene, row, row.content)].add(scene, row, row.content)
    return tuple(tallies[channel].exposure(channel, scene.veil) for channel in sorted(tallies))


def _tells_of_patients(content: Content) -> bool:
    half = content.sides[content.sender]
    return bool(half.bytes) and (content.identifying or (content.protocol == "cms" and half.records.total() > 0))


@dataclass(slots=True)
class _Tally:
    """What one channel carried so far."""

    first: int = 0
    last: int = 0
    sessions: int = 0
    bytes: int = 0
    records: int = 0
    outside: bool = False
    answered: bool = False
    fields: set[str] = field(default_factory=set)
    charsets: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    patients: set[Patient] = field(default_factory=set)
    unnamed: int = 0
    nameless: int = 0
    headless: int = 0
    holes: int = 0
    lost: int = 0
    moved: int = 0
    uncounted: int = 0
    skipped: int = 0

    def add(self, scene: Scene, row: Row, content: Content) -> None:
        sender = content.sender
        half = content.sides[sender]
        if half.first and half.last:
            self.first = min(self.first, half.first.time) if self.sessions else half.first.time
            self.last = max(self.last, half.last.time)
        self.sessions += content.sessions
        self.bytes += half.bytes
        self.records += half.complete
        self.outside |= scene.reach(row, sender) is Reach.OUTSIDE
        self.answered |= row.answered if sender == 0 else True
        self.fields |= content.fields
        for name, charset in content.charsets.items():
            self.charsets[name].add(charset)
        self.patients |= content.patients.keys()
        self._doubt(content, half.holes, half.lost)

    def _doubt(self, content: Content, holes: int, lost: int) -> None:
        self.unnamed += content.unnamed
        self.nameless += content.nameless
        self.headless += content.begun_before
        self.holes += holes
        self.lost += lost
        self.moved += content.moves
        self.uncounted += content.patients_uncounted
        self.skipped += content.skipped

    def exposure(self, channel: Channel, veil: Veil) -> Exposure:
        least, most = _bounds(self.patients)
        doubts = list(self._doubts(most - least))
        highest = most + sum(extra for extra, _ in doubts if extra > 0)
        reasons = [text for _, text in doubts] + list(self._charset_notes())
        return Exposure(
            subject=channel.subject, to=channel.to, port=channel.port, protocol=channel.protocol,
            first=time_of(self.first), last=time_of(self.last), sessions=self.sessions, bytes=self.bytes,
            records=self.records, patients_min=least, patients_max=highest,
            fields=(*sorted(self.charsets), *sorted(self.fields - self.charsets.keys())),
            patients=tuple(sorted({_shown(patient, veil) for patient in self.patients})),
            reasons=tuple(reasons), outside=self.outside, answered=self.answered,
        )  # fmt: skip

    def _doubts(self, two_names: int) -> Iterator[tuple[int, str]]:
        """How much each doubt may add to the upper bound (0 where `_bounds` counted it), and why."""
        if two_names:
            yield 0, "a number came under two names, or a name without its number: one person or two"
        if self.unnamed:
            yield (
                self.unnamed,
                f"{_times(self.unnamed, 'session')} without a patient record: each may be another patient's",
            )
        if self.nameless:
            yield self.nameless, f"{_times(self.nameless, 'session')} with a patient record that names nobody"
        if self.headless:
            yield self.headless, f"{_times(self.headless, 'session')} with data before the first patient record"
        if self.holes:
            yield (
                self.holes,
                (f"{self.lost} bytes are missing in {_times(self.holes, 'place')}: each may hide a change of patient"),
            )
        if self.moved:
            yield self.moved, f"the bed number changed {_times(self.moved, 'time')} without a new patient record"
        if self.uncounted:
            yield self.uncounted, f"{self.uncounted} further patient records were not kept apart"

    def _charset_notes(self) -> Iterator[str]:
        for name, charsets in sorted(self.charsets.items()):
            if odd := sorted(charsets - {"ascii"}):
                yield f"{name} was read as {', '.join(odd)}"
        if self.skipped:
            yield f"{self.skipped} bytes belong to no complete record and were passed over"


def _bounds(patients: set[Patient]) -> tuple[int, int]:
    """Fewest and most people these can be: one number is one person at least, two names under it are two at most."""
    names_of: dict[str, set[str]] = defaultdict(set)
    for patient in patients:
        names_of[patient.number].add(patient.name)
    loose = names_of.pop("", set())
    named = set().union(*names_of.values()) if names_of else set()
    least = len(names_of) + len(loose - named)
    most = sum(max(1, len(names - {""})) for names in names_of.values()) + len(loose)
    return max(least, 1 if patients else 0), max(most, least)


def _shown(patient: Patient, veil: Veil) -> str:
    """One pseudonym a patient: of the number where there is one, else of the name."""
    return veil("patient number", patient.number) if patient.number else veil("patient name", patient.name)


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
