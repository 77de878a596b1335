"""In: behaviours of programs. Out: the same, with peers that stand on the command line called configured.

Whoever starts a program decides about the arguments of its main function: they are neither fixed nor remote.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from wardwatch.firmware.words import CodeFacts, Hole, Peer, Root, Trigger, Via

from .words import Behaviour, Known

_TAKEN: Final = re.compile(r"address is taken at 0x([0-9a-f]{1,16})")
MAIN: Final = "main"
ARGUMENT: Final = "argument:"


def mains_of(facts: CodeFacts) -> frozenset[str]:
    """The main function of a program: by its name, or handed to the C library by the code at the entry."""
    entries = _entries(facts)
    handed = {
        edge.callee.function for edge in facts.edges if edge.via is Via.CALLBACK and edge.caller.function in entries
    }
    is_handed = handed_over(facts)
    return frozenset({MAIN, *handed, *(root.at.function for root in facts.roots if is_handed(root))})


def handed_over(facts: CodeFacts) -> Callable[[Root], bool]:
    """Whether the code at the entry takes the address of a root: the C library calls it, main among them."""
    bounds = [facts.functions[name] for name in _starting(facts) if name in facts.functions]

    def is_handed(root: Root) -> bool:
        if root.at.function == MAIN:
            return True
        taken = _TAKEN.search(root.why) if root.trigger is Trigger.NONE_FOUND else None
        return taken is not None and any(start <= int(taken[1], 16) < end for start, end in bounds)

    return is_handed


def _starting(facts: CodeFacts) -> set[str]:
    """The code at the entry, and what that calls first: the start of musl lies in two functions."""
    entries = _entries(facts)
    calls = {Via.CALL, Via.TAIL_CALL}
    return entries | {
        edge.callee.function for edge in facts.edges if edge.via in calls and edge.caller.function in entries
    }


def _entries(facts: CodeFacts) -> set[str]:
    return {root.at.function for root in facts.roots if root.trigger is Trigger.START_UP}


def told_by_caller(behaviours: Iterable[Behaviour], mains: Mapping[str, frozenset[str]]) -> Iterator[Behaviour]:
    """Each behaviour; a peer that is not known but for the arguments of main is configured."""
    for each in behaviours:
        end = each.end
        in_main = each.owner.function in mains.get(each.owner.file, ())
        if end is not None and end.known is Known.UNKNOWN and in_main and end.origin and _only_arguments(each):
            yield replace(each, end=replace(end, known=Known.CONFIGURED, origin=f"{end.origin} of the program"))
        else:
            yield each


def _only_arguments(behaviour: Behaviour) -> bool:
    holes = [hole for value in _texts(behaviour) for hole in value]
    return bool(holes) and all(source.startswith(ARGUMENT) for hole in holes for source in hole.sources)


def _texts(behaviour: Behaviour) -> Iterator[tuple[Hole, ...]]:
    yield behaviour.source.holes
    if behaviour.call is not None:
        for value in behaviour.call.arguments:
            if isinstance(value, Hole):
                yield (value,)
            elif isinstance(value, Peer):
                yield value.host.holes
