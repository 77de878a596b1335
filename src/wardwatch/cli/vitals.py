"""In: `wardwatch vitals ...`. Out: what follows from a recording's waves, as a document; an exit status."""

from pathlib import Path
from typing import Final

import click

from .output import save

_RECORDING: Final = click.Path(dir_okay=False, path_type=Path)
_STATUS_UNKNOWN: Final = 3


@click.group()
def vitals() -> None:
    """Hold what a monitor displays against what its waves say.

    Example: wardwatch vitals beats record.hea --lead II --json -
    """


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
