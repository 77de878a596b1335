"""In: a command as it was read. Out: its name and words without wrappers, and where its output and input go."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from wardwatch.firmware.words import Call, Text
from wardwatch.knowledge.catalogue import firmware_table

from .paths import name, stem

_OUT: Final = (">", ">>", ">|", "&>")
_IN: Final = ("<",)
_NOTHING: Final = Text()
PIPE: Final = Text(("|",))
"""Where the output of a command goes that another reads."""


class Command(NamedTuple):
    """A command apart: its name, its words, and where its output and input go."""

    name: Text
    words: tuple[Text, ...]
    out: tuple[tuple[str, Text], ...] = ()
    into: tuple[Text, ...] = ()


def command_of(call: Call) -> Command:
    """The command behind a `command` or exec call, without wrappers such as `busybox` and `nohup`."""
    words, out, into = _redirections([word for word in call.arguments if isinstance(word, Text)])
    if "output of" in call.notes.get("stdin", ""):
        into.append(PIPE)
    while len(words) > 1 and (own := _own_words(words)):
        words = words[own:]
    return Command(words[0] if words else _NOTHING, tuple(words[1:]), tuple(out), tuple(into))


def _own_words(words: Sequence[Text]) -> int:
    """How many words the wrapper in front takes, 0 where there is none."""
    table: Mapping[str, int] = firmware_table("commands")["wrappers"]
    title = name(words[0]) if words[0].literal else ""
    if title not in table:
        return int(_assigns(words[0]))
    own = 1
    while own < len(words) and (stem(words[own]).startswith("-") or _is_value(words[own - 1], words[own])):
        own += 1
    return min(own + table[title], len(words) - 1)


def _is_value(option: Text, word: Text) -> bool:
    """Whether the word is the number that belongs to an option (`nice -n 19`)."""
    return stem(option).startswith("-") and (word.literal or "").isdecimal()


def _assigns(word: Text) -> bool:
    head, equals, _ = stem(word).partition("=")
    return bool(equals) and head.isidentifier()


def _redirections(words: list[Text]) -> tuple[list[Text], list[tuple[str, Text]], list[Text]]:
    plain: list[Text] = []
    out: list[tuple[str, Text]] = []
    into: list[Text] = []
    rest = iter(words)
    for word in rest:
        sign = (word.literal or "").lstrip("12")
        if sign in _OUT:
            out.append((sign, next(rest, _NOTHING)))
        elif sign in _IN:
            into.append(next(rest, _NOTHING))
        else:
            plain.append(word)
    return plain, out, into
