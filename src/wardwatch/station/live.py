"""In: sessions and what they say, one call each. Out: beds, values, alarms, truth marks, events, and updates of them.

Pure: no socket, no file; every call says what time it is. Everything runs in one thread, the event loop's. Readers get
frozen views and bounded subscriptions; nothing they do or leave undone holds up reception.
"""

from collections import deque
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from typing import Final

from wardwatch.errors import UsageError

from .admission import Admission, Identity
from .alarms import Table, table
from .places import Happened, Place
from .quiet import Hush
from .seating import Seating, Session
from .subscription import Subscription
from .trends import Point, Recalled
from .views import PlaceKind, PlaceState, PlaceView, SessionView, Update
from .words import (
    NOTHING,
    SECOND,
    Contents,
    Event,
    EventKind,
    Mark,
    Peer,
    Quantity,
    Received,
    Signal,
    Source,
)

_STATION_EVENTS: Final = 2000
_ENDED_KEPT: Final = 256


@dataclass(frozen=True, slots=True)
class Settings:
    """Bounds and times of the live view, in seconds where not said otherwise."""

    late_after: float = 3.0
    late_after_hl7: float = 120.0
    ring_seconds: int = 60
    unknown_places: int = 512
    keep_gone: float = 60.0
    """How long a monitor without a bed stays visible after it left."""
    queue: int = 2048
    """Updates that may wait for one subscriber."""


