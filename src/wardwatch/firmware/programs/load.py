"""In: the bytes of a program. Out: `Binary`, with functions, imports, sites and pointers to functions."""

from typing import Final

import numpy as np

from wardwatch.errors import InputError

from . import functions, sites
from .binary import Binary, Function, Machine
from .code import Code, Stretches, linkage
from .code import flow as swept
from .elf import ET_DYN, HIGHEST, PT_INTERP, Elf, read
from .flow import Flow, Longs
from .loading import DT_MIPS_GOTSYM, DT_MIPS_LOCAL_GOTNO, DT_PLTGOT, MACHINES, Loaded, loaded
from .memory import Memory
from .ranges import code_stretches
from .sets import mips
from .sites import Linkage, looked_up
from .symbols import static_symbols
from .unwind import starts as unwind_starts

DT_INIT: Final = 12
DT_FINI: Final = 13
PT_MIPS_REGINFO: Final = 0x70000000
ARRAYS: Final = ((25, 27), (26, 28), (32, 33))
"""DT_INIT_ARRAY, DT_FINI_ARRAY, DT_PREINIT_ARRAY, each with the tag of its size."""
MOST_IN_ARRAY: Final = 4096


def load(data: bytes) -> Binary:
    """The program with its call graph. InputError where it is no ELF program of a machine that is read."""
    elf = read(data)
    machine = MACHINES.get(elf.machine)
    if machine is None:
        raise InputError(f"a program for a processor that is not read (ELF machine {elf.machine})")
    image = loaded(elf, machine)
    memory = Memory(image.segments, bits=elf.bits, little_endian=elf.little_endian)
    names = functions.named(image.symbols, static_symbols(elf))
    hints = np.unique(np.concatenate([names.at, unwind_starts(elf), _fixed(elf, memory)]))
    stretches = code_stretches(elf, image.segments)
    hints = hints[functions.inside(hints, stretches)]
    code = Code(machine, memory, stretches, hints, _modes(elf, names.at), *_global_pointer(elf, machine, memory, image))
    flow, thumb = swept(code)
    linked = _linkage(image, code)
    sure = _sure(flow, hints & code.plain, linked.places, stretches)
    orphans = functions.orphans(flow, sure, linked.places, stretches)
    bounds = np.concatenate([linked.places, np.array([end for _, end in stretches], np.int64)])
    plain = {at & code.plain: name for at, name in names.names.items()}
    found = functions.build(sure, orphans, plain, bounds, thumb)
    return Binary(
        machine=machine,
        bits=elf.bits,
        little_endian=elf.little_endian,
        entry=elf.entry,
        segments=image.segments,
        imports=linked.imports,
        slots=image.slots,
        names={},
        functions=found,
        sites=sites.build(found, flow, linked, image),
        referenced=_referenced(found, flow, image, memory, code.plain),
        gp=code.gp,
        needed=tuple(elf.text(elf.dynamic.get(5, 0) + offset) for offset in elf.needed_offsets),
        position_independent=elf.kind == ET_DYN,
        statically_linked=not elf.needed_offsets and all(header.kind != PT_INTERP for header in elf.headers),
        code=stretches,
        notes=elf.notes + image.notes,
    )


def _fixed(elf: Elf, memory: Memory) -> Longs:
    """Starts that the header and the dynamic section name."""
    places = [elf.entry, elf.dynamic.get(DT_INIT, 0), elf.dynamic.get(DT_FINI, 0), *_arrays(elf, memory)]
    return np.array([place for place in places if 0 < place < HIGHEST], np.int64)


def _modes(elf: Elf, symbols: Longs) -> Longs:
    """Starts whose bit 0 tells the instruction set (ELF for the Arm Architecture, 5.5.3)."""
    return np.append(symbols, np.array([elf.entry], np.int64)) if elf.entry < HIGHEST else symbols


