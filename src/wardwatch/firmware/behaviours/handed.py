"""In: a program that is started with words. Out: the far ends that these words name literally."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Final

from wardwatch.firmware.words import Text
from wardwatch.knowledge.catalogue import firmware_table

from .paths import name
from .peers import end_of, is_routable
from .shellwords import command_of
from .words import Behaviour, Kind

_ADDRESS: Final = re.compile(
    r"(?:^(?:-[A-Za-z])?|//|[=:@,;\s\[])"
    r"(?P<host>\d{1,3}(?:\.\d{1,3}){3}|(?<=\[)[0-9A-Fa-f:]{3,39}(?=\])|(?<=^)[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{1,34}(?=$))"
    r"\]?(?::(?P<port>\d{1,5}))?(?=$|[:,;?\s\]]|/(?!\d))"
)
"""An address that stands by itself: no part of a path, of a version, of a longer number, and no network (`/24`)."""
_OPTION: Final = re.compile(r"-{0,2}(?P<name>[A-Za-z][A-Za-z0-9_-]*)(?:=|$)")
ENDS_AT_MOST: Final = 16


def handed_on(started: Behaviour) -> Iterator[Behaviour]:
    """The start of a program once for each routable address among its words, with this address as its far end."""
    if started.kind is not Kind.RUN or started.end is not None or started.call is None:
        return
    own = command_of(started.call).name
    if name(own) in _table("no_callers"):
        return  # it only writes such a word down, shows it or filters by it
    words = [word for word in started.call.arguments if isinstance(word, Text) and word is not own]
    words += [Text((each,)) for each in started.call.notes.get("environment", "").split() if "{" not in each]
    ends = [end for number, word in enumerate(words) if not _is_other(words, number) for end in _named(word)]
    for host, port in list(dict.fromkeys(ends))[:ENDS_AT_MOST]:
        if is_routable(host):
            yield replace(started, end=end_of(Text((host,)), port))


def _named(word: Text) -> Iterator[tuple[str, int | None]]:
    """The addresses in a word, with their ports; none that a hole may go on with."""
    for number, part in enumerate(word.parts):
        if isinstance(part, str):
            for found in _ADDRESS.finditer(part):
                begins, ends = found.start() == 0, found.end() == len(part)
                if not (begins and number) and not (ends and number + 1 < len(word.parts)):
                    yield found["host"], int(found["port"]) if found["port"] else None


def _is_other(words: list[Text], number: int) -> bool:
    """Whether the option that a word belongs to says that it is no peer: a version, a mask, an own address."""
    return _says_other(words[number]) or (
        number > 0 and (words[number - 1].literal or "").startswith("-") and _says_other(words[number - 1])
    )


def _says_other(word: Text) -> bool:
    first = word.parts[0] if word.parts else ""
    option = _OPTION.match(first) if isinstance(first, str) else None
    return option is not None and not _table("no_peers").isdisjoint(re.split(r"[-_]", option["name"].lower()))


@cache
def _table(key: str) -> frozenset[str]:
    return frozenset(map(str, firmware_table("peers")[key]))
