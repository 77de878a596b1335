"""In: a loaded program and what a sweep found. Out: its functions, sorted, without overlap, each start with its reason.

A start is sure where a symbol, an unwind table, the header or a direct call names it. Others are orphans: they look
like a start and no jump of the code around them crosses them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from .binary import Function
from .flow import Flags, Flow, Longs, distinct
from .symbols import STT_FUNC, STT_IFUNC, Symbols

Stretches = tuple[tuple[int, int], ...]
MOST_FUNCTIONS: Final = 1_000_000
ALIGNMENT: Final = 16
LINKAGE_HEAD: Final = 48
"""Bytes from the head of a linkage table to its first entry, at most; on x86 it is as long as an entry."""
LINKAGE_HEAD_X86: Final = 16
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


FARTHEST: Final = (1 << 63) - 1
"""Segments may claim to lie beyond what an int64 holds; no code is looked for there."""


def inside(addresses: Longs, stretches: Stretches) -> Flags:
    """Which addresses lie in one of the sorted stretches."""
    if not stretches:
        return np.zeros(len(addresses), np.bool_)
    bounds = np.array([(min(start, FARTHEST), min(end, FARTHEST)) for start, end in stretches], np.int64)
    place = np.searchsorted(bounds[:, 0], addresses, side="right") - 1
    found: Flags = (place >= 0) & (addresses < bounds[np.maximum(place, 0), 1])
    return found


def crossed(candidates: Longs, starts: Longs, flow: Flow) -> Flags:
    """Which candidates lie inside a function, because a jump between two addresses of it passes over or to them."""
    owner = np.searchsorted(starts, flow.jumps, side="right")
    to = flow.jumps_to
    near = owner == np.searchsorted(starts, to, side="right")
    low, high = np.minimum(flow.jumps[near], to[near]), np.maximum(flow.jumps[near], to[near])
    # A candidate is crossed where more jumps have begun before it than have ended before it.
    begun = np.searchsorted(np.sort(low), candidates, side="left")
    ended = np.searchsorted(np.sort(high), candidates, side="left")
    return begun > ended


def orphans(  # noqa: PLR0913, PLR0917  # what speaks for a start and what against
    flow: Flow, sure: Longs, pointed: Longs, outside: Longs, stretches: Stretches, head: int = LINKAGE_HEAD
) -> Longs:
    """Places that look like a function's start and that nothing sure leads to, but control does not fall into.

    They begin like one, or a jump out of another function or a pointer leads to them.
    """
    looks = flow.prologues[np.isin(flow.prologues, flow.ends)]
    owner = np.searchsorted(sure, flow.jumps, side="right")
    far = flow.jumps_to[owner != np.searchsorted(sure, flow.jumps_to, side="right")]
    far = far[inside(far, stretches) & np.isin(far, flow.ends)]
    likely = np.isin(pointed, flow.ends) | np.isin(pointed, flow.prologues)
    looks = distinct(np.concatenate([looks, far, pointed[likely]]))
    looks = looks[~np.isin(looks, sure) & ~np.isin(looks, outside)]
    # A jump to another candidate may be its only call, so it does not bind what lies between.
    binding = flow.conditional | ~np.isin(flow.jumps_to, looks)
    inner = replace(flow, jumps=flow.jumps[binding], jumps_to=flow.jumps_to[binding])
    looks = looks[~crossed(looks, sure, inner)]
    return looks[~heads(looks, outside, head) | np.isin(looks, far)]


def stopped(flow: Flow, sure: Longs, stopping: Longs, length: int, stretches: Stretches) -> Flow:
    """The same, knowing that some calls do not come back.

    Those are calls of `stopping`, and of every function that is seen called right before another's start. `length` is
    that from a call to what would run next.
    """
    behind = flow.calls + length
    never = distinct(np.concatenate([flow.calls_to[np.isin(behind, sure)], stopping]))
    more = behind[np.isin(flow.calls_to, never)]
    begins = np.array([start for start, _ in stretches], np.int64)
    # Compilers align what follows; nothing but padding can stand in so little room, but for another function's start.
    after = np.append(sure, np.iinfo(np.int64).max)[np.searchsorted(sure, more)]
    near = [(more + step)[more + step <= after] for step in range(0, ALIGNMENT, 2)]
    return replace(flow, ends=distinct(np.concatenate([flow.ends, begins, *near])))


def heads(places: Longs, linked: Longs, length: int = LINKAGE_HEAD) -> Flags:
    """What stands right before the linkage table's first entry: its head, which calls the dynamic linker."""
    after = np.append(linked, np.iinfo(np.int64).max)[np.searchsorted(linked, places)]
    found: Flags = after - places <= length
    return found


def build(sure: Longs, maybe: Longs, names: Mapping[int, str], bounds: Longs, thumb: Stretches) -> tuple[Function, ...]:
    """Functions from starts. `bounds` end what lies before them (PLT entries, ends of stretches)."""
    every = distinct(np.concatenate([sure, maybe]))[:MOST_FUNCTIONS]
    limits = distinct(np.concatenate([every, bounds]))
    after = np.searchsorted(limits, every, side="right")
    kept = after < len(limits)
    ends = limits[np.minimum(after, len(limits) - 1)]
    columns = every, ends, np.isin(every, sure), inside(every, thumb)
    used: set[str] = set()
    return tuple(
        Function(start, end, _unused(names.get(start) or f"sub_{start:x}", start, used), mode, known)
        for start, end, known, mode in zip(*(column[kept].tolist() for column in columns), strict=True)
    )


def _unused(name: str, start: int, used: set[str]) -> str:
    """The name, with the address behind it where another function has it already."""
    chosen = f"{name}_{start:x}" if name in used else name
    used.add(chosen)
    return chosen
