"""In: nothing; this module mirrors kernel.h. Out: the compiled library, with the types of all it is given and gives."""

import ctypes
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from wardwatch.compiled import Function, library

_LINKTYPES = 32

RANGE: Final = np.dtype([("low", "u1", 16), ("high", "u1", 16)])
SIGNATURE: Final = np.dtype(
    [
        ("pattern", "u1", 16),
        ("mask", "u1", 16),
        ("budget", "<u8"),
        ("offset", "<u4"),
        ("ports", "<u2", 16),
        ("nports", "u1"),
        ("length", "u1"),
        ("proto", "u1"),
        ("anywhere", "u1"),
        ("codec", "u1"),
        ("unused", "u1", 3),
        ("inside", "<u4"),
    ]
)
SEGMENT: Final = np.dtype(
    [
        ("time", "<i8"),
        ("flow", "<u4"),
        ("number", "<u4"),
        ("seq", "<u4"),
        ("length", "<u4"),
        ("at", "<u4"),
        ("n", "<u4"),
        ("file", "<u2"),
        ("side", "u1"),
        ("flags", "u1"),
        ("codec", "<u2"),
        ("apart", "<u2"),
        ("channel", "<u8"),
    ]
)
RUN: Final = np.dtype(
    {
        "names": [
            "time", "last_time", "channel", "flow", "seq", "length", "first", "parts", "at", "n", "number",
            "last_number", "file", "last_file", "codec", "side", "flags", "flawless", "apart",
        ],
        "formats": ["<i8"] * 2 + ["<u8"] + ["<u4"] * 9 + ["<u2"] * 3 + ["u1"] * 4,
        "itemsize": 72,
    }
)  # fmt: skip
COUNTER: Final = np.dtype([("kind", "<u4"), ("value", "<u4"), ("packets", "<u8"), ("bytes", "<u8")])


class Networks(ctypes.Structure):
    """Sorted, disjoint ranges of addresses by version."""

    _fields_ = (("ranges", ctypes.c_void_p * 2), ("count", ctypes.c_uint64 * 2))


class SettingsStruct(ctypes.Structure):
    """What the library is to look for, and its bounds."""

    _fields_ = (
        ("local", Networks),
        ("known", Networks),
        ("signatures", ctypes.c_void_p),
        ("nsignatures", ctypes.c_uint64),
        ("max_flows", ctypes.c_uint64),
        ("unknown_budget", ctypes.c_uint64),
        ("seed", ctypes.c_uint64 * 2),
        ("tcp_idle", ctypes.c_int64),
        ("other_idle", ctypes.c_int64),
    )


_TOTALS = "segments_ready arena_used retired_ready flows_seen flows_live evicted segments_total ncounters begun unsure"
_OF_FILE = (
    "packets decoded cut offset stopped stopped_at resyncs resync_bytes resync_at tail_bytes big nano "
    "oversize oversize_bytes timeless undeclared format nlinktypes"
)


class Report(ctypes.Structure):
    """What can be read while the library runs: totals of the examination, then of the file."""

    _fields_ = (
        *((name, ctypes.c_uint64) for name in f"{_TOTALS} {_OF_FILE}".split()),
        ("first", ctypes.c_int64),
        ("last", ctypes.c_int64),
        ("linktypes", ctypes.c_uint32 * _LINKTYPES),
        ("linktype_packets", ctypes.c_uint64 * _LINKTYPES),
    )


class Totals(ctypes.Structure):
    """Sums over flow records."""

    _fields_ = tuple(
        (name, ctypes.c_uint64) for name in ("tcp_payload", "tcp_missing", "tcp_holed", "tcp_repeated", "cut")
    )


@cache
def loaded() -> ctypes.CDLL:
    """The library with its functions' types; InstallationError where it is missing."""
    handle, address, size = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64
    functions: tuple[Function, ...] = (
        ("ww_open", handle, [ctypes.POINTER(SettingsStruct)]),
        ("ww_close", None, [handle]),
        ("ww_begin", None, [handle, ctypes.c_uint32]),
        ("ww_feed", size, [handle, address, size, ctypes.c_uint32]),
        ("ww_segments_fetched", None, [handle]),
        ("ww_retired_fetched", None, [handle]),
        ("ww_finish", None, [handle]),
        ("ww_drop", None, [handle, ctypes.c_uint32]),
        ("ww_apart", None, [handle, ctypes.c_uint32]),
        ("ww_adopt", None, [handle, ctypes.c_uint32, ctypes.c_uint32]),
        ("ww_report", ctypes.POINTER(Report), [handle]),
        ("ww_segments", address, [handle]),
        ("ww_arena", address, [handle]),
        ("ww_retired", address, [handle]),
        ("ww_counters", address, [handle]),
        ("ww_flows", address, [handle]),
        ("ww_slots", ctypes.c_uint32, [handle]),
        ("ww_line_up", ctypes.c_uint32, [address, ctypes.c_uint32, address, address, address, address]),
        ("ww_sift", size, [address, size, address, ctypes.POINTER(Totals)]),
        ("ww_compact", size, [address, size, address]),
        ("ww_first_of_pairs", ctypes.c_uint32, [address, ctypes.c_uint32, size, size, size, address]),
        ("ww_layout", ctypes.c_uint32, [ctypes.POINTER(ctypes.c_uint32), ctypes.c_uint32]),
    )
    return library(Path(__file__).parent, functions)
