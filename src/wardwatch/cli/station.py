"""In: `wardwatch station ...`. Out: a central station that runs, or what it kept: listed, exported, played again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from wardwatch.errors import UsageError

from .station_page import account, demo, page_options, page_wanted, until_stopped

if TYPE_CHECKING:
    from wardwatch.station.station import Station
    from wardwatch.workflows.station import Wanted
    from wardwatch.workflows.station_page import PageWanted

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
_PORT = click.IntRange(0, 65535)


@click.group()
def station() -> None:
    """A central station: receive monitors live, keep what they send, pass it on.

    It is a secondary display and not a certified medical device: never the only watch over a patient.

    Example: wardwatch station demo
    """


station.add_command(account)
station.add_command(demo)


def _kept(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that reads what a station kept."""
    key = click.option("--key", type=_FILE, help="The key file of the station; by default this user's.")
    data = click.option("--data", type=_FOLDER, required=True, help="The folder the station keeps its recordings in.")
    return data(key(command))


def _span(command: Callable[..., None]) -> Callable[..., None]:
    """The options that choose a time range."""
    start = click.option("--from", "start", metavar="TIME", help="Not before this time, as 2026-11-25T08:00:00Z.")
    end = click.option("--to-time", "end", metavar="TIME", help="Before this time.")
    return start(end(command))


@station.command()
@click.option("--data", type=_FOLDER, help="Keep every set in this folder, encrypted; without it, nothing is kept.")
@click.option("--key", type=_FILE, help="The key file to encrypt with; made at first use. By default this user's.")
@click.option("--config", type=_FILE, help="Beds, ports, bounds, receivers (TOML).")
@click.option("--listen", multiple=True, metavar="ADDRESS", help="Receive monitors at this address; may be repeated.")
@click.option("--port", multiple=True, type=_PORT, help="A port for the stream, in place of 515 to 520.")
@click.option("--hl7-port", multiple=True, type=_PORT, help="A port for HL7, in place of 511.")
@click.option("--journal", type=click.File("a"), help="Write events as lines of JSON, without patient data.")
@click.option("--seconds", type=click.FloatRange(0), help="Stop after so many seconds; without it, on Ctrl-C.")
@page_options
def run(journal: "IO[str] | None", seconds: float | None, **asked: Any) -> None:  # noqa: ANN401  # options of many types
    """Receive monitors until you stop it.

    Example: wardwatch station run --data ward-3 --config ward-3.toml
    """
    from wardwatch.workflows.station import Wanted  # noqa: PLC0415  # only for those who need it

    wanted = Wanted(
        data=asked["data"],
        key_file=asked["key"],
        config=asked["config"],
        addresses=asked["listen"],
        stream=asked["port"],
        hl7=asked["hl7_port"],
        write_line=_line_writer(journal) if journal else None,
    )
    asyncio.run(_run(wanted, page_wanted(asked), seconds))


async def _run(wanted: "Wanted", shown: "PageWanted | None", seconds: float | None) -> None:
    from wardwatch.station.words import NOTICE  # noqa: PLC0415  # only for those who need it
    from wardwatch.workflows.station import address_plan, running, watch_plan  # noqa: PLC0415  # as above

    click.echo(NOTICE, err=True)
    async with running(wanted) as held:
        _say(address_plan(wanted, held))
        _say(watch_plan(held.watcher.watched))
        _say(f"receiving at {address} port {port}" for address, port in held.listening)
        _say(
            [f"keeping in {wanted.data}, encrypted" if wanted.data else "nothing is kept: say --data FOLDER to keep it"]
        )
        async with _paged(held, shown):
            await until_stopped(seconds)
    counts = held.hub.counts
    click.echo(f"{counts.sets:,} sets and {counts.messages:,} HL7 messages received", err=True)


@contextlib.asynccontextmanager
async def _paged(held: "Station", shown: "PageWanted | None") -> AsyncIterator[None]:
    from wardwatch.workflows.station_page import accounts, page  # noqa: PLC0415  # only for those who need it

    if shown is None:
        yield
        return
    async with page(held, shown) as address:
        click.echo(f"the beds are shown at {address}", err=True)
        if not accounts(shown.folder):
            click.echo("nobody can sign in yet: wardwatch station account add NAME --role clinical", err=True)
        yield


