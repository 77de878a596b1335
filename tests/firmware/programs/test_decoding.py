"""In: machine code. Out: whether the sweeps see the calls, jumps and lengths that capstone sees."""

import re

import capstone
import numpy as np
import pytest
from built_programs import FIXED, NO_UNWIND, TARGETS, Build
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.firmware.programs.binary import Binary, Function
from wardwatch.firmware.programs.code import Code, flow
from wardwatch.firmware.programs.load import load
from wardwatch.firmware.programs.memory import Memory
from wardwatch.firmware.programs.sets.x86_lengths import lengths

READERS = {
    "a32": (capstone.CS_ARCH_ARM, capstone.CS_MODE_ARM),
    "t32": (capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB),
    "aarch64": (capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM),
    "mips": (capstone.CS_ARCH_MIPS, capstone.CS_MODE_MIPS32 | capstone.CS_MODE_BIG_ENDIAN),
    "mipsel": (capstone.CS_ARCH_MIPS, capstone.CS_MODE_MIPS32),
    "powerpc": (capstone.CS_ARCH_PPC, capstone.CS_MODE_32 | capstone.CS_MODE_BIG_ENDIAN),
    "x86": (capstone.CS_ARCH_X86, capstone.CS_MODE_32),
    "x86-64": (capstone.CS_ARCH_X86, capstone.CS_MODE_64),
}
CALL = re.compile(r"^(bl|blx|jal|bal|call) #?(0x[0-9a-f]+)$")
JUMP = re.compile(r"^(b|b\.w|j|jmp|(b|j|cb|tb)[.a-z]{1,6}) .*?#?(0x[0-9a-f]+)$")


def target(text: str, pattern: re.Pattern[str]) -> int | None:
    found = pattern.match(text)
    return int(found.group(found.lastindex or 0), 16) if found else None


def seen_by_capstone(binary: Binary, function: Function, name: str) -> dict[int, str]:
    memory = Memory(binary.segments, bits=binary.bits, little_endian=binary.little_endian)
    reader = capstone.Cs(*READERS[name])
    code = memory.at(function.start, function.end - function.start)
    return {at: f"{word} {rest}" for at, _, word, rest in reader.disasm_lite(code, function.start)}


@pytest.mark.parametrize("size", ["-O0", "-O2", "-Os"])
@pytest.mark.parametrize("name", list(TARGETS))
def test_direct_calls_and_jumps_are_those_capstone_sees(build: Build, name: str, size: str) -> None:
    binary = load(build("menu", name, size, *FIXED, *NO_UNWIND))
    memory = Memory(binary.segments, bits=binary.bits, little_endian=binary.little_endian)
    starts = np.array([one.start | one.thumb for one in binary.functions], np.int64)
    found, _ = flow(Code(binary.machine, memory, binary.code, starts, starts, binary.gp))
    ours = dict(zip(found.calls.tolist(), found.calls_to.tolist(), strict=True))
    jumps = dict(zip(found.jumps.tolist(), found.jumps_to.tolist(), strict=True))
    for function in binary.functions:
        if function.name.startswith(("__Thumb", "__ARM")):
            continue
        for at, text in seen_by_capstone(binary, function, name).items():
            called, jumped = target(text, CALL), target(text, JUMP)
            if called in (at + 4, at + 5, at + 8):
                continue  # a call of what comes next reads the PC
            if text.startswith(("bcl", "bdnzl")):
                continue  # capstone's names for the same
            assert called is None or ours.get(at) == called, text
            assert jumped is None or called is not None or jumps.get(at) == jumped, text


@pytest.mark.parametrize("long_mode", [False, True])
@given(
    code=st.binary(min_size=16, max_size=16),
    prefix=st.sampled_from([b"", b"\x66", b"\x48", b"\x0f", b"\x66\x0f", b"\xc5", b"\x41\x0f"]),
)
@settings(max_examples=1500, deadline=None)
def test_lengths_of_x86_instructions_are_capstones(code: bytes, prefix: bytes, *, long_mode: bool) -> None:
    code = prefix + code
    reader = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64 if long_mode else capstone.CS_MODE_32)
    first = next(iter(reader.disasm_lite(code, 0, 1)), None)
    if first is None or 0x67 in code[: first[1]][:4] or unusual(code):
        return  # no instruction, or one that compilers do not write
    assert lengths(code, long_mode=long_mode).size[0] == first[1], first


def unusual(code: bytes) -> bool:
    """Repeated prefixes, operand-size prefixes on branches, and opcodes outside of what user programs hold."""
    head = code.lstrip(b"\x66\xf2\xf3\xf0\x2e\x36\x3e\x26\x64\x65")
    prefixes = code[: len(code) - len(head)]
    rex = head[:1] and 0x40 <= head[0] <= 0x4F
    opcode = head[1:] if rex else head
    late = bool(rex) and (opcode[0] in b"\x66\xf2\xf3\xf0\x2e\x36\x3e\x26\x64\x65\x67" or 0x40 <= opcode[0] <= 0x4F)
    branch = opcode[0] in (0xE8, 0xE9, 0xC7, 0x9A, 0xEA) or (opcode[0] == 0x0F and opcode[1] & 0xF0 == 0x80)
    system = opcode[0] == 0x0F and opcode[1] in (
        *range(0x20, 0x28),
        0x0F,
        0x78,
        0x79,
        0xFF,
        0xB8,
        0xB9,
        *range(0x18, 0x20),
    )
    vector = opcode[0] in (0x62, 0x8F, 0xC4, 0xC5)
    return (
        len(prefixes) != len(set(prefixes))
        or len(prefixes) > 2
        or (0x66 in prefixes and branch)
        or system
        or vector
        or late
    )
