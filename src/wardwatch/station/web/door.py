"""In: requests to sign in and out. Out: a session cookie, or the reason why not; every attempt in the audit log."""

from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qs

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from .desk import Desk, same_origin, who
from .sessions import WHOLE, Session

_MOST_BYTES: Final = 8192
_SLOT: Final = "<!-- refused -->"
_WRONG: Final = "This name and password do not belong together."
_OFTEN: Final = "Too many attempts from this address. Wait {} seconds."
_ELSEWHERE: Final = "This request did not come from the station's own page."


def routes(desk: Desk) -> list[Route]:
    """Sign in and out."""
    one_at_a_time: list[CapacityLimiter] = []

    async def show(_request: Request) -> Response:
        return HTMLResponse(_page())

    async def enter(request: Request) -> Response:
        if not same_origin(request):
            return PlainTextResponse(_ELSEWHERE, 403)
        address = who(request)
        if not desk.knocks.allows(address, desk.now()):
            wait = desk.knocks.wait(address)
            return HTMLResponse(_page(_OFTEN.format(wait)), 429, {"Retry-After": str(wait)})
        name, password = await _said(request)
        # Argon2id takes 64 MiB and a moment: one check at a time, beside the event loop.
        if not one_at_a_time:
            one_at_a_time.append(CapacityLimiter(1))
        accounts = desk.people.accounts()
        account = await to_thread.run_sync(accounts.open, name, password, limiter=one_at_a_time[0])
        if account is None:
            desk.note(name, "was refused", address)
            return HTMLResponse(_page(_WRONG), 401)
        desk.note(name, "signed in", address)
        token = desk.sessions.begin(account, desk.now())
        return _with_cookies(desk, RedirectResponse(".", 303), token)

    async def leave(request: Request) -> Response:
        session = guarded(desk, request)
        if isinstance(session, Response):
            return session
        desk.sessions.end(request.cookies.get(desk.cookie, ""))
        desk.note(session.account.name, "signed out", who(request))
        answer = PlainTextResponse("Signed out.")
        answer.delete_cookie(desk.cookie, secure=desk.secure, httponly=True, samesite="strict")
        answer.delete_cookie("csrf", secure=desk.secure, samesite="strict")
        return answer

    return [
        Route("/login", show, methods=["GET"]),
        Route("/login", enter, methods=["POST"]),
        Route("/logout", leave, methods=["POST"]),
    ]


def guarded(desk: Desk, request: Request) -> Session | Response:
    """The session of a request that changes something, or the answer that refuses it."""
    session = desk.session(request)
    if session is None:
        return PlainTextResponse("Sign in first.", 401)
    if not same_origin(request) or not session.owns(request.headers.get("x-csrf-token", "")):
        return PlainTextResponse(_ELSEWHERE, 403)
    return session


@cache
def _template() -> str:
    return files("wardwatch.station").joinpath("page", "login.html").read_text(encoding="utf-8")


def _page(refused: str = "") -> str:
    return _template().replace(_SLOT, refused)


async def _said(request: Request) -> tuple[str, str]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            return "", ""
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
    except ValueError:
        return "", ""
    return fields.get("name", [""])[0], fields.get("password", [""])[0]


def _with_cookies(desk: Desk, answer: Response, token: str) -> Response:
    session = desk.sessions.find(token, desk.now())
    seconds = int(WHOLE)
    answer.set_cookie(desk.cookie, token, seconds, secure=desk.secure, httponly=True, samesite="strict")
    if session is not None:
        answer.set_cookie("csrf", session.csrf, seconds, secure=desk.secure, samesite="strict")
    return answer
