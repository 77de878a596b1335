"""In: nothing. Out: what a sweep over machine code finds, as columns, whatever the instruction set."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]

NONE: Final = np.empty(0, np.int64)
NO_FLAGS: Final = np.empty(0, np.bool_)


@dataclass(frozen=True, slots=True)
class Flow:
    """Where control goes, by address. Targets in T32 code have bit 0 set, as the processor writes them.

    `calls` and `jumps` are direct; `conditional` stands beside jumps. `indirect_calls` and `indirect_jumps` go through
    a register or memory (returns are neither), `switches` through a table of labels, `through` through the pointer at
    the known address `through_slot` (`through_tail`: without coming back). `ends` are the addresses of instructions
    that control does not fall into. `references` build the constant `values`: pointers, if they point somewhere.
    `prologues` look like the first instruction of a function. `traps` are system calls with their number, -1 where it
    is not a constant. `data` are words inside code that are read, not run.
    """

    calls: Longs = field(default_factory=lambda: NONE)
    calls_to: Longs = field(default_factory=lambda: NONE)
    jumps: Longs = field(default_factory=lambda: NONE)
    jumps_to: Longs = field(default_factory=lambda: NONE)
    conditional: Flags = field(default_factory=lambda: NO_FLAGS)
    indirect_calls: Longs = field(default_factory=lambda: NONE)
    indirect_jumps: Longs = field(default_factory=lambda: NONE)
    switches: Longs = field(default_factory=lambda: NONE)
    through: Longs = field(default_factory=lambda: NONE)
    through_slot: Longs = field(default_factory=lambda: NONE)
    through_tail: Flags = field(default_factory=lambda: NO_FLAGS)
    ends: Longs = field(default_factory=lambda: NONE)
    references: Longs = field(default_factory=lambda: NONE)
    values: Longs = field(default_factory=lambda: NONE)
    prologues: Longs = field(default_factory=lambda: NONE)
    traps: Longs = field(default_factory=lambda: NONE)
    trap_numbers: Longs = field(default_factory=lambda: NONE)
    data: Longs = field(default_factory=lambda: NONE)


def joined(parts: Iterable[Flow]) -> Flow:
    """Several stretches' flows as one."""
    every = tuple(parts)
    if not every:
        return Flow()
    return Flow(*(np.concatenate([getattr(part, column.name) for part in every]) for column in fields(Flow)))


def only(flow: Flow, keep: Callable[[Longs], Flags]) -> Flow:
    """What begins at addresses that `keep` chooses."""
    chosen: dict[str, NDArray[np.generic]] = {}
    for columns in COLUMNS:
        mask = keep(getattr(flow, columns[0]))
        chosen |= {name: getattr(flow, name)[mask] for name in columns}
    return Flow(**chosen)  # type: ignore[arg-type]  # the columns keep their types


COLUMNS: Final = (
    ("calls", "calls_to"),
    ("jumps", "jumps_to", "conditional"),
    ("indirect_calls",),
    ("indirect_jumps",),
    ("switches",),
    ("through", "through_slot", "through_tail"),
    ("ends",),
    ("references", "values"),
    ("prologues",),
    ("traps", "trap_numbers"),
    ("data",),
)
"""Which columns stand side by side."""


def distinct(values: Longs) -> Longs:
    """The values, sorted, each once.

    NumPy's own hashes them, and addresses at equal distances collide.
    """
    ordered = np.sort(values)
    kept = np.ones(len(ordered), np.bool_)
    kept[1:] = ordered[1:] != ordered[:-1]
    found: Longs = ordered[kept]
    return found


def match(words: "NDArray[np.uint32]", mask: int, value: int) -> Flags:
    """Which words have the bits of `value` where `mask` has ones."""
    fits: Flags = (words & np.uint32(mask)) == np.uint32(value)
    return fits


def earlier(index: Longs, writers: Flags, registers: Longs, wanted: Longs, steps: int) -> Longs:
    """For each index the nearest instruction before it that writes the wanted register; -1 if none is near."""
    found = np.full(len(index), -1, np.int64)
    for step in range(1, steps + 1):
        before = index - step
        fits = (found < 0) & (before >= 0)
        place = np.maximum(before, 0)
        fits &= writers[place] & (registers[place] == wanted)
        found[fits] = before[fits]
    return found


def unreached(after: Flags, padding: Flags) -> Flags:
    """Which instructions control does not fall into: right `after` one that stops it, or padding behind that."""
    number = np.arange(len(after), dtype=np.int64)
    ended = np.maximum.accumulate(np.where(after, number, -1))
    solid = np.full(len(after), -1, np.int64)
    solid[1:] = np.maximum.accumulate(np.where(padding, -1, number))[:-1]
    found: Flags = (ended >= 0) & (ended > solid)
    return found


def behind(ended: Flags) -> Flags:
    """Which instructions follow one of these."""
    found = np.zeros(len(ended), np.bool_)
    found[1:] = ended[:-1]
    return found
