"""In: a running station, and what is asked of its page. Out: the page, served; accounts listed, added, removed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wardwatch.errors import InputError
from wardwatch.secrecy import Pseudonyms, load_or_make_key, user_key_path
from wardwatch.station.health import OK, health
from wardwatch.station.metrics import render
from wardwatch.station.station import Station
from wardwatch.station.web.accounts import Account, Role
from wardwatch.station.web.audit import Audit
from wardwatch.station.web.desk import Desk
from wardwatch.station.web.people import AccountFile
from wardwatch.station.web.server import Door, own_certificate, serve

from .station_checks import beats


@dataclass(frozen=True, slots=True)
class PageWanted:
    """What was asked of the page. `folder`: where accounts, audit log and certificate lie; by default this user's."""

    host: str = "127.0.0.1"
    port: int = 8515
    names: tuple[str, ...] = ()
    https: bool = False
    certificate: Path | None = None
    key: Path | None = None
    folder: Path | None = None


def page_folder(folder: Path | None) -> Path:
    """Where the page's accounts, audit log and certificate lie."""
    return folder or user_key_path().with_name("station")


def door(wanted: PageWanted) -> Door:
    """Where the page is served; UsageError where it would go to other machines in clear text."""
    certificate, key = wanted.certificate, wanted.key
    if wanted.https and certificate is None and key is None:
        certificate, key = own_certificate(page_folder(wanted.folder), (wanted.host, *wanted.names))
    return Door(wanted.host, wanted.port, wanted.names, certificate, key)


@asynccontextmanager
async def page(station: Station, wanted: PageWanted) -> AsyncIterator[str]:
    """The page's address, which is served as long as the block runs."""
    folder = _private(page_folder(wanted.folder))
    desk = Desk(
        station.live,
        AccountFile(folder / "accounts.json"),
        Audit(folder / "audit.jsonl"),
        Pseudonyms(load_or_make_key(user_key_path())),
        zone=datetime.now().astimezone().tzinfo or UTC,
        watched=station.watcher.watched,
        metrics=lambda: render(station),
        find=beats,
        admit=station.admit,
        release=station.release,
    )
    desk.health = lambda: _health(station, desk)
    served_at = door(wanted)
    serving = asyncio.create_task(serve(desk, served_at))
    await asyncio.sleep(0)
    if serving.done():
        serving.result()
    try:
        yield served_at.address
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


def accounts(folder: Path | None) -> tuple[Account, ...]:
    """Every account, by name."""
    return tuple(each for _, each in sorted(_people(folder).accounts().by_name.items()))


def add_account(folder: Path | None, name: str, role: str, password: str) -> None:
    """Adds an account or replaces one; UsageError where name or password will not do."""
    _people(folder).add(name, Role(role), password)


def remove_account(folder: Path | None, name: str) -> None:
    """Removes an account, and with it its sessions."""
    _people(folder).remove(name)


def _people(folder: Path | None) -> AccountFile:
    return AccountFile(page_folder(folder) / "accounts.json")


def _health(station: Station, desk: Desk) -> Mapping[str, object]:
    found = health(station)
    unwritten = [f"lines the audit log did not take: {desk.unwritten}"] * bool(desk.unwritten)
    return {
        "ok": found.state == OK and not unwritten,
        "reasons": [*found.reasons, *unwritten],
        "beds": dict(found.places),
        "connections": found.sessions,
        "sets": found.sets,
        "listening": list(found.listening),
    }


def _private(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        cure = "Name a folder you may write to with --page-folder."
        raise InputError(f"cannot be made: {error.strerror}", where=str(folder), cure=cure) from error
    return folder
