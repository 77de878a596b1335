"""In: `wardwatch twin ...`. Out: a ward's capture with its truth, a live stream, or a firmware image."""

import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from wardwatch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

_PATIENCE: Final = 2.0  # seconds before a progress bar appears
_SHARE: Final = click.FloatRange(0.0, 1.0)
_START: Final = "2026-03-01T10:00:00Z"


@click.group()
def twin() -> None:
    """A monitor that is not there: captures of a ward with known truth, a live stream, firmware images.

    Example: wardwatch twin capture ward.pcap --monitors 8 --minutes 10 --truth ward.jsonl
    """


@twin.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--monitors", type=click.IntRange(1, 5000), default=8, show_default=True, help="Number of monitors.")
@click.option("--minutes", type=click.FloatRange(0.2, 43_200), default=10.0, show_default=True, help="Length.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed and options, same bytes.")
@click.option(
    "--central",
    type=click.Choice(["none", "documented", "own", "station"]),
    default="none",
    show_default=True,
    help="Who answers: nobody; the documented address, outside; the hospital's own station at that address; "
    "the hospital's own station at a private address.",
)
@click.option("--background", type=click.IntRange(0, 10), default=1, show_default=True, help="Other hospital traffic.")
@click.option("--update", type=click.IntRange(0, 5000), default=0, show_default=True, metavar="N",
              help="Monitors on which somebody starts the update function.")  # fmt: skip
@click.option("--stay", type=click.FloatRange(0.2, 43_200), default=5.0, show_default=True,
              help="Minutes a patient stays, on average.")  # fmt: skip
@click.option("--attempt-every", type=click.FloatRange(2, 86_400), default=30.0, show_default=True,
              help="Seconds between two calls that nobody answers.")  # fmt: skip
@click.option("--start-missing", is_flag=True, help="The capture begins in the midst of sessions.")
@click.option("--start", default=_START, show_default=True, help="Time of the first packet, RFC 3339.")
@click.option("--loss", type=_SHARE, default=0.0, help="Share of packets the capture misses, 0 to 1.")
@click.option("--reorder", type=_SHARE, default=0.0, help="Share of packets the capture swaps.")
@click.option("--duplicate", type=_SHARE, default=0.0, help="Share of packets the capture records twice.")
@click.option("--nanoseconds", is_flag=True, help="Write the nanosecond form of the file.")
@click.option("--truth", type=click.Path(dir_okay=False, path_type=Path), help="Write what was sent, as JSON lines.")
@click.option("--quiet", is_flag=True, help="No progress bar and no summary.")
def capture(out: Path, truth: Path | None, *, quiet: bool, **asked: Any) -> None:  # noqa: ANN401  # click's own values
    """Write a capture of a ward that is not there; OUT may end in .pcap, .pcap.gz or .pcap.zst.

    Example: wardwatch twin capture ward.pcap.zst --monitors 40 --minutes 30 --central documented --truth ward.jsonl
    """
    # Imported here, so that --help costs nothing (NumPy takes a quarter of a second).
    from wardwatch.twin.plan import Central, Plan  # noqa: PLC0415  # as above
    from wardwatch.twin.record import Impairments, write  # noqa: PLC0415  # as above

    plan = Plan(
        start=_nanoseconds(asked["start"]),
        seconds=round(asked["minutes"] * 60),
        monitors=asked["monitors"],
        seed=asked["seed"],
        central=Central(asked["central"]),
        background=asked["background"],
        update=asked["update"],
        stay=asked["stay"] * 60,
        attempt_every=asked["attempt_every"],
        start_missing=asked["start_missing"],
    )
    impairments = Impairments(asked["loss"], asked["reorder"], asked["duplicate"])
    resolution = 1 if asked["nanoseconds"] else 1000
    with _bar("writing the capture", quiet=quiet) as progress:
        written = write(plan, (out, truth), impairments, resolution=resolution, progress=progress)
    if not quiet:
        click.echo(f"{out}: {written.packets:,} packets, {written.bytes / 1e6:,.1f} MB of capture", err=True)


