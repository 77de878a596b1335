"""In: pure functions compiled for many processors. Out: whether the engine returns what the program itself prints.

The oracle is the program, run by qemu-user from Debian (or by the machine itself).
"""

import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from wardwatch.firmware.programs.engine import Caller
from wardwatch.firmware.programs.load import load

NAMES = ("mix", "divide", "compare", "bytes", "wide", "chosen")
EMULATORS = {
    "arm": "qemu-arm-static",
    "thumb": "qemu-arm-static",
    "aarch64": "qemu-aarch64-static",
    "mipsel": "qemu-mipsel-static",
    "mips": "qemu-mips-static",
    "powerpc": "qemu-ppc-static",
    "x86": "qemu-i386-static",
    "x86-64": "qemu-x86_64-static",
}
EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def inputs() -> list[int]:
    chance = random.Random(20261125)
    return [chance.choice(EDGES) if chance.random() < 0.4 else chance.getrandbits(32) for _ in range(60)]


LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os")
LEFT_OUT = {
    ("arm", "-O0"): "the compiler's own library wants instructions that the oldest Arm does not have",
    ("x86", "-O0"): "the loop over bytes kept on the stack is not followed to its end: the engine says 'not known'",
    ("aarch64", "-Os"): "a loop is made of arithmetic on vectors, which is not followed: the engine says 'not known'",
}
CASES = [(target, level) for target in sorted(EMULATORS) for level in LEVELS if (target, level) not in LEFT_OUT]


@pytest.mark.parametrize(("target", "level"), CASES)
def test_functions_return_what_the_processor_returns(build: Callable[..., Path], target: str, level: str) -> None:
    emulator = shutil.which(EMULATORS[target])
    if not emulator:
        pytest.skip(f"{EMULATORS[target]} is not installed (Debian: qemu-user-static)")
    path = build("pure", target, level, "-static", "-g")  # -Os alone leaves the names out
    values = inputs()
    done = subprocess.run([emulator, str(path), *map(str, values)], capture_output=True, text=True, check=True)
    expected = [int(line) for line in done.stdout.split()]
    binary = load(path.read_bytes())
    numbers = {function.name: number for number, function in enumerate(binary.functions)}
    caller = Caller(binary)
    pairs = [values[place : place + 2] for place in range(0, len(values), 2)]
    got = [caller.call(numbers[name], *pair)[0] for pair in pairs for name in NAMES]
    assert [value & 0xFFFFFFFF if value is not None else None for value in got] == expected
