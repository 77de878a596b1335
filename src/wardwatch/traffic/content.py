"""In: one conversation's messages, each with the packet that completed it. Out: what it held, in bounded memory."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from wardwatch.protocols.codec import Message, Person, Side

from .reassembly import NOTED_CONFLICTS, Conflict, Mark, Piece

PATIENTS_KEPT: Final = 4096
NOTABLE_KEPT: Final = {"sunrpc": 256, "dhcp": 16}
NOTABLE_KEPT_ELSE: Final = 2
FIELDS_KEPT: Final = 256
_BEFORE_KEPT: Final = 256
_NEVER_NOTABLE: Final = frozenset(("bed", "patient", "telemetry", "end-of-set"))
NO_RECORDS: Final = ("acknowledgement", "incomplete")


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
    facts: Mapping[str, str | int]
    mark: Mark

    def fact(self, name: str) -> str:
        """The fact of that name as text, empty where it is not there."""
        return str(self.facts.get(name, ""))


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

    @property
    def complete(self) -> int:
        """How many complete records it sent; answers, and what a hole or a bound cut off, are none."""
        return self.records.total() - sum(self.records[kind] for kind in NO_RECORDS)

    def absorb(self, other: "SideContent") -> None:
        """Add what the same side sent in another conversation."""
        self.bytes += other.bytes
        self.lost += other.lost
        self.holes += other.holes
        self.records.update(other.records)
        self.first = min(filter(None, (self.first, other.first)), key=_time, default=None)
        self.last = max(filter(None, (self.last, other.last)), key=_time, default=None)
        self.first_record = self.first_record or other.first_record


def _time(mark: Mark) -> int:
    return mark.time


_SUMMED: Final = (
    "sessions", "unnamed", "nameless", "begun_before", "patients_uncounted", "moves", "notable_uncounted",
    "skipped", "repeated", "conflict_count",
)  # fmt: skip


@dataclass(slots=True)
class Content:
    """What one conversation held. `protocol` is empty while none is recognised."""

    flow: int
    protocol: str = ""
    confidence: float = 0.0
    sides: tuple[SideContent, SideContent] = field(default_factory=lambda: (SideContent(), SideContent()))
    sessions: int = 1
    unnamed: int = 0  # sessions without a patient record
    nameless: int = 0  # sessions with a patient record that names nobody
    begun_before: int = 0  # sessions with records before the first patient record
    sender: int = 0  # the side that sent the records: the one with more complete ones
    fields: set[str] = field(default_factory=set)
    charsets: dict[str, str] = field(default_factory=dict)  # identifying field -> character set it was last read in
    patients: dict[Patient, Mark] = field(default_factory=dict)  # with the packet that first named each
    patients_uncounted: int = 0
    staff: bool = False
    bed: str | None = None  # the newest
    moves: int = 0  # times the bed changed without a new patient record
    anonymous: Mark | None = None  # first patient record that names nobody
    headless: bool = False  # records came before anybody was named
    notable: list[Notable] = field(default_factory=list)
    notable_uncounted: int = 0
    skipped: int = 0
    repeated: int = 0
    conflict_count: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    _fields_seen: set[tuple[str, ...]] = field(default_factory=set)
    _before: dict[tuple[int, int, int, str], Message] = field(default_factory=dict)  # by what their parts are

    @property
    def lost(self) -> int:
        """Payload bytes of both sides that are missing."""
        return self.sides[0].lost + self.sides[1].lost

    @property
    def identifying(self) -> bool:
        """Whether anything in it identifies a patient."""
        return bool(self.charsets)

    def absorb(self, other: "Content") -> None:
        """Take in another settled conversation of the same two sides: what it held counts as if held here."""
        for half, their in zip(self.sides, other.sides, strict=True):
            half.absorb(their)
        self.fields |= other.fields
        self.charsets.update(other.charsets)
        for patient, mark in other.patients.items():
            if patient in self.patients or len(self.patients) < PATIENTS_KEPT:
                self.patients.setdefault(patient, mark)
            else:
                self.patients_uncounted += 1
        self.staff |= other.staff
        for name in _SUMMED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.confidence = max(self.confidence, other.confidence)
        self.conflicts = (self.conflicts + other.conflicts)[:NOTED_CONFLICTS]

    def settle(self) -> None:
        """No more comes: say who sent the records, and whether anybody was named."""
        self.unnamed = int(not self.patients and self.anonymous is None)
        self.nameless = int(self.anonymous is not None)
        self.begun_before = int(bool(self.patients) and self.headless)
        one, other = self.sides
        if other.records:
            weights = [half.complete or half.records["incomplete"] for half in (one, other)]
            self.sender = int(weights[1] > weights[0])

    def took(self, side: int, piece: Piece) -> None:
        """Payload bytes of `side` came, or some are missing."""
        half = self.sides[side]
        half.bytes += len(piece.data)
        half.lost += piece.lost
        half.holes += piece.lost > 0
        if piece.data:
            half.first = half.first or piece.mark
            half.last = piece.last or piece.mark

    def passed(self, side: int, size: int, first: Mark, last: Mark) -> None:
        """`size` payload bytes of `side` came of which no more than that is of interest."""
        half = self.sides[side]
        half.bytes += size
        half.first = half.first or first
        half.last = last

    def add(self, messages: Iterable[Message], packet_at: Callable[[int], Mark]) -> None:
        """Complete messages; `packet_at` tells the packet that brought the byte before an offset of its side."""
        sides, seen, before = self.sides, self._fields_seen, self._before
        for message in messages:
            _, kind, side, _, _, identifiers, fields, facts = message
            half = sides[side]
            half.records[kind] += 1
            first = half.first_record is None
            if not (identifiers or facts or first or kind == "patient"):
                if fields and not (self.patients and fields in seen):
                    self._learn(half, message, packet_at)
                continue
            known = not first and (id(identifiers), id(fields), id(facts), kind) in before
            if not (known and self._repeats(message)) and self._learn(half, message, packet_at):
                self._remember(message)

    def _remember(self, message: Message) -> None:
        """So that the same once more need not be learned again."""
        if len(self._before) >= _BEFORE_KEPT:
            self._before.clear()
        _, kind, _, _, _, identifiers, fields, facts = message
        if type(facts) is not dict:  # facts of this message alone; those that many share cannot be written to
            self._before[id(identifiers), id(fields), id(facts), kind] = message

    def _repeats(self, message: Message) -> bool:
        """Take in a message that says what one before it said; False where it has to be learned all the same."""
        if message.facts and message.kind not in _NEVER_NOTABLE:
            if len(self.notable) < NOTABLE_KEPT.get(self.protocol, NOTABLE_KEPT_ELSE):
                return False
            self.notable_uncounted += 1
        if "bed" in message.facts:
            self._lies_in(str(message.facts["bed"]), message.kind)
        return True

    def _learn(self, half: SideContent, message: Message, packet_at: Callable[[int], Mark]) -> bool:
        """From a message that says more than that there is another one of its kind.

        Whether the same once more would change nothing but counts.
        """
        if half.first_record is None:
            half.first_record = packet_at(message.end)
        fields = message.fields
        if fields and fields not in self._fields_seen and len(self._fields_seen) < FIELDS_KEPT:
            self._fields_seen.add(fields)
            self.fields.update(fields)
        if message.facts:
            self._note(message, packet_at)
        if message.identifiers:
            return self._identify(message, packet_at(message.end))
        if message.kind == "patient":
            self.anonymous = self.anonymous or packet_at(message.end)
        elif fields and not self.patients:
            self.headless = True
        return True

    def _note(self, message: Message, packet_at: Callable[[int], Mark]) -> None:
        if "bed" in message.facts:
            self._lies_in(str(message.facts["bed"]), message.kind)
        if message.kind in _NEVER_NOTABLE:
            return
        if len(self.notable) < NOTABLE_KEPT.get(self.protocol, NOTABLE_KEPT_ELSE):
            protocol, kind, side, _, end, _, _, facts = message
            self.notable.append(Notable(protocol, kind, side, facts, packet_at(end)))
        else:
            self.notable_uncounted += 1

    def _lies_in(self, bed: str, kind: str) -> None:
        self.moves += self.bed not in {None, bed} and kind != "patient"
        self.bed = bed

    def _identify(self, message: Message, mark: Mark) -> bool:
        numbers, names = [], []
        for what, value, charset, person in message.identifiers:
            if person is Person.STAFF:
                self.staff = True
            elif what == "patient number":
                numbers.append(value)
            elif what == "patient name":
                names.append(value)
            if self.charsets.get(what) != charset:
                self.charsets[what] = charset
                self._before.clear()  # whoever says it in the former one again changes it back
        patient = Patient(numbers[0] if numbers else "", names[0] if names else "")
        if patient == NOBODY:
            self.anonymous = self.anonymous or mark
        elif patient in self.patients or len(self.patients) < PATIENTS_KEPT:
            self.patients.setdefault(patient, mark)
            return True
        else:
            self.patients_uncounted += 1
        return patient == NOBODY
