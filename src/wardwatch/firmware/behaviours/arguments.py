"""In: the calls of a script, and the words it is started with. Out: the calls with these words in place of `$1`, `$2`.

A script is read by itself, so what its caller hands it is a hole; here the two meet. Each way it is started gives its
own calls, up to a bound.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from wardwatch.firmware.words import Call, CodeFacts, Data, Guard, Hole, Peer, Text, Value

from .shellwords import command_of
from .words import MACHINE_CODE, Behaviour, Kind

STARTS_AT_MOST: Final = 4
ARGUMENT: Final = re.compile(r"argument:(\d{1,3})")
Words = tuple[Text, ...]


def starts_of(
    behaviours: Iterable[Behaviour], resolve: Callable[[Text], tuple[str, ...]]
) -> Mapping[str, tuple[Words, ...]]:
    """For each file the words it is started with, in the order seen, each set once."""
    found: dict[str, dict[Words, None]] = defaultdict(dict)
    for behaviour in behaviours:
        if behaviour.kind is Kind.RUN and behaviour.call is not None and behaviour.by_shell:
            for file in resolve(behaviour.target):
                if words := _handed(behaviour):
                    found[file][words] = None
    return {file: tuple(words)[:STARTS_AT_MOST] for file, words in found.items()}


def _handed(behaviour: Behaviour) -> Words:
    """The words behind the script's own name."""
    command = command_of(behaviour.call) if behaviour.call else None
    if command is None:
        return ()
    words = (command.name, *command.words)
    own = next((number for number, word in enumerate(words) if _names(word, behaviour.target)), 0)
    return words[own + 1 :]


def _names(word: Text, target: Text) -> bool:
    literal, path = word.literal or "", target.literal or ""
    return bool(literal) and path.rpartition("/")[2] == literal.rpartition("/")[2]


def takes_arguments(facts: CodeFacts) -> bool:
    """Whether anything in a script rests on the words it is started with."""
    return facts.language != MACHINE_CODE and any(_open(value) for call in facts.calls for value in call.arguments)


def _open(value: Value) -> bool:
    return isinstance(value, Text) and any(_number(hole) is not None for hole in value.holes)


def bound(calls: Iterable[Call], words: Words) -> tuple[Call, ...]:
    """The calls with the words put in; a condition that the words contradict takes its call away."""
    given = [replace(call, arguments=tuple(_value(value, words) for value in call.arguments)) for call in calls]
    return tuple(call for call in given if all(_holds(guard, words) for guard in call.guards))


def _holds(guard: Guard, words: Words) -> bool:
    number = _number(guard.subject)
    known = words[number - 1].literal if number is not None and 0 < number <= len(words) else None
    return known is None or guard.relation != "==" or not isinstance(guard.constant, str) or known == guard.constant


def _number(hole: Hole) -> int | None:
    if len(hole.sources) != 1 or "script" not in hole.origin:
        return None
    found = ARGUMENT.fullmatch(hole.sources[0])
    return int(found[1]) if found else None


def _value(value: Value, words: Words) -> Value:
    if isinstance(value, Text):
        return _text(value, words)
    if isinstance(value, Peer):
        return replace(value, host=_text(value.host, words))
    return replace(value, text=_text(value.text, words)) if isinstance(value, Data) else value


def _text(text: Text, words: Words) -> Text:
    parts: list[str | Hole] = []
    for part in text.parts:
        number = _number(part) if isinstance(part, Hole) else None
        put = words[number - 1].parts if number is not None and 0 < number <= len(words) else (part,)
        for each in put:
            if parts and isinstance(each, str) and isinstance(parts[-1], str):
                parts[-1] += each
            else:
                parts.append(each)
    return Text(tuple(parts))
