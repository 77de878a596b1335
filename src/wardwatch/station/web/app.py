"""In: a desk. Out: the ASGI application: page, live socket, trends, admission by hand, health, metrics."""

import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from ipaddress import ip_address
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from wardwatch.errors import WardwatchError
from wardwatch.station.trends import DAY, MINUTE, Point
from wardwatch.station.words import SECOND, Quantity

from . import door, socket
from .desk import Desk, who
from .headers import SecurityHeaders

_KINDS: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_TRENDS: Final = (Quantity.HR, Quantity.SPO2, Quantity.RR, Quantity.PR)
_MOST_BYTES: Final = 4096
LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "::1", "[::1]")

Handler = Callable[[Request], Awaitable[Response]]


def application(desk: Desk, names: tuple[str, ...] = LOOPBACK_NAMES) -> Starlette:
    """The whole web side of a station, reached by these host names only (against DNS rebinding)."""
    routes: list[BaseRoute] = [
        Route("/", _page(desk)),
        *(Route(f"/{name}", _file(text, kind)) for name, (text, kind) in _assets().items()),
        *door.routes(desk),
        Route("/api/beds/{bed:int}/trends", _trends(desk)),
        Route("/api/admit", _admit(desk), methods=["POST"]),
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
    async def decide(said: dict[str, object], now: int) -> str:
        session, bed = _whole(said.get("session")), str(said.get("bed"))
        if desk.admit:
            desk.admit(session, bed)
        else:
            desk.live.admit(session, bed, now)
        return f"admitted a monitor to {said.get('bed')}"

    return _decision(desk, decide)


def _release(desk: Desk) -> Handler:
    async def decide(said: dict[str, object], now: int) -> str:
        session = _whole(said.get("session"))
        if desk.release:
            desk.release(session)
        else:
            desk.live.release(session, now)
        return f"released the monitor of session {said.get('session')}"

    return _decision(desk, decide)


def _decision(desk: Desk, decide: Callable[[dict[str, object], int], Awaitable[str]]) -> Handler:
    """What only some roles may decide; each decision stands in the audit log."""

    async def answer(request: Request) -> Response:
        session = door.guarded(desk, request)
        if isinstance(session, Response):
            return session
        if not session.account.role.admits:
            return PlainTextResponse("This account may not give monitors to beds.", 403)
        try:
            did = await decide(await _said(request), int(desk.now() * SECOND))
        except WardwatchError as error:
            return PlainTextResponse(str(error), 409)
        except (ValueError, RecursionError):
            return PlainTextResponse("This is no request that the station understands.", 400)
        desk.audit.write(desk.now(), session.account.name, did, address=who(request))
        return PlainTextResponse("Done.")

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