@station.command()
@click.option("--config", type=_FILE, help="Beds, ports, bounds, receivers (TOML).")
def plan(config: Path | None) -> None:
    """Print the addresses monitors call, and how the station gets them.

    Example: wardwatch station plan
    """
    from wardwatch.workflows.station import Wanted, address_plan  # noqa: PLC0415  # only for those who need it

    for line in address_plan(Wanted(config=config)):
        click.echo(line)


@station.command(name="list")
@_kept
def listed(data: Path, key: Path | None) -> None:
    """List which beds were received from when to when.

    Example: wardwatch station list --data ward-3
    """
    from wardwatch.workflows.station import kept, shown  # noqa: PLC0415  # only for those who need it

    places, missing = kept(data, key)
    for place in places:
        click.echo(f"{place.place}\t{shown(place.first)} to {shown(place.last)}\t{place.sets:,} sets")
    _warn(missing)


@station.command()
@_kept
@_span
@click.argument("bed")
@click.option("--format", "form", default="wfdb", show_default=True, help="wfdb, csv, edf or cms.")
@click.option("--to", type=_FILE, required=True, help="Where to write, without an ending.")
@click.option("--reveal", is_flag=True, help="Leave names in it; without this, pseudonyms take their place.")
def export(bed: str, form: str, to: Path, **asked: Any) -> None:  # noqa: ANN401  # options of many types
    """Write what was kept of a bed in a common format.

    Example: wardwatch station export "ICU 1" --data ward-3 --from 2026-11-25T08:00:00Z --format edf --to icu1
    """
    from wardwatch.workflows.station import export as write  # noqa: PLC0415  # only for those who need it

    source, span = (asked["data"], asked["key"]), _times(asked["start"], asked["end"])
    done = write(source, bed, span, (form, to), revealed=asked["reveal"])
    for file in done.files:
        click.echo(str(file))
    click.echo(f"{done.seconds:,} seconds of {bed}", err=True)
    if done.surplus:
        click.echo(f"{done.surplus:,} sets left out: more than one came in a second", err=True)
    _warn(done.missing)


@station.command()
@click.argument("recording", required=False, type=_FILE)
@click.option("--data", type=_FOLDER, help="Replay from a station's folder instead of a .cms file; say --bed, too.")
@click.option("--key", type=_FILE, help="The key file of that station; by default this user's.")
@click.option("--bed", help="The bed to replay.")
@_span
@click.option("--to", required=True, metavar="HOST:PORT", help="The station, or whatever takes the stream.")
@click.option("--speed", type=click.FloatRange(0.01, 10_000), default=1.0, show_default=True, help="Times real time.")
def replay(recording: Path | None, to: str, speed: float, **asked: Any) -> None:  # noqa: ANN401  # options of many types
    """Send a recording to a station as if its monitor sent it now.

    Example: wardwatch station replay icu1.cms --to 127.0.0.1:10515
    """
    from wardwatch.station.forwarding.sending import host_port  # noqa: PLC0415  # only for those who need it
    from wardwatch.workflows import station as work  # noqa: PLC0415  # as above

    if (recording is None) == (asked["data"] is None) or (asked["data"] is None) != (asked["bed"] is None):
        raise UsageError(
            "name one recording", where="station replay", cure="A .cms file, or --data FOLDER with --bed BED"
        )
    if recording:
        sets = work.from_file(recording)
    else:
        sets = work.from_station((asked["data"], asked["key"]), asked["bed"], _times(asked["start"], asked["end"]))
    sent = work.replay(sets, host_port(to), speed)
    click.echo(f"{to}: {sent:,} sets sent", err=True)


def _times(start: str | None, end: str | None) -> tuple[int, int]:
    from wardwatch.workflows.station import ALWAYS, moment  # noqa: PLC0415  # only for those who need it

    return moment(start) if start else ALWAYS[0], moment(end) if end else ALWAYS[1]


def _warn(missing: Iterable[Any]) -> None:
    for gap in missing:
        click.echo(f"{gap.path.name}, byte {gap.offset:,}: {gap.why}; what it held is missing", err=True)


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line, err=True)


def _line_writer(file: "IO[str]") -> Callable[[str], object]:
    def write(line: str) -> None:
        file.write(line)
        file.flush()

    return write
