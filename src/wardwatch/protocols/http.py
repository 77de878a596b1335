"""In: the first line of each side of an HTTP/1 conversation. Out: the method, or the status (RFC 9112, 3 and 4).

Paths and hosts are not told: they may carry what identifies a person.
"""

import re
from functools import partial
from typing import Final

from ._named import Conversation, Opening
from .codec import Codec, Signature, Transport

_METHODS: Final = (b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"PATCH", b"CONNECT")
_REQUEST: Final = re.compile(rb"(" + b"|".join(_METHODS) + rb") [!-~]{1,4000} (HTTP/1\.[01])\r?\n")
_ANSWER: Final = re.compile(rb"(HTTP/1\.[01]) (\d{3})(?: [^\r\n]{0,512})?\r?\n")
_BEGUN: Final = re.compile(rb"(?:" + b"|".join(_METHODS) + rb") [!-~]{1,4000}|HTTP/1\.[01] \d{3}")


def _opening(first: bytes) -> Opening | None:
    request, answer = _REQUEST.match(first), _ANSWER.match(first)
    if request:
        asked: dict[str, str | int] = {"method": request[1].decode(), "version": request[2].decode()}
        return Opening(request.end(), "request", asked)
    if answer:
        return Opening(answer.end(), "answer", {"status": int(answer[2]), "version": answer[1].decode()})
    return None


def recognise(transport: Transport, client: bytes, server: bytes) -> float:
    """How sure either side begins with a request line or a status line."""
    if transport is not Transport.TCP:
        return 0.0
    if any(_REQUEST.match(first) or _ANSWER.match(first) for first in (client, server)):
        return 0.9
    return 0.4 if any(_BEGUN.match(first) for first in (client, server)) else 0.0


CODEC: Final = Codec(
    name="http",
    title="HTTP/1",
    reference="RFC 9112",
    signatures=tuple(
        Signature(Transport.TCP, start, budget=0) for start in (*(method + b" " for method in _METHODS), b"HTTP/1.")
    ),
    recognise=recognise,
    open=partial(Conversation, "http", _opening),
    carries="Requests and pages in clear; their content is not read here.",
)
