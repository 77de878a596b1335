"""In: what the monitor of one place says, second by second. Out: the place as it stands, and what happened there.

A place is a bed, or a monitor that belongs to none. One session holds it; what others claim is shown, never mixed in.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from . import alarms
from .alarms import Table
from .quiet import Hush, Quiet
from .rings import Ring
from .trends import Minute, Point, Trend
from .views import Number, PlaceKind, PlaceState, PlaceView
from .words import (
    RATES,
    Alarm,
    Contents,
    Event,
    EventKind,
    Limit,
    Mark,
    Patient,
    Quantity,
    Received,
    Signal,
    Truth,
)

_EVENTS_KEPT: Final = 500
_LIMIT_CHANGES_KEPT: Final = 200


class Happened(NamedTuple):
    """An event that has no number yet."""

    kind: EventKind
    text: str
    facts: Mapping[str, str | int | float | bool | None] = {}


_SOUNDS_AGAIN: Final = Happened(EventKind.SOUNDS_AGAIN, "the pause of the alarms is over")


@dataclass(slots=True)
class Place:
    """One place. Only `Live` changes it."""

    name: str
    kind: PlaceKind
    table: Table
    ring_seconds: int
    state: PlaceState = PlaceState.EMPTY
    holder: int | None = None
    claimants: dict[int, None] = field(default_factory=dict)
    at: int = 0
    shown: dict[Quantity, tuple[float | None, int]] = field(default_factory=dict)
    limits: dict[Quantity, Limit] = field(default_factory=dict)
    marks: dict[Quantity, Mark] = field(default_factory=dict)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    rings: dict[Signal, Ring] = field(default_factory=dict)
    trends: dict[Quantity, Trend] = field(default_factory=dict)
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=_EVENTS_KEPT))
    limit_changes: deque[Event] = field(default_factory=lambda: deque(maxlen=_LIMIT_CHANGES_KEPT))
    last: Contents = field(default_factory=Contents)
    patient: Patient | None = None
    device_bed: int | None = None
    probe: bool | None = None
    cuff: datetime | None = None
    exposure: str = ""
    quiet: Quiet = field(default_factory=Quiet)
    former: dict[Quantity, Limit] = field(default_factory=dict)
    """Limits of the session before, for what changed while it was away."""

    def take(self, received: Received, contents: Contents) -> list[Happened]:
        """One more second of the session that holds the place."""
        self.at, self.last = received.at, contents
        away = self.state in {PlaceState.LATE, PlaceState.LOST}
        happened = [Happened(EventKind.RETURNED, "is sending again")] if away else []
        self.state = PlaceState.LIVE
        happened += self._patient(contents)
        happened += self._limits(contents.limits)
        self._numbers(contents, received.at)
        for signal, wave in contents.waves.items():
            ring = self.rings.get(signal)
            if ring is None:
                ring = self.rings[signal] = Ring(RATES[signal] * self.ring_seconds)
            ring.add(wave)
        return happened + self.alarmed(received.at)

    def alarmed(self, now: int) -> list[Happened]:
        """Begin and end alarms by what holds now."""
        holds = {alarm.key: alarm for alarm in self._conditions()}
        happened = [_SOUNDS_AGAIN] if self.quiet.over(now) else []
        for key in [key for key in self.alarms if key not in holds]:
            gone = self.alarms.pop(key)
            self.quiet.gone(key)
            happened.append(Happened(EventKind.ALARM_OVER, f"no longer: {_told(gone)}", _facts(gone)))
        for key, alarm in holds.items():
            before = self.alarms.get(key)
            self.alarms[key] = alarm._replace(since=before.since if before else now)
            if before is None or alarm.priority > before.priority:
                happened.append(Happened(EventKind.ALARM, f"{_told(alarm)} {alarm.priority.mark}", _facts(alarm)))
        return happened

    def hush(self, what: Hush, by: str, now: int) -> list[Happened]:
        """Silence what holds, or let it sound again; nothing happened where there was nothing to do."""
        if not self.quiet.hush(what, self.alarms.values(), by, now):
            return []
        if what is Hush.SOUND:
            return [Happened(EventKind.SOUNDS_AGAIN, f"alarms sound again, by {by}", {"by": by})]
        held = ", ".join(_told(each) for each in alarms.ordered(self.alarms.values()))
        did = "paused" if what is Hush.PAUSE else "acknowledged"
        return [Happened(EventKind.SILENCED, f"alarms {did} by {by}: {held}", {"by": by, "how": str(what)})]

    def mark(self, marks: tuple[Mark, ...], now: int) -> list[Happened]:
        """Truth marks that changed."""
        happened = []
        for mark in marks:
            before = self.marks.get(mark.quantity)
            same = before is not None and before.state is mark.state
            self.marks[mark.quantity] = mark._replace(since=before.since if same and before else mark.since or now)
            if not same:
                facts = {"quantity": str(mark.quantity), "derived": mark.derived, "why": mark.why}
                happened.append(Happened(EventKind.TRUTH, f"{mark.quantity}: {mark.state}", facts))
        return happened + self.alarmed(now)

    def view(self) -> PlaceView:
        """The place at this moment."""
        by_quantity: dict[Quantity, Alarm] = {}
        for alarm in self.alarms.values():
            if alarm.quantity and (
                alarm.quantity not in by_quantity or by_quantity[alarm.quantity].priority < alarm.priority
            ):
                by_quantity[alarm.quantity] = alarm
        numbers = {
            quantity: Number(
                value,
                at,
                self.marks.get(quantity),
                self.limits.get(quantity),
                by_quantity[quantity].priority if quantity in by_quantity else None,
            )
            for quantity, (value, at) in self.shown.items()
        }
        return PlaceView(
            name=self.name,
            kind=self.kind,
            state=self.state,
            session=self.holder,
            claimants=tuple(self.claimants),
            at=self.at,
            numbers=numbers,
            alarms=alarms.ordered(self.alarms.values()),
            pause=self.quiet.pause,
            acknowledged=dict(self.quiet.acknowledged),
            messages=self.last.messages,
            patient=self.patient,
            device_bed=self.device_bed,
            probe=self.probe,
            cuff=self.cuff,
            samples={signal: ring.total for signal, ring in self.rings.items()},
            exposure=self.exposure,
        )

    def wave(self, signal: Signal, seconds: float) -> bytes:
        """The newest seconds of a signal."""
        ring = self.rings.get(signal)
        return ring.last(int(RATES[signal] * seconds)) if ring else b""

    def trend(self, quantity: Quantity) -> tuple[Point, ...]:
        """The last day of a number, by the minute."""
        trend = self.trends.get(quantity)
        return trend.points() if trend else ()

    def keep(self, event: Event) -> None:
        """Remember what happened here."""
        self.events.append(event)
        if event.kind is EventKind.LIMITS_CHANGED:
            self.limit_changes.append(event)

    def recall(self, trends: Mapping[Quantity, Iterable[Minute]], events: Iterable[Event]) -> None:
        """What an earlier run of the station kept of this place: before all that is here already."""
        for quantity, minutes in trends.items():
            self.trends.setdefault(quantity, Trend()).recall(minutes)
        earlier = tuple(events)
        _before(self.events, earlier)
        _before(self.limit_changes, [each for each in earlier if each.kind is EventKind.LIMITS_CHANGED])

    def forget_session(self) -> None:
        """Another session: what the one before said is not this one's."""
        self.marks.clear()
        self.quiet.forget()
        self.former.update(self.limits)
        self.limits.clear()
        self.shown.clear()
        self.patient = self.probe = self.cuff = self.device_bed = None
        self.last = Contents()

    def _patient(self, contents: Contents) -> list[Happened]:
        if contents.device_bed is not None:
            self.device_bed = contents.device_bed
        self.probe = contents.probe if contents.probe is not None else self.probe
        self.cuff = contents.cuff or self.cuff
        if contents.patient is None or contents.patient == self.patient:
            return []
        first, self.patient = self.patient is None, contents.patient
        return [] if first else [Happened(EventKind.PATIENT_CHANGED, "the monitor names another patient")]

    def _limits(self, told: Mapping[Quantity, Limit]) -> Iterator[Happened]:
        for quantity, limit in told.items():
            away = quantity not in self.limits
            before = self.former.get(quantity) if away else self.limits[quantity]
            self.limits[quantity] = limit
            if before is not None and before != limit:
                text = _change(quantity, before, limit) + (" while no monitor was here" if away else "")
                yield Happened(EventKind.LIMITS_CHANGED, text, _limit_facts(quantity, before, limit))

    def _numbers(self, contents: Contents, at: int) -> None:
        for quantity, value in contents.shown.items():
            self.shown[quantity] = value, at
            trend = self.trends.get(quantity)
            if trend is None:
                trend = self.trends[quantity] = Trend()
            trend.add(at, value)

    def _conditions(self) -> Iterator[Alarm]:
        if self.state is PlaceState.LOST:
            yield alarms.technical("no-data", "NO DATA FROM THE MONITOR", self.table)
            return
        if self.claimants:
            yield alarms.technical("conflict", "TWO MONITORS CLAIM THIS BED", self.table)
        if self.state is PlaceState.LATE:
            yield alarms.technical("late", "DATA LATE", self.table)
        yield from alarms.conditions({each: value for each, (value, _) in self.shown.items()}, self.limits, self.table)
        yield from alarms.said(self.last, self.table)
        for quantity, mark in self.marks.items():
            if mark.state is Truth.DISAGREES:
                text = f"{self.table.numbers[quantity].name.upper()} DISAGREES WITH ITS WAVEFORM"
                yield alarms.technical("disagrees", text, self.table, quantity)


