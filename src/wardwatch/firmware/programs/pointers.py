"""In: a loaded program and its flow. Out: pointers to its code: who may hold a function's address, and where.

In a program that may be loaded anywhere every pointer has a relocation; elsewhere a word with its value is one.
"""

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from . import functions
from .binary import Function, Segment
from .code import Code
from .elf import ET_DYN, HIGHEST, PT_ARM_EXIDX, PT_DYNAMIC, PT_GNU_EH_FRAME, PT_LOAD, Elf
from .flow import Flow, Longs
from .loading import DT_PLTGOT, Loaded
from .memory import Memory
from .sites import looked_up
from .symbols import DT_SYMTAB

DT_INIT: Final = 12
DT_FINI: Final = 13
PT_PHDR: Final = 6
ARRAYS: Final = ((25, 27), (26, 28), (32, 33))
"""DT_INIT_ARRAY, DT_FINI_ARRAY, DT_PREINIT_ARRAY, each with the tag of its size."""
MOST_IN_ARRAY: Final = 4096
WORD: Final = 4
LONGEST_ENTRY: Final = 0x10000
"""Bytes of one entry in a table for unwinding, at most."""


class Held(NamedTuple):
    """Pointers into code: where each is, and the address it holds. `got`: what the global offset table holds."""

    places: Longs
    values: Longs
    got: Longs


def held(elf: Elf, image: Loaded, code: Code, flow: Flow) -> Held:
    """All pointers into code, by constants in code, by relocation, and by value.

    The global offset table serves calls as well, so only code that reads it takes an address.
    """
    own = ~np.isin(image.pointers, np.concatenate([image.got, _array_places(elf)]))
    built = looked_up(flow.values, image.pointers, image.targets)
    places = [flow.references, image.pointers[own]]
    values = [np.where(built >= 0, built, flow.values), image.targets[own]]
    if elf.kind != ET_DYN and code.stretches:
        for segment in image.segments:
            place, value = _pointing(segment, code.memory, code.stretches[0][0], code.stretches[-1][1])
            kept = ~_described(elf, image, place)
            places.append(place[kept])
            values.append(value[kept])
    place, value = np.concatenate(places), np.concatenate(values) & code.plain
    inside = functions.inside(value, code.stretches)
    got = image.targets[np.isin(image.pointers, image.got)] & code.plain
    return Held(place[inside], value[inside], got[functions.inside(got, code.stretches)])


def referenced(found: tuple[Function, ...], pointers: Held) -> dict[int, tuple[int, ...]]:
    """Starts of functions whose address is taken, and where."""
    starts = np.array([function.start for function in found], np.int64)
    number = looked_up(pointers.values, starts, np.arange(len(starts), dtype=np.int64))
    order = np.lexsort((pointers.places, number))
    order = order[number[order] >= 0]
    taken: dict[int, dict[int, None]] = {}
    for at, which in zip(pointers.places[order].tolist(), number[order].tolist(), strict=True):
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
    near = near[~_unwinding(words.astype(np.int64), near)] if width == WORD else near
    return start + width * near, words[near].astype(np.int64)


def _unwinding(words: Longs, near: Longs) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which words are the start of a function in .eh_frame: behind a length and the distance of a CIE, whose id is 0.

    Linux Standard Base, section 10.6.1.
    """
    distance = words[np.maximum(near - 1, 0)]
    entry = near - 1 - distance // WORD
    inside = (near > 1) & (distance > 0) & (distance % WORD == 0) & (entry >= 0)
    entry = np.where(inside, entry, 0)
    length, own = words[entry], words[np.maximum(near - 2, 0)]
    small = (length > 0) & (length < LONGEST_ENTRY) & (own > 0) & (own < LONGEST_ENTRY)
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
        inside & small & (words[np.minimum(entry + 1, len(words) - 1)] == 0)
    )
    return found


def _described(elf: Elf, image: Loaded, places: Longs) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which places belong to the file's own tables: headers, symbols, unwinding, the global offset table."""
    symbols = elf.dynamic.get(DT_SYMTAB, 0)
    stretches = [(symbols, symbols + len(image.symbols) * (24 if elf.bits == 64 else 16))]  # noqa: PLR2004  # the class
    for header in elf.headers:
        if header.kind in (PT_ARM_EXIDX, PT_DYNAMIC, PT_GNU_EH_FRAME, PT_PHDR):
            stretches.append((header.address, header.address + header.file_size))
        if header.kind == PT_LOAD and not header.offset:
            stretches.append((header.address, header.address + 64))
    inside = functions.inside(places, tuple(sorted(stretch for stretch in stretches if stretch[0] < stretch[1])))
    return inside | np.isin(places, image.got)


def static_got(image: Loaded, code: Code) -> Loaded:
    """The same, with the GOT of a static MIPS program, which no relocation describes.

    It goes from its two reserved words as far as words point into the program.
    """
    start = code.got.got + 8 if code.got else 0
    words = code.memory.words(start, start + 0x10000).astype(np.int64)
    segments = sorted((part.address, part.address + part.memory_size) for part in image.segments)
    known = functions.inside(words, tuple(segments))
    words = words[: int(np.argmin(known)) if not known.all() else len(known)]
    places = start + 4 * np.arange(len(words), dtype=np.int64)
    return replace(image, pointers=places, targets=words, got=places)


def with_got(image: Loaded, places: Longs, memory: Memory) -> Loaded:
    """The same, with these words as a GOT: what no relocation describes holds what the file says."""
    known = looked_up(places, image.pointers, image.targets)
    words = [
        memory.word(place) or 0 if there < 0 else 0
        for place, there in zip(places.tolist(), known.tolist(), strict=True)
    ]
    more = known < 0
    pointers = np.concatenate([image.pointers, places[more]])
    targets = np.concatenate([image.targets, np.array(words, np.int64)[more]])
    order = np.argsort(pointers, kind="stable")
    return replace(
        image, pointers=pointers[order], targets=targets[order], got=np.sort(np.concatenate([image.got, places]))
    )


def arm_got(flow: Flow, elf: Elf, image: Loaded) -> Flow:
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


def arrays(elf: Elf, memory: Memory) -> list[int]:
    """What DT_INIT_ARRAY and its like point to."""
    width = elf.bits // 8
    found: list[int] = []
    for tag, size in ARRAYS:
        at, count = elf.dynamic.get(tag, 0), min(elf.dynamic.get(size, 0) // width, MOST_IN_ARRAY)
        words = (memory.word(at + width * step) or 0 for step in range(count))
        found += [word for word in words if word < HIGHEST]
    return [word for word in found if word not in {0, (1 << elf.bits) - 1}]


def fixed(elf: Elf, memory: Memory) -> Longs:
    """Starts that the header and the dynamic section name."""
    places = [elf.entry, elf.dynamic.get(DT_INIT, 0), elf.dynamic.get(DT_FINI, 0), *arrays(elf, memory)]
    return np.array([place for place in places if 0 < place < HIGHEST], np.int64)
