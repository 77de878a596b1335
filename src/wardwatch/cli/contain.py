"""In: `wardwatch contain ...`. Out: a plan's folder, a comparison, a proof, or its verification; an exit status."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import click

from wardwatch.errors import UsageError

_FOLDER: Final = click.Path(file_okay=False, path_type=Path)
_DAYS: Final = 92
_SHOWN: Final = 10


@click.group()
def contain() -> None:
    """Rules that cut a monitor off from what it must not reach, and the proof that they do.

    A plan names who must still talk to whom; everything else of the device is stopped.
    """


@contain.command()
@click.argument("report", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=_FOLDER, help="The folder the plan is written to.")
@click.option("--name", default="containment", show_default=True, help="What the plan is called.")
@click.option("--device", "devices", multiple=True, metavar="NAME=ADDRESS[,...]", help="A device, by hand.")
@click.option("--subject", "only", multiple=True, metavar="ID",
              help="A device of the report (without it: those recognised as a known design).")  # fmt: skip
@click.option("--attach", "attached", multiple=True, required=True, metavar="INTERFACE[@MAC]",
              help="Where they are plugged in, seen from the gateway, wired or wireless; with MAC where others are, too.")  # fmt: skip
@click.option("--keep", "keeps", multiple=True, metavar="NAME=ADDRESS[:PORTS][/PROTOCOL]",
              help="Who must still be reached: station=10.20.0.5; with ',calls' where the peer calls the device.")  # fmt: skip
@click.option("--block", "blocks", multiple=True, metavar="CIDR", help="A network to cut off besides the published ones.")
@click.option("--interface", "interfaces", multiple=True, metavar="NAME", help="Every interface the gateway forwards by.")
@click.option("--dialect", "dialects", multiple=True, metavar="NAME", help="Rules for this filter (without it: all).")
@click.option("--expires", metavar="DATE", help="Until when it holds (without it: three months).")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def plan(out: Path, expires: str | None, *, quiet: bool, **asked: Any) -> int:  # noqa: ANN401  # click's own values
    """Write a policy, its rules for each kind of firewall, and what they break.

    REPORT is what `wardwatch scan --json` wrote; without it, name devices with --device.

    Example: wardwatch contain plan ward.json --attach ward0 --keep station=10.20.0.5 --out plan
    """
    from wardwatch.workflows import contain as work  # noqa: PLC0415  # --help loads no YAML

    written = work.plan(work.Wanted(expires=_date(expires), **asked))
    work.save(written, out)
    if not quiet:
        click.echo(written.files[work.SHEET], nl=False)
        click.echo(f"{out}: {len(written.files)} files", err=True)
    return 0


@contain.command()
@click.argument("folder", metavar="PLAN", type=_FOLDER)
def check(folder: Path) -> int:
    """Read a plan's rules back and compare them with its policy, packet by packet.

    Exit status: 0 they say what the policy says, 1 they do not, 2 unusable.

    Example: wardwatch contain check plan
    """
    from wardwatch.workflows import contain as work  # noqa: PLC0415  # as above

    status = 0
    for dialect, found in work.check(folder).items():
        status = max(status, int(bool(found.differences)))
        click.echo(f"{dialect}: {found.tried} packets tried, {len(found.differences)} differ from the policy")
        for difference in found.differences[:_SHOWN]:
            click.echo(f"  {difference}")
    return status


def _date(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else date.today() + timedelta(days=_DAYS)  # noqa: DTZ011  # the user's day
    except ValueError as error:
        raise UsageError("no date", where=str(text), cure="Write 2027-02-25.") from error
