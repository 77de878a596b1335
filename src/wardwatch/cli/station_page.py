"""In: the options of the page, and `wardwatch station account ...`. Out: one workflow's call each."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from wardwatch.workflows.station_page import PageWanted

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.option(
    "--page-folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where accounts, audit log and certificate of the page lie; by default with this user's keys.",
)


def page_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say where and how the page is served."""
    options = (
        click.option("--page/--no-page", default=True, show_default=True, help="Serve the page of the beds."),
        click.option("--page-host", default="127.0.0.1", show_default=True, help="Serve it at this address."),
        click.option("--page-port", type=click.IntRange(1, 65535), default=8515, show_default=True, help="And port."),
        click.option("--page-name", multiple=True, help="A host name browsers use for it; may be repeated."),
        click.option("--https", is_flag=True, help="Serve it over TLS with a certificate made here."),
        click.option("--certificate", type=_FILE, help="Serve it over TLS with this certificate (PEM)."),
        click.option("--certificate-key", type=_FILE, help="The certificate's private key (PEM)."),
        _FOLDER,
    )
    for option in reversed(options):
        command = option(command)
    return command


def page_wanted(asked: dict[str, Any]) -> "PageWanted | None":
    """What the options ask of the page; None for no page."""
    from wardwatch.workflows.station_page import PageWanted  # noqa: PLC0415  # only for those who need it

    if not asked["page"]:
        return None
    return PageWanted(
        host=asked["page_host"],
        port=asked["page_port"],
        names=asked["page_name"],
        https=asked["https"],
        certificate=asked["certificate"],
        key=asked["certificate_key"],
        folder=asked["page_folder"],
    )


@click.command()
@click.option("--page-port", type=click.IntRange(1, 65535), default=8515, show_default=True, help="Where to show it.")
@click.option("--seconds", type=click.FloatRange(0), help="Stop after so many seconds; without it, on Ctrl-C.")
def demo(page_port: int, seconds: float | None) -> None:
    """Show a ward of eight invented patients on this machine; one display lies.

    Example: wardwatch station demo
    """
    asyncio.run(_demo(page_port, seconds))


async def _demo(port: int, seconds: float | None) -> None:
    from wardwatch.workflows.station_demo import demo as running  # noqa: PLC0415  # only for those who need it

    async with running(port) as shown:
        click.echo(f"Open {shown.address} and sign in as {shown.name} with the password {shown.password}", err=True)
        click.echo("Ctrl-C ends it; nothing is kept.", err=True)
        await until_stopped(seconds)


async def until_stopped(seconds: float | None) -> None:
    """Until Ctrl-C, a request to end, or so many seconds are over."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Loops on Windows take no handlers, and no loop does outside the main thread: Ctrl-C then raises as always.
        with contextlib.suppress(NotImplementedError, ValueError):
            loop.add_signal_handler(number, stop.set)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


@click.group()
def account() -> None:
    """Who may open the page, and what they see there.

    Example: wardwatch station account add nurse --role clinical
    """


@account.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["view", "clinical", "admin"]),
    default="view",
    show_default=True,
    help="view: the beds without names; clinical: with names; admin: also gives monitors to beds.",
)
@click.password_option(help="Asked for where it is not given; at least 10 characters.")
@_FOLDER
def add(name: str, role: str, password: str, page_folder: Path | None) -> None:
    """Add an account, or give one another role and password.

    Example: wardwatch station account add nurse --role clinical
    """
    from wardwatch.workflows.station_page import add_account  # noqa: PLC0415  # only for those who need it

    add_account(page_folder, name, role, password)
    click.echo(f"{name} may sign in, with the role {role}", err=True)


@account.command()
@click.argument("name")
@_FOLDER
def remove(name: str, page_folder: Path | None) -> None:
    """Remove an account; its open pages end.

    Example: wardwatch station account remove nurse
    """
    from wardwatch.workflows.station_page import remove_account  # noqa: PLC0415  # only for those who need it

    remove_account(page_folder, name)
    click.echo(f"{name} may no longer sign in", err=True)


@account.command(name="list")
@_FOLDER
def listed(page_folder: Path | None) -> None:
    """List accounts with their roles.

    Example: wardwatch station account list
    """
    from wardwatch.workflows.station_page import accounts  # noqa: PLC0415  # only for those who need it

    for each in accounts(page_folder):
        click.echo(f"{each.name}\t{each.role}")
