"""In: paths and options. Out: the report as terminal text, JSON or HTML, and the verdict as exit status."""

import gc
import os
import sys
from pathlib import Path
from typing import Final

import click

from wardwatch import secrecy
from wardwatch.errors import InputError
from wardwatch.secrecy import Pseudonyms, Veil, load_or_make_key, user_key_path
from wardwatch.vocabulary import Report, Verdict
from wardwatch.workflows.scan import Request
from wardwatch.workflows.scan import scan as scan_inputs

from .progress import LateBar, size_of

STATUS: Final = {Verdict.CLEAR: 0, Verdict.FOUND: 1, Verdict.UNKNOWN: 3}


@click.command(epilog="Example: wardwatch scan ward.pcapng --local 198.51.100.0/24 --html report.html")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(allow_dash=True))
@click.option("--json", "json_file", metavar="FILE", type=click.Path(dir_okay=False), help="Write JSON ('-': stdout).")
@click.option("--html", "html_file", metavar="FILE", type=click.Path(dir_okay=False), help="Write one HTML page.")
@click.option("--local", multiple=True, metavar="CIDR", help="A public network that is your own; may be repeated.")
@click.option("--mapping", metavar="FILE", type=click.Path(path_type=Path), help="Columns of a firewall's CSV (TOML).")
@click.option("--zone", default="", metavar="NAME", help="The site's time zone, such as Europe/Berlin (default UTC).")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors; the exit status tells the verdict.")
@click.option("--reveal", is_flag=True, help="Show patient names and numbers instead of pseudonyms.")
def scan(  # noqa: PLR0913, PLR0917  # one parameter an option
    paths: tuple[str, ...],
    json_file: str | None,
    html_file: str | None,
    local: tuple[str, ...],
    mapping: Path | None,
    zone: str,
    *,
    quiet: bool,
    reveal: bool,
) -> int:
    """Say which monitors phone home, and what they have exposed.

    PATH is a capture (pcap, pcapng), a flow log (Zeek conn.log, nfdump CSV, a firewall's CSV), either of them
    compressed with gzip or zstd, a folder of such files, or '-' for standard input. Patient data is shown as
    pseudonyms unless you say --reveal.

    Exit status: 0 clear, 1 found, 2 unusable input, 3 cannot tell.
    """
    gc.disable()  # one examination, then the process ends: there are no cycles worth the time of looking for them
    documents = {"json": json_file, "html": html_file}
    with LateBar("Reading", size_of(paths), quiet=quiet) as bar:
        veil = _veil(reveal=reveal)
        request = Request(paths, veil, local, mapping, documents=any(documents.values()), progress=bar)
        report = scan_inputs(request)
    _write(report, documents, zone, quiet=quiet, revealed=reveal)
    return STATUS[report.judgement.verdict]


def _veil(*, reveal: bool) -> Veil:
    return secrecy.reveal if reveal else Pseudonyms(load_or_make_key(user_key_path()))


def _write(report: Report, documents: dict[str, str | None], zone: str, *, quiet: bool, revealed: bool) -> None:
    from wardwatch.report.context import wants_colour  # noqa: PLC0415  # errors need no documents
    from wardwatch.workflows.documents import context, document  # noqa: PLC0415  # as above

    for kind, file in documents.items():
        if file:
            _save(document(kind, report, context(zone=zone, revealed=revealed)), file, revealed=revealed)
    if quiet or "-" in documents.values():
        return
    colour = wants_colour(os.environ, is_terminal=sys.stdout.isatty())
    width = min(os.get_terminal_size().columns, 100) if sys.stdout.isatty() else 80
    shown = context(zone=zone, revealed=revealed, width=width, colour=colour)
    click.echo(document("terminal", report, shown), nl=False, color=colour)
    for kind, file in documents.items():
        if file:
            click.echo(f"{kind.upper()}: {file}", err=True)


def _save(text: str, file: str, *, revealed: bool) -> None:
    """Write to `file` or stdout; what reveals patients is for its owner only."""
    if file == "-":
        click.echo(text, nl=False)
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if revealed else 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            if revealed:
                Path(file).chmod(0o600)  # also where the file was there before
            stream.write(text)
    except OSError as error:
        raise InputError(
            f"cannot be written: {error.strerror}", where=file, cure="Name a file in a folder you may write to."
        ) from error
