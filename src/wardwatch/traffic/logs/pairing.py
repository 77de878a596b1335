"""In: records of which each holds one direction of a conversation. Out: both directions in one record, where they meet.

Flow exporters write a conversation as two rows, close to each other. A row waits for its other half for one further
block. A half that stays alone is turned so that side `a` began it as far as ports and flags tell; then it has no
packets of side `a` and can be told from an attempt. A conversation is so never counted as attempts of both sides.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from wardwatch.traffic.table import FLOW, TCP, FlowFlag

from .layout import SIDED

Records = NDArray[np.void]
Mask = NDArray[np.bool_]

_SLACK: Final = 2_000_000_000
"""Nanoseconds by which the halves may miss each other: logs often write whole seconds."""
_SYN: Final = 0x02
_ACK: Final = 0x10
_WELL_KNOWN: Final = 1024
_SERVICES: Final = (1433, 1521, 2049, 2575, 3306, 3389, 5432, 8080, 8443, 11112)
"""Ports from 1024 up that are a service's rather than a caller's: IANA's registry of service names and ports."""
_SWAPPED: Final = ((FlowFlag.LOCAL_A, FlowFlag.LOCAL_B), (FlowFlag.KNOWN_A, FlowFlag.KNOWN_B))


@dataclass(slots=True)
class Pairing:
    """Collects the halves of one file."""

    _waiting: Records = field(default_factory=lambda: np.zeros(0, FLOW))

    def add(self, records: Records) -> Records:
        """What is complete, or has waited for one block, among those added before and now; in the order of lines."""
        old = len(self._waiting)
        together = np.concatenate((self._waiting, records))
        merged, used = _merge(together)
        alone = np.flatnonzero(~used)
        self._waiting = together[alone[alone >= old]]
        return _ordered(merged, together[alone[alone < old]])

    def finish(self) -> Records:
        """The halves that stayed alone."""
        rest, self._waiting = self._waiting, self._waiting[:0]
        return _ordered(rest[:0], rest)


def _ordered(merged: Records, alone: Records) -> Records:
    every = np.concatenate((merged, turned(alone, _answers(alone))))
    return every[np.argsort(every["number"], kind="stable")]


def turned(records: Records, which: Mask) -> Records:
    """A copy in which those picked have their sides exchanged."""
    result = records.copy()
    result["a"][which], result["b"][which] = records["b"][which], records["a"][which]
    result["aport"][which], result["bport"][which] = records["bport"][which], records["aport"][which]
    for name in SIDED:
        result[name][which] = records[name][which][:, ::-1]
    flags = records["flags"]
    for one, other in _SWAPPED:
        kept = flags & np.uint8(0xFF ^ (one | other))
        exchanged = kept | np.where(flags & one, other, 0) | np.where(flags & other, one, 0)
        flags = np.where(which, exchanged, flags).astype(np.uint8)
    result["flags"] = flags
    return result


def _merge(records: Records) -> tuple[Records, Mask]:
    """Conversations made of two halves each, and which records went into them."""
    forward, keys = _keys(records)
    order = np.lexsort((records["number"], records["first"], *keys))
    left, right = order[:-1], order[1:]
    fits = forward[left] != forward[right]
    for key in keys:
        fits &= key[left] == key[right]
    fits &= records["first"][right] - np.minimum(records["last"][left], np.iinfo(np.int64).max - _SLACK) <= _SLACK
    chosen = _every_other(fits)
    first, second = left[chosen], right[chosen]
    used = np.zeros(len(records), np.bool_)
    used[first] = used[second] = True
    return _join(records[first], records[second]), used


def _keys(records: Records) -> tuple[Mask, list[NDArray[np.uint64]]]:
    """For each record whether its lower end speaks, and the conversation's key, the same for both halves."""
    words = [np.ascontiguousarray(records[side]).view(">u8").astype(np.uint64) for side in ("a", "b")]
    ports = [records[name].astype(np.uint64) for name in ("aport", "bport")]
    ends = [(word[:, 0], word[:, 1], port) for word, port in zip(words, ports, strict=True)]
    lower, equal = np.zeros(len(records), np.bool_), np.ones(len(records), np.bool_)
    for one, other in zip(*ends, strict=True):
        lower |= equal & (one < other)
        equal &= one == other
    low = [np.where(lower, one, other) for one, other in zip(*ends, strict=True)]
    high = [np.where(lower, other, one) for one, other in zip(*ends, strict=True)]
    kind = records["proto"].astype(np.uint64) << np.uint64(8) | records["ver"].astype(np.uint64)
    return lower, [*low, *high, kind]


def _every_other(fits: Mask) -> NDArray[np.int64]:
    """From each run of fitting neighbours the 1st, 3rd, 5th ..., so that no record is used twice."""
    place = np.arange(len(fits))
    start = np.maximum.accumulate(np.where(fits, 0, place + 1)) if len(fits) else place
    return np.flatnonzero(fits & ((place - start) % 2 == 0))


def _join(one: Records, other: Records) -> Records:
    """`one` began no later than `other`, which goes the other way."""
    swap = _second_began(one, other)
    caller, answer = np.where(swap, other, one), np.where(swap, one, other)
    result = caller.copy()
    for name in SIDED:
        result[name][:, 1] = answer[name][:, 0]
    result["first"] = np.minimum(one["first"], other["first"])
    result["last"] = np.maximum(one["last"], other["last"])
    result["last_a"] = caller["last"]
    return result


def _second_began(one: Records, other: Records) -> Mask:
    """By time where the start was seen; by ports where it was not, or where both have the same time."""
    tie = one["first"] == other["first"]
    seen = (one["proto"] != TCP) | (((one["tcpflags"][:, 0] | other["tcpflags"][:, 0]) & _SYN) != 0)
    lone_syn = _only_syn(other) & ~_only_syn(one)
    by_ports = _is_service(one["aport"]) & ~_is_service(one["bport"])
    unclear = _is_service(one["aport"]) == _is_service(one["bport"])
    by_number = unclear & tie & (one["aport"] < one["bport"])
    second: Mask = lone_syn | (~_only_syn(one) & (tie | ~seen) & (by_ports | by_number))
    return second


def _answers(records: Records) -> Mask:
    """Which lone halves are the answer's: they come from a service's port, and are no opening SYN."""
    return _is_service(records["aport"]) & ~_is_service(records["bport"]) & ~_only_syn(records)


def _only_syn(records: Records) -> Mask:
    flags = records["tcpflags"][:, 0]
    only: Mask = (records["proto"] == TCP) & ((flags & _SYN) != 0) & ((flags & _ACK) == 0)
    return only


def _is_service(port: NDArray[np.uint16]) -> Mask:
    return ((port > 0) & (port < _WELL_KNOWN)) | np.isin(port, _SERVICES)
