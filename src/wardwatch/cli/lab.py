"""In: `wardwatch lab ...`. Out: scenarios played and compared with what is true of them; labs up, entered, and down."""

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .progress import waiting

if TYPE_CHECKING:
    from wardwatch.workflows.lab import Played
    from wardwatch.workflows.lab_kept import Up


@click.group(epilog="Example: wardwatch lab run phones-home --to out/phones-home")
def lab() -> None:
    """A hospital's network that is not there: monitors, servers, a gateway, and outside the documented addresses.

    Everything happens with real sockets, in network namespaces that have no way to a real network.
    """


@lab.command(epilog="Example: wardwatch lab run phones-home --to out/phones-home")
@click.argument("scenario")
@click.option("--to", metavar="DIR", type=click.Path(path_type=Path), help="Keep captures, events and truth there.")
@click.option("--seconds", type=click.FloatRange(0.5, 3600), help="How long at least, instead of the scenario's own.")
@click.option("--stand-ins", is_flag=True, help="Use no server of this machine, and play the monitors.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors; the exit status tells.")
def run(scenario: str, to: Path | None, seconds: float | None, *, stand_ins: bool, quiet: bool) -> int:
    """Play SCENARIO and compare what a scan of its captures says with what is true.

    SCENARIO is one of wardwatch's own or a TOML file (docs/lab.md). Its own are listed by 'wardwatch lab list'.

    Exit status: 0 the scan says what is true, 1 it says something else, 2 it could not be played.
    """
    from wardwatch.secrecy import Pseudonyms, load_or_make_key, user_key_path  # noqa: PLC0415  # help needs no key
    from wardwatch.workflows.lab import run as play  # noqa: PLC0415  # help needs no lab

    veil = Pseudonyms(load_or_make_key(user_key_path()))
    with tempfile.TemporaryDirectory() as folder:
        with waiting(f"playing {scenario}", quiet=quiet):
            played = play(scenario, to or Path(folder), veil, seconds, stand_ins=stand_ins)
        if not quiet:
            click.echo(_told(played), nl=False)
            if to:
                click.echo(f"captures, events and truth: {to}", err=True)
    return 0 if played.is_reproduced else 1


@lab.command("list", epilog="Example: wardwatch lab list")
def list_() -> None:
    """Print the scenarios that come with wardwatch."""
    from wardwatch.lab.scenario import load, names  # noqa: PLC0415  # help needs no lab

    for name in names():
        click.echo(f"{name:24} {load(name).about}")


@lab.command(epilog="Example: wardwatch lab up quiet-ward && wardwatch lab enter gateway tcpdump -i w0 -c 20")
@click.argument("scenario", required=False)
@click.option("--name", default="lab", show_default=True, help="Several may be up, one a name.")
@click.option(
    "--to", metavar="DIR", type=click.Path(path_type=Path), help="Where its captures are written, a new folder."
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def up(scenario: str | None, name: str, to: Path | None, *, quiet: bool) -> None:
    """Bring a lab up and leave it up: the network and its servers, with the machines of SCENARIO if you name one."""
    from wardwatch.workflows.lab_kept import up as bring_up  # noqa: PLC0415  # help needs no lab

    folder = to or Path(tempfile.mkdtemp(prefix=f"wardwatch-{name}-"))
    with waiting("bringing the lab up", quiet=quiet):
        found = bring_up(scenario, name, folder)
    if not quiet:
        click.echo(_table(found), nl=False)


@lab.command(epilog="Example: wardwatch lab down")
@click.argument("name", required=False)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def down(name: str | None, *, quiet: bool) -> None:
    """Take the lab of that NAME down, or all of them, and whatever was left behind by a command that was killed."""
    from wardwatch.workflows.lab_kept import down as take_down  # noqa: PLC0415  # help needs no lab

    with waiting("taking it down", quiet=quiet):
        ended = take_down(name)
    if not quiet:
        click.echo(f"{ended} taken down" if ended else "nothing was up", err=True)


@lab.command(
    context_settings={"ignore_unknown_options": True}, epilog="Example: wardwatch lab enter servers ping -c1 10.20.0.1"
)
@click.argument("node")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--name", default="lab", show_default=True, help="Of which lab.")
def enter(node: str, command: tuple[str, ...], name: str) -> None:
    """Run a COMMAND of this machine in a NODE of a lab that is up."""
    from wardwatch.workflows.lab_kept import run_in  # noqa: PLC0415  # help needs no lab

    sys.stdout.flush()
    run_in(name, node, command)


def _told(played: "Played") -> str:
    truth = played.truth
    lines = [f"{truth['scenario']}: {truth['about']}"]
    lines += [f"  {part}: {which}" for part, which in truth["parts"].items()]
    for each in truth["services"]:
        lines.append(
            f"  {each['from']} to {each['to']}:{each['port']}  {each['protocol']}, {each['bytes']:,} bytes, "
            f"{each['records']:,} records, {each['patients']} patients"
        )
    for name, report in played.reports.items():
        found = played.differences[name]
        says = "the scan says what is true" if not found else "the scan says something else:"
        lines.append(f"{name}.pcap: {report.judgement.verdict}, {len(report.judgement.findings)} findings; {says}")
        lines += [f"  {difference}" for difference in found]
    return "\n".join(lines) + "\n"


def _table(found: "Up") -> str:
    lines = [f"the lab '{found.name}' is up; its captures are written into {found.folder}"]
    lines += [f"  {part}: {which}" for part, which in found.parts.items()]
    lines += [f"  {address:16} {name}" for name, address in found.addresses.items()]
    lines.append(f"nodes: {', '.join(found.nodes)}")
    return "\n".join(lines) + "\n"
