"""In: sessions, rules of admission. Out: which place each session holds or claims, and what happened on the way.

A bed has one holder. Somebody else who claims it is shown beside it, on a place of its own, and gets the bed when the
holder leaves. A monitor that no rule admits gets a place of its own as unknown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from .admission import Admission
from .places import Happened, Place
from .views import PlaceKind, PlaceState, SessionView
from .words import EventKind, Signal, Source

_OFTEN_NS: Final = 60_000_000_000
MOVED: Final = "moved"


@dataclass(slots=True)
class Session:
    """One connection that runs."""

    view: SessionView
    place: str = ""
    told: dict[EventKind, int] = field(default_factory=dict)

    def now_and_then(self, kind: EventKind, now: int) -> bool:
        """Whether to tell of this again: at most once a minute."""
        last = self.told.get(kind)
        if last is not None and now - last < _OFTEN_NS:
            return False
        self.told[kind] = now
        return True


class Publish(Protocol):
    """How what happened at a place is told."""

    def __call__(
        self, place: Place, happened: list[Happened], now: int, waves: Mapping[Signal, bytes] = ..., /
    ) -> None:
        """Number the events, keep them, hand the place on."""
        ...


class Seating:
    """Sessions and places, and who sits where."""

    def __init__(
        self, admission: Admission, new: Callable[[str, PlaceKind], Place], publish: Publish, most_aside: int
    ) -> None:
        self.admission = admission
        self.sessions: dict[int, Session] = {}
        self.exposure: dict[str, str] = {}
        self.refused = 0
        """Monitors that got no place, since too many without a bed were there."""
        self._new, self._publish, self._most_aside = new, publish, most_aside
        self.places: dict[str, Place] = {bed: new(bed, PlaceKind.BED) for bed in admission.beds}

    def bed(self, name: str) -> Place:
        """The bed of this name, made where it is new."""
        if name not in self.places:
            self.places[name] = self._new(name, PlaceKind.BED)
        return self.places[name]

    def settle(self, session: Session, now: int) -> None:
        """Bring a session to the place it belongs to: its bed, or its own where it has none or another holds it."""
        name = self.admission.bed(session.view.peer, session.view.device_bed)
        bed = self.bed(name) if name else None
        if bed is not None and bed.holder == session.view.number:
            return
        self.leave(session, MOVED, now)
        if bed is not None and self._may_hold(bed, session):
            self._hold(session, bed, now)
        elif bed is not None:
            self._claim(session, bed, now)
        else:
            self._aside(session, PlaceKind.UNKNOWN, now)

    def again(self, bed: Place, now: int) -> None:
        """The holder fell silent: a claimant that may take over now does, as the same monitor on a new line."""
        for number in list(bed.claimants):
            waiting = self.sessions.get(number)
            if waiting is not None and self._may_hold(bed, waiting):
                self.settle(waiting, now)
                return

    def leave(self, session: Session, why: str, now: int) -> None:
        """The session no longer holds or claims any place."""
        number = session.view.number
        for claimed in [place for place in self.places.values() if number in place.claimants]:
            del claimed.claimants[number]
            self._conflict_over(claimed, now)
        place = self.places.get(session.place)
        session.place = ""
        if place is None or place.holder != number:
            return
        place.holder = None
        place.state = PlaceState.EMPTY if why == MOVED else PlaceState.LOST
        kind = EventKind.RELEASED if why == MOVED else EventKind.DISCONNECTED
        self._publish(place, [Happened(kind, f"the monitor left: {why}"), *place.alarmed(now)], now)
        self._next(place, now)

    def _may_hold(self, place: Place, session: Session) -> bool:
        """Whether nobody holds it, or somebody this session takes over from.

        That is a monitor which speaks HL7 only, since a stream tells more, or the same monitor after its line broke.
        """
        holder = self.sessions.get(place.holder) if place.holder else None
        if holder is None:
            return True
        theirs, ours = holder.view.peer, session.view.peer
        if theirs.source is Source.HL7 and ours.source is Source.STREAM:
            return True
        return theirs.address == ours.address and theirs.source is ours.source and place.state is PlaceState.LATE

    def _hold(self, session: Session, place: Place, now: int) -> None:
        before = self.sessions.get(place.holder) if place.holder else None
        if before is not None:
            before.place = ""
        place.forget_session()
        place.holder, session.place = session.view.number, place.name
        session.view = replace(session.view, place=place.name)
        place.exposure = self.exposure.get(session.view.peer.address, "")
        kind = EventKind.ADMITTED if place.kind is PlaceKind.BED else EventKind.CONNECTED
        facts: dict[str, str | int | float | bool | None] = {
            "address": session.view.peer.address,
            "session": session.view.number,
        }
        self._publish(place, [Happened(kind, f"monitor at {session.view.peer.address}", facts)], now)

    def _claim(self, session: Session, bed: Place, now: int) -> None:
        """A bed that somebody else holds. A monitor's HL7 beside its own stream is no conflict."""
        holder = self.sessions.get(bed.holder) if bed.holder else None
        if holder and session.view.peer.source is Source.HL7 and holder.view.peer.address == session.view.peer.address:
            return
        bed.claimants[session.view.number] = None
        happened = Happened(EventKind.CONFLICT, "two monitors claim this bed", {"address": session.view.peer.address})
        self._publish(bed, [happened, *bed.alarmed(now)], now)
        self._aside(session, PlaceKind.CONFLICT, now)

    def _aside(self, session: Session, kind: PlaceKind, now: int) -> None:
        """A place of its own for a monitor without a bed; none where there are too many of these already."""
        if sum(place.kind is not PlaceKind.BED for place in self.places.values()) >= self._most_aside:
            self.refused += session.now_and_then(EventKind.REFUSED, now)
            return
        name = f"{kind} {session.view.peer.address} #{session.view.number}"
        self.places[name] = self._new(name, kind)
        self._hold(session, self.places[name], now)

    def _next(self, place: Place, now: int) -> None:
        """Whoever claimed the bed all the while holds it now."""
        for number in list(place.claimants):
            waiting = self.sessions.get(number)
            if waiting is not None:
                self.settle(waiting, now)
                return

    def _conflict_over(self, place: Place, now: int) -> None:
        happened = [] if place.claimants else [Happened(EventKind.CONFLICT_OVER, "one monitor claims this bed")]
        self._publish(place, [*happened, *place.alarmed(now)], now)
