"""In: behaviours that open files. Out: copies: a file read and another written in one go of one function."""

from collections.abc import Sequence
from dataclasses import replace

from .words import Behaviour, Kind

_Go = tuple[str, str, str, int | None, int | None]


def with_copies(behaviours: Sequence[Behaviour]) -> tuple[Behaviour, ...]:
    """The behaviours, with each writing that has a reading beside it made a copy.

    Beside it means: in the same function, with arguments from the same place of the same caller. Which bytes it writes
    is not asked: a function that opens one file to read and one to write copies, or changes on the way.
    """
    reads: dict[_Go, Behaviour] = {}
    for behaviour in behaviours:
        if behaviour.kind is Kind.READ and behaviour.target.parts:
            reads.setdefault(_go(behaviour), behaviour)
    return tuple(_copy(each, reads.get(_go(each))) for each in behaviours)


def _go(behaviour: Behaviour) -> _Go:
    owner, place = behaviour.owner, behaviour.place
    same = (owner.file, owner.function) == (place.file, place.function)
    return (owner.file, owner.function, place.function, None if same else owner.address, None if same else owner.line)


def _copy(behaviour: Behaviour, read: Behaviour | None) -> Behaviour:
    if behaviour.kind is not Kind.WRITE or behaviour.by_shell or read is None or read.target == behaviour.target:
        return behaviour
    detail = f"{read.detail}; {behaviour.detail}"
    return replace(behaviour, kind=Kind.COPY, source=read.target, detail=detail)
