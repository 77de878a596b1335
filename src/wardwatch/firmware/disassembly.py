"""In: the bytes of a program and an address in it. Out: the instructions around it, by Capstone."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from wardwatch.dissection import Instruction
from wardwatch.errors import InputError

from .programs.binary import Binary, Function, Machine
from .programs.load import load
from .programs.memory import Memory

BEFORE: Final = 12
AFTER: Final = 4
WINDOW: Final = 96
LONGEST: Final = 16


class Disassembler:
    """One program, loaded once."""

    def __init__(self, data: bytes) -> None:
        self._binary = _loaded(data)

    def around(self, address: int) -> tuple[Instruction, ...]:
        """The instructions before and after the one at `address`, which is marked; nothing where it is no code."""
        if self._binary is None:
            return ()
        function = _function_at(self._binary, address)
        start = max(function.start, address - WINDOW) if function else address
        if function and self._binary.machine in {Machine.X86, Machine.X86_64}:
            start = function.start if address - function.start < WINDOW * LONGEST else address
        thumb = bool(function and function.thumb)
        found = list(_decoded(self._binary, start, address + AFTER * LONGEST, thumb=thumb))
        place = next((number for number, each in enumerate(found) if each.address == address), None)
        if place is None:
            return ()
        shown = found[max(0, place - BEFORE) : place + AFTER + 1]
        return tuple(_marked(each) if each.address == address else each for each in shown)


def _marked(each: Instruction) -> Instruction:
    return Instruction(each.address, each.encoded, each.text, marked=True)


@lru_cache(maxsize=4)
def _loaded(data: bytes) -> Binary | None:
    try:
        return load(data)
    except InputError:
        return None


def _function_at(binary: Binary, address: int) -> Function | None:
    return next((each for each in binary.functions if each.start <= address < each.end), None)


def _decoded(binary: Binary, start: int, end: int, *, thumb: bool) -> Iterator[Instruction]:
    decoder = _decoder(binary, thumb=thumb)
    memory = Memory(binary.segments, bits=binary.bits, little_endian=binary.little_endian)
    for each in decoder.disasm(memory.at(start, end - start), start):
        yield Instruction(each.address, each.bytes.hex(), f"{each.mnemonic} {each.op_str}".strip())


def _decoder(binary: Binary, *, thumb: bool) -> Any:  # noqa: ANN401  # Capstone has no types
    import capstone as cs  # noqa: PLC0415  # only findings with code to show need it

    kinds = {
        Machine.ARM: (cs.CS_ARCH_ARM, cs.CS_MODE_THUMB if thumb else cs.CS_MODE_ARM),
        Machine.AARCH64: (cs.CS_ARCH_ARM64, cs.CS_MODE_ARM),
        Machine.MIPS: (cs.CS_ARCH_MIPS, cs.CS_MODE_MIPS64 if binary.bits == 64 else cs.CS_MODE_MIPS32),  # noqa: PLR2004  # bits
        Machine.POWERPC: (cs.CS_ARCH_PPC, cs.CS_MODE_64 if binary.bits == 64 else cs.CS_MODE_32),  # noqa: PLR2004  # bits
        Machine.X86: (cs.CS_ARCH_X86, cs.CS_MODE_32),
        Machine.X86_64: (cs.CS_ARCH_X86, cs.CS_MODE_64),
    }
    processor, mode = kinds[binary.machine]
    decoder = cs.Cs(processor, mode if binary.little_endian else mode | cs.CS_MODE_BIG_ENDIAN)
    decoder.skipdata = True
    return decoder
