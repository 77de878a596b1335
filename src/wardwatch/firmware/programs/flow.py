"""In: nothing. Out: what a sweep over machine code finds, as columns, whatever the instruction set."""

from collections.abc import Iterable
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
    a register or memory (returns are neither). `ends` are the addresses right after an instruction that control does
    not pass. `references` build the constant `values`: pointers, if they point somewhere. `prologues` look like the
    first instruction of a function. `data` are words inside code that are read, not run.
    """

    calls: Longs = field(default_factory=lambda: NONE)
    calls_to: Longs = field(default_factory=lambda: NONE)
    jumps: Longs = field(default_factory=lambda: NONE)
    jumps_to: Longs = field(default_factory=lambda: NONE)
    conditional: Flags = field(default_factory=lambda: NO_FLAGS)
    indirect_calls: Longs = field(default_factory=lambda: NONE)
    indirect_jumps: Longs = field(default_factory=lambda: NONE)
    ends: Longs = field(default_factory=lambda: NONE)
    references: Longs = field(default_factory=lambda: NONE)
    values: Longs = field(default_factory=lambda: NONE)
    prologues: Longs = field(default_factory=lambda: NONE)
    data: Longs = field(default_factory=lambda: NONE)


def joined(parts: Iterable[Flow]) -> Flow:
    """Several stretches' flows as one."""
    every = tuple(parts)
    if not every:
        return Flow()
    return Flow(*(np.concatenate([getattr(part, column.name) for part in every]) for column in fields(Flow)))
