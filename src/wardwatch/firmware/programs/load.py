"""In: the bytes of a program. Out: `Binary`, with functions, imports, sites and pointers to functions."""

from dataclasses import replace
from typing import Final

import numpy as np

from wardwatch.errors import InputError

from . import functions, sites
from .binary import Binary, Function, Machine, Segment
from .code import Code, Stretches, linkage
from .code import flow as swept
from .elf import ET_DYN, HIGHEST, PT_ARM_EXIDX, PT_DYNAMIC, PT_GNU_EH_FRAME, PT_INTERP, PT_LOAD, Elf, read
from .flow import Flow, Longs
from .loading import DT_MIPS_GOTSYM, DT_MIPS_LOCAL_GOTNO, DT_PLTGOT, MACHINES, Loaded, loaded
from .memory import Memory
from .ranges import code_stretches
from .sets import mips
from .sites import Linkage, looked_up
from .symbols import DT_SYMTAB, static_symbols
from .unwind import starts as unwind_starts

DT_INIT: Final = 12
DT_FINI: Final = 13
PT_PHDR: Final = 6
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
    flow = _arm_got(flow, elf, image) if machine is Machine.ARM else flow
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
        referenced=_referenced(found, flow, image, code, elf),
        gp=code.gp,
        needed=tuple(elf.text(elf.dynamic.get(5, 0) + offset) for offset in elf.needed_offsets),
        position_independent=elf.kind == ET_DYN,
        statically_linked=not elf.needed_offsets and all(header.kind != PT_INTERP for header in elf.headers),
        code=stretches,
        notes=elf.notes + image.notes,
        constants=_sorted(flow.references, flow.values),
        pointers=(image.pointers, image.targets),
        traps=_sorted(flow.traps, flow.trap_numbers),
        constructors=tuple(at & code.plain for at in _arrays(elf, memory)),
        exported=_exported(elf, image, code.plain),
    )


def _arm_got(flow: Flow, elf: Elf, image: Loaded) -> Flow:
    """Constants that are offsets of words in the GOT become the addresses of those: r3 in `ldr r3, [r4, r3]`."""
    got = elf.dynamic.get(DT_PLTGOT, 0)
    if not 0 < got < HIGHEST or not len(image.got):
        return flow
    slots = (flow.values + got) & 0xFFFFFFFF
    place = np.minimum(np.searchsorted(image.got, slots), len(image.got) - 1)
    meant = (
        (image.got[place] == slots) & (flow.values & 3 == 0) & (looked_up(slots, image.pointers, image.targets) >= 0)
    )
    return replace(flow, values=np.where(meant, slots, flow.values))


def _sorted(at: Longs, values: Longs) -> tuple[Longs, Longs]:
    order = np.argsort(at, kind="stable")
    return at[order], values[order]


def _exported(elf: Elf, image: Loaded, plain: int) -> dict[int, str]:
    """The functions that a library offers; a program's own are called by nobody else."""
    if elf.kind != ET_DYN or any(header.kind == PT_INTERP for header in elf.headers):
        return {}
    names = functions.named(image.symbols).names
    return {at & plain: name for at, name in names.items()}


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
    found: tuple[Function, ...], flow: Flow, image: Loaded, code: Code, elf: Elf
) -> dict[int, tuple[int, ...]]:
    """Functions whose address is taken, and where: pointers in data, and constants in code.

    Where the program may be loaded anywhere, every pointer has a relocation; elsewhere a word with the value is taken for
    one. The global offset table serves calls as well, so that only code that reads it takes an address.
    """
    starts = np.array([function.start for function in found], np.int64)
    own = ~np.isin(image.pointers, np.concatenate([image.got, _array_places(elf)]))
    places = [flow.references, image.pointers[own]]
    values = [looked_up(flow.values, image.pointers, image.targets), image.targets[own]]
    values[0] = np.where(values[0] >= 0, values[0], flow.values)
    if elf.kind != ET_DYN and len(starts):
        more = [_pointing(segment, code.memory, int(starts[0]), int(starts[-1]) + 1) for segment in image.segments]
        places += [place[~_described(elf, image, place)] for place, _ in more]
        values += [value[~_described(elf, image, place)] for place, value in more]
    place, value = np.concatenate(places), np.concatenate(values) & code.plain
    number = looked_up(value, starts, np.arange(len(starts), dtype=np.int64))
    order = np.lexsort((place, number))
    order = order[number[order] >= 0]
    taken: dict[int, dict[int, None]] = {}
    for at, which in zip(place[order].tolist(), number[order].tolist(), strict=True):
        taken.setdefault(found[which].start, {})[at] = None
    return {start: tuple(where) for start, where in taken.items()}


def _array_places(elf: Elf) -> Longs:
    """Where the pointers to constructors and destructors lie: they are no table that the program itself uses."""
    width = elf.bits // 8
    stretches = [
        (elf.dynamic.get(tag, 0), min(elf.dynamic.get(size, 0) // width, MOST_IN_ARRAY)) for tag, size in ARRAYS
    ]
    parts = [at + width * np.arange(count, dtype=np.int64) for at, count in stretches if 0 < at < HIGHEST]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _pointing(segment: Segment, memory: Memory, first: int, last: int) -> tuple[Longs, Longs]:
    """The aligned words of a segment without code that have a value between two addresses."""
    width = memory.bits // 8
    start = segment.address + -segment.address % width
    end = start if segment.executable else segment.address + len(segment.data)
    words = memory.words(start, end, f"u{width}")
    near = np.flatnonzero((words >= first) & (words <= last))
    return start + width * near, words[near].astype(np.int64)


def _described(elf: Elf, image: Loaded, places: Longs) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which places belong to the file's own tables: headers, symbols, unwinding, the global offset table."""
    symbols = elf.dynamic.get(DT_SYMTAB, 0)
    stretches = [(symbols, symbols + len(image.symbols) * (24 if elf.bits == 64 else 16))]  # noqa: PLR2004  # the class
    for header in elf.headers:
        if header.kind in (PT_ARM_EXIDX, PT_DYNAMIC, PT_GNU_EH_FRAME, PT_PHDR):
            stretches.append((header.address, header.address + header.file_size))
        if header.kind == PT_LOAD and header.offset == 0:
            stretches.append((header.address, header.address + 64))
    inside = functions.inside(places, tuple(sorted(stretch for stretch in stretches if stretch[0] < stretch[1])))
    return inside | np.isin(places, image.got)
