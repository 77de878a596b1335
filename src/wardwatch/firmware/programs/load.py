"""In: the bytes of a program. Out: `Binary`, with functions, imports, sites and pointers to functions."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from wardwatch.errors import InputError

from . import arm, functions
from .binary import Binary, Function, Machine, Sites
from .elf import ET_DYN, PT_INTERP, Elf, read
from .flow import Flow, Longs, joined
from .loading import MACHINES, Loaded, loaded
from .memory import Memory
from .ranges import code_stretches
from .symbols import static_symbols
from .unwind import starts as unwind_starts

DT_INIT: Final = 12
DT_FINI: Final = 13
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
    stretches = code_stretches(elf, image.segments)
    flow = joined(_swept(memory, start, end) for start, end in stretches)
    imports, inner = _linkage(elf, image, memory)
    names = functions.named(image.symbols, static_symbols(elf))
    sure = _sure(elf, memory, flow, names.at, imports, stretches)
    orphans = _orphans(flow, sure, imports, stretches)
    bounds = np.array(sorted({*imports, *inner}), np.int64)
    found = functions.build(sure, orphans, names.names, bounds, stretches)
    return Binary(
        machine=machine,
        bits=elf.bits,
        little_endian=elf.little_endian,
        entry=elf.entry,
        segments=image.segments,
        imports=imports,
        slots=image.slots,
        names={},
        functions=found,
        sites=_sites(found, flow, imports, inner),
        referenced=_referenced(found, flow, image, memory, stretches),
        needed=tuple(elf.text(elf.dynamic.get(5, 0) + offset) for offset in elf.needed_offsets),
        position_independent=elf.kind == ET_DYN,
        statically_linked=not elf.needed_offsets and all(header.kind != PT_INTERP for header in elf.headers),
        code=stretches,
        notes=elf.notes + image.notes,
    )


def _swept(memory: Memory, start: int, end: int) -> Flow:
    start += -start % 4
    return arm.sweep(memory.words(start, end), start)  # type: ignore[arg-type]  # words of four bytes are asked for


def _linkage(elf: Elf, image: Loaded, memory: Memory) -> tuple[dict[int, str], dict[int, int]]:
    """Addresses that stand for imported functions, and those that lead to functions of the program through a slot."""
    imports, inner = dict(image.stubs), dict[int, int]()
    del elf
    for segment in image.segments:
        if not segment.executable:
            continue
        start = segment.address + -segment.address % 4
        entries, slots = arm.linkage(memory.words(start, segment.address + len(segment.data)), start)  # type: ignore[arg-type]  # as above
        place = np.searchsorted(image.pointers, slots)
        for entry, slot, number in zip(entries.tolist(), slots.tolist(), place.tolist(), strict=True):
            if slot in image.slots:
                imports[entry] = image.slots[slot]
            elif number < len(image.pointers) and image.pointers[number] == slot:
                inner[entry] = int(image.targets[number])
    return imports, inner


def _sure(
    elf: Elf,
    memory: Memory,
    flow: Flow,
    symbols: Longs,
    imports: Mapping[int, str],
    stretches: tuple[tuple[int, int], ...],
) -> Longs:
    fixed = [elf.entry, elf.dynamic.get(DT_INIT, 0), elf.dynamic.get(DT_FINI, 0), *_arrays(elf, memory)]
    every = np.concatenate([symbols, unwind_starts(elf), flow.calls_to, np.array(fixed, np.int64)])
    every = np.unique(every[functions.inside(every & ~1, stretches)])
    outside = np.array(sorted(imports), np.int64)
    return every[~np.isin(every & ~1, outside)]


def _arrays(elf: Elf, memory: Memory) -> list[int]:
    """What DT_INIT_ARRAY and its like point to."""
    width = elf.bits // 8
    found = []
    for tag, size in ARRAYS:
        at, count = elf.dynamic.get(tag, 0), min(elf.dynamic.get(size, 0) // width, MOST_IN_ARRAY)
        words = (memory.word(at + width * step) for step in range(count))
        found += [word for word in words if word not in (None, 0, (1 << elf.bits) - 1)]
    return [word for word in found if word is not None and word < 1 << 62]


def _orphans(flow: Flow, sure: Longs, imports: Mapping[int, str], stretches: tuple[tuple[int, int], ...]) -> Longs:
    """Places that look like a function's start and that nothing sure leads to."""
    starts = np.unique(sure & ~1)
    looks = flow.prologues[np.isin(flow.prologues, np.concatenate([flow.ends, flow.data + 4]))]
    outside = np.array(sorted(imports), np.int64)
    jumped = np.unique(flow.jumps_to)
    jumped = jumped[functions.inside(jumped & ~1, stretches) & np.isin(jumped & ~1, flow.ends)]
    owner = np.searchsorted(starts, flow.jumps, side="right")
    far = flow.jumps_to[owner != np.searchsorted(starts, flow.jumps_to, side="right")]
    looks = np.concatenate([looks, jumped[np.isin(jumped, far)]])
    looks = np.unique(looks[~np.isin(looks & ~1, starts) & ~np.isin(looks & ~1, outside)])
    return looks[~functions.crossed(looks & ~1, starts, flow)]


