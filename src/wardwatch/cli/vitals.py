"""In: `wardwatch vitals ...`. Out: what follows from a recording's waves, as a document; an exit status."""

from pathlib import Path
from typing import Final

import click

from wardwatch.vocabulary import Verdict

from .output import save, write

_RECORDING: Final = click.Path(dir_okay=False, path_type=Path)
_STATUS: Final = {Verdict.CLEAR: 0, Verdict.FOUND: 1, Verdict.UNKNOWN: 3}
_STATUS_UNKNOWN: Final = 3


@click.group()
def vitals() -> None:
    """Hold what a monitor displays against what its waves say.

    Example: wardwatch vitals check record.hea --html record.html
    """


@vitals.command()
@click.argument("recording", type=_RECORDING)
@click.option("--json", "json_file", metavar="FILE", type=click.Path(dir_okay=False), help="Write JSON ('-': stdout).")
@click.option("--html", "html_file", metavar="FILE", type=click.Path(dir_okay=False), help="Write one HTML page.")
@click.option("--zone", default="", metavar="NAME", help="The site's time zone, such as Europe/Berlin (default UTC).")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors; the exit status tells the verdict.")
@click.option("--reveal", is_flag=True, help="Show patient names and numbers instead of pseudonyms.")
def check(  # noqa: PLR0913  # one parameter an option
    recording: Path, json_file: str | None, html_file: str | None, zone: str, *, quiet: bool, reveal: bool
) -> int:
    """Say where what is displayed does not follow from the waves of RECORDING, and what else does not fit.

    RECORDING is a WFDB header (.hea) with its samples and a table of displayed values beside it (NAME.numerics.csv), a
    stored central-station stream (.cms), or a capture (pcap, pcapng) with the streams of any number of monitors.
    SpO2, cuff pressure and temperature cannot be derived from what a monitor sends: they are looked at for
    plausibility only.

    Exit status: 0 clear, 1 found, 2 unusable input, 3 cannot tell.

    Example: wardwatch vitals check record.hea --html record.html
    """
    from wardwatch.workflows.vitals import VitalsRequest  # noqa: PLC0415  # --help reads no recording
    from wardwatch.workflows.vitals import check as work  # noqa: PLC0415  # as above

    report = work(VitalsRequest(recording))
    write(report, {"json": json_file, "html": html_file}, zone, quiet=quiet, revealed=reveal)
    return _STATUS[report.judgement.verdict]


@vitals.command()
@click.argument("recording", type=_RECORDING)
@click.option("--lead", required=True, metavar="NAME", help="The signal: II, V, MLII, ...")
@click.option(
    "--detector", default="joint", show_default=True,
    type=click.Choice(["joint", "levels", "ratio", "sleepecg"]), help="Who finds the beats.",
)  # fmt: skip
@click.option("--json", "json_file", metavar="FILE", help="Write JSON ('-': stdout).")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def beats(recording: Path, lead: str, detector: str, json_file: str | None, *, quiet: bool) -> int:
    """Print the R peaks of one ECG lead of RECORDING, as sample numbers.

    Exit status: 0 searched, 2 unusable, 3 parts could not be searched.

    Example: wardwatch vitals beats record.hea --lead II --json -
    """
    from wardwatch.workflows import vitals_beats as work  # noqa: PLC0415  # --help reads no recording

    found = work.beats(recording, lead, detector)
    if json_file:
        save(work.document(found, detector), json_file, revealed=False)
    if not quiet and json_file != "-":
        click.echo(f"{recording.name}: {len(found.samples)} beats in {found.name}")
    for gap in found.gaps if not quiet else ():
        click.echo(f"{found.name}, {gap.start:.0f} to {gap.end:.0f} s: {gap.why}", err=True)
    return _STATUS_UNKNOWN if found.gaps else 0
