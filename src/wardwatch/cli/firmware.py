"""In: images and options. Out: the report on a comparison, or a bill of materials; the verdict as exit status."""

import gc
from pathlib import Path
from typing import Final

import click

from wardwatch.vocabulary import Verdict

from .output import save, write
from .progress import LateBar, size_of

STATUS: Final = {Verdict.FIXED: 0, Verdict.NOT_FIXED: 1, Verdict.UNKNOWN: 3}
EXAMINED: Final = {Verdict.CLEAR: 0, Verdict.FOUND: 1, Verdict.UNKNOWN: 3}
_IMAGE: Final = click.Path(exists=True, path_type=Path)


@click.group(epilog="Example: wardwatch firmware compare old.cramfs new.cramfs --html patch.html")
def firmware() -> None:
    """Ask more of firmware: whether a patch is real, and what an image consists of.

    To see what one image does: wardwatch scan IMAGE.
    """


@firmware.command(
    epilog="Example: wardwatch firmware compare 2.0.6.cramfs 2.0.8.cramfs --mitigation eth0-down-at-start"
)
@click.argument("old", type=_IMAGE)
@click.argument("new", type=_IMAGE)
@click.option("--mitigation", "mitigations", multiple=True, metavar="NAME", help="Judge this measure; may be repeated.")
@click.option("--yara", metavar="DIR", type=click.Path(exists=True, path_type=Path), help="Folder of YARA rules.")
@click.option("--json", "json_file", metavar="FILE", type=click.Path(dir_okay=False), help="Write JSON ('-': stdout).")
@click.option("--html", "html_file", metavar="FILE", type=click.Path(dir_okay=False), help="Write one HTML page.")
@click.option("--zone", default="", metavar="NAME", help="The site's time zone, such as Europe/Berlin (default UTC).")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors; the exit status tells the verdict.")
@click.option("--reveal", is_flag=True, help="No effect here: firmware holds no patient data.")
def compare(  # noqa: PLR0913, PLR0917  # one parameter an option
    old: Path,
    new: Path,
    mitigations: tuple[str, ...],
    yara: Path | None,
    json_file: str | None,
    html_file: str | None,
    zone: str,
    *,
    quiet: bool,
    reveal: bool,
) -> int:
    """Say whether NEW fixes what OLD does: finding by finding, with where it is now.

    OLD and NEW are images, folders or programs. Measures: eth0-down-at-start, wlan0-down-at-start, block-address,
    block-network, no-route, static-route-own-station, remove-cable, wireless-off, remove-from-network, read-only-root;
    all of them where none is named.

    Exit status: 0 fixed, 1 not fixed, 2 unusable input, 3 cannot tell.
    """
    from wardwatch.workflows.firmware import FirmwareRequest  # noqa: PLC0415  # help needs no workflow
    from wardwatch.workflows.firmware import compare as compare_versions  # noqa: PLC0415  # as above

    gc.disable()  # one examination, then the process ends
    documents = {"json": json_file, "html": html_file}
    with LateBar("Reading", size_of((str(old), str(new))), quiet=quiet) as bar:
        request = FirmwareRequest(mitigations, yara, any(documents.values()), bar)
        report = compare_versions(old, new, request)
    write(report, documents, zone, quiet=quiet, revealed=reveal)
    return STATUS[report.judgement.verdict]


@firmware.command(epilog="Example: wardwatch firmware sbom image.cramfs > image.cdx.json")
@click.argument("image", type=_IMAGE)
@click.option("--output", "-o", default="-", metavar="FILE", help="Where to write it (default: standard output).")
def sbom(image: Path, output: str) -> None:
    """Print the bill of materials of IMAGE: programs, libraries, kernel, with versions and hashes (CycloneDX 1.6)."""
    from wardwatch.workflows.firmware import sbom as bill_of_materials  # noqa: PLC0415  # help needs no workflow

    save(bill_of_materials(image), output, revealed=False)


@firmware.command(epilog="Example: wardwatch firmware run 2.0.6.cramfs --program /opt/bin/monitor --keys m3")
@click.argument("image", type=_IMAGE)
@click.option("--program", "programs", multiple=True, metavar="PATH", help="Which of its programs; may be repeated.")
@click.option("--keys", default="", metavar="KEYS", help="Keys to press: the first after 1 s, then one each 0.4 s.")
@click.option("--seconds", type=click.FloatRange(0.5, 600), default=8.0, show_default=True, help="How long, each.")
@click.option("--log", metavar="FILE", type=click.Path(dir_okay=False), help="Write all that was seen, as JSON lines.")
@click.option("--json", "json_file", metavar="FILE", type=click.Path(dir_okay=False), help="Write JSON ('-': stdout).")
@click.option("--html", "html_file", metavar="FILE", type=click.Path(dir_okay=False), help="Write one HTML page.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors; the exit status tells the verdict.")
@click.option("--reveal", is_flag=True, help="No effect here: what a program sends and shows is never printed.")
def run(  # noqa: PLR0913, PLR0917  # one parameter an option
    image: Path,
    programs: tuple[str, ...],
    keys: str,
    seconds: float,
    log: str | None,
    json_file: str | None,
    html_file: str | None,
    *,
    quiet: bool,
    reveal: bool,
) -> int:
    """Run programs of IMAGE where they can hurt nobody, and say what they were seen doing.

    IMAGE is an image, a folder or a program. Each program runs under qemu, in namespaces without a way out, without
    rights; whatever it calls is answered inside, whatever it mounts is a harmless share. Without --program those run
    in which the code analysis found something, or else the image's first program. What is seen is joined to what the
    analysis found; what is not seen in that time is not thereby absent.

    Exit status: 0 clear, 1 found, 2 unusable input, 3 cannot tell.
    """
    from wardwatch.lab.seen import lines  # noqa: PLC0415  # help needs no lab
    from wardwatch.workflows.firmware_run import RunRequest  # noqa: PLC0415  # as above
    from wardwatch.workflows.firmware_run import run as run_image  # noqa: PLC0415  # as above
    from wardwatch.workflows.firmware_seen import told  # noqa: PLC0415  # as above

    documents = {"json": json_file, "html": html_file}
    with LateBar("Reading", size_of((str(image),)), quiet=quiet) as bar:
        request = RunRequest(programs, (), keys, seconds, any(documents.values()), bar)
        watched = run_image(image, request)
    if log:
        save("".join(map(lines, watched.runs)), log, revealed=False)
    if not quiet and "-" not in {json_file, html_file, log}:
        click.echo("\n\n".join(map(told, watched.runs)) + "\n")
    write(watched.report, documents, "", quiet=quiet or log == "-", revealed=reveal)
    return EXAMINED[watched.report.judgement.verdict]
