"""In: flow records. Out: sums over them and masks of those to keep, worked out by the C library in one pass."""

import ctypes
import secrets

import numpy as np
from numpy.typing import NDArray

from .library import Totals, loaded

_SEED = secrets.randbits(64)
"""Of a hash table; results do not depend on it."""


__all__ = ["Totals", "compact", "first_of_pairs", "sift"]


def sift(flows: NDArray[np.void], into: NDArray[np.void], totals: Totals) -> int:
    """Adds the records to `totals`; copies those that a rule may ask for to the front of `into`, and counts them."""
    if len(into) < len(flows):
        raise ValueError("there is no room for all records")
    flows = np.ascontiguousarray(flows)
    return int(loaded().ww_sift(flows.ctypes.data, len(flows), into.ctypes.data, ctypes.byref(totals)))


def compact(flows: NDArray[np.void], keep: NDArray[np.bool_]) -> int:
    """Moves the records of the mask to the front, in their order, and counts them."""
    if len(keep) != len(flows) or not (flows.flags.c_contiguous and keep.flags.c_contiguous):
        raise ValueError("a mask of another length")
    return int(loaded().ww_compact(flows.ctypes.data, len(flows), keep.ctypes.data))


def first_of_pairs(flows: NDArray[np.void], calls: int, datagrams: int) -> NDArray[np.bool_]:
    """True for the first `calls` of each pair to outside, the first `datagrams` of each inside, and what is needed."""
    flows = np.ascontiguousarray(flows)
    keep = np.zeros(len(flows), bool)
    done = loaded().ww_first_of_pairs(flows.ctypes.data, len(flows), calls, datagrams, _SEED, keep.ctypes.data)
    if not done:
        raise MemoryError
    return keep
