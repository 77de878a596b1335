"""In: a program and a function or a stretch of it. Out: its instructions as text, which capstone writes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from wardwatch.dissection import Instruction
from wardwatch.errors import InstallationError

from .binary import Binary, Function, Machine
from .memory import Memory

if TYPE_CHECKING:
    import capstone

MOST_INSTRUCTIONS: Final = 4096
LONGEST: Final = 15


def disassemble(binary: Binary, part: Function | tuple[int, int], mark: int | None = None) -> tuple[Instruction, ...]:
    """The instructions of a function or from one address up to another; the one at `mark` is marked.

    A stretch (two addresses) is read in the instruction set of the function it begins in.
    """
    start, end = (part.start, part.end) if isinstance(part, Function) else part
    thumb = part.thumb if isinstance(part, Function) else _is_thumb(binary, start)
    memory = Memory(binary.segments, bits=binary.bits, little_endian=binary.little_endian)
    data = memory.at(start, min(max(0, end - start), LONGEST * MOST_INSTRUCTIONS))
    return tuple(_lines(_reader(binary, thumb=thumb), data, start, mark))


def around(binary: Binary, address: int, before: int = 12, after: int = 4) -> tuple[Instruction, ...]:
    """Some instructions of the function that holds `address`, which is marked; none where no function does."""
    function = next((one for one in binary.functions if one.start <= address < one.end), None)
    lines = disassemble(binary, function, address) if function else ()
    place = next((number for number, line in enumerate(lines) if line.marked), None)
    return lines[max(0, place - before) : place + after + 1] if place is not None else ()


def _is_thumb(binary: Binary, address: int) -> bool:
    return any(one.thumb for one in binary.functions if one.start <= address < one.end)


def _lines(reader: "capstone.Cs", data: bytes, start: int, mark: int | None) -> Iterator[Instruction]:
    for count, (address, size, name, operands) in enumerate(reader.disasm_lite(data, start)):
        if count == MOST_INSTRUCTIONS:
            return
        encoded = data[address - start : address - start + size].hex()
        yield Instruction(address, encoded, f"{name} {operands}".rstrip(), marked=address == mark)


def _reader(binary: Binary, *, thumb: bool) -> "capstone.Cs":
    try:
        import capstone  # noqa: PLC0415  # takes as long as the analysis of a small program, and only display needs it
    except ImportError as error:
        raise InstallationError(
            "capstone, which shows machine code, is missing", cure="Install wardwatch again."
        ) from error
    order = capstone.CS_MODE_LITTLE_ENDIAN if binary.little_endian else capstone.CS_MODE_BIG_ENDIAN
    wide = binary.bits == 64  # noqa: PLR2004  # the class
    kinds = {
        Machine.ARM: (capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB if thumb else capstone.CS_MODE_ARM),
        Machine.AARCH64: (capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM),
        Machine.MIPS: (capstone.CS_ARCH_MIPS, capstone.CS_MODE_MIPS64 if wide else capstone.CS_MODE_MIPS32),
        Machine.POWERPC: (capstone.CS_ARCH_PPC, capstone.CS_MODE_64 if wide else capstone.CS_MODE_32),
        Machine.X86: (capstone.CS_ARCH_X86, capstone.CS_MODE_32),
        Machine.X86_64: (capstone.CS_ARCH_X86, capstone.CS_MODE_64),
    }
    architecture, mode = kinds[binary.machine]
    reader = capstone.Cs(architecture, mode | order)
    reader.skipdata = True
    return reader
