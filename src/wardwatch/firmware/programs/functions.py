"""In: a loaded program and what a sweep found. Out: its functions, sorted, without overlap, each start with its reason.

A start is sure where a symbol, an unwind table, the header or a direct call names it. Others are orphans: they look
like a start and no jump of the code around them crosses them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from .binary import Function
from .flow import Flow, Longs
from .symbols import STT_FUNC, STT_IFUNC, Symbols

MOST_FUNCTIONS: Final = 1_000_000
STB_WEAK: Final = 2


@dataclass(frozen=True, slots=True)
class Named:
    """Function symbols: address (bit 0 as written) to the name that says most."""

    at: Longs
    names: Mapping[int, str] = field(default_factory=dict)


def named(*tables: Symbols) -> Named:
    """The defined function symbols of all tables; of several names of one address the plainest."""
    best: dict[int, tuple[tuple[bool, bool, int, str], str]] = {}
    for table in tables:
        kind = table.info & 0xF
        defined = np.flatnonzero(((kind == STT_FUNC) | (kind == STT_IFUNC)) & (table.sections != 0))
        for number in defined[:MOST_FUNCTIONS].tolist():
            name = table.name(number)
            rank = (name.startswith("_"), table.info[number] >> 4 == STB_WEAK, len(name), name)
            at = int(table.values[number])
            if name and (at not in best or rank < best[at][0]):
                best[at] = rank, name
    return Named(np.array(sorted(best), np.int64), {at: name for at, (_, name) in best.items()})


def inside(addresses: Longs, stretches: tuple[tuple[int, int], ...]) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which addresses lie in one of the sorted stretches."""
    if not stretches:
        return np.zeros(len(addresses), np.bool_)
    bounds = np.array(stretches, np.int64)
    place = np.searchsorted(bounds[:, 0], addresses, side="right") - 1
    return (place >= 0) & (addresses < bounds[np.maximum(place, 0), 1])


def crossed(candidates: Longs, starts: Longs, flow: Flow) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which candidates lie inside a function, because a jump between two addresses of it passes over or to them."""
    owner = np.searchsorted(starts, flow.jumps, side="right")
    to = flow.jumps_to & ~1
    near = owner == np.searchsorted(starts, to, side="right")
    low, high = np.minimum(flow.jumps[near], to[near]), np.maximum(flow.jumps[near], to[near])
    # A candidate is crossed where more jumps have begun before it than have ended before it.
    begun = np.searchsorted(np.sort(low), candidates, side="left")
    ended = np.searchsorted(np.sort(high), candidates, side="left")
    return begun > ended


def build(
    sure: Longs, orphans: Longs, names: Mapping[int, str], bounds: Longs, stretches: tuple[tuple[int, int], ...]
) -> tuple[Function, ...]:
    """Functions from starts (bit 0: T32). `bounds` are addresses that end what lies before them (PLT entries)."""
    every = np.unique(np.concatenate([sure & ~1, orphans & ~1]))[:MOST_FUNCTIONS]
    limits = np.unique(np.concatenate([every, bounds, np.array([end for _, end in stretches], np.int64)]))
    after = np.searchsorted(limits, every, side="right")
    known, thumb = set((sure & ~1).tolist()), set((np.concatenate([sure, orphans])[:] & -2).tolist())
    thumb = {at & -2 for at in np.concatenate([sure, orphans]).tolist() if at & 1}
    clean = {at & -2: name for at, name in names.items()}
    used: set[str] = set()
    found = []
    for start, place in zip(every.tolist(), after.tolist(), strict=True):
        end = int(limits[place]) if place < len(limits) else start
        if end > start:
            name = _unused(clean.get(start, f"sub_{start:x}"), start, used)
            found.append(Function(start, end, name, thumb=start in thumb, sure=start in known))
    return tuple(found)


def _unused(name: str, start: int, used: set[str]) -> str:
    """The name, with the address behind it where another function has it already."""
    chosen = f"{name}_{start:x}" if name in used else name
    used.add(chosen)
    return chosen
