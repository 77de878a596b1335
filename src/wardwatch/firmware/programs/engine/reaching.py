"""In: a program, and functions that only pointers lead to. Out: the functions whose constants lead to those pointers.

A virtual function is reached from an object by way of its class's table; a handler from a record by way of a list. Who
names the object, the record or the list may be who calls, and is worth running: there it is known what is handed in.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from wardwatch.firmware.programs.binary import Binary
from wardwatch.firmware.programs.memory import Memory
from wardwatch.firmware.programs.tables import followed

Longs = npt.NDArray[np.int64]

RECORD: Final = 64
"""Bytes from the start of a table or a record to a pointer in it, at most."""
HOPS: Final = 3
"""Pointers from a function to a constant in code, at most: a list, its objects, their table."""
PLACES: Final = 512
"""Pointers that are followed back in one step, at most."""


class Reaching:
    """Who leads to functions by pointers. What it needs of the program is read once, when it is first asked."""

    def __init__(self, binary: Binary) -> None:
        self._binary = binary
        self._pointers: tuple[Longs, Longs] | None = None

    def to(self, functions: Iterable[int]) -> set[int]:
        """Numbers of functions whose constants lead to one of these functions, or are its address."""
        starts = [self._binary.functions[number].start for number in functions]
        places = [place for start in starts for place in self._binary.referenced.get(start, ())]
        if not places:
            return set()
        around = np.array(sorted(places), np.int64)
        found = self._owners(np.isin(self._binary.constants[0], around))
        for _ in range(HOPS):
            around = around[:PLACES]
            found |= self._owners(_leads(followed(self._binary, self._binary.constants[1]), around))
            at, targets = self._held()
            around = np.setdiff1d(at[_leads(targets, around)], around)
            if not len(around):
                break
        return found

    def _owners(self, chosen: npt.NDArray[np.bool_]) -> set[int]:
        """The functions that build these constants."""
        starts = np.array([function.start for function in self._binary.functions], np.int64)
        owners = np.searchsorted(starts, self._binary.constants[0][chosen], side="right") - 1
        found: list[int] = np.unique(owners[owners >= 0]).tolist()
        return set(found)

    def _held(self) -> tuple[Longs, Longs]:
        """Places of pointers in data, and what they point to: by relocation, or by value where nothing relocates."""
        if self._pointers is None:
            self._pointers = self._binary.pointers if self._binary.position_independent else self._by_value()
        return self._pointers

    def _by_value(self) -> tuple[Longs, Longs]:
        binary = self._binary
        memory = Memory(binary.segments, bits=binary.bits, little_endian=binary.little_endian)
        width = binary.bits // 8
        low = min(part.address for part in binary.segments)
        high = max(part.address + part.memory_size for part in binary.segments)
        parts = [_words(memory, part.address, part.address + len(part.data), width, low, high)
                 for part in binary.segments if not part.executable]  # fmt: skip
        none = np.empty(0, np.int64)
        return np.concatenate([none, *(at for at, _ in parts)]), np.concatenate([none, *(to for _, to in parts)])


def _words(memory: Memory, start: int, end: int, width: int, low: int, high: int) -> tuple[Longs, Longs]:  # noqa: PLR0913, PLR0917  # two stretches
    first = start + -start % width
    words = memory.words(first, end, f"u{width}")
    near = np.flatnonzero((words >= low) & (words < high))
    return first + width * near, words[near].astype(np.int64)


def _leads(values: Longs, places: Longs) -> npt.NDArray[np.bool_]:
    """Which values are the address of one of these places, or of a record that it may lie in."""
    if not len(places):
        return np.zeros(len(values), np.bool_)
    after = np.searchsorted(places, values)
    inside = after < len(places)
    near: npt.NDArray[np.bool_] = inside & (places[np.minimum(after, len(places) - 1)] - values < RECORD)
    return near