def _sites(found: tuple[Function, ...], flow: Flow, imports: Mapping[int, str], inner: Mapping[int, int]) -> Sites:
    starts = np.array([function.start for function in found], np.int64)
    ends = np.array([function.end for function in found], np.int64)
    jumps_in = np.isin(flow.jumps_to & ~1, np.concatenate([starts, np.array([*imports, *inner], np.int64)]))
    owner, target = _owners(flow.jumps, starts), _owners(flow.jumps_to & ~1, starts)
    tails = jumps_in & ((owner != target) | np.isin(flow.jumps_to & ~1, np.array([*imports, *inner], np.int64)))
    at = np.concatenate([flow.calls, flow.jumps[tails], flow.indirect_calls])
    to = np.concatenate([flow.calls_to, flow.jumps_to[tails], np.full(len(flow.indirect_calls), -1)])
    tail = np.repeat([False, True, False], [len(flow.calls), int(tails.sum()), len(flow.indirect_calls)])
    order = np.argsort(at, kind="stable")
    at, to, tail = at[order], np.where(to[order] < 0, -1, to[order] & ~1), tail[order]
    caller = _owners(at, starts)
    kept = (caller >= 0) & (at < ends[np.maximum(caller, 0)]) if len(ends) else np.zeros(len(at), np.bool_)
    at, to, tail, caller = at[kept], to[kept], tail[kept], caller[kept]
    to = _through(to, inner)
    words = sorted(set(imports.values()))
    number = {name: place for place, name in enumerate(words)}
    keys = np.array(sorted(imports), np.int64)
    values = np.array([number[imports[key]] for key in keys.tolist()], np.int64)
    name = _looked_up(to, keys, values)
    callee = _looked_up(to, starts, np.arange(len(starts), dtype=np.int64))
    return Sites(at, caller, np.where(name >= 0, -1, callee), name, tail, tuple(words), {})


def _owners(addresses: Longs, starts: Longs) -> Longs:
    return np.searchsorted(starts, addresses, side="right") - 1


def _through(to: Longs, inner: Mapping[int, int]) -> Longs:
    keys = np.array(sorted(inner), np.int64)
    passed = _looked_up(to, keys, np.array([inner[key] & ~1 for key in keys.tolist()], np.int64))
    return np.where(passed >= 0, passed, to)


def _looked_up(wanted: Longs, keys: Longs, values: Longs) -> Longs:
    """The value of each key, -1 where there is none. `keys` are sorted."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], -1)


def _referenced(
    found: tuple[Function, ...], flow: Flow, image: Loaded, memory: Memory, stretches: tuple[tuple[int, int], ...]
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
    del stretches
    place, value = np.concatenate(places), np.concatenate(values) & ~1
    number = _looked_up(value, starts, np.arange(len(starts), dtype=np.int64))
    order = np.lexsort((place, number))
    taken: dict[int, dict[int, None]] = {}
    for at, which in zip(place[order].tolist(), number[order].tolist(), strict=True):
        if which >= 0:
            taken.setdefault(found[which].start, {})[at] = None
    return {start: tuple(where) for start, where in taken.items()}
