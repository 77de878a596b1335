"""In: a desk, and where to listen. Out: the page, served until the task that runs it is cancelled.

Plain HTTP is served to this machine only; whoever listens for others gets TLS.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import uvicorn

from wardwatch.errors import InputError, UsageError

from .app import LOOPBACK_NAMES, application
from .certificate import self_signed
from .desk import Desk

_BACKLOG: Final = 128
_MOST_CONNECTIONS: Final = 512
_LARGEST_MESSAGE: Final = 4096
_IDLE: Final = 15  # seconds
_LAST_WORDS: Final = 1  # second


@dataclass(frozen=True, slots=True)
class Door:
    """Where the page is served. `names`: host names browsers use for it, beside `host` and this machine's own."""

    host: str = "127.0.0.1"
    port: int = 8443
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise UsageError("a certificate and its key go together", cure="Give both, or neither.")
        if self.certificate is None and not _is_loopback(self.host):
            raise UsageError(
                "the page is not served to other machines without TLS",
                where=self.host,
                cure="Add --https for a certificate made here, or give --certificate and --key.",
            )

    @property
    def address(self) -> str:
        """What to type into a browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}/"


def own_certificate(folder: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    """(certificate, key) in `folder`, made where they are not there yet; the key is readable by its owner only."""
    certificate, key = folder / "page.crt", folder / "page.key"
    if not (certificate.exists() and key.exists()):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret, public = self_signed([*names, "localhost", "127.0.0.1", "::1"], datetime.now(UTC))
        _keep(key, secret, 0o600)
        _keep(certificate, public, 0o644)
    return certificate, key


async def serve(desk: Desk, door: Door) -> None:
    """Serves the page; InputError where the port or the certificate cannot be used."""
    listener = _listen(door)
    desk.secure = door.certificate is not None
    app = application(desk, tuple(dict.fromkeys((door.host, *door.names, *LOOPBACK_NAMES))))
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=_LARGEST_MESSAGE,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_IDLE,
        timeout_graceful_shutdown=_LAST_WORDS,
        ssl_certfile=door.certificate,
        ssl_keyfile=door.key,
    )
    with listener:
        try:
            config.load()
        except OSError as error:  # ssl.SSLError is one
            where = str(door.certificate)
            raise InputError("cannot be used as a certificate", where=where, cure="Give PEM files that fit.") from error
        await _until_cancelled(_Server(config), listener)


class _Server(uvicorn.Server):
    """Leaves signals to the station, which has more to end than the page."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


async def _until_cancelled(server: uvicorn.Server, listener: socket.socket) -> None:
    """Whoever cancels the task gets the open pages closed first."""
    running = asyncio.create_task(server.serve([listener]))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        server.should_exit = True
        await running
        raise


def _listen(door: Door) -> socket.socket:
    family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((door.host, door.port))
    except OSError as error:
        listener.close()
        taken = error.errno in {errno.EADDRINUSE, errno.EACCES}
        cure = "Choose another port with --page-port." if taken else "Name an address of this machine with --page-host."
        raise InputError(f"cannot listen: {error.strerror}", where=f"{door.host}:{door.port}", cure=cure) from error
    listener.listen(_BACKLOG)
    return listener


def _keep(path: Path, text: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
