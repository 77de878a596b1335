"""In: a shell's name. Out: the script that completes wardwatch's commands and options in it."""

import click
from click.shell_completion import get_completion_class


@click.command(epilog='Example: eval "$(wardwatch completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL; evaluate it in the shell's start-up file."""
    from .main import wardwatch  # noqa: PLC0415  # main loads this module by name

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    click.echo(kind(wardwatch, {}, "wardwatch", "_WARDWATCH_COMPLETE").source())
