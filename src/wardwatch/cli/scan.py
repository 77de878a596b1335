"""In: paths and options. Out: the report as terminal text, JSON or HTML, and the verdict as exit status."""

import gc
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from wardwatch import secrecy
from wardwatch.secrecy import Pseudonyms, Veil, load_or_make_key, user_key_path
from wardwatch.vocabulary import Verdict
from wardwatch.workflows.scan import Request
from wardwatch.workflows.scan import scan as scan_inputs

from .output import write
from .progress import LateBar, size_of

STATUS: Final = {Verdict.CLEAR: 0, Verdict.FOUND: 1, Verdict.UNKNOWN: 3}


@click.command(epilog="Example: wardwatch scan ward.pcapng --local 198.51.100.0/24 --html report.html")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(allow_dash=True))
@click.option("--json", "json_file", metavar="FILE", type=click.Path(dir_okay=False), help="Write JSON ('-': stdout).")
@click.option("--html", "html_file", metavar="FILE", type=click.Path(dir_okay=False), help="Write one HTML page.")
@click.option("--local", multiple=True, metavar="CIDR", help="A public network that is your own; may be repeated.")
@click.option("--mapping", metavar="FILE", type=click.Path(path_type=Path), help="Columns of a firewall's CSV (TOML).")
@click.option("--mitigation", "mitigations", multiple=True, metavar="NAME", help="Firmware: judge this measure only.")
@click.option("--yara", metavar="DIR", type=click.Path(exists=True, path_type=Path), help="Folder of YARA rules.")
@click.option("--zone", default="", metavar="NAME", help="The site's time zone, such as Europe/Berlin (default UTC).")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors; the exit status tells the verdict.")
@click.option("--reveal", is_flag=True, help="Show patient names and numbers instead of pseudonyms.")
def scan(  # noqa: PLR0913, PLR0917  # one parameter an option
    paths: tuple[str, ...],
    json_file: str | None,
    html_file: str | None,
    local: tuple[str, ...],
    mapping: Path | None,
    mitigations: tuple[str, ...],
    yara: Path | None,
    zone: str,
    *,
    quiet: bool,
    reveal: bool,
) -> int:
    """Say which monitors phone home, what they have exposed, and what firmware does.

    PATH is a capture (pcap, pcapng), a flow log (Zeek conn.log, nfdump CSV, a firewall's CSV), either of them
    compressed with gzip or zstd, or '-' for standard input; a firmware image (cramfs, squashfs, jffs2, raw flash, ...),
    an unpacked root file system, a program (ELF) or a script; or a folder of such files. Patient data is shown as
    pseudonyms unless you say --reveal.

    Exit status: 0 clear, 1 found, 2 unusable input, 3 cannot tell.
    """
    gc.disable()  # one examination, then the process ends: there are no cycles worth the time of looking for them
    documents = {"json": json_file, "html": html_file}
    with LateBar("Reading", size_of(paths), quiet=quiet) as bar:
        veil = _veil(reveal=reveal)
        request = Request(paths, veil, local, mapping, documents=any(documents.values()), progress=bar)
        request = replace(request, mitigations=mitigations, yara=yara)
        report = scan_inputs(request)
    write(report, documents, zone, quiet=quiet, revealed=reveal)
    gc.freeze()  # nor is there anything worth looking for at the very end, when Python would look once more
    return STATUS[report.judgement.verdict]


def _veil(*, reveal: bool) -> Veil:
    return secrecy.reveal if reveal else Pseudonyms(load_or_make_key(user_key_path()))