class Live:
    """The station's live state. `observers` hear every event, in order."""

    def __init__(
        self, admission: Admission | None = None, settings: Settings | None = None, by: Table | None = None
    ) -> None:
        self.admission = admission or Admission()
        self.settings = settings or Settings()
        self.observers: list[Callable[[Event], None]] = []
        self.updates = 0
        self._table = by or table()
        self._seating = Seating(self.admission, self._new, self._publish, self.settings.unknown_places)
        self._places, self._sessions = self._seating.places, self._seating.sessions
        self._ended: deque[SessionView] = deque(maxlen=_ENDED_KEPT)
        self._events: deque[Event] = deque(maxlen=_STATION_EVENTS)
        self._subscriptions: list[Subscription] = []
        self._numbers = 0
        self._event_numbers = 0

    @property
    def refused(self) -> int:
        """Monitors that got no place of their own, since too many without a bed were there."""
        return self._seating.refused

    # -- what readers ask -------------------------------------------------------------------------------------------

    def places(self) -> tuple[PlaceView, ...]:
        """Every bed in the site's order, then monitors without one."""
        return tuple(place.view() for place in self._places.values())

    def place(self, name: str) -> PlaceView:
        """One place; UsageError where there is none of this name."""
        return self._place(name).view()

    def wave(self, name: str, signal: Signal, seconds: float) -> bytes:
        """The newest seconds of a signal, as the monitor's codes."""
        return self._place(name).wave(signal, seconds)

    def trend(self, name: str, quantity: Quantity) -> tuple[Point, ...]:
        """The last day of a number, by the minute."""
        return self._place(name).trend(quantity)

    def events(self, name: str | None = None) -> tuple[Event, ...]:
        """The last events of a place, or of the station with all its places; oldest first."""
        return tuple(self._events if name is None else self._place(name).events)

    def limit_changes(self, name: str) -> tuple[Event, ...]:
        """Each change of an alarm limit at this place that is still remembered; oldest first."""
        return tuple(self._place(name).limit_changes)

    def sessions(self) -> tuple[SessionView, ...]:
        """Every session that runs, then the last that ended."""
        return (*(session.view for session in self._sessions.values()), *reversed(self._ended))

    def subscribe(self, capacity: int | None = None, places: Container[str] | None = None) -> Subscription:
        """Updates from now on. Ask `places()` first for what stands already."""
        subscription = Subscription(capacity or self.settings.queue, places)
        self._subscriptions = [each for each in self._subscriptions if not each.closed]
        self._subscriptions.append(subscription)
        return subscription

    @property
    def subscribers(self) -> tuple[Subscription, ...]:
        """Those that are not closed."""
        return tuple(each for each in self._subscriptions if not each.closed)

    # -- what reception says ----------------------------------------------------------------------------------------

    def open(self, peer: Peer, now: int) -> int:
        """Somebody connected: the session's number. It has no place before it has said something."""
        self._numbers += 1
        self._sessions[self._numbers] = Session(SessionView(self._numbers, peer, "", now, now))
        return self._numbers

    def take(self, received: Received, contents: Contents) -> None:
        """One set of a session, to its place."""
        session = self._sessions[received.session]
        view = session.view
        device_bed = view.device_bed if contents.device_bed is None else contents.device_bed
        session.view = replace(
            view,
            last=received.at,
            sets=view.sets + 1,
            bytes=view.bytes + len(received.raw),
            unclosed=view.unclosed + (not received.closed),
            unknown=view.unknown + contents.unknown,
            device_bed=device_bed,
        )
        if not session.place or device_bed != view.device_bed:
            self._seating.settle(session, received.at)
        place = self._places.get(session.place)
        if place is None:
            return
        happened = place.take(received, contents) if place.holder == view.number else []
        if contents.unknown and session.now_and_then(EventKind.UNKNOWN_BLOCK, received.at):
            happened.append(Happened(EventKind.UNKNOWN_BLOCK, "sent a block that is not publicly known"))
        self._publish(place, happened, received.at, contents.waves)

    def skip(self, session: int, count: int, now: int) -> None:
        """`count` bytes of a session belonged to no block."""
        held = self._sessions[session]
        held.view = replace(held.view, skipped=held.view.skipped + count)
        place = self._places.get(held.place)
        if place and held.now_and_then(EventKind.MALFORMED, now):
            facts = {"bytes": held.view.skipped}
            self._publish(place, [Happened(EventKind.MALFORMED, "sent bytes that are no block", facts)], now)

    def close(self, session: int, why: str, now: int) -> None:
        """The connection ended."""
        ended = self._sessions.pop(session)
        self._ended.append(replace(ended.view, ended=now, why=why))
        self._seating.leave(ended, why, now)

    def mark(self, session: int, marks: tuple[Mark, ...], now: int) -> None:
        """What the check says of a session's numbers; ignored where the session has ended or holds no place."""
        held = self._sessions.get(session)
        place = self._places.get(held.place) if held else None
        if place and place.holder == session and marks:
            self._publish(place, place.mark(marks, now), now)

    def tick(self, now: int) -> None:
        """Once a second: who is late, and who has been gone for long enough."""
        for place in list(self._places.values()):
            if place.state is PlaceState.LIVE and now - place.at > self._patience(place):
                place.state = PlaceState.LATE
                happened = [Happened(EventKind.LATE, "no data for some seconds"), *place.alarmed(now)]
                self._publish(place, happened, now)
                self._seating.again(place, now)
            elif place.quiet.pause and (happened := place.alarmed(now)):
                self._publish(place, happened, now)
            if place.kind is not PlaceKind.BED and place.holder is None:
                self._forget(place, now)

    # -- what people and sensors say --------------------------------------------------------------------------------

    def admit(self, session: int, bed: str, now: int) -> None:
        """By hand: the monitor of this session belongs to `bed` from now on, also when it comes again."""
        held = self.running(session)
        self.admission.admit(Identity(held.view.peer.address, held.view.device_bed), bed)
        self._seating.settle(held, now)

    def release(self, session: int, now: int) -> None:
        """Take back what was decided by hand about this session's monitor."""
        held = self.running(session)
        self.admission.release(Identity(held.view.peer.address, held.view.device_bed))
        self._seating.settle(held, now)

    def hush(self, name: str, what: Hush, by: str, now: int) -> bool:
        """Silence the alarms that hold at a place, or let them sound again; False where there was nothing to do."""
        place = self._place(name)
        happened = place.hush(what, by, now)
        if happened:
            self._publish(place, happened, now)
        return bool(happened)

    def recall(self, earlier: Recalled) -> None:
        """What an earlier run of the station kept: before all that is here already."""
        for name, place in self._places.items():
            if place.kind is PlaceKind.BED:
                trends = {quantity: minutes for (bed, quantity), minutes in earlier.trends.items() if bed == name}
                place.recall(trends, [each for each in earlier.events if each.place == name])

    def expose(self, address: str, what: str, now: int) -> None:
        """What a sensor says about calls of the device at `address` to the outside, for its place."""
        self._seating.exposure[address] = what
        for session in self._sessions.values():
            place = self._places.get(session.place)
            if session.view.peer.address == address and place and place.exposure != what:
                place.exposure = what
                self._publish(place, [Happened(EventKind.EXPOSURE, what or "no longer watched")], now)

    def tell(self, kind: EventKind, text: str, now: int, facts: Mapping[str, str | int] = NOTHING) -> None:
        """Something that concerns the station as a whole: storage, forwarding, a connection refused."""
        self._send(None, {}, (self._event(Happened(kind, text, facts), "", now),))

    # -- places -----------------------------------------------------------------------------------------------------

    def _patience(self, place: Place) -> int:
        """How long (ns) this place may say nothing: a stream speaks every second, HL7 when it has something to say."""
        holder = self._sessions.get(place.holder) if place.holder else None
        hl7 = holder is not None and holder.view.peer.source is Source.HL7
        return int((self.settings.late_after_hl7 if hl7 else self.settings.late_after) * SECOND)

    def _forget(self, place: Place, now: int) -> None:
        """A monitor without a bed that left some time ago is no longer shown."""
        if now - place.at > int(self.settings.keep_gone * SECOND):
            del self._places[place.name]
            self._send(None, {}, (), place.name)

    def _new(self, name: str, kind: PlaceKind) -> Place:
        return Place(name, kind, self._table, self.settings.ring_seconds)

    def _place(self, name: str) -> Place:
        place = self._places.get(name)
        if place is None:
            raise UsageError("there is no bed of this name", where=name, cure="Ask for the list of beds.")
        return place

    def running(self, session: int) -> Session:
        """A session that is connected; UsageError where it is not."""
        held = self._sessions.get(session)
        if held is None:
            raise UsageError("this monitor is not connected", where=f"session {session}", cure="Choose one that is.")
        return held

    # -- telling ----------------------------------------------------------------------------------------------------

    def _publish(
        self, place: Place, happened: list[Happened], now: int, waves: Mapping[Signal, bytes] = NOTHING
    ) -> None:
        events = tuple(self._event(each, place.name, now) for each in happened)
        for event in events:
            place.keep(event)
        if self._subscriptions:
            self._send(place.view(), waves, events)

    def _send(
        self, view: PlaceView | None, waves: Mapping[Signal, bytes], events: tuple[Event, ...], gone: str = ""
    ) -> None:
        self.updates += 1
        update = Update(self.updates, view, waves, events, gone)
        for subscription in self._subscriptions:
            subscription.put(update)

    def _event(self, happened: Happened, place: str, now: int) -> Event:
        self._event_numbers += 1
        event = Event(self._event_numbers, now, happened.kind, place, happened.text, happened.facts)
        self._events.append(event)
        for observer in self.observers:
            observer(event)
        return event
