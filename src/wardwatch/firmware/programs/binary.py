"""In: nothing. Out: a program as graph and engine see it, whatever file format and processor it was built for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Machine(StrEnum):
    """Instruction sets that are read; byte order and word size stand beside it in `Binary`."""

    ARM = "arm"  # A32 and T32, told apart by `Function.thumb`
    AARCH64 = "aarch64"
    MIPS = "mips"
    POWERPC = "powerpc"
    X86 = "x86"
    X86_64 = "x86-64"


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes as loaded at `address`; `memory_size` may exceed them (zeros follow)."""

    address: int
    data: bytes = field(repr=False)
    memory_size: int
    writable: bool
    executable: bool


@dataclass(frozen=True, slots=True)
class Function:
    """Code from `start` up to `end`. `thumb`: T32. `sure`: from a symbol, unwind table, entry or direct call."""

    start: int
    end: int
    name: str
    thumb: bool = False
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Site:
    """A call or tail call at `address` in function number `caller` (its place in `Binary.functions`).

    One of: `callee` is a function's number; `imported` is the name of an imported function; neither, for an indirect
    call whose targets `possible` (function numbers, from a table or by type of use) may be empty.
    """

    address: int
    caller: int
    callee: int | None = None
    imported: str = ""
    possible: tuple[int, ...] = ()
    tail: bool = False


@dataclass(frozen=True, slots=True)
class Binary:
    """A loaded program with its graph.

    `imports` maps addresses that control reaches (PLT entries and veneers) to names, `slots` addresses that hold a
    pointer (GOT entries) to names, `names` function starts to the names of well-known functions recognised in a static
    program by their form (`system`, `popen`, `sprintf`...). `functions` are sorted by start and do not overlap. `gp` is
    the value of the global pointer (MIPS $gp, PowerPC r13/TOC) where the format gives one. `referenced` maps functions
    whose address is taken to the addresses of the pointers (tables, literals, GOT).
    """

    machine: Machine
    bits: int
    little_endian: bool
    entry: int
    segments: tuple[Segment, ...]
    imports: Mapping[int, str]
    slots: Mapping[int, str]
    names: Mapping[int, str]
    functions: tuple[Function, ...]
    sites: tuple[Site, ...]
    referenced: Mapping[int, tuple[int, ...]]
    gp: int | None = None
    needed: tuple[str, ...] = ()
    position_independent: bool = False
    statically_linked: bool = False
