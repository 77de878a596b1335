"""In: what a user asks of a central station. Out: it runs; or what it kept is listed, exported, or played again."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

from wardwatch.errors import InputError, UsageError
from wardwatch.plugins import modules
from wardwatch.secrecy import KEY_BYTES, Pseudonyms, Veil, load_or_make_key, reveal, user_key_path
from wardwatch.station import replay as playing
from wardwatch.station.journal import journal
from wardwatch.station.keeping.archive import Archive, Missing, Spoken
from wardwatch.station.keeping.records import SETS
from wardwatch.station.plan import plan, watching
from wardwatch.station.recording import Export, recording
from wardwatch.station.settings import Settings, load
from wardwatch.station.station import Station, Storage
from wardwatch.station.words import SECOND, Checker

from .station_checks import BedChecker

ALWAYS: Final = (0, 1 << 63)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `station run` was asked for; what is empty is left as the configuration has it."""

    data: Path | None = None
    key_file: Path | None = None
    config: Path | None = None
    addresses: tuple[str, ...] = ()
    stream: tuple[int, ...] = ()
    hl7: tuple[int, ...] = ()
    write_line: Callable[[str], object] | None = field(default=None, repr=False)
    """Where events go as lines of JSON."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of an export."""

    files: tuple[Path, ...]
    seconds: int
    surplus: int
    missing: tuple[Missing, ...]


@asynccontextmanager
async def running(wanted: Wanted, make_checker: Callable[[], Checker] | None = BedChecker) -> AsyncIterator[Station]:
    """A station that runs as long as the block does; `make_checker` gives the check of one monitor."""
    storage = Storage(wanted.data, station_key(wanted.key_file)) if wanted.data else None
    station = Station(settings(wanted), storage, make_checker)
    if wanted.write_line:
        station.live.observers.append(journal(wanted.write_line))
    await station.start()
    try:
        yield station
    finally:
        await station.stop()


def settings(wanted: Wanted) -> Settings:
    """The configuration, with what the command line says in its place."""
    told = load(wanted.config) if wanted.config else Settings()
    listen = told.listen
    if wanted.stream or wanted.hl7:  # ports named one by one are meant so
        listen = replace(listen, stream=wanted.stream, hl7=wanted.hl7, fallback=False)
    return replace(told, listen=replace(listen, addresses=wanted.addresses or listen.addresses))


def address_plan(wanted: Wanted, station: Station | None = None) -> Iterator[str]:
    """What monitors need to find the station."""
    return plan(settings(wanted).listen, station.listening if station else ())


def watch_plan(watched: tuple[int, ...]) -> Iterator[str]:
    """Which calls of hidden functions the station can see."""
    yield from watching(watched)


def station_key(path: Path | None) -> bytes:
    """The key recordings are encrypted with, made at first use; InputError where the file is none."""
    return load_or_make_key(path or user_key_path().with_name("station.key"), "recordings")


def kept(data: Path, key_file: Path | None) -> tuple[tuple[Spoken, ...], tuple[Missing, ...]]:
    """What there is of which bed, and what cannot be read."""
    archive = Archive(data, _existing_key(key_file))
    return archive.places(), tuple(archive.missing)


def export(
    source: tuple[Path, Path | None], place: str, span: tuple[int, int], to: tuple[str, Path], *, revealed: bool
) -> Exported:
    """Write what was kept of a place in a time range as `to` (format, path without its ending)."""
    kind, stem = to
    form = formats().get(kind)
    if form is None:
        raise UsageError("is no export format", where=kind, cure=f"Take one of {', '.join(sorted(formats()))}.")
    archive = Archive(source[0], _existing_key(source[1]))
    found = recording(place, archive.kept(place, *span), _veil(revealed=revealed))
    others = os.umask(0o077)  # readable by their owner only, also while they are written
    try:
        files = form.write(found, stem)
        for file in files:  # one that was there before kept its rights
            file.chmod(0o600)
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}", where=str(stem), cure="Name a folder you may write to."
        ) from error
    finally:
        os.umask(others)
    return Exported(files, found.seconds_held, found.surplus, tuple(archive.missing))


def formats() -> dict[str, Export]:
    """Every export format there is, by name."""
    found = (cast("Export", module.EXPORT) for module in modules("wardwatch.station.exports", "EXPORT"))
    return {each.name: each for each in found}


def replay(
    sets: Iterator[playing.Timed], to: tuple[str, int], speed: float, told: Callable[[int], None] = lambda _: None
) -> int:
    """Send sets to a station as if a monitor sent them now; how many were sent."""
    return playing.send(sets, to, speed, longest=60.0, told=told)


def from_file(path: Path) -> Iterator[playing.Timed]:
    """The sets of a `.cms` file."""
    return playing.from_file(path)


def from_station(source: tuple[Path, Path | None], place: str, span: tuple[int, int]) -> Iterator[playing.Timed]:
    """The sets a station kept of a place, names of patients included: they are sent as they were received."""
    first: int | None = None
    for each in Archive(source[0], _existing_key(source[1])).kept(place, *span):
        if each.kind in SETS:
            first = each.at if first is None else first
            yield playing.Timed(each.at - first, each.raw)
    if first is None:
        cure = "See what there is: wardwatch station list --data FOLDER."
        raise InputError("nothing was received then", where=place, cure=cure)


def moment(text: str) -> int:
    """RFC 3339 as nanoseconds since 1970; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError("is no time", where=text, cure="Write it as 2026-11-25T08:00:00Z.") from error
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return max(int(found.timestamp() * 1_000_000) * 1000, 0)


def shown(at: int) -> str:
    """Nanoseconds since 1970 as RFC 3339, UTC, whole seconds."""
    return datetime.fromtimestamp(at // SECOND, UTC).isoformat().replace("+00:00", "Z")


def _existing_key(path: Path | None) -> bytes | None:
    """The key of recordings that are there; None where there is none: then only unencrypted ones can be read."""
    file = path or user_key_path().with_name("station.key")
    if path is None and not file.exists():
        return None
    try:
        with file.open("rb") as opened:
            key = opened.read(KEY_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"the key cannot be read: {error.strerror}", where=str(file), cure="Say --key FILE."
        ) from error
    if len(key) != KEY_BYTES:
        raise InputError(f"not a key: {KEY_BYTES} bytes are expected", where=str(file), cure="Say --key FILE.")
    return key


def _veil(*, revealed: bool) -> Veil:
    return reveal if revealed else Pseudonyms(load_or_make_key(user_key_path()))