def _global_pointer(elf: Elf, machine: Machine, memory: Memory, image: Loaded) -> tuple[int | None, mips.Global | None]:
    """$gp of MIPS programs, and what it reaches; PIC code of i386 keeps the GOT's own address in EBX.

    $gp lies 0x7ff0 behind the GOT's start (MIPS psABI, chapter 5); in a static program .reginfo says it.
    """
    got = elf.dynamic.get(DT_PLTGOT, 0)
    if machine is Machine.X86 and 0 < got < HIGHEST:
        return got, None
    if machine is not Machine.MIPS:
        return None, None
    if not got:
        place = next((header for header in elf.headers if header.kind == PT_MIPS_REGINFO), None)
        gp = memory.word(place.address + 20) if place else None  # ri_gp_value
        return gp, mips.Global(gp, gp - 0x7FF0, np.empty(0, np.int64)) if gp else None
    count = elf.dynamic.get(DT_MIPS_LOCAL_GOTNO, 0) + len(image.symbols) - elf.dynamic.get(DT_MIPS_GOTSYM, 0)
    words = memory.words(got, got + 4 * max(0, count)).astype(np.int64) if got < HIGHEST else np.empty(0, np.int64)
    return got + 0x7FF0, mips.Global(got + 0x7FF0, got, words)


def _linkage(image: Loaded, code: Code) -> Linkage:
    """The program's linkage table, found by its form: it has no section in a stripped program."""
    imports, inner = dict(image.stubs), dict[int, int]()
    for segment in image.segments:
        if not segment.executable:
            continue
        entries, slots = linkage(code, segment.address, segment.address + len(segment.data))
        place = np.searchsorted(image.pointers, slots)
        for entry, slot, number in zip(entries.tolist(), slots.tolist(), place.tolist(), strict=True):
            if slot in image.slots:
                imports[entry] = image.slots[slot]
            elif number < len(image.pointers) and image.pointers[number] == slot:
                inner[entry] = int(image.targets[number]) & code.plain
    return Linkage(imports, inner)


def _sure(flow: Flow, hints: Longs, outside: Longs, stretches: Stretches) -> Longs:
    every = np.concatenate([hints, flow.calls_to])
    every = np.unique(every[functions.inside(every, stretches)])
    return every[~np.isin(every, outside)]


def _arrays(elf: Elf, memory: Memory) -> list[int]:
    """What DT_INIT_ARRAY and its like point to."""
    width = elf.bits // 8
    found = []
    for tag, size in ARRAYS:
        at, count = elf.dynamic.get(tag, 0), min(elf.dynamic.get(size, 0) // width, MOST_IN_ARRAY)
        words = (memory.word(at + width * step) for step in range(count))
        found += [word for word in words if word not in (None, 0, (1 << elf.bits) - 1)]
    return [word for word in found if word is not None and word < 1 << 62]


def _referenced(
    found: tuple[Function, ...], flow: Flow, image: Loaded, memory: Memory, plain: int
) -> dict[int, tuple[int, ...]]:
    """Functions whose address is taken, and where: pointers in data, by relocation or by value, and constants in code."""
    starts = np.array([function.start for function in found], np.int64)
    places, values = [flow.references, image.pointers], [flow.values, image.targets]
    for segment in image.segments:
        if segment.executable or not len(starts):
            continue
        width = memory.bits // 8
        start = segment.address + -segment.address % width
        words = memory.words(start, segment.address + len(segment.data), f"u{width}")
        near = np.flatnonzero((words >= starts[0]) & (words <= starts[-1] + 1))
        places.append(start + width * near)
        values.append(words[near].astype(np.int64))
    place, value = np.concatenate(places), np.concatenate(values) & plain
    number = looked_up(value, starts, np.arange(len(starts), dtype=np.int64))
    order = np.lexsort((place, number))
    order = order[number[order] >= 0]
    taken: dict[int, dict[int, None]] = {}
    for at, which in zip(place[order].tolist(), number[order].tolist(), strict=True):
        taken.setdefault(found[which].start, {})[at] = None
    return {start: tuple(where) for start, where in taken.items()}
