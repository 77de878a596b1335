"""In: random bytes as code. Out: whether running them ends, without harm, and always with the same result."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.firmware.programs.binary import Binary, Function, Machine, Segment, Sites
from wardwatch.firmware.programs.engine import Caller, run
from wardwatch.firmware.programs.engine.kernel import FUNCTION, IMPORT, ORIGIN, RULE, SEGMENT, layout

BASE = 0x10000
SETS = [
    (Machine.ARM, 32, True, False),
    (Machine.ARM, 32, True, True),
    (Machine.AARCH64, 64, True, False),
    (Machine.MIPS, 32, True, False),
    (Machine.MIPS, 32, False, False),
    (Machine.POWERPC, 32, False, False),
    (Machine.X86, 32, True, False),
    (Machine.X86_64, 64, True, False),
]


def program(code: bytes, machine: Machine, bits: int, *, little_endian: bool, thumb: bool) -> Binary:
    """One function of that code, which calls system() at its end as far as the graph knows."""
    none = np.full(1, -1, np.int64)
    sites = Sites(
        np.array([BASE], np.int64),
        np.zeros(1, np.int64),
        none,
        np.zeros(1, np.int64),
        np.zeros(1, np.bool_),
        ("system",),
        {},
    )
    return Binary(
        machine,
        bits,
        little_endian,
        BASE,
        (Segment(BASE, code, len(code) + 64, writable=True, executable=True),),
        {BASE + 8 * number: name for number, name in enumerate(("system", "sprintf", "connect", "send", "execl"), 1)},
        {},
        {},
        (Function(BASE, BASE + len(code), "entry", thumb),),
        sites,
        {},
    )


@pytest.mark.parametrize(("machine", "bits", "little_endian", "thumb"), SETS)
@given(code=st.binary(min_size=1, max_size=200))
@settings(max_examples=60)
def test_any_bytes_can_be_run(machine: Machine, bits: int, code: bytes, *, little_endian: bool, thumb: bool) -> None:
    binary = program(code, machine, bits, little_endian=little_endian, thumb=thumb)
    assert run(binary) == run(binary)
    Caller(binary).call(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, memory={0x7A000000: b"text"})


def test_structures_are_laid_out_as_the_kernel_has_them() -> None:
    sizes = layout()
    assert sizes[1:6] == [one.itemsize for one in (SEGMENT, FUNCTION, IMPORT, RULE, ORIGIN)]
