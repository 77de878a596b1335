"""In: behaviours of programs. Out: the same, with peers that stand on the command line called configured.

Whoever starts a program decides about the arguments of its main function: they are neither fixed nor remote.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from wardwatch.firmware.words import CodeFacts, Hole, Peer, Trigger, Via

from .words import Behaviour, Known

_TAKEN: Final = re.compile(r"address is taken at 0x([0-9a-f]{1,16})")
MAIN: Final = "main"
ARGUMENT: Final = "argument:"


def mains_of(facts: CodeFacts) -> frozenset[str]:
    """The main function of a program: by its name, or handed to the C library by the code at the entry."""
    entries = _entries(facts)
    calls = [edge for edge in facts.edges if edge.via in {Via.CALL, Via.TAIL_CALL}]
    return entries | {edge.callee.function for edge in calls if edge.caller.function in entries}


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
