"""In: nothing; this module mirrors beats.h. Out: the compiled library, with the types of all it is given and gives."""

import ctypes
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from wardwatch.compiled import Function, library

NEWS: Final = 64
"""The most events a detector tells at a time."""
RULE: Final = np.dtype(
    [
        ("kind", "<i4"),
        ("count", "<i4"),
        ("trimmed", "<i4"),
        ("fewest", "<i4"),
        ("slow_count", "<i4"),
        ("unused", "<i4"),
        ("slow", "<f8"),
        ("seconds", "<f8"),
    ]
)
FOLLOWED: Final = np.dtype(
    [
        ("quality", "<f8"),
        ("heard", "<f8"),
        ("allowance", "<f8"),
        ("limit", "<f8"),
        ("most", "<f8"),
        ("miscounted", "<f8"),
        ("rows", "<i4"),
        ("back", "<i4"),
        ("miscount_of", "<i4"),
        ("unused", "<i4"),
    ]
)
"""What a displayed number is judged by, and how many hypotheses there are about it."""
CLOCK: Final = np.dtype([("at", "<i8"), ("held_for", "<i8"), ("held", "<f8")])
ANSWER: Final = np.dtype(
    [(name, "<f8") for name in ("gathered", "off", "since", "value", "spread", "best", "held", "moved")]
)


@cache
def loaded() -> ctypes.CDLL:
    """The library with its functions' types; InstallationError where it is missing."""
    address, whole, real, count = ctypes.c_void_p, ctypes.c_int32, ctypes.c_double, ctypes.c_int64
    size = ctypes.c_uint64
    functions: tuple[Function, ...] = (
        ("wb_size", size, []),
        ("wb_begin", whole, [address, whole, real, real, real]),
        ("wb_second", whole, [address, address, address, count, address, whole, address, address, address]),
        ("wf_step", whole, [address, address, address, address, address, address, real, address]),
        ("ws_size", size, [size]),
        ("ws_begin", None, [address, size, address]),
        ("ws_second", count, [address, address, count, count, size, count, count, address, address]),
    )
    return library(Path(__file__).parent, functions)
