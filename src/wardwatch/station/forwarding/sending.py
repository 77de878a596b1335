"""In: one message and where it goes. Out: what became of it: taken, refused for good, or to be tried again.

MLLP (HL7 v2.5.1, appendix C) over TCP or TLS; FHIR over HTTP or HTTPS. Certificates are checked. Every wait and every
answer is bounded.
"""

import asyncio
import http.client
import re
import ssl
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from wardwatch.errors import InputError, UsageError
from wardwatch.protocols._hl7_text import Parsed
from wardwatch.protocols.hl7_messages import frame
from wardwatch.station.settings import Forward

PATIENCE: Final = 10.0
_ANSWER: Final = 64 * 1024
_ACCEPTED: Final = frozenset(("AA", "CA"))
_REFUSED: Final = frozenset(("AE", "AR", "CE", "CR"))
_TRY_AGAIN: Final = frozenset((401, 403, 404, 408, 409, 425, 429))
"""A client's fault by number, but one that ends without the message being changed."""
_CONTROL: Final = re.compile(rb"\AMSH\|(?:[^|\r]*\|){8}([^|\r]*)")


class Outcome(StrEnum):
    """What became of a message."""

    TAKEN = "taken"
    REFUSED = "refused"
    AGAIN = "again"


class Sender(Protocol):
    """A way to one receiver."""

    async def send(self, body: bytes) -> Outcome:
        """Hand it over; OSError and TimeoutError are outcomes as well: try again."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


def tls_context(settings: Forward) -> ssl.SSLContext:
    """TLS 1.2 or later, the receiver's certificate checked against `ca` or the system's authorities."""
    try:
        context = ssl.create_default_context(cafile=settings.ca or None)
        if settings.certificate:
            context.load_cert_chain(settings.certificate, settings.key or None)
    except (OSError, ssl.SSLError) as error:
        cure = "Check ca, certificate and key: PEM files this user may read."
        raise InputError(
            f"the certificates cannot be used: {error}", where=f"[[forward]] {settings.name}", cure=cure
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Mllp:
    """One connection, made when it is needed, one message at a time."""

    def __init__(self, settings: Forward) -> None:
        self._host, self._port = host_port(settings.to)
        self._context = tls_context(settings) if settings.tls else None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, body: bytes) -> Outcome:
        """Send one message and wait for its acknowledgement."""
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await self._connected()
                writer.write(frame(body))
                await writer.drain()
                answer = await reader.readuntil(b"\x1c\r")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError) as error:
            await self.close()
            raise OSError("no acknowledgement") from error
        outcome = acknowledged(answer, body)
        if outcome is Outcome.AGAIN:
            await self.close()
        return outcome

    async def close(self) -> None:
        """Let go of the connection."""
        streams, self._streams = self._streams, None
        if streams:
            streams[1].transport.abort()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, ssl=self._context, limit=_ANSWER)
        return self._streams


def acknowledged(answer: bytes, body: bytes) -> Outcome:
    """What an acknowledgement says about the message; one of another message says nothing."""
    parsed = Parsed(answer.lstrip(b"\x0b").rstrip(b"\x1c\r"))
    told = next((parsed.fields(line) for line in parsed.lines if line.startswith("MSA")), [])
    control = _CONTROL.match(body)
    if len(told) < 3 or control is None or told[2].encode() != control[1]:  # noqa: PLR2004  # MSA-1 and MSA-2
        return Outcome.AGAIN
    if told[1] in _ACCEPTED:
        return Outcome.TAKEN
    return Outcome.REFUSED if told[1] in _REFUSED else Outcome.AGAIN


class Fhir:
    """A FHIR server's base URL; each message is one transaction."""

    def __init__(self, settings: Forward) -> None:
        parts = urlsplit(settings.to)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise UsageError("is no base URL", where=settings.to, cure="Write https://fhir.example.org/r4.")
        if parts.scheme == "http" and settings.tls:
            cure = "Write https://, or tls = false where the way there is protected by other means."
            raise UsageError("would go unencrypted", where=settings.to, cure=cure)
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path or "/"
        self._context = tls_context(settings) if parts.scheme == "https" else None
        self._token_file = Path(settings.token_file) if settings.token_file else None

    async def send(self, body: bytes) -> Outcome:
        """One request, in a thread of its own."""
        status = await asyncio.to_thread(self._post, body)
        if status < 300:  # noqa: PLR2004  # HTTP: success
            return Outcome.TAKEN
        return Outcome.REFUSED if 400 <= status < 500 and status not in _TRY_AGAIN else Outcome.AGAIN  # noqa: PLR2004  # HTTP

    async def close(self) -> None:
        """Nothing stays open between two requests."""

    def _post(self, body: bytes) -> int:
        headers = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
        if self._token_file:
            headers["Authorization"] = f"Bearer {self._token_file.read_text(encoding='ascii').strip()}"
        connection = self._connection()
        try:
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            answer.read(_ANSWER)
        except http.client.HTTPException as error:
            raise OSError(f"no HTTP: {type(error).__name__}") from error
        else:
            return answer.status
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=PATIENCE)
        return http.client.HTTPSConnection(self._host, self._port, timeout=PATIENCE, context=self._context)


def host_port(text: str) -> tuple[str, int]:
    """`HOST:PORT`, an IPv6 address in brackets; UsageError where it is none."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:  # noqa: PLR2004  # ports
        raise UsageError("is no destination", where=text, cure="Write HOST:PORT, for example 192.0.2.10:2575.")
    return host, int(port)
