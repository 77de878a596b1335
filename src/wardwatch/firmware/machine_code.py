"""In: a program's path and bytes. Out: its facts: graph, and calls with the arguments that the engine recovered."""

from collections.abc import Iterator, Mapping
from typing import Final

from wardwatch.firmware.programs.binary import Binary
from wardwatch.firmware.programs.facts import Recovered
from wardwatch.firmware.programs.facts import analyse as analyse_with
from wardwatch.firmware.programs.starting import entry_of
from wardwatch.firmware.words import Call, CodeFacts, Edge, Place, Via

MAIN_TAKERS: Final = frozenset({"libc_start_main", "uclibc_main"})
HANDING: Final[Mapping[str, Via]] = {
    **dict.fromkeys(MAIN_TAKERS, Via.CALLBACK),
    "pthread_create": Via.THREAD,
    "clone": Via.THREAD,
    "signal": Via.SIGNAL,
    "atexit": Via.CALLBACK,
}
"""Calls as the engine names them, and how they run the functions they are given."""


def analyse(file: str, data: bytes) -> CodeFacts:
    """Everything one program yields."""
    return analyse_with(file, data, _recover)


def _recover(file: str, binary: Binary) -> Recovered:
    from wardwatch.firmware.programs.engine import run  # noqa: PLC0415  # loads the compiled kernel

    found = run(binary, file)
    return Recovered(found.calls, (*found.edges, *_handed(file, binary, found.calls)), found.unread)


def _handed(file: str, binary: Binary, calls: tuple[Call, ...]) -> Iterator[Edge]:
    """Functions of the program's own whose addresses are arguments of calls that run them: main, threads, handlers."""
    names = {function.start: function.name for function in binary.functions}
    entry = entry_of(binary)
    for call in calls:
        for value in call.arguments if call.name in HANDING else ():
            name = names.get(value & binary.plain) if isinstance(value, int) else None
            if name and call.name in MAIN_TAKERS:
                if entry is not None:
                    yield Edge(Place(file, binary.functions[entry].name), Place(file, name), Via.CALLBACK, site=call.at)
            elif name:
                yield Edge(Place(file, call.at.function), Place(file, name), HANDING[call.name], site=call.at)
