"""In: nothing. Out: a program as graph and engine see it, whatever file format and processor it was built for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


class Sites(Sequence[Site]):
    """Calls and tail calls in order of their address: columns for those who count, `Site` values for those who look.

    `addresses`, `callers`, `callees` (-1: none), `names` (place in `imported` of the import called; -1: none) and
    `tails` are parallel arrays. `possible` maps places in them to the possible callees of indirect calls.
    """

    __slots__ = ("addresses", "callees", "callers", "imported", "names", "possible", "tails")

    def __init__(  # noqa: PLR0913, PLR0917  # the columns of a table
        self,
        addresses: "NDArray[np.int64]",
        callers: "NDArray[np.int64]",
        callees: "NDArray[np.int64]",
        names: "NDArray[np.int64]",
        tails: "NDArray[np.bool_]",
        imported: tuple[str, ...],
        possible: Mapping[int, tuple[int, ...]],
    ) -> None:
        self.addresses, self.callers, self.callees, self.names = addresses, callers, callees, names
        self.tails, self.imported, self.possible = tails, imported, possible

    def __len__(self) -> int:
        return len(self.addresses)

    @overload
    def __getitem__(self, number: int) -> Site: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[Site, ...]: ...
    def __getitem__(self, number: int | slice) -> Site | tuple[Site, ...]:
        if isinstance(number, slice):
            return tuple(self[one] for one in range(*number.indices(len(self))))
        place = range(len(self))[number]
        callee, name = int(self.callees[place]), int(self.names[place])
        return Site(
            int(self.addresses[place]),
            int(self.callers[place]),
            callee if callee >= 0 else None,
            self.imported[name] if name >= 0 else "",
            self.possible.get(place, ()),
            bool(self.tails[place]),
        )

    def __iter__(self) -> Iterator[Site]:
        return (self[number] for number in range(len(self)))


Pairs = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def no_pairs() -> Pairs:
    """Two empty columns."""
    return np.empty(0, np.int64), np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Binary:
    """A loaded program with its graph.

    `imports` maps addresses that control reaches (PLT entries and veneers) to names, `slots` addresses that hold a
    pointer (GOT entries) to names, `names` function starts to the names of well-known functions recognised in a static
    program by their form (`system`, `popen`, `sprintf`...). `functions` are sorted by start and do not overlap. `gp` is
    the value of the global pointer (MIPS $gp, PowerPC r13/TOC) where the format gives one. `referenced` maps functions
    whose address is taken to the addresses of the pointers (tables, literals, GOT). `code` are the stretches taken for
    code, `notes` what could not be read as it says it is.

    Pairs of arrays, each sorted by its first: `constants` are addresses of instructions that complete a constant, and
    the constant; `pointers` places of relocated pointers into the program, and what they point to; `traps` system calls
    by instruction, and their number (-1 where it is not a constant). `got` are the places
    of `pointers` that only serve to reach one name each. `constructors` run before main; `exported` are the
    functions of a library that others may call.
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
    sites: Sites
    referenced: Mapping[int, tuple[int, ...]]
    gp: int | None = None
    needed: tuple[str, ...] = ()
    position_independent: bool = False
    statically_linked: bool = False
    code: tuple[tuple[int, int], ...] = ()
    notes: tuple[str, ...] = ()
    constants: tuple["NDArray[np.int64]", "NDArray[np.int64]"] = field(
        default_factory=no_pairs, compare=False, repr=False
    )
    pointers: tuple["NDArray[np.int64]", "NDArray[np.int64]"] = field(
        default_factory=no_pairs, compare=False, repr=False
    )
    traps: tuple["NDArray[np.int64]", "NDArray[np.int64]"] = field(default_factory=no_pairs, compare=False, repr=False)
    got: "NDArray[np.int64]" = field(default_factory=lambda: no_pairs()[0], compare=False, repr=False)
    constructors: tuple[int, ...] = ()
    exported: Mapping[int, str] = field(default_factory=dict)

    @property
    def plain(self) -> int:
        """The bits of a code pointer that are the address: Arm's bit 0 tells the instruction set."""
        return -2 if self.machine is Machine.ARM else -1
