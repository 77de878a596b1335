"""In: a command line. Out: what `wardwatch` does with it; for `python -m wardwatch` where no program was installed."""

from wardwatch.cli.main import run

run()
