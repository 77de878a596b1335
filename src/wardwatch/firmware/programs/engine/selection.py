"""In: a program's graph and what matters. Out: which functions to run, and which calls to follow into."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wardwatch.firmware.programs.binary import Binary

from .kernel import CARRIER, INTO, OVER
from .rules import plain_name

Longs = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

HELPER_BYTES = 3_000
"""Code of a function and all it calls, up to which calls of it are followed though nothing in it matters."""
CARRIER_BYTES = 12_000
"""The same where it makes calls that matter."""
ROUNDS = 6
READERS = frozenset(
    {"read", "getchar", "getc", "fgetc", "getch", "wgetch", "getc_unlocked", "getchar_unlocked", "fread"}
)
HELPERS = 1
"""Calls up from functions that read a key, where it is still looked at."""
BELOW = 3
"""Calls down from functions that lead to what matters, where helpers are looked for."""


class Selection(NamedTuple):
    """`first`: functions with calls that matter. `enter`: functions that calls are followed into, as the kernel has it.

    `leads`: functions that lead to what matters. `listens`: those of them that read what may be a key.
    """

    first: Longs
    enter: Longs
    leads: Flags
    listens: Flags


def select(binary: Binary, matters: Iterable[str]) -> Selection:
    """What to run and what to follow, by size and by what is called."""
    count, sites = len(binary.functions), binary.sites
    modelled = np.array([function.start in binary.names for function in binary.functions], np.bool_)
    first = np.unique(sites.callers[_loud(binary, set(matters))])
    first = first[~modelled[first]]
    reaches = np.zeros(count, np.bool_)
    reaches[first] = True
    own = np.array([function.end - function.start for function in binary.functions], np.int64)
    own[modelled] = 0
    inside = sites.callees >= 0
    callers, callees = sites.callers[inside], sites.callees[inside]
    total = own.copy()
    for _ in range(ROUNDS):
        grown = own.copy()
        # A static program's library reaches far; what of it is not followed costs nothing.
        counted = np.where(total <= _limits(reaches), total, 0) if binary.statically_linked else total
        np.add.at(grown, callers, counted[callees])
        grown[modelled] = 0  # never entered
        total = np.minimum(grown, 1 << 30)
        reaches[callers[reaches[callees]]] = True
    kind = np.where(reaches, CARRIER, INTO)
    enter = np.where(total <= _limits(reaches), kind, OVER)
    listens = _listening(binary) & reaches & ~modelled
    return Selection(first, enter, reaches & ~modelled, listens)


def _listening(binary: Binary) -> Flags:
    """Functions that read what may be a key, themselves or by a helper."""
    chosen = np.zeros(len(binary.functions), np.bool_)
    chosen[binary.sites.callers[_loud(binary, {name for name in _every(binary) if plain_name(name) in READERS})]] = True
    inside = binary.sites.callees >= 0
    callers, callees = binary.sites.callers[inside], binary.sites.callees[inside]
    for _ in range(HELPERS):
        chosen[callers[chosen[callees]]] = True
    return chosen


def _every(binary: Binary) -> set[str]:
    return {*binary.sites.imported, *binary.names.values()}


def _limits(reaches: Flags) -> Longs:
    return np.where(reaches, CARRIER_BYTES, HELPER_BYTES)


def near(binary: Binary, matters: Iterable[str]) -> tuple[int, ...]:
    """Functions that lead to calls that matter, and what they call: those that running may come through."""
    sites = binary.sites
    chosen = np.zeros(len(binary.functions), np.bool_)
    chosen[np.unique(sites.callers[_loud(binary, set(matters))])] = True
    inside = sites.callees >= 0
    callers, callees = sites.callers[inside], sites.callees[inside]
    for _ in range(ROUNDS):
        chosen[callers[chosen[callees]]] = True
    for _ in range(BELOW):
        chosen[callees[chosen[callers]]] = True
    found: list[int] = np.flatnonzero(chosen).tolist()
    return tuple(found)


def _loud(binary: Binary, matters: set[str]) -> Flags:
    """Which sites call what matters."""
    sites = binary.sites
    names = np.array([name in matters for name in sites.imported], np.bool_)
    loud = np.zeros(len(sites), np.bool_)
    named = sites.names >= 0
    loud[named] = names[sites.names[named]]
    for number, function in enumerate(binary.functions):
        if binary.names.get(function.start, "") in matters:
            loud |= sites.callees == number
    return loud


def callers_of(binary: Binary, functions: Iterable[int]) -> set[int]:
    """The functions that call one of these directly."""
    wanted = np.array(sorted(functions), np.int64)
    found: list[int] = np.unique(binary.sites.callers[np.isin(binary.sites.callees, wanted)]).tolist()
    return set(found)
