"""In: segments in the order of the packets. Out: a batch of them, conversation after conversation, lined up in C."""

from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from wardwatch.traffic.rows import Batch, Run

from .library import RUN, SEGMENT, loaded

_RUN: Final = partial(tuple.__new__, Run)  # Run._make without a Python frame for each


def line_up(segments: npt.NDArray[np.void], arena: int, used: int) -> Batch:
    """The `segments` whose payload lies in the `used` bytes at the address `arena`; MemoryError where there is none."""
    count = len(segments)
    sorted_out, runs, payload = np.empty(count, SEGMENT), np.empty(count, RUN), np.empty(used, np.uint8)
    made: int = loaded().ww_line_up(
        segments.ctypes.data, count, arena, sorted_out.ctypes.data, payload.ctypes.data, runs.ctypes.data
    )
    if made > count:
        raise MemoryError
    listed: list[Run] = list(map(_RUN, runs[:made].tolist()))
    last_time = int(segments["time"][-1]) if count else 0
    return Batch(listed, sorted_out.view(np.uint8).data, payload.data, last_time)
