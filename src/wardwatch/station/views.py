"""In: nothing; this module only names things. Out: what readers of the live state get: frozen views of places.

A view never changes after it was handed out, so any number of readers may keep it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from .quiet import Acknowledged, Pause
from .words import Alarm, Event, Limit, Mark, Patient, Peer, Priority, Quantity, Signal


class Number(NamedTuple):
    """One displayed number with all that is known of it; `value` None: dashes. `at`: when it was last sent."""

    value: float | None
    at: int
    mark: Mark | None = None
    limit: Limit | None = None
    alarm: Priority | None = None


class PlaceState(StrEnum):
    """How fresh a place is."""

    EMPTY = "empty"
    """No monitor has spoken for it."""
    LIVE = "live"
    LATE = "late"
    """Connected, but no set for longer than `late_after`."""
    LOST = "lost"
    """Was live; the connection ended."""


class PlaceKind(StrEnum):
    """What a place is."""

    BED = "bed"
    UNKNOWN = "unknown"
    """A monitor no rule admits to a bed."""
    CONFLICT = "conflict"
    """A monitor that claims a bed another one holds."""


@dataclass(frozen=True, slots=True, eq=False)
class PlaceView:
    """One bed, or one monitor without a bed, at one moment; never changes afterwards."""

    name: str
    kind: PlaceKind
    state: PlaceState
    session: int | None
    claimants: tuple[int, ...] = ()
    """Other sessions that claim this bed now; not empty: a conflict."""
    at: int = 0
    """When its last set came."""
    numbers: Mapping[Quantity, Number] = field(default_factory=dict)
    alarms: tuple[Alarm, ...] = ()
    """The most urgent first."""
    pause: Pause | None = None
    """Since when and how long alarms up to its priority make no sound."""
    acknowledged: Mapping[str, Acknowledged] = field(default_factory=dict)
    """Alarms, by their key, that make no sound since somebody knows of them."""
    messages: tuple[str, ...] = ()
    patient: Patient | None = field(default=None, repr=False)
    device_bed: int | None = None
    probe: bool | None = None
    cuff: datetime | None = None
    """When the last cuff measurement was taken, by the monitor's own clock."""
    samples: Mapping[Signal, int] = field(default_factory=dict)
    """For each signal, how many samples its ring has seen since the place began."""
    exposure: str = ""
    """What a sensor says of the device's calls outside; '' where nobody watches."""


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """What subscribers get: a place after it changed, the wave bytes that are new, and what happened with it.

    `view` is None where only events of the station as a whole are told, or the place is gone (`gone`).
    """

    number: int
    view: PlaceView | None
    waves: Mapping[Signal, bytes] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    gone: str = ""


@dataclass(frozen=True, slots=True)
class SessionView:
    """One connection of one monitor, as counted so far."""

    number: int
    peer: Peer
    place: str
    opened: int
    last: int
    sets: int = 0
    bytes: int = 0
    skipped: int = 0
    """Bytes that belong to no block."""
    unclosed: int = 0
    """Sets whose end was never seen."""
    unknown: int = 0
    """Blocks nobody in public understands."""
    device_bed: int | None = None
    ended: int = 0
    """When it ended; 0 while it runs."""
    why: str = ""
