"""In: nothing. Out: a line that says that the capture kernel is there, or an error that says what to do."""

import click

from wardwatch.workflows.readiness import kernel_status


@click.command(epilog="Example: wardwatch warmup")
def warmup() -> None:
    """Check that the capture kernel loads. It is compiled when wardwatch is installed, so nothing is left to do."""
    click.echo(kernel_status())
