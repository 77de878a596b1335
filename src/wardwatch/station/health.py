"""In: a running station's parts. Out: how it is, as plain values: for a health endpoint, a metrics endpoint, a person.

Nothing here names a patient; beds are named only where `places` is asked for.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .views import PlaceKind, PlaceState

if TYPE_CHECKING:
    from .station import Station

OK: Final = "ok"
DEGRADED: Final = "degraded"


@dataclass(frozen=True, slots=True)
class Health:
    """`state` is 'ok', or 'degraded' with the reasons."""

    state: str
    reasons: tuple[str, ...]
    places: Mapping[str, int]
    sessions: int
    sets: int
    listening: tuple[str, ...]

    @property
    def status(self) -> int:
        """The HTTP status of a health endpoint."""
        return 200 if self.state == OK else 503


def health(station: "Station") -> Health:
    """How the station is at this moment."""
    live = station.live
    reasons = tuple(_reasons(station))
    places = Counter(str(view.state) for view in live.places() if view.kind is PlaceKind.BED)
    return Health(
        state=DEGRADED if reasons else OK,
        reasons=reasons,
        places={str(state): places[str(state)] for state in PlaceState},
        sessions=len(station.receiver.connections),
        sets=station.hub.counts.sets,
        listening=tuple(f"{address}:{port}" for address, port in station.listening),
    )


def _reasons(station: "Station") -> list[str]:
    reasons = []
    if not station.listening:
        reasons.append("no port is open for monitors")
    if station.writer and station.writer.status.trouble:
        reasons.append(f"nothing is kept on disk: {station.writer.status.trouble}")
    if station.writer and not station.writer.alive:
        reasons.append("nothing is kept on disk: the writing thread has ended")
    reasons += [
        f"{forwarder.settings.name} does not take messages: {forwarder.status.trouble or 'ended'}"
        for forwarder in station.forwarders
        if not forwarder.alive or forwarder.status.trouble
    ]
    if station.checks and station.checks.faults:
        reasons.append("the check failed on at least one monitor's data")
    return reasons