def _before(kept: deque[Event], earlier: Sequence[Event]) -> None:
    """As many of the earlier ones as there is room for, the newest of them."""
    room = (kept.maxlen or 0) - len(kept)
    kept.extendleft(reversed(earlier[len(earlier) - min(room, len(earlier)) :]))


def _told(alarm: Alarm) -> str:
    """What an event may say of it: a monitor's own words could name somebody."""
    return "MESSAGE ON THE MONITOR" if alarm.key.startswith("message:") else alarm.text


def _facts(alarm: Alarm) -> dict[str, str | float | None]:
    return {"alarm": alarm.key.partition(":")[0], "priority": alarm.priority.name.lower(), "kind": str(alarm.kind)}


def _change(quantity: Quantity, before: Limit, after: Limit) -> str:
    if before.on != after.on:
        return f"alarm of {quantity} switched {'on' if after.on else 'off'}"
    return (
        f"alarm limits of {quantity} changed from {before.low:g} to {before.high:g}, to {after.low:g} to {after.high:g}"
    )


def _limit_facts(quantity: Quantity, before: Limit, after: Limit) -> dict[str, str | float | bool]:
    wider = after.low < before.low or after.high > before.high or (before.on and not after.on)
    return {
        "quantity": str(quantity),
        "low_before": before.low,
        "high_before": before.high,
        "on_before": before.on,
        "low": after.low,
        "high": after.high,
        "on": after.on,
        "widened": wider,
    }
