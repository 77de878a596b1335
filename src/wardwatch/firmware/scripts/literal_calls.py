"""In: the arguments of a function in a script, as texts. Out: the call or command of the system that they amount to."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from wardwatch.firmware.words import Data, Hole, Peer, Text, Value


class Argument(NamedTuple):
    """One argument: its keyword if any, a text, or a list of texts."""

    keyword: str
    text: Text
    items: tuple[Text, ...] | None = None


class Called(NamedTuple):
    """A call as the words of the firmware domain have it."""

    name: str
    arguments: tuple[Value, ...]
    notes: Mapping[str, str]


Maker = Callable[[str, tuple[Argument, ...]], Iterator[Called]]


def shell(name: str) -> Maker:
    """A function whose first argument is text for a shell."""

    def make(_: str, arguments: tuple[Argument, ...]) -> Iterator[Called]:
        if arguments:
            yield Called(name, (arguments[0].text,), {})

    return make


def named(name: str, count: int = 1) -> Maker:
    """A function of the system with texts as arguments."""

    def make(_: str, arguments: tuple[Argument, ...]) -> Iterator[Called]:
        texts = tuple(argument.text for argument in arguments if not argument.keyword)[:count]
        if texts:
            yield Called(name, texts, {})

    return make


def words(*before: str) -> Maker:
    """A function whose arguments are the words of a command, `before` them those that it stands for."""

    def make(name: str, arguments: tuple[Argument, ...]) -> Iterator[Called]:
        given = tuple(argument.text for argument in arguments if not argument.keyword)
        if given:
            yield Called("command", (*(Text((word,)) for word in before), *given), {"as": name})

    return make


def process(name: str, arguments: tuple[Argument, ...]) -> Iterator[Called]:
    """A function that takes a list of words, or with shell=True text for a shell."""
    if not arguments:
        return
    in_shell = any(
        each.keyword == "shell" and each.text.parts == (Hole("variable True", ("variable:True",)),)
        for each in arguments
    )
    first = arguments[0]
    if in_shell:
        yield Called("system", (first.text,), {"as": name})
    else:
        yield Called("command", first.items if first.items is not None else (first.text,), {"as": name})


def connect(name: str, arguments: tuple[Argument, ...]) -> Iterator[Called]:
    """A connection to (host, port), given as a pair or as two arguments."""
    given = [each for each in arguments if not each.keyword]
    if not given:
        return
    if given[0].items is None and len(given) == 1:
        return  # no pair: a connection of another kind, to a database for instance
    pair = given[0].items if given[0].items is not None else tuple(each.text for each in given[:2])
    port = pair[1].literal if len(pair) > 1 else None
    number = int(port) if port and re.fullmatch(r"\d{1,5}", port) else None
    if pair:
        yield Called("connect", (Hole("a socket"), Peer(pair[0], number)), {"as": name})


def opened_url(name: str, arguments: tuple[Argument, ...]) -> Iterator[Called]:
    """A function that is given a URL, and perhaps data to send there."""
    given = [each for each in arguments if each.keyword in {"", "url"}]
    if not given:
        return
    sent = next((each for each in arguments if each.keyword in {"data", "json", "files"}), None)
    more = (Data(sent.text),) if sent else ()
    yield Called("urlopen", (given[0].text, *more), {"as": name})
