"""In: a program's path and bytes. Out: its facts: graph, and calls with the arguments that the engine recovered."""

from wardwatch.firmware.programs.binary import Binary
from wardwatch.firmware.programs.facts import Recovered
from wardwatch.firmware.programs.facts import analyse as analyse_with
from wardwatch.firmware.words import CodeFacts


def analyse(file: str, data: bytes) -> CodeFacts:
    """Everything one program yields."""
    return analyse_with(file, data, _recover)


def _recover(file: str, binary: Binary) -> Recovered:
    from wardwatch.firmware.programs.engine import run  # noqa: PLC0415  # loads the compiled kernel

    found = run(binary, file)
    return Recovered(found.calls, found.edges, found.unread)
