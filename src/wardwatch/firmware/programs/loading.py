"""In: an ELF file. Out: its segments and pointers as the dynamic linker would leave them at base 0.

Relocations: the processor supplements of the System V ABI; of each set those that a linked program may hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .binary import Machine, Segment
from .elf import HIGHEST, PT_LOAD, Elf
from .flow import distinct
from .symbols import Longs, Relocations, Symbols, dynamic_symbols, relocations

DT_PLTGOT: Final = 3
DT_MIPS_LOCAL_GOTNO: Final = 0x7000000A
DT_MIPS_SYMTABNO: Final = 0x70000011
DT_MIPS_GOTSYM: Final = 0x70000013
MOST_SEGMENTS: Final = 64
MOST_SLOTS: Final = 1 << 18
MOST_LOCAL: Final = 1 << 16
"""$gp reaches as many words."""
STT_OBJECT: Final = 1
RELR: Final = -1


class Kinds(NamedTuple):
    """Numbers of relocation types: `relative` add the base, `slots` are overwritten, `words` add to what is there."""

    relative: tuple[int, ...]
    slots: tuple[int, ...]
    words: tuple[int, ...]
    resolved: tuple[int, ...]


KINDS: Final[Mapping[Machine, Kinds]] = {
    Machine.ARM: Kinds((23,), (22, 21), (2,), (160,)),
    Machine.AARCH64: Kinds((1027,), (1026, 1025), (257,), (1032,)),
    Machine.MIPS: Kinds((), (127, 51), (3,), ()),
    Machine.POWERPC: Kinds((22,), (21, 20), (1, 38), (248,)),
    Machine.X86: Kinds((8,), (7, 6), (1,), (42,)),
    Machine.X86_64: Kinds((8,), (7, 6), (1,), (37,)),
}

MACHINES: Final[Mapping[int, Machine]] = {
    3: Machine.X86,
    8: Machine.MIPS,
    20: Machine.POWERPC,
    40: Machine.ARM,
    62: Machine.X86_64,
    183: Machine.AARCH64,
}
"""e_machine of the instruction sets that are read."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Segments after relocation. `slots`: pointers to imported names.

    `stubs` are addresses that stand for an imported function (st_value of an undefined symbol). `pointers` are the
    places, sorted, of all pointers into the program that a relocation makes, `targets` what they point to. `got` are
    those of them that lie in the global offset table.
    """

    segments: tuple[Segment, ...]
    symbols: Symbols
    slots: Mapping[int, str]
    stubs: Mapping[int, str]
    pointers: Longs
    targets: Longs
    got: Longs
    notes: tuple[str, ...] = ()


def loaded(elf: Elf, machine: Machine) -> Loaded:
    """The program as the dynamic linker would leave it."""
    table = relocations(elf)
    known = table.symbols[table.symbols < len(elf.data) // 16]
    symbols = dynamic_symbols(elf, int(known.max(initial=-1)) + 1)
    places, values, undefined = _resolved(elf, KINDS[machine], table, symbols)
    segments, notes = _segments(elf, places, values)
    table_places = table.offsets[np.isin(table.types, KINDS[machine].slots)]
    if machine is Machine.MIPS:
        got, numbers = _mips_got(elf, symbols)
        table_places = np.concatenate([table_places, got])
        outside = symbols.sections[numbers] == 0
        undefined = (np.concatenate([undefined[0], got[outside]]), np.concatenate([undefined[1], numbers[outside]]))
        own = _mips_local_got(elf)
        table_places = np.concatenate([table_places, own])
        places = np.concatenate([places, got[~outside], own])
        values = np.concatenate([values, symbols.values[numbers[~outside]], _in_place(elf, own)])
    order = np.argsort(places, kind="stable")
    if len(undefined[0]) > MOST_SLOTS:
        notes = (*notes, f"{len(undefined[0])} pointers to imported names; the first {MOST_SLOTS} were read")
    return Loaded(
        segments,
        symbols,
        _named(symbols, *undefined),
        _stubs(symbols),
        places[order],
        values[order],
        _got(distinct(table_places), places[order], elf.bits // 8),
        notes,
    )


def _got(slots: Longs, pointers: Longs, width: int) -> Longs:
    """The global offset table: its symbols' slots, and the pointers among and right before them."""
    if not len(slots):
        return slots
    places = distinct(np.concatenate([slots, pointers]))
    inside = places[places <= slots[-1]]
    breaks = np.flatnonzero(np.diff(inside) != width) + 1
    runs = np.searchsorted(breaks, np.searchsorted(inside, slots), side="right")
    number = np.searchsorted(breaks, np.arange(len(inside)), side="right")
    found: Longs = inside[np.isin(number, runs)]
    return found


def _named(symbols: Symbols, places: Longs, numbers: Longs) -> dict[int, str]:
    pairs = zip(places[:MOST_SLOTS].tolist(), numbers[:MOST_SLOTS].tolist(), strict=True)
    return {place: name for place, number in pairs if (name := symbols.name(number))}


