"""In: events of the station. Out: lines of JSON for a log collector, none of which holds patient data.

An event's text and facts are made without it (`places.py`); nothing else is ever logged, so nothing has to be removed.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime

from .words import SECOND, Event


def line(event: Event) -> str:
    """One event as one line of JSON; times are RFC 3339, UTC."""
    at = datetime.fromtimestamp(event.at // SECOND, UTC).isoformat().replace("+00:00", "Z")
    told = {"time": at, "event": str(event.kind), "place": event.place, "text": event.text, "number": event.number}
    return json.dumps(told | {"facts": dict(event.facts)}, ensure_ascii=True, separators=(",", ":"))


def journal(write: Callable[[str], object]) -> Callable[[Event], None]:
    """An observer of the live view that writes each event as a line."""

    def observe(event: Event) -> None:
        write(line(event) + "\n")

    return observe
