"""In: the calls of one program or script. Out: its behaviours, each in the function in whose sequence it happens."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from wardwatch.firmware.words import SHELL_CALLS, SHELLS, Call, Hole, Place, Text

from .calls import in_call, text_of
from .commands import in_command
from .copies import with_copies
from .paths import absolute, is_exact, name
from .words import Behaviour, Kind

Reader = Callable[[Text, Place], Iterable[Call]]
"""Reads text for a shell: `scripts.commands_of`."""
EXECUTING: Final = frozenset(
    {"execve", "execv", "execvp", "execl", "execlp", "execle", "execvpe", "fexecve", "posix_spawn", "posix_spawnp"}
)
COMMAND: Final = "command"
_IN_LINE: Final = re.compile("-[a-zA-Z]*c")
NOT_READ: Final = Hole("a text that could not be recovered")
DETAIL_AT_MOST: Final = 400


def behaviours_of(calls: Iterable[Call], commands_of: Reader) -> tuple[Behaviour, ...]:
    """What the calls do, in the order of each function's sequence."""
    found: list[Behaviour] = []
    folders: dict[tuple[str, str], str] = {}
    for number, call in enumerate(sorted(calls, key=_in_sequence)):
        for inner in _inner(call, commands_of):
            owner = owner_of(call)
            found += _of_one(inner, call, owner, folders, number)
    return with_copies(found)


def owner_of(call: Call) -> Place:
    """The function in whose sequence the call happens: the outermost that made its arguments, and where in it."""
    if not call.made_by:
        return call.at
    first = call.made_by[0]
    inside = (at for at in (*call.made_by, call.at) if (at.file, at.function) == (first.file, first.function))
    return next((at for at in inside if at.address is not None or at.line is not None), first)


def _in_sequence(call: Call) -> tuple[str, str, int, int, int, int]:
    """By the order of one run; calls of one site, as of a loop or of merged code, by what had to happen before."""
    owner = owner_of(call)
    site = call.at.address or call.at.line or 0
    return (owner.file, owner.function, call.order, owner.address or owner.line or 0, site, len(call.guards))


def _inner(call: Call, commands_of: Reader) -> Iterator[Call]:
    """The commands in text for a shell, else the call itself."""
    text = _for_a_shell(call)
    if text is None:
        yield call
        return
    if not is_readable(text):
        yield replace(call, name=COMMAND, arguments=(Text((NOT_READ,)),), through_shell=text)
        return
    found = tuple(commands_of(text, call.at))
    if not found and text.holes:  # nothing is known of it: that it is run is all there is to say
        yield replace(call, name=COMMAND, arguments=(text,), through_shell=text)
    for inner in found:
        yield replace(inner, at=call.at, made_by=call.made_by, guards=(*call.guards, *inner.guards), through_shell=text)


def _for_a_shell(call: Call) -> Text | None:
    """The text that a shell is given: by system(), or by running one with '-c' (POSIX.1-2024, sh, OPTIONS)."""
    if call.name in SHELL_CALLS:
        return text_of(call.arguments[0]) if call.arguments else Text()
    if call.name not in EXECUTING:
        return None
    words = [text_of(value) for value in call.arguments if not isinstance(value, int)]
    if not {name(word) for word in words[:2]} & SHELLS:
        return None
    option = next((place for place, word in enumerate(words[1:-1], 1) if _IN_LINE.fullmatch(word.literal or "")), None)
    return None if option is None else words[option + 1]


def is_readable(text: Text) -> bool:
    """Whether it can be a command: not empty, and no bytes that a command does not hold, as in what was encoded."""
    plain = "".join(part for part in text.parts if isinstance(part, str))
    return bool(text.parts) and all(sign.isprintable() or sign in "\t\n\r" for sign in plain) and "\\x" not in plain


def _of_one(
    inner: Call, call: Call, owner: Place, folders: dict[tuple[str, str], str], number: int
) -> Iterator[Behaviour]:
    scope = (owner.file, owner.function)
    shared = Behaviour(Kind.RUN, call.at, owner, detail_of(inner), number, call=inner, by_shell=inner.name == COMMAND)
    folder = folders.get(scope, "")
    if changed := _changed_folder(inner, folder):
        folders[scope] = changed
    elif inner.name == COMMAND or inner.name in EXECUTING:
        yield from in_command(_as_command(inner), shared, folder)
    else:
        yield from in_call(inner, shared, folder)


def _as_command(call: Call) -> Call:
    """exec(path, argv...) as a command: the path, and the words behind argv[0], which says the name once more."""
    if call.name == COMMAND:
        return call
    words = [text_of(value) for value in call.arguments if not isinstance(value, int)]
    again = len(words) > 1 and bool(name(words[1])) and name(words[0]) == name(words[1])
    return replace(call, arguments=(*words[:1], *words[1 + again :]))


def _changed_folder(call: Call, folder: str) -> str:
    """The working folder after `cd` or chdir(); '' where the call changes none."""
    words = [text_of(value) for value in call.arguments]
    if call.name == "chdir":
        words = [Text(("cd",)), *words]
    elif call.name != COMMAND:
        return ""
    if len(words) < 2 or words[0].literal != "cd":  # noqa: PLR2004  # the command and the folder
        return ""
    target = absolute(words[1], folder)
    return target.literal or "" if is_exact(target) else ""


def detail_of(call: Call) -> str:
    """The call as a person would write it, shortened."""
    words = [str(text_of(value)) if not isinstance(value, int) else str(value) for value in call.arguments]
    if call.name == COMMAND:
        return " ".join(words)[:DETAIL_AT_MOST]
    shown = ", ".join(
        f'"{word}"' if isinstance(value, Text) else word for word, value in zip(words, call.arguments, strict=True)
    )
    return f"{call.name}({shown})"[:DETAIL_AT_MOST]
