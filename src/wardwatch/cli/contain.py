"""In: `wardwatch contain ...`. Out: a plan's folder, a comparison, a proof, or its verification; an exit status."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from wardwatch.errors import UsageError
from wardwatch.vocabulary import Report, Verdict

from .output import save

if TYPE_CHECKING:
    from wardwatch.contain.compare import Comparison

_FOLDER: Final = click.Path(file_okay=False, path_type=Path)
_FILE: Final = click.Path(dir_okay=False)
_DAYS: Final = 92
_SHOWN: Final = 10
_STATUS: Final[dict[str, int]] = {Verdict.PROVEN: 0, Verdict.NOT_PROVEN: 1, Verdict.UNKNOWN: 3}


def _documents(command: Callable[..., int]) -> Callable[..., int]:
    """The options of every command that examines something."""
    options = (
        click.option("--json", "json_file", metavar="FILE", type=_FILE, help="Write JSON ('-': stdout)."),
        click.option("--html", "html_file", metavar="FILE", type=_FILE, help="Write one HTML page."),
        click.option(
            "--quiet", "-q", is_flag=True, help="Print nothing but errors; the exit status tells the verdict."
        ),
        click.option("--reveal", is_flag=True, help="As everywhere; there are no patients here to be shown."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _written(report: Report, asked: Mapping[str, Any]) -> bool:
    """Whether a person is still to be told, after the documents that were asked for are written."""
    from wardwatch.workflows.documents import context, document  # noqa: PLC0415  # --help draws nothing

    documents = {"json": asked["json_file"], "html": asked["html_file"]}
    for kind, file in documents.items():
        if file:
            save(document(kind, report, context()), file, revealed=False)
    return not asked["quiet"] and "-" not in documents.values()


@click.group()
def contain() -> None:
    """Rules that cut a monitor off from what it must not reach, and the proof that they do.

    A plan names who must still talk to whom; everything else of the device is stopped.

    Example: wardwatch contain plan --device monitor-3=10.20.0.21 --attach ward0 --keep station=10.21.0.5 --out plan
    """


@contain.command()
@click.argument("report", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=_FOLDER, help="The folder the plan is written to.")
@click.option("--name", default="containment", show_default=True, help="What the plan is called.")
@click.option("--device", "devices", multiple=True, metavar="NAME=ADDRESS[,...]", help="A device, by hand.")
@click.option("--subject", "only", multiple=True, metavar="ID",
              help="A device of the report (without it: those recognised as a known design).")  # fmt: skip
@click.option("--attach", "attached", multiple=True, required=True, metavar="INTERFACE[@MAC]",
              help="The gateway's interface they are behind, wired or not; with MAC where others are.")  # fmt: skip
@click.option("--keep", "keeps", multiple=True, metavar="NAME=ADDRESS[:PORTS][/PROTOCOL]",
              help="Who must be reached: station=10.20.0.5; with ',calls' where the peer calls.")  # fmt: skip
@click.option(
    "--block", "blocks", multiple=True, metavar="CIDR", help="A network to cut off besides the published ones."
)
@click.option(
    "--interface", "interfaces", multiple=True, metavar="NAME", help="Every interface the gateway forwards by."
)
@click.option("--dialect", "dialects", multiple=True, metavar="NAME", help="Rules for this filter (without it: all).")
@click.option("--detect", "detections", multiple=True, metavar="NAME",
              help="Rules of detection in this format (without it: all).")  # fmt: skip
@click.option("--expires", metavar="DATE", help="Until when it holds (without it: three months).")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def plan(out: Path, expires: str | None, *, quiet: bool, **asked: Any) -> int:  # noqa: ANN401  # click's own values
    """Write a policy, its rules for each kind of firewall, what they break, and rules of detection.

    REPORT is what `wardwatch scan --json` wrote; without it, name devices with --device.

    Besides gateways, --dialect knows what guards the kept machines (windows, aws, azure) and a file for switches (mud).
    --detect knows suricata, snort, zeek, sigma, yara and stix.

    Example: wardwatch contain plan ward.json --attach ward0 --keep station=10.20.0.5 --out plan

    Example: wardwatch contain plan ward.json --attach ward0 --dialect mud --detect suricata --detect yara --out plan
    """
    from wardwatch.workflows import contain as work  # noqa: PLC0415  # --help loads no YAML

    written = work.plan(work.Wanted(expires=_date(expires), **asked))
    work.save(written, out)
    if not quiet:
        click.echo(work.overview(written))
        click.echo(f"The rules, how each is installed and how it is taken back: {out / work.SHEET}")
        click.echo(f"{out}: {len(written.files)} files", err=True)
    return 0


@contain.command()
@click.argument("folder", metavar="PLAN", type=_FOLDER)
@_documents
def check(folder: Path, **shown: Any) -> int:  # noqa: ANN401  # click's own values
    """Read a plan's rules back and compare them with its policy, packet by packet.

    Exit status: 0 they say what the policy says, 1 they do not, 2 unusable.

    Example: wardwatch contain check plan
    """
    from wardwatch.workflows import contain as work  # noqa: PLC0415  # as above

    done, report = work.checked(folder)
    if _written(report, shown):
        _show_comparisons(done)
        for gap in report.judgement.gaps:
            click.echo(f"{gap.what}: {gap.why}")
    return int(report.judgement.verdict is Verdict.FOUND)


def _show_comparisons(done: "Mapping[str, Comparison]") -> None:
    for dialect, found in done.items():
        click.echo(f"{dialect}: {found.tried} packets tried, {len(found.differences)} differ from the policy")
        for difference in found.differences[:_SHOWN]:
            click.echo(f"  {difference}")


def _date(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else date.today() + timedelta(days=_DAYS)  # noqa: DTZ011  # the user's day
    except ValueError as error:
        raise UsageError("no date", where=str(text), cure="Write 2027-02-25.") from error


@contain.command()
@click.argument("plan_path", metavar="PLAN", type=click.Path(path_type=Path))
@click.option(
    "--dialect", default="nftables", show_default=True, metavar="NAME", help="Whose rules: a filter Linux runs."
)
@click.option("--out", type=_FOLDER, help="Write the signed proof to this new folder.")
@click.option(
    "--key", type=click.Path(dir_okay=False, path_type=Path), help="The case's signing key (made if missing)."
)
@_documents
def prove(plan_path: Path, dialect: str, out: Path | None, key: Path | None, **shown: Any) -> int:  # noqa: ANN401  # click's own values
    """Try a plan's rules with real packets in a small network that is cut off from every other.

    PLAN is the folder `wardwatch contain plan` wrote, or a policy. Needs Linux, and user namespaces or root.

    Exit status: 0 proven, 1 not proven, 2 unusable, 3 cannot tell.

    Example: wardwatch contain prove plan --out proof
    """
    from wardwatch.workflows import contain_proof as work  # noqa: PLC0415  # as above

    proof = work.prove(plan_path, dialect, key)
    if out:
        work.save(proof, out)
    if _written(proof.report, shown):
        click.echo(proof.shown, nl=False)
    return _STATUS[proof.judgement.verdict]


@contain.command()
@click.argument("folder", metavar="PROOF", type=_FOLDER)
@click.option("--public-key", metavar="HEX", help="The key it must be signed with.")
def verify(folder: Path, public_key: str | None) -> int:
    """Check that a proof is whole, unchanged and signed, and say what it says.

    Exit status: that of the proof: 0 proven, 1 not proven, 3 cannot tell; 2 where it does not hold.

    Example: wardwatch contain verify proof
    """
    from wardwatch.workflows import contain_proof as work  # noqa: PLC0415  # as above

    found = work.verify(folder, public_key)
    told = found.manifest
    signed = "by you" if work.is_own(found) else "as asked" if public_key else "by a key this user does not know"
    click.echo(f"{folder}: whole and unchanged, signed {signed}: {found.public_key}")
    click.echo(f"verdict: {told.get('verdict')} ({told.get('dialect')}, {told.get('made')})")
    return _STATUS.get(str(told.get("verdict")), 2)
