"""In: a desk. Out: the ASGI application: page, live socket, trends, admission by hand, health, metrics."""

import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from ipaddress import ip_address
from typing import Final, NamedTuple

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from wardwatch.errors import WardwatchError
from wardwatch.station.admission import bed_name
from wardwatch.station.quiet import Hush
from wardwatch.station.trends import DAY, MINUTE, Point
from wardwatch.station.words import SECOND, Quantity

from . import door, socket
from .accounts import Role
from .desk import Desk, who
from .headers import SecurityHeaders
from .sessions import Session

_KINDS: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_TRENDS: Final = (Quantity.HR, Quantity.SPO2, Quantity.RR, Quantity.PR)
_MOST_BYTES: Final = 4096
LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "::1", "[::1]")

Handler = Callable[[Request], Awaitable[Response]]
Decide = Callable[[dict[str, object], int, Session, str], Awaitable[str]]
"""(what was said, ns since 1970, who said it, from which address) -> the answer; writes its line of audit itself."""


class _Right(NamedTuple):
    """What a decision takes, and what it is for."""

    held_by: Callable[[Role], bool]
    to: str


_ADMITS: Final = _Right(lambda role: role.admits, "give monitors to beds")
_SILENCES: Final = _Right(lambda role: role.silences, "silence alarms")
_HUSHED: Final = {
    Hush.PAUSE: "paused the sound of alarms",
    Hush.ACKNOWLEDGE: "acknowledged alarms",
    Hush.SOUND: "let alarms sound again",
}


def application(desk: Desk, names: tuple[str, ...] = LOOPBACK_NAMES) -> Starlette:
    """The whole web side of a station, reached by these host names only (against DNS rebinding)."""
    routes: list[BaseRoute] = [
        Route("/", _page(desk)),
        *(Route(f"/{name}", _file(text, kind)) for name, (text, kind) in _assets().items()),
        *door.routes(desk),
        Route("/api/beds/{bed:int}/trends", _trends(desk)),
        Route("/api/admit", _admit(desk), methods=["POST"]),
        Route("/api/silence", _silence(desk), methods=["POST"]),
        Route("/api/release", _release(desk), methods=["POST"]),
        Route("/health", _health(desk)),
        Route("/metrics", _metrics(desk)),
        WebSocketRoute("/live", _live(desk)),
    ]
    middleware = [
        Middleware(SecurityHeaders),
        Middleware(TrustedHostMiddleware, allowed_hosts=list(names)),
        Middleware(BaseHTTPMiddleware, dispatch=_at_a_bearable_rate(desk)),
    ]
    return Starlette(routes=routes, middleware=middleware)


def _assets() -> dict[str, tuple[bytes, str]]:
    """Every file of the page but the two documents, read once; nothing else can be asked for."""
    found = {}
    for each in files("wardwatch.station").joinpath("page").iterdir():
        suffix = f".{each.name.rpartition('.')[2]}"
        if suffix in _KINDS and suffix != ".html":
            found[each.name] = each.read_bytes(), _KINDS[suffix]
    return found


def _file(text: bytes, kind: str) -> Handler:
    async def answer(_request: Request) -> Response:
        return Response(text, media_type=kind)

    return answer


def _page(desk: Desk) -> Handler:
    text = files("wardwatch.station").joinpath("page", "index.html").read_bytes()

    async def answer(request: Request) -> Response:
        if desk.session(request) is None:
            return RedirectResponse("login", 303)
        return Response(text, media_type=_KINDS[".html"])

    return answer


def _live(desk: Desk) -> Callable[[WebSocket], Awaitable[None]]:
    async def answer(connection: WebSocket) -> None:
        await socket.serve(desk, connection)

    return answer


def _trends(desk: Desk) -> Handler:
    async def answer(request: Request) -> Response:
        if desk.session(request) is None:
            return PlainTextResponse("Sign in first.", 401)
        name = desk.numbers.name(request.path_params["bed"])
        try:
            points = {each: desk.live.trend(name or "", each) for each in _TRENDS}
        except WardwatchError as error:
            return PlainTextResponse(str(error), 404)
        return JSONResponse(_by_the_minute(points, desk.now()))

    return answer


