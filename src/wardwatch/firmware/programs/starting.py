"""In: a program. Out: the functions that the code at its entry hands to the C library: main, and what stands beside it.

That code is one function or the few that lie right behind the entry (musl's _start and _start_c): some processors come
from one to the next in ways that no graph shows, by falling into it or through an address that is counted out.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from .binary import Binary
from .callbacks import taken

REACH: Final = 0x140
"""Bytes behind the entry in which that code ends."""


class Started(NamedTuple):
    """Number of a function, and the address at which the code at the entry builds its address."""

    function: int
    at: int


def started(binary: Binary) -> Iterator[Started]:
    """Of the functions at the entry, what the first one hands on that hands on any."""
    starts = np.array([function.start for function in binary.functions], np.int64)
    entry = binary.entry & binary.plain
    first = int(np.searchsorted(starts, entry)) if entry < 1 << 63 else len(starts)
    if first == len(starts) or starts[first] != entry:
        return
    at, which = taken(binary)
    for function in binary.functions[first:]:
        if function.start >= entry + REACH:
            return
        inside = (at >= function.start) & (at < function.end)
        if inside.any():
            yield from (
                Started(number, place)
                for number, place in zip(which[inside].tolist(), at[inside].tolist(), strict=True)
            )
            return


def entry_of(binary: Binary) -> int | None:
    """The number of the function at the entry."""
    entry = binary.entry & binary.plain
    return next((number for number, function in enumerate(binary.functions) if function.start == entry), None)
