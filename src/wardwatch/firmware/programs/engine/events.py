"""In: the bytes that the kernel wrote down. Out: events: calls with their arguments, stores of descriptors."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

STORE = 0xFFFFFFFF
TRAP = 0xFFFFFFFE
EDGE = 0xFFFFFFFD


class Run(NamedTuple):
    """Bytes side by side: known ones (`tag` 0), or `size` of one origin."""

    tag: int
    size: int
    data: bytes = b""


class Held(NamedTuple):
    """What is in memory at one place. `cut`: there is more; `writable`: only the initial value of writable data."""

    runs: tuple[Run, ...]
    cut: bool
    writable: bool


class Argument(NamedTuple):
    """One argument: `code` as in rules.py, its value (`tag` 0) or origin, and what it points to."""

    code: str
    tag: int
    value: int
    link: int
    held: tuple[Held, ...]


class Event(NamedTuple):
    """One call, `number` from 1. `chain` are the call sites between the function that was run and this one's.

    `written` are the arguments as the kernel wrote them, equal where they are equal; `hands_on`: something in them goes
    back to an argument of the function that was run.
    """

    number: int
    order: int
    name: int
    root: int
    site: int
    chain: tuple[int, ...]
    guards: tuple[tuple[int, int, int], ...]
    arguments: tuple[Argument, ...]
    written: bytes
    hands_on: bool


class Stored(NamedTuple):
    """A descriptor of origin `what` kept at `value` (of origin `tag`)."""

    number: int
    root: int
    site: int
    tag: int
    value: int
    what: int
    link: int


class Trap(NamedTuple):
    """The first system call on a way through `root`: origin and value of its number and of what it was given."""

    number: int
    root: int
    given: tuple[tuple[int, int], ...]


class Passage(NamedTuple):
    """A call at `site` in function number `root` to the function at `to`, and the conditions of all ways to it."""

    number: int
    root: int
    site: int
    to: int
    guards: tuple[tuple[int, int, int], ...]


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def take(self, form: struct.Struct) -> tuple[int, ...]:
        values: tuple[int, ...] = form.unpack_from(self.data, self.at)
        self.at += form.size
        return values

    def number(self) -> int:
        return self.take(_U32)[0]


_U32 = struct.Struct("<I")
_PAIR = struct.Struct("<II")
_MARKS = struct.Struct("<III")
_HEAD = struct.Struct("<IIQI")
_GUARD = struct.Struct("<IIq")
_ARGUMENT = struct.Struct("<IIQII")
_STORED = struct.Struct("<IQIQII")
_PASSED = struct.Struct("<IQQ")
_FROM_ARGUMENT = 1
"""In the marks: something in the call goes back to an argument. 2: something it names lies in data that may change."""
_SHARED = 6
"""Relations from here on are those of guards that not every way has."""


def _held(reader: _Reader) -> Held:
    marks, count = reader.take(_PAIR)
    runs = []
    for _ in range(count):
        tag, size = reader.take(_PAIR)
        data = b""
        if not tag:
            data = reader.data[reader.at : reader.at + size]
            reader.at += size
        runs.append(Run(tag, size, data))
    return Held(tuple(runs), bool(marks & 1), bool(marks & 2))


def _argument(reader: _Reader) -> Argument:
    code, tag, value, link, count = reader.take(_ARGUMENT)
    return Argument(chr(code), tag, value, link, tuple(_held(reader) for _ in range(count)))


def _arguments(written: bytes) -> tuple[Argument, ...]:
    reader = _Reader(written, 0)
    return tuple(_argument(reader) for _ in range(reader.number()))


class _Once:
    """What many events have alike, read once."""

    def __init__(self) -> None:
        self.arguments: dict[bytes, tuple[bytes, tuple[Argument, ...]]] = {}
        self.guards: dict[tuple[int, int, int], tuple[int, int, int]] = {}

    def arguments_of(self, written: bytes) -> tuple[bytes, tuple[Argument, ...]]:
        found = self.arguments.get(written)
        if found is None:
            found = self.arguments[written] = (written, _arguments(written))
        return found

    def guards_of(self, written: bytes) -> tuple[tuple[int, int, int], ...]:
        each: Iterator[tuple[int, int, int]] = _GUARD.iter_unpack(written)
        return tuple(self.guards.setdefault(guard, guard) for guard in each if guard[1] < _SHARED)


def traps(data: bytes) -> Iterator[Trap]:
    """The system calls, where the kernel was asked for them."""
    for number, (at, _, _, _) in enumerate(_heads(data), 1):
        reader = _Reader(data, at)
        if reader.number() == TRAP:
            root, count = reader.take(_PAIR)
            given = [_argument(reader) for _ in range(count)]
            yield Trap(number, root, tuple((each.tag, each.value) for each in given))


def events(data: bytes) -> Iterator[Event | Stored | Passage]:
    """All events in the order they were written."""
    once = _Once()
    for number, (at, size, order, hands_on) in enumerate(_heads(data), 1):
        if _U32.unpack_from(data, at)[0] == STORE:
            yield Stored(number, *_STORED.unpack_from(data, at + _U32.size))
            continue
        first = at + size + _U32.size
        guards = once.guards_of(data[first : first + _GUARD.size * _U32.unpack_from(data, at + size)[0]])
        if _U32.unpack_from(data, at)[0] == EDGE:
            root, site, to = _PASSED.unpack_from(data, at + _U32.size)
            yield Passage(number, root, site, to, guards)
            continue
        name, root, site, depth = _HEAD.unpack_from(data, at)
        behind = at + _HEAD.size + 8 * depth
        chain = struct.unpack_from(f"<{depth}Q", data, at + _HEAD.size)
        written, arguments = once.arguments_of(data[behind : at + size])
        yield Event(number, order, name, root, site, chain, guards, arguments, written, bool(hands_on & _FROM_ARGUMENT))


def handing_on(data: bytes) -> set[int]:
    """The functions that were run and whose callers may say more of a call, without reading the calls.

    Something in it is their own argument, or lies in data that may have been written before.
    """
    return {_PAIR.unpack_from(data, at)[1] for at, _, _, hands_on in _heads(data) if hands_on}


def _heads(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Where each event's content begins, its size, its place in the order, and whether it hands arguments on."""
    at = 0
    while at < len(data):
        size, order, hands_on = _MARKS.unpack_from(data, at)
        at += _MARKS.size
        yield at, size, order, hands_on
        at += size + _U32.size + _GUARD.size * _U32.unpack_from(data, at + size)[0]
