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
RATE: Final = np.dtype(
    [("value", "<f8"), ("low", "<f8"), ("high", "<f8"), ("quality", "<f8"), ("why", "<i4"), ("unused", "<i4")]
)


@cache
def loaded() -> ctypes.CDLL:
    """The library with its functions' types; InstallationError where it is missing."""
    address, whole, real, count = ctypes.c_void_p, ctypes.c_int32, ctypes.c_double, ctypes.c_int64
    functions: tuple[Function, ...] = (
        ("wb_size", ctypes.c_uint64, []),
        ("wb_begin", whole, [address, whole, real, real, real]),
        ("wb_second", whole, [address, address, address, count, address, whole, address, address, address]),
    )
    return library(Path(__file__).parent, functions)
