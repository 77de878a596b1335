"""In: nothing; this module only names things. Out: the words the station's parts share: what was told, seen, raised.

Times are nanoseconds since 1970 by the station's own clock. Every value here is frozen and may be shared by readers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from wardwatch.printable import printable

SECOND: Final = 1_000_000_000
NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})
NOTICE: Final = "Secondary display. Not a certified medical device; never the only watch over a patient."


class Quantity(StrEnum):
    """A number on the monitor's display, by the name of its column in a table of displayed values."""

    HR = "HR"
    RR = "RR"
    SPO2 = "SpO2"
    PR = "PR"
    NIBP_SYS = "NIBP_sys"
    NIBP_DIA = "NIBP_dia"
    NIBP_MAP = "NIBP_map"
    T1 = "T1"
    T2 = "T2"
    TD = "TD"


class Signal(StrEnum):
    """A waveform of the stream."""

    I = "I"  # noqa: E741  # the lead's name
    II = "II"
    III = "III"
    PLETH = "PLETH"
    RESP = "RESP"


RATES: Final[Mapping[Signal, int]] = MappingProxyType(
    {Signal.I: 256, Signal.II: 256, Signal.III: 256, Signal.PLETH: 256, Signal.RESP: 128}
)
"""Samples a second, one unsigned byte each."""
UNITS: Final[Mapping[Quantity, str]] = MappingProxyType(
    {
        Quantity.HR: "/min",
        Quantity.RR: "/min",
        Quantity.SPO2: "%",
        Quantity.PR: "/min",
        Quantity.NIBP_SYS: "mmHg",
        Quantity.NIBP_DIA: "mmHg",
        Quantity.NIBP_MAP: "mmHg",
        Quantity.T1: "°C",
        Quantity.T2: "°C",
        Quantity.TD: "°C",
    }
)


class Limit(NamedTuple):
    """The limits of one alarm as the monitor sends them, and whether they are in force."""

    low: float
    high: float
    on: bool


@dataclass(frozen=True, slots=True)
class Patient:
    """Who lies there, as the monitor says. Nothing of it appears in a `repr`, a log, a metric or an event."""

    name: str = field(default="", repr=False)
    number: str = field(default="", repr=False)
    department: str = field(default="", repr=False)
    doctor: str = field(default="", repr=False)
    born: str = field(default="", repr=False)
    admitted: str = field(default="", repr=False)
    height_mm: int = field(default=0, repr=False)
    weight_100g: int = field(default=0, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """What one set, or one HL7 message, says. `shown`: None where the monitor shows dashes; missing: nothing said."""

    shown: Mapping[Quantity, float | None] = field(default_factory=dict)
    limits: Mapping[Quantity, Limit] = field(default_factory=dict)
    waves: Mapping[Signal, bytes] = field(default_factory=dict)
    patient: Patient | None = None
    device_bed: int | None = None
    messages: tuple[str, ...] = ()
    probe: bool | None = None
    cuff: datetime | None = None
    unknown: int = 0
    """Blocks whose type or layout is not publicly known."""


class Source(StrEnum):
    """How a monitor speaks."""

    STREAM = "stream"
    HL7 = "hl7"


class Peer(NamedTuple):
    """Who connected: its address and port, the station's port, and how it speaks."""

    address: str
    port: int
    local_port: int
    source: Source = Source.STREAM


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """One set as it came: `number` counts the session's sets from 1, `closed` is whether its end was seen."""

    session: int
    number: int
    at: int
    raw: bytes = field(repr=False)
    closed: bool = True


class Truth(StrEnum):
    """Whether a displayed number follows from its waveform."""

    VERIFIED = "verified"
    CANNOT_VERIFY = "cannot verify"
    DISAGREES = "disagrees"


class Mark(NamedTuple):
    """The truth mark of one displayed number, with the derived value and its bounds where there is one, and why."""

    quantity: Quantity
    state: Truth
    why: str = ""
    derived: float | None = None
    low: float | None = None
    high: float | None = None
    since: int = 0


class Checker(Protocol):
    """The plug for the check of one monitor: fed every set in order, it answers with the marks that changed.

    One checker belongs to one session. `seconds` counts since the session's first set by the station's clock, so a
    jump is a gap. Whatever it raises becomes 'cannot verify'; it never disturbs reception.
    """

    def feed(self, received: Received, contents: Contents, seconds: int) -> tuple[Mark, ...]:
        """The marks that are new or changed at the end of this second."""
        ...


class Priority(IntEnum):
    """Alarm priority, IEC 60601-1-8 clause 6.1.2; the higher the number, the more urgent."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def mark(self) -> str:
        """The sign beside it, so that colour is never alone."""
        return "!" * self


class AlarmKind(StrEnum):
    """What an alarm is about: the patient, or the equipment (IEC 60601-1-8, 3.35 and 3.36)."""

    PHYSIOLOGICAL = "physiological"
    TECHNICAL = "technical"


class Alarm(NamedTuple):
    """One alarm condition of a bed that holds now; `since` when it began."""

    key: str
    priority: Priority
    kind: AlarmKind
    text: str
    quantity: Quantity | None = None
    value: float | None = None
    limit: float | None = None
    since: int = 0


class EventKind(StrEnum):
    """What happened; the names scripts may rely on."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    ADMITTED = "admitted"
    RELEASED = "released"
    CONFLICT = "conflict"
    CONFLICT_OVER = "conflict-over"
    LIMITS_CHANGED = "limits-changed"
    ALARM = "alarm"
    ALARM_OVER = "alarm-over"
    SILENCED = "silenced"
    SOUNDS_AGAIN = "sounds-again"
    TRUTH = "truth"
    PATIENT_CHANGED = "patient-changed"
    MALFORMED = "malformed"
    UNKNOWN_BLOCK = "unknown-block"
    LATE = "late"
    RETURNED = "returned"
    REFUSED = "refused"
    STORAGE = "storage"
    FORWARDING = "forwarding"
    EXPOSURE = "exposure"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, without patient data; `place` is '' where it concerns the station as a whole."""

    number: int
    at: int
    kind: EventKind
    place: str
    text: str
    facts: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", printable(self.text, 400))
