"""In: one conversation's messages, each with the packet that completed it. Out: what it held, in bounded memory."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from wardwatch.protocols.codec import Message, Person, Side

from .reassembly import Conflict, Mark

PATIENTS_KEPT: Final = 4096
NOTABLE_KEPT: Final = {"sunrpc": 256, "dhcp": 16}
NOTABLE_KEPT_ELSE: Final = 2
FIELDS_KEPT: Final = 256


class Patient(NamedTuple):
    """Who a message speaks of, as far as it says so; empty where it does not. Never print it without a veil."""

    number: str
    name: str


NOBODY: Final = Patient("", "")


class Notable(NamedTuple):
    """A message whose facts matter for a finding or for telling what a device is."""

    protocol: str
    kind: str
    side: Side
    facts: tuple[tuple[str, str | int], ...]
    mark: Mark

    def fact(self, name: str) -> str:
        """The fact of that name as text, empty where it is not there."""
        return next((str(value) for key, value in self.facts if key == name), "")


@dataclass(slots=True)
class SideContent:
    """What one side of a conversation sent."""

    bytes: int = 0
    first: Mark | None = None
    last: Mark | None = None
    lost: int = 0
    holes: int = 0
    records: Counter[str] = field(default_factory=Counter)
    first_record: Mark | None = None


@dataclass(slots=True)
class Content:
    """What one conversation held. `protocol` is empty while none is recognised."""

    flow: int
    protocol: str = ""
    confidence: float = 0.0
    sides: tuple[SideContent, SideContent] = field(default_factory=lambda: (SideContent(), SideContent()))
    fields: set[str] = field(default_factory=set)
    charsets: dict[str, str] = field(default_factory=dict)  # identifying field -> character set it was last read in
    patients: dict[Patient, Mark] = field(default_factory=dict)  # with the packet that first named each
    patients_uncounted: int = 0
    staff: bool = False
    beds: set[str] = field(default_factory=set)
    anonymous: Mark | None = None  # first patient record that names nobody
    headless: bool = False  # records came before anybody was named
    notable: list[Notable] = field(default_factory=list)
    notable_uncounted: int = 0
    skipped: int = 0
    start_missing: bool = False
    repeated: int = 0
    conflict_count: int = 0
    conflicts: list[Conflict] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Payload bytes of both sides that are missing."""
        return self.sides[0].lost + self.sides[1].lost

    @property
    def identifying(self) -> bool:
        """Whether anything in it identifies a patient."""
        return bool(self.charsets)

    def took(self, side: int, count: int, lost: int, mark: Mark) -> None:
        """`count` payload bytes of `side` came, or `lost` are missing."""
        half = self.sides[side]
        half.bytes += count
        half.lost += lost
        half.holes += lost > 0
        if count:
            half.first = half.first or mark
            half.last = mark

    def add(self, message: Message, mark: Mark) -> None:
        """One complete message."""
        half = self.sides[message.side]
        half.records[message.kind] += 1
        half.first_record = half.first_record or mark
        if len(self.fields) < FIELDS_KEPT:
            self.fields.update(message.fields)
        if message.facts:
            self._note(message, mark)
        if message.identifiers:
            self._identify(message, mark)
        elif message.kind == "patient":
            self.anonymous = self.anonymous or mark
        elif message.fields and not self.patients:
            self.headless = True

    def _note(self, message: Message, mark: Mark) -> None:
        bed = message.facts.get("bed")
        if bed is not None:
            self.beds.add(str(bed))
        if message.kind in {"bed", "patient", "telemetry", "end-of-set"}:
            return
        if len(self.notable) < NOTABLE_KEPT.get(self.protocol, NOTABLE_KEPT_ELSE):
            facts = tuple(sorted(message.facts.items()))
            self.notable.append(Notable(message.protocol, message.kind, message.side, facts, mark))
        else:
            self.notable_uncounted += 1

    def _identify(self, message: Message, mark: Mark) -> None:
        found: dict[str, str] = {}
        for identifier in message.identifiers:
            if identifier.person is Person.STAFF:
                self.staff = True
            else:
                found.setdefault(identifier.field, identifier.value)
            self.charsets[identifier.field] = identifier.charset
        patient = Patient(found.get("patient number", ""), found.get("patient name", ""))
        if patient == NOBODY:
            self.anonymous = self.anonymous or mark
        elif patient in self.patients or len(self.patients) < PATIENTS_KEPT:
            self.patients.setdefault(patient, mark)
        else:
            self.patients_uncounted += 1
