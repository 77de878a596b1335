"""In: a program. Out: its tables of functions (menus, keys, operations), which call uses which, and labels."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .binary import Binary
from .memory import Memory

LONGEST_RECORD: Final = 64
"""Bytes between two function pointers of one table, at most."""
MOST_POSSIBLE: Final = 512
LONGEST_LABEL: Final = 80
LARGEST_KEY: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Table:
    """Function pointers that lie close together: their places, and the numbers of the functions, in order."""

    places: tuple[int, ...]
    functions: tuple[int, ...]

    @property
    def stride(self) -> int:
        """The distance that most neighbours have."""
        gaps = np.diff(np.array(self.places, np.int64))
        if not len(gaps):
            return 0
        values, counts = np.unique(gaps, return_counts=True)
        return int(values[np.argmax(counts)])


class Entry(NamedTuple):
    """One function that a call through a table may reach, and what a person would see beside it."""

    site: int
    function: int
    label: str
    key: bool


def tables(binary: Binary) -> tuple[Table, ...]:
    """All tables outside code, by address."""
    number = {function.start: place for place, function in enumerate(binary.functions)}
    pairs = sorted(
        (place, number[start])
        for start, places in binary.referenced.items()
        for place in places
        if not any(first <= place < last for first, last in binary.code) and start in number
    )
    found: list[Table] = []
    run: list[tuple[int, int]] = []
    for pair in pairs:
        if run and pair[0] - run[-1][0] > LONGEST_RECORD:
            found.append(_table(run))
            run = []
        run.append(pair)
    return (*found, _table(run)) if run else tuple(found)


def _table(run: list[tuple[int, int]]) -> Table:
    return Table(tuple(place for place, _ in run), tuple(function for _, function in run))


def used(binary: Binary, found: tuple[Table, ...]) -> Mapping[int, tuple[tuple[int, int], ...]]:
    """For each function (by number) the tables its constants lead to: number of the table, and the address it uses."""
    if not found or not len(binary.functions):
        return {}
    first = np.array([table.places[0] for table in found], np.int64)
    last = np.array([table.places[-1] for table in found], np.int64)
    at, values = binary.constants
    values = followed(binary, values)
    place = np.minimum(np.searchsorted(last, values), len(found) - 1)
    near = (values <= last[place]) & (values > first[place] - LONGEST_RECORD)
    starts = np.array([function.start for function in binary.functions], np.int64)
    owner = np.searchsorted(starts, at[near], side="right") - 1
    uses: dict[int, dict[tuple[int, int], None]] = {}
    for who, which, where in zip(owner.tolist(), place[near].tolist(), values[near].tolist(), strict=True):
        if who >= 0:
            uses.setdefault(who, {})[which, where] = None
    return {who: tuple(them) for who, them in uses.items()}


def followed(binary: Binary, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Constants; those that are addresses of a relocated pointer (a GOT entry) count as what that points to."""
    places, targets = binary.pointers
    own = np.isin(places, binary.got)
    places, targets = places[own], targets[own]
    if not len(places):
        return values
    place = np.minimum(np.searchsorted(places, values), len(places) - 1)
    return np.where(places[place] == values, targets[place], values)


def entries(binary: Binary) -> Iterator[Entry]:
    """For each call through a pointer that nothing else resolves, the functions of the tables its function uses."""
    found = tables(binary)
    uses = used(binary, found)
    memory = Memory(binary.segments, bits=binary.bits, little_endian=binary.little_endian)
    relocated = frozenset(binary.pointers[0].tolist()) if binary.position_independent else frozenset()
    sites = binary.sites
    for place in np.flatnonzero((sites.callees < 0) & (sites.names < 0)).tolist():
        seen: set[int] = set()
        for which, base in uses.get(int(sites.callers[place]), ()):
            for function, label, key in _records(memory, relocated, found[which], base):
                if function not in seen and len(seen) < MOST_POSSIBLE:
                    seen.add(function)
                    yield Entry(place, function, label, key)


def _records(memory: Memory, relocated: Collection[int], table: Table, base: int) -> Iterator[tuple[int, str, bool]]:
    """The functions of a table from the address that code uses on, each with the label of its record."""
    stride = table.stride
    base = _record_start(memory, relocated, table, base)
    for place, function in zip(table.places, table.functions, strict=True):
        if place < base:  # the code begins further on
            continue
        record = place - (place - base) % stride if stride else base
        yield function, *label(memory, relocated, record, min(stride or LONGEST_RECORD, LONGEST_RECORD), place)


def _record_start(memory: Memory, relocated: Collection[int], table: Table, base: int) -> int:
    """Where code uses the address of the first pointer itself, a text may stand before it: records begin there then."""
    before = table.stride - memory.bits // 8
    if base not in table.places or before <= 0:
        return base
    size = min(table.stride, LONGEST_RECORD)
    behind, is_key = label(memory, relocated, table.places[-1], size, table.places[-1])
    ahead, _ = label(memory, relocated, base - before, size, base)
    return base - before if ahead and (is_key or not behind) else base


def label(memory: Memory, relocated: Collection[int], record: int, size: int, pointer: int) -> tuple[str, bool]:
    """The text that a record points to or holds, or else the small number in it that may be a key.

    `relocated` are the places of pointers in a program that may be loaded anywhere: no other word is one.
    """
    width = memory.bits // 8
    number = -1
    for place in range(record, record + size - width + 1, width):
        if place == pointer:
            continue
        word = memory.word(place)
        pointer_there = place in relocated
        text = memory.text(word, LONGEST_LABEL) if word and (pointer_there or not relocated) else None
        if text and len(text) > 1:
            return text, False
        if word is not None and 0 < word <= LARGEST_KEY and number < 0 and not pointer_there:
            number = word
    within = memory.text(record, min(size, LONGEST_LABEL)) if pointer != record else None
    if within and len(within) > 2:  # noqa: PLR2004  # shorter may be chance
        return within, False
    if number >= 0:
        return f"key {chr(number)!r}" if 32 < number < 127 else f"key {number}", True  # noqa: PLR2004  # printable ASCII
    return "", False
