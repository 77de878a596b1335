"""In: functions, flow and linkage of a program. Out: its sites: who calls whom, and what goes through a pointer."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .binary import Function, Sites
from .flow import Flow, Longs
from .loading import Loaded


@dataclass(frozen=True, slots=True)
class Linkage:
    """`imports`: addresses that stand for imported functions. `inner`: those that lead to one of the program's own."""

    imports: Mapping[int, str]
    inner: Mapping[int, int]

    @property
    def places(self) -> Longs:
        """All of their addresses, sorted."""
        return np.array(sorted({*self.imports, *self.inner}), np.int64)


def looked_up(wanted: Longs, keys: Longs, values: Longs) -> Longs:
    """The value of each key, -1 where there is none. `keys` are sorted."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], -1)


def owners(addresses: Longs, starts: Longs, ends: Longs) -> Longs:
    """The number of the function that holds each address, -1 where none does."""
    place = np.searchsorted(starts, addresses, side="right") - 1
    if not len(ends):
        return place
    return np.where((place >= 0) & (addresses < ends[np.maximum(place, 0)]), place, -1)


def build(found: tuple[Function, ...], flow: Flow, linkage: Linkage, image: Loaded) -> Sites:
    """All sites in order of their address."""
    starts = np.array([function.start for function in found], np.int64)
    ends = np.array([function.end for function in found], np.int64)
    tails = _tails(flow, starts, ends, linkage.places)
    at = np.concatenate([flow.calls, flow.jumps[tails], flow.indirect_calls, flow.indirect_jumps, flow.through])
    unknown = np.full(len(flow.indirect_calls) + len(flow.indirect_jumps) + len(flow.through), -1, np.int64)
    to = np.concatenate([flow.calls_to, flow.jumps_to[tails], unknown])
    slot = np.concatenate([np.full(len(at) - len(flow.through), -1, np.int64), flow.through_slot])
    tail = np.zeros(len(at), np.bool_)
    tail[len(flow.calls) : len(flow.calls) + len(tails)] = True
    tail[len(flow.calls) + len(tails) + len(flow.indirect_calls) : len(at) - len(flow.through)] = True
    tail[len(at) - len(flow.through) :] = flow.through_tail
    caller = owners(at, starts, ends)
    order = np.argsort(at, kind="stable")
    order = order[caller[order] >= 0]
    return _table(at[order], caller[order], to[order], slot[order], tail[order], starts, linkage, image)


def _tails(flow: Flow, starts: Longs, ends: Longs, linked: Longs) -> Longs:
    """Which jumps are tail calls: they lead to another function's first instruction, or into the linkage table."""
    outside = np.isin(flow.jumps_to, linked)
    begins = np.isin(flow.jumps_to, starts)
    other = owners(flow.jumps, starts, ends) != owners(flow.jumps_to, starts, ends)
    return np.flatnonzero(outside | (begins & other))


def _table(  # noqa: PLR0913, PLR0917  # the columns of a table
    at: Longs,
    caller: Longs,
    to: Longs,
    slot: Longs,
    tail: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    starts: Longs,
    linkage: Linkage,
    image: Loaded,
) -> Sites:
    words = tuple(sorted({*linkage.imports.values(), *image.slots.values()}))
    number = {name: place for place, name in enumerate(words)}
    to = np.where(slot >= 0, looked_up(slot, image.pointers, image.targets), to)
    to = _mapped(to, linkage.inner)
    name = np.maximum(_named(to, linkage.imports, number), _named(slot, image.slots, number))
    callee = looked_up(to, starts, np.arange(len(starts), dtype=np.int64))
    return Sites(at, caller, np.where(name >= 0, -1, callee), name, tail, words, {})


def _named(wanted: Longs, names: Mapping[int, str], number: Mapping[str, int]) -> Longs:
    keys = sorted(names)
    return looked_up(wanted, np.array(keys, np.int64), np.array([number[names[key]] for key in keys], np.int64))


def _mapped(to: Longs, inner: Mapping[int, int]) -> Longs:
    keys = sorted(inner)
    passed = looked_up(to, np.array(keys, np.int64), np.array([inner[key] for key in keys], np.int64))
    return np.where(passed >= 0, passed, to)