@twin.command()
@click.option("--to", required=True, metavar="HOST:PORT", help="The central station.")
@click.option("--seconds", type=click.IntRange(1), help="Stop after this many sets; without it, on Ctrl-C.")
@click.option("--speed", type=click.FloatRange(0.01, 10_000), default=1.0, show_default=True, help="Times real time.")
@click.option("--seed", type=int, default=1, show_default=True, help="Which patient comes.")
@click.option("--bed", type=click.IntRange(1, 200), default=1, show_default=True, help="The bed the monitor states.")
@click.option("--too-high", type=click.IntRange(-200, 200), default=0, metavar="N",
              help="A display that lies: its heart rate is N too high for its waves.")  # fmt: skip
@click.option("--allow-public-destination", is_flag=True, help="Send to an address outside the private networks, too.")
@click.option("--quiet", is_flag=True, help="Say nothing.")
def stream(
    to: str, seconds: int | None, speed: float, *, allow_public_destination: bool, quiet: bool, **who: int
) -> None:
    """Send one monitor's stream live, a set a second.

    Example: wardwatch twin stream --to 127.0.0.1:5150 --seconds 60
    """
    from wardwatch.twin import live  # noqa: PLC0415  # NumPy only for those who need it

    target = live.destination(to, public=allow_public_destination)
    sent = 0

    def told(count: int) -> None:
        nonlocal sent
        sent = count

    try:
        live.stream(target, live.Who(**who), live.Pace(seconds, speed), told)
    finally:
        if not quiet:
            click.echo(f"{to}: {sent} sets sent", err=True)


@twin.command()
@click.argument("version")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="Write the image.")
@click.option("--truth", type=click.Path(dir_okay=False, path_type=Path), help="Write what is true of it, as JSON.")
def firmware(version: str, to: Path | None, truth: Path | None) -> None:
    """Write an inert firmware image of the twin: a root file system for ARM926EJ-S, as cramfs.

    VERSION is 2.0.6, 2.0.6-pre1, 2.0.6-pre2, 2.0.7, 2.0.8, 2025-07 or signed.

    Example: wardwatch twin firmware 2.0.6 --to 2.0.6.cramfs --truth 2.0.6.json
    """
    from wardwatch.twin import firmware as made  # noqa: PLC0415  # only for those who need it

    if version not in made.VERSIONS:
        raise UsageError("is no version of the twin", where=version, cure=f"Take one of {', '.join(made.VERSIONS)}")
    if to is None and truth is None:
        raise UsageError("nothing to write", where="twin firmware", cure="Say --to FILE, --truth FILE or both")
    if to:
        to.write_bytes(made.image(version))
    if truth:
        truth.write_text(made.truth(version), encoding="utf-8")


def _nanoseconds(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError("is no time", where=text, cure=f"Write it as {_START}") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000


@contextmanager
def _bar(title: str, *, quiet: bool) -> "Iterator[Callable[[float], None]]":
    """A progress bar on stderr that appears only when the work takes more than two seconds."""
    begun, shown = time.monotonic(), list["Progress"]()
    silent = quiet or not sys.stderr.isatty()

    def tell(share: float) -> None:
        if silent or time.monotonic() - begun < _PATIENCE:
            return
        if not shown:
            shown.append(_progress(title))
        shown[0].update(shown[0].task_ids[0], completed=share)

    try:
        yield tell
    finally:
        for progress in shown:
            progress.stop()


def _progress(title: str) -> "Progress":
    from rich.console import Console  # noqa: PLC0415  # a tenth of a second, for long work only
    from rich.progress import Progress  # noqa: PLC0415  # as above

    progress = Progress(console=Console(stderr=True), transient=True)
    progress.add_task(title, total=1.0)
    progress.start()
    return progress
