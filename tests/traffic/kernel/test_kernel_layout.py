"""The C compiler and NumPy agree on every byte of the shared records."""

import ctypes

from wardwatch.traffic.kernel import Kernel, Settings, library
from wardwatch.traffic.table import FLOW


def test_offsets_and_sizes_are_those_of_numpy() -> None:
    with Kernel(Settings(local=())) as opened:
        layout = opened.layout()
    offsets = [FLOW.fields[name][1] for name in FLOW.names]
    sizes = [FLOW.itemsize, library.SEGMENT.itemsize, library.RUN.itemsize, library.SIGNATURE.itemsize]
    sizes.append(library.RANGE.itemsize)
    structures = [ctypes.sizeof(library.SettingsStruct), library.COUNTER.itemsize, ctypes.sizeof(library.Report)]
    # FLOW names both addresses and both ports, C has them as arrays of two
    assert layout == offsets + sizes + structures
