"""In: a node. Out: facts about it that hold whatever runs: which variables it sets, whether words in it expand."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Final

from .syntax import Arithmetic, Assignment, Command, For, Literal, Node, Parameter, Substitution, Word

_SIGNS: Final = re.compile(r"[*?~]|\[.")


def _walk(node: object) -> Iterator[object]:
    """Every part of a node, without recursion."""
    left = [node]
    while left:
        part = left.pop()
        yield part
        if is_dataclass(part):
            left += (getattr(part, each.name) for each in fields(part))
        elif isinstance(part, tuple):
            left += part


@lru_cache(maxsize=1024)
def set_in(node: Node) -> frozenset[str]:
    """Variables that something in `node` sets."""
    return frozenset(name for part in _walk(node) for name in _set_by(part))


def _set_by(part: object) -> Iterator[str]:
    if isinstance(part, Assignment | For) or (isinstance(part, Parameter) and part.operator in {"=", ":="}):
        yield part.name
    elif isinstance(part, Command) and part.words and part.words[0].bare in _SETTING:
        for word in part.words[1:]:
            first = word.parts[0] if word.parts else None
            if isinstance(first, Literal):
                yield first.text.split("=")[0].rstrip("+")


_SETTING = frozenset({"read", "export", "local", "readonly", "declare", "typeset", "getopts", "unset"})


@lru_cache(maxsize=1024)
def expands(node: Node) -> bool:
    """Whether what a condition says can change from one turn to the next by what the script does."""
    return any(_changes(part) for part in _walk(node))


def _changes(part: object) -> bool:
    if isinstance(part, Parameter | Substitution | Arithmetic):
        return True
    return (
        isinstance(part, Command) and bool(part.words) and _first(part.words[0]) in {"read", "getopts", "let", "shift"}
    )


def _first(word: Word) -> str | None:
    return word.bare


@lru_cache(maxsize=4096)
def plain_words(command: Command) -> tuple[str, ...]:
    """The words of a command in which nothing is expanded; none where something is, or more stands there than words."""
    if command.assignments or command.redirections:
        return ()
    words = [word.bare for word in command.words]
    return tuple(word for word in words if word) if all(word and not _SIGNS.search(word) for word in words) else ()
