"""In: the bytes that the kernel wrote down. Out: events: calls with their arguments, stores of descriptors."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

STORE = 0xFFFFFFFF


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
    """One call, `number` from 1. `chain` are the call sites between the function that was run and this one's."""

    number: int
    order: int
    name: int
    root: int
    site: int
    chain: tuple[int, ...]
    guards: tuple[tuple[int, int, int], ...]
    arguments: tuple[Argument, ...]


class Stored(NamedTuple):
    """A descriptor of origin `what` kept at `value` (of origin `tag`)."""

    number: int
    root: int
    site: int
    tag: int
    value: int
    what: int
    link: int


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
_U64 = struct.Struct("<Q")
_PAIR = struct.Struct("<II")
_HEAD = struct.Struct("<IIQI")
_GUARD = struct.Struct("<IIq")
_ARGUMENT = struct.Struct("<IIQII")
_STORED = struct.Struct("<IQIQII")


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


def _call(reader: _Reader, number: int, order: int) -> Event:
    name, root, site, depth = reader.take(_HEAD)
    chain = tuple(reader.take(_U64)[0] for _ in range(depth))
    guards = tuple(
        (tag, relation, value) for tag, relation, value in (reader.take(_GUARD) for _ in range(reader.number()))
    )
    arguments = tuple(_argument(reader) for _ in range(reader.number()))
    return Event(number, order, name, root, site, chain, guards, arguments)


def events(data: bytes) -> Iterator[Event | Stored]:
    """All events in the order they were written."""
    at, number = 0, 0
    while at < len(data):
        number += 1
        (size, order), reader = _PAIR.unpack_from(data, at), _Reader(data, at + 8)
        if _U32.unpack_from(data, at + 8)[0] == STORE:
            reader.at += 4
            yield Stored(number, *reader.take(_STORED))
        else:
            yield _call(reader, number, order)
        at += size
