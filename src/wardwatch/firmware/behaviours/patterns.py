"""In: the words of a command and a pattern from the knowledge. Out: what each word of the pattern stands for.

A pattern is words in order: `literal`, `one|other` (shell globs allowed), `NAME` (any one word), `NAME...` (one or
more), `...` (any number), `key=NAME` (the rest of such a word), and a `?` behind a word that may be missing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from wardwatch.firmware.words import Text

Captured = Mapping[str, tuple[Text, ...]]
_NAME: Final = re.compile(r"([A-Z]+)(\.\.\.)?")
_KEYED: Final = re.compile(r"([a-z]+=)([A-Z]+)")


@dataclass(frozen=True, slots=True)
class Options:
    """A command's words apart: `given` options with their values ('' without one), and what is no option."""

    given: Mapping[str, tuple[Text, ...]]
    others: tuple[Text, ...]


def split_options(words: Sequence[Text], valued: Sequence[str]) -> Options:
    """Options (`-x`, `-x VALUE`, `-xVALUE`, `--long=VALUE`) taken apart from the other words.

    `valued` names those that take the next word, or the rest of their own, as a value.
    """
    given: dict[str, list[Text]] = {}
    others: list[Text] = []
    takes = ""
    for place, word in enumerate(words):
        first = word.parts[0] if word.parts and isinstance(word.parts[0], str) else ""
        if takes:
            given.setdefault(takes, []).append(word)
            takes = ""
        elif word.literal == "--":
            others += words[place + 1 :]
            break
        elif not first.startswith("-") or first == "-":
            others.append(word)
        else:
            takes = _option(word, first, valued, given)
    return Options({name: tuple(values) for name, values in given.items()}, tuple(others))


def _option(word: Text, first: str, valued: Sequence[str], given: dict[str, list[Text]]) -> str:
    """Note one option word; the name of the option that waits for its value."""
    if first in valued and len(word.parts) == 1:
        return first
    if first.startswith("--"):
        name, equals, value = first.partition("=")
        given.setdefault(name, []).append(_rest(word, value) if equals else Text())
        return ""
    for place, letter in enumerate(first[1:], 1):
        name = f"-{letter}"
        if name in valued:
            rest = first[place + 1 :]
            if not rest and len(word.parts) == 1:
                return name
            given.setdefault(name, []).append(_rest(word, rest))
            return ""
        given.setdefault(name, []).append(Text())
    if first not in given and len(first) > 2:  # noqa: PLR2004  # '-name': also a long option with one dash
        given.setdefault(first, []).append(Text())
    return ""


def _rest(word: Text, value: str) -> Text:
    return Text(tuple(part for part in (value, *word.parts[1:]) if part != ""))


def match(pattern: str, words: Sequence[Text]) -> Captured | None:
    """What the pattern's names stand for, or None where the words do not fit it."""
    found: dict[str, tuple[Text, ...]] = {}
    return found if _match(pattern.split(), tuple(words), found) else None


def match_unordered(pattern: str, words: Sequence[Text]) -> Captured | None:
    """As `match`, for words of the form key=value in any order."""
    found: dict[str, tuple[Text, ...]] = {}
    for token in pattern.split():
        if not any(_one(token, word, found) for word in words):
            return None
    return found


def _match(tokens: Sequence[str], words: tuple[Text, ...], found: dict[str, tuple[Text, ...]]) -> bool:
    if not tokens:
        return not words
    token, rest = tokens[0], tokens[1:]
    if token == "...":  # noqa: S105  # three dots of a pattern, no secret
        return any(_match(rest, words[skip:], found) for skip in range(len(words) + 1))
    if token.endswith("?"):
        return _match([token.removesuffix("?"), *rest], words, found) or _match(rest, words, found)
    named = _NAME.fullmatch(token)
    if named and named[2]:
        return _many(named[1], rest, words, found)
    return bool(words) and _one(token, words[0], found) and _match(rest, words[1:], found)


def _many(name: str, rest: Sequence[str], words: tuple[Text, ...], found: dict[str, tuple[Text, ...]]) -> bool:
    for length in range(len(words), 0, -1):
        if _match(rest, words[length:], found):
            found[name] = words[:length]
            return True
    return False


def _one(token: str, word: Text, found: dict[str, tuple[Text, ...]]) -> bool:
    if _NAME.fullmatch(token):
        found[token] = (word,)
        return True
    if keyed := _KEYED.fullmatch(token):
        first = word.parts[0] if word.parts and isinstance(word.parts[0], str) else ""
        if not first.startswith(keyed[1]):
            return False
        found[keyed[2]] = (_rest(word, first.removeprefix(keyed[1])),)
        return True
    literal = word.literal
    return literal is not None and any(fnmatchcase(literal, choice) for choice in token.split("|"))