def _by_the_minute(points: dict[Quantity, tuple[Point, ...]], now: float) -> dict[str, object]:
    """A day in minutes: each None, or lowest, mean and highest."""
    first = int(now * SECOND) // MINUTE - DAY + 1
    series = {}
    for quantity, some in points.items():
        row: list[tuple[float, float, float] | None] = [None] * DAY
        for point in some:
            if 0 <= (at := point.at // MINUTE - first) < DAY:
                row[at] = (point.low, round(point.mean, 1), point.high)
        series[quantity.value] = row
    return {"from": first * MINUTE // SECOND, "step": MINUTE // SECOND, "series": series}


def _admit(desk: Desk) -> Handler:
    async def decide(said: dict[str, object], now: int, by: Session, address: str) -> str:
        session, bed = _connected(desk, said), bed_name(said.get("bed"))
        desk.audit.write(desk.now(), by.account.name, f"admitted a monitor to {bed}", address=address)
        if desk.admit:
            desk.admit(session, bed)
        else:
            desk.live.admit(session, bed, now)
        return "Done."

    return _decision(desk, decide, _ADMITS)


def _release(desk: Desk) -> Handler:
    async def decide(said: dict[str, object], now: int, by: Session, address: str) -> str:
        session = _connected(desk, said)
        desk.audit.write(desk.now(), by.account.name, f"released the monitor of session {session}", address=address)
        if desk.release:
            desk.release(session)
        else:
            desk.live.release(session, now)
        return "Done."

    return _decision(desk, decide, _ADMITS)


def _silence(desk: Desk) -> Handler:
    async def decide(said: dict[str, object], now: int, session: Session, address: str) -> str:
        bed, what = desk.numbers.name(_whole(said.get("bed"))) or "", Hush(str(said.get("what")))
        held = ", ".join(each.key.partition(":")[0] for each in desk.live.place(bed).alarms)
        # First the line, then the silence: where the log cannot be written, the alarm goes on.
        by = session.account.name
        desk.audit.write(desk.now(), by, _HUSHED[what], bed=bed, alarms=held, address=address)
        return "Done." if desk.live.hush(bed, what, by, now) else "There was nothing to do."

    return _decision(desk, decide, _SILENCES)


def _decision(desk: Desk, decide: Decide, of: "_Right") -> Handler:
    """What only some roles may decide; each decision stands in the audit log."""

    async def answer(request: Request) -> Response:
        session = door.guarded(desk, request)
        if isinstance(session, Response):
            return session
        if not of.held_by(session.account.role):
            return PlainTextResponse(f"This account may not {of.to}.", 403)
        try:
            return PlainTextResponse(
                await decide(await _said(request), int(desk.now() * SECOND), session, who(request))
            )
        except WardwatchError as error:
            return PlainTextResponse(str(error), 409)
        except (ValueError, RecursionError):
            return PlainTextResponse("This is no request that the station understands.", 400)
        except OSError:
            return PlainTextResponse("The audit log cannot be written, so this was not done.", 503)

    return answer


async def _said(request: Request) -> dict[str, object]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise ValueError("too long")
    said = json.loads(body)
    if not isinstance(said, dict):
        raise ValueError("no object")  # noqa: TRY004  # what came is a wrong value, not a wrong type of ours
    return said


def _connected(desk: Desk, said: dict[str, object]) -> int:
    """The session asked for; UsageError where it is not connected, before anything is written about it."""
    session = _whole(said.get("session"))
    desk.live.running(session)
    return session


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ValueError("no whole number")
    return value


def _health(desk: Desk) -> Handler:
    async def answer(_request: Request) -> Response:
        health = desk.health()
        return JSONResponse(dict(health), 200 if health.get("ok") else 503)

    return answer


def _metrics(desk: Desk) -> Handler:
    async def answer(request: Request) -> Response:
        if not _is_loopback(who(request)) and desk.session(request) is None:
            return PlainTextResponse("Metrics are given to this machine and to those who signed in.", 403)
        return Response(desk.metrics(), media_type="text/plain; version=0.0.4")

    return answer


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _at_a_bearable_rate(desk: Desk) -> Callable[[Request, Handler], Awaitable[Response]]:
    async def dispatch(request: Request, call: Handler) -> Response:
        address = who(request)
        if not desk.requests.allows(address, desk.now()):
            return PlainTextResponse("Too many requests.", 429, {"Retry-After": str(desk.requests.wait(address))})
        return await call(request)

    return dispatch
