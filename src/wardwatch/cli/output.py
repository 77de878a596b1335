"""In: a report and where to write it. Out: its documents: files, standard output, the terminal."""

import os
import sys
from pathlib import Path

import click

from wardwatch.errors import InputError
from wardwatch.vocabulary import Report


def write(report: Report, documents: dict[str, str | None], zone: str, *, quiet: bool, revealed: bool) -> None:
    """Every document that was asked for, and the terminal text unless standard output carries one."""
    from wardwatch.report.context import wants_colour  # noqa: PLC0415  # errors need no documents
    from wardwatch.workflows.documents import context, document  # noqa: PLC0415  # as above

    for kind, file in documents.items():
        if file:
            save(document(kind, report, context(zone=zone, revealed=revealed)), file, revealed=revealed)
    if quiet or "-" in documents.values():
        return
    colour = wants_colour(os.environ, is_terminal=sys.stdout.isatty())
    width = min(os.get_terminal_size().columns, 100) if sys.stdout.isatty() else 80
    shown = context(zone=zone, revealed=revealed, width=width, colour=colour)
    click.echo(document("terminal", report, shown), nl=False, color=colour)
    for kind, file in documents.items():
        if file:
            click.echo(f"{kind.upper()}: {file}", err=True)


def save(text: str, file: str, *, revealed: bool) -> None:
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
