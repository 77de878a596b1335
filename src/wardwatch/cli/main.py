"""In: the command line. Out: the command it names, loaded only when asked for, and the exit status of the contract."""

import os
import sys
from importlib import import_module
from typing import Final, NamedTuple

import click

from wardwatch import __version__
from wardwatch.errors import WardwatchError

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy would start threads that nothing here gives work to
os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")  # arrays are written once, read a few times: clearing costs more
STATUS_UNUSABLE: Final = 2
STATUS_INTERRUPTED: Final = 130


class _Entry(NamedTuple):
    """Where a command lives, and its line in the list of commands, so that the list loads no command."""

    module: str
    name: str
    about: str


COMMANDS: Final = {
    "scan": _Entry(
        "wardwatch.cli.scan", "scan", "Say which monitors phone home, what they exposed, what firmware does."
    ),
    "firmware": _Entry(
        "wardwatch.cli.firmware", "firmware", "Compare two versions: is the patch real? List an image's parts."
    ),
    "explain": _Entry("wardwatch.cli.explain", "explain", "Print what a rule finds, why it matters and what to do."),
    "twin": _Entry("wardwatch.cli.twin", "twin", "Make a ward that is not there: captures and live streams."),
    "contain": _Entry("wardwatch.cli.contain", "contain", "Rules that cut a monitor off, and the proof that they do."),
    "lab": _Entry("wardwatch.cli.lab", "lab", "Play a hospital's network, and compare a scan of it with what is true."),
    "vitals": _Entry(
        "wardwatch.cli.vitals", "vitals", "What a monitor's waves say: beats, and rates beside the display."
    ),
    "station": _Entry("wardwatch.cli.station", "station", "A central station: receive monitors, keep, pass on."),
    "completion": _Entry("wardwatch.cli.completion", "completion", "Print the completion script for your shell."),
    "warmup": _Entry("wardwatch.cli.warmup", "warmup", "Check that the capture kernel is compiled and loads."),
}


class LazyGroup(click.Group):
    """A group that imports a command only when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, loaded."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(entry.module), entry.name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table alone."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.about) for name, entry in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: wardwatch scan ward.pcap --html report.html",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def wardwatch() -> None:
    """Finds, proves and contains backdoors in patient monitors.

    wardwatch says what a device does, from recorded traffic, from its firmware and from its waves, and what it could
    not see. Only 'twin stream' and 'station' send anything, and only where you say.
    """


def run() -> None:
    """The program. Status 0 clear, 1 found, 2 unusable input or wrong use, 3 cannot tell."""
    try:
        status = wardwatch.main(standalone_mode=False, prog_name="wardwatch")
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help(), err=True)
        sys.exit(STATUS_UNUSABLE)
    except click.ClickException as error:
        error.show()
        sys.exit(STATUS_UNUSABLE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(STATUS_INTERRUPTED)
    except WardwatchError as error:
        _fail(str(error))
    except BrokenPipeError:
        _drop_stdout()
        sys.exit(STATUS_INTERRUPTED)
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or 'an operation failed'}.")
    except MemoryError:
        _fail("There is not enough memory. Give wardwatch fewer files at a time.")
    except Exception as error:  # no input gives a traceback; what remains here is our own fault
        if os.environ.get("WARDWATCH_DEBUG"):
            raise
        _fail(_own_fault(error))
    sys.exit(status if isinstance(status, int) else 0)


def _fail(sentence: str) -> None:
    click.echo(f"wardwatch: {sentence}", err=True)
    sys.exit(STATUS_UNUSABLE)


def _own_fault(error: Exception) -> str:
    """Where it broke, without the error's own text, which may hold patient data."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_globals.get('__name__', '?')} line {trace.tb_lineno}" if trace else "?"
    return (
        f"This is a fault of wardwatch ({type(error).__name__} in {place}), not of your input. "
        "Please report it with this line; set WARDWATCH_DEBUG=1 to see more."
    )


def _drop_stdout() -> None:
    """Whoever read our output has gone: let the interpreter's last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
