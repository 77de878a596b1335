"""In: a station's live state and its folder. Out: everything the page's routes share, in one value."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final

from starlette.requests import HTTPConnection

from wardwatch.secrecy import Pseudonyms
from wardwatch.station.live import Live
from wardwatch.station.views import PlaceView

from .audit import Audit
from .limits import RateLimit
from .people import AccountFile
from .sessions import Session, Sessions
from .watch import BedNumbers, Finder, no_beats

_COOKIE: Final = "session"
_SEALED_COOKIE: Final = "__Host-session"  # RFC 6265bis section 4.1.3.2: only over TLS, only for this host

Health = Callable[[], Mapping[str, object]]
"""What /health says; the key `ok` decides on 200 or 503."""


def _all_is_well() -> Mapping[str, object]:
    return {"ok": True}


def _no_metrics() -> bytes:
    return b""


@dataclass(slots=True)
class Desk:
    """What the routes share. `secure`: whether the page is served over TLS."""

    live: Live
    people: AccountFile
    audit: Audit
    veil: Pseudonyms
    secure: bool = False
    zone: tzinfo = UTC
    watched: tuple[int, ...] = ()
    """Ports at which the station watches for devices that call out."""
    health: Health = _all_is_well
    metrics: Callable[[], bytes] = _no_metrics
    find: Finder = no_beats
    admit: Callable[[int, str], None] | None = None
    """Gives the monitor of a session to a bed; None: decisions are not remembered beyond this run."""
    release: Callable[[int], None] | None = None
    """Takes such a decision back."""
    now: Callable[[], float] = time.time
    sessions: Sessions = field(default_factory=Sessions)
    numbers: BedNumbers = field(default_factory=BedNumbers)
    knocks: RateLimit = field(default_factory=lambda: RateLimit(rate=0.1, burst=6))
    """Attempts to sign in."""
    requests: RateLimit = field(default_factory=lambda: RateLimit(rate=20, burst=200))
    sockets: dict[str, int] = field(default_factory=dict)
    """Open WebSockets by account."""
    unwritten: int = 0
    """Lines that the audit log did not take; a page without names is shown all the same."""
    _asked: float = float("-inf")
    _troubles: tuple[str, ...] = ()

    @property
    def cookie(self) -> str:
        """The session cookie's name."""
        return _SEALED_COOKIE if self.secure else _COOKIE

    def session(self, connection: HTTPConnection) -> Session | None:
        """Whose session a request belongs to; None where nobody is signed in, or the account is gone or changed."""
        session = self.sessions.find(connection.cookies.get(self.cookie, ""), self.now())
        if session is None or self.people.accounts().by_name.get(session.account.name) != session.account:
            return None
        return session

    def troubles(self) -> tuple[str, ...]:
        """What is wrong with the station as a whole, in sentences; asked for anew once a second."""
        now = self.now()
        if not 0 <= now - self._asked < 1:
            reasons = self.health().get("reasons", ())
            self._asked, self._troubles = now, tuple(map(str, reasons)) if isinstance(reasons, list | tuple) else ()
        return self._troubles

    def note(self, name: str, did: str, address: str) -> None:
        """One line of audit about something that goes on also where the log cannot be written; then it is counted."""
        try:
            self.audit.write(self.now(), name, did, address=address)
        except OSError:
            self.unwritten += 1

    def pseudonym(self, view: PlaceView) -> str:
        """How the audit log names the patient of a place."""
        patient = view.patient
        if patient is None:
            return ""
        return self.veil("patient", patient.number or patient.name)


def who(connection: HTTPConnection) -> str:
    """The address a request came from."""
    return connection.client.host if connection.client else ""


def same_origin(connection: HTTPConnection) -> bool:
    """Whether the browser says the request came from this station's own page (Fetch, `Origin` header)."""
    origin = connection.headers.get("origin", "")
    scheme = "https" if connection.url.scheme in ("https", "wss") else "http"
    return origin == f"{scheme}://{connection.headers.get('host', '')}"