def _stubs(symbols: Symbols) -> dict[int, str]:
    outside = np.flatnonzero((symbols.sections == 0) & (symbols.values != 0) & (symbols.info & 0xF != STT_OBJECT))
    return _named(symbols, symbols.values[outside], outside)


def _resolved(elf: Elf, kinds: Kinds, table: Relocations, symbols: Symbols) -> tuple[Longs, Longs, tuple[Longs, Longs]]:
    """Places and values of pointers into the program, and places and symbols of those that lead out of it."""
    relative = np.isin(table.types, (*kinds.relative, *kinds.resolved, RELR))
    symbolic = np.isin(table.types, (*kinds.slots, *kinds.words))
    if not kinds.relative:  # MIPS: R_MIPS_REL32 without a symbol is relative
        relative |= symbolic & (table.symbols == 0)
    symbolic &= (table.symbols > 0) & (table.symbols < len(symbols))
    numbers = np.where(symbolic, table.symbols, 0)
    section = symbols.sections[numbers] if len(symbols) else np.zeros(len(numbers), np.int64)
    base = symbols.values[numbers] if len(symbols) else np.zeros(len(numbers), np.int64)
    undefined = symbolic & (section == 0)
    own = (symbolic & ~undefined) | relative
    before = np.where(table.implicit & ~np.isin(table.types, kinds.slots), _in_place(elf, table.offsets), table.addends)
    values = np.where(relative, 0, base) + before
    return table.offsets[own], values[own], (table.offsets[undefined], table.symbols[undefined])


def _in_place(elf: Elf, places: Longs) -> Longs:
    """The words that the file holds at these addresses; 0 where it holds none."""
    found = np.zeros(len(places), np.int64)
    width = elf.bits // 8
    data = np.frombuffer(elf.data, np.uint8)
    for header in elf.headers:
        if header.kind != PT_LOAD or header.file_size < width:
            continue
        chosen = (places >= header.address) & (places <= header.address + header.file_size - width)
        at = places[chosen] - header.address + header.offset
        rows = np.stack([data[at + step] for step in range(width)], axis=1)
        found[chosen] = np.ascontiguousarray(rows).view(elf.word)[:, 0].astype(np.int64)
    return found


def _segments(elf: Elf, places: Longs, values: Longs) -> tuple[tuple[Segment, ...], tuple[str, ...]]:
    """The segments with pointers filled in."""
    loads = [header for header in elf.headers if header.kind == PT_LOAD]
    notes = (f"{len(loads)} segments; the first {MOST_SEGMENTS} were read",) if len(loads) > MOST_SEGMENTS else ()
    found, width = [], elf.bits // 8
    for header in loads[:MOST_SEGMENTS]:
        data = elf.data[header.offset : header.offset + header.file_size]
        chosen = (places >= header.address) & (places <= header.address + len(data) - width)
        if chosen.any():
            data = _patched(data, places[chosen] - header.address, values[chosen].astype(elf.word))
        found.append(Segment(header.address, data, header.memory_size, bool(header.flags & 2), bool(header.flags & 1)))
    return tuple(found), notes


def _patched(data: bytes, at: Longs, values: NDArray[np.unsignedinteger]) -> bytes:
    """The bytes with words put in at these offsets."""
    out = np.frombuffer(bytearray(data), np.uint8)
    columns = values.view(np.uint8).reshape(len(values), -1)
    for step in range(columns.shape[1]):
        out[at + step] = columns[:, step]
    return out.tobytes()


def _mips_local_got(elf: Elf) -> Longs:
    """Places of the local part of the GOT, whose words the file holds; the first two belong to the linker."""
    got, count = elf.dynamic.get(DT_PLTGOT, 0), min(elf.dynamic.get(DT_MIPS_LOCAL_GOTNO, 0), MOST_LOCAL)
    width = elf.bits // 8
    return got + width * np.arange(2, max(count, 2), dtype=np.int64) if 0 < got < HIGHEST else np.empty(0, np.int64)


def _mips_got(elf: Elf, symbols: Symbols) -> tuple[Longs, Longs]:
    """The global part of the GOT: one word for each symbol from DT_MIPS_GOTSYM on (MIPS psABI, chapter 5)."""
    got, first = elf.dynamic.get(DT_PLTGOT, 0), elf.dynamic.get(DT_MIPS_GOTSYM, 0)
    start = got + elf.bits // 8 * elf.dynamic.get(DT_MIPS_LOCAL_GOTNO, 0)
    last = min(elf.dynamic.get(DT_MIPS_SYMTABNO, 0), len(symbols))
    numbers = np.arange(first, last if got and start < HIGHEST else first, dtype=np.int64)
    return start + elf.bits // 8 * (numbers - first), numbers
