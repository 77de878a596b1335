"""In: an ELF file and its segments. Out: the stretches that hold code.

Executable sections where the file has them and they agree with the program headers. Else, or where they leave the entry
point out, the executable segments, without what the dynamic section says is no code and without stretches of text.
"""

from typing import Final

import numpy as np

from .binary import Segment
from .elf import HIGHEST, PT_ARM_EXIDX, PT_DYNAMIC, PT_GNU_EH_FRAME, PT_INTERP, PT_LOAD, SHT_NOBITS, Elf

Stretches = tuple[tuple[int, int], ...]
SHF_EXECINSTR: Final = 4
PT_NOTE: Final = 4
PT_PHDR: Final = 6
TABLES: Final = ((5, 10, 1), (7, 8, 1), (17, 18, 1), (23, 2, 1), (36, 35, 1))
"""Address and size tags: DT_STRTAB, DT_RELA, DT_REL, DT_JMPREL, DT_RELR."""
LEAST_SHARE: Final = 4
"""Sections that leave out more than three quarters of what may be code are not believed."""
BLOCK: Final = 256
TEXT_SHARE: Final = 0.85
"""Of the bytes of a block; code of any processor stays far below."""


def code_stretches(elf: Elf, segments: tuple[Segment, ...]) -> Stretches:
    """The stretches by sections, or by segments."""
    whole = [(part.address, part.address + len(part.data)) for part in segments if part.executable and part.data]
    hinted = [
        (max(start, section.address), min(end, section.address + section.size))
        for section in elf.sections
        if section.flags & SHF_EXECINSTR and section.kind != SHT_NOBITS and section.address < HIGHEST
        for start, end in whole
    ]
    hinted = [(start, end) for start, end in hinted if start < end]
    fixed = [elf.entry, elf.dynamic.get(12, 0), elf.dynamic.get(13, 0)]  # DT_INIT, DT_FINI
    loaded = [place for place in fixed if place and any(start <= place < end for start, end in whole)]
    if hinted and all(any(start <= place < end for start, end in hinted) for place in loaded):
        stretches, code = _merged(hinted), by_segments(elf, segments)
        return stretches if _size(stretches) * LEAST_SHARE >= _size(code) else code
    return by_segments(elf, segments)


def _size(stretches: Stretches) -> int:
    return sum(end - start for start, end in stretches)


def by_segments(elf: Elf, segments: tuple[Segment, ...]) -> Stretches:
    """Executable segments without the file's own tables and without text."""
    taken = [
        (elf.dynamic[at], elf.dynamic[at] + unit * elf.dynamic.get(size, 0))
        for at, size, unit in TABLES
        if at in elf.dynamic
    ]
    for header in elf.headers:
        if header.kind in (PT_ARM_EXIDX, PT_DYNAMIC, PT_GNU_EH_FRAME, PT_INTERP, PT_NOTE, PT_PHDR):
            taken.append((header.address, header.address + header.file_size))
        if header.kind == PT_LOAD and header.offset == 0:
            taken.append((header.address, header.address + 64))
    found = []
    for part in segments:
        if part.executable and part.data:
            found += _without(_untexted(part), sorted(taken))
    return _merged([(start + -start % 4, end) for start, end in found if end - start >= 8])  # noqa: PLR2004  # two instructions


def gaps(stretches: Stretches, segments: tuple[Segment, ...]) -> Stretches:
    """What of the executable segments no stretch holds."""
    whole = [(part.address, part.address + len(part.data)) for part in segments if part.executable and part.data]
    return _merged([gap for gap in _without(sorted(whole), list(stretches)) if gap[1] - gap[0] >= BLOCK // 4])


def _untexted(part: Segment) -> list[tuple[int, int]]:
    """The segment's runs of blocks that are not nearly all printable text."""
    data = np.frombuffer(part.data, np.uint8)
    printable = ((data >= 32) & (data < 127)) | (data == 0) | (data == 10)  # noqa: PLR2004  # ASCII
    bounds = np.arange(0, len(data), BLOCK)
    share = np.add.reduceat(printable, bounds, dtype=np.int64) / np.diff(np.append(bounds, len(data)))
    full = np.add.reduceat(data != 0, bounds, dtype=np.int64) > 0
    code = (share < TEXT_SHARE) & full
    edges = np.flatnonzero(np.diff(np.concatenate([[0], code.astype(np.int8), [0]]))).reshape(-1, 2) * BLOCK
    return [(part.address + start, part.address + min(end, len(data))) for start, end in edges.tolist()]


def _without(stretches: list[tuple[int, int]], taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What remains of stretches when others are cut out of them. Both are sorted."""
    for first, last in taken:
        parts: list[tuple[int, int]] = []
        for start, end in stretches:
            if last <= start or end <= first:
                parts.append((start, end))
                continue
            parts += [part for part in ((start, min(end, first)), (max(start, last), end)) if part[0] < part[1]]
        stretches = parts
    return stretches


def _merged(stretches: list[tuple[int, int]]) -> Stretches:
    """Sorted, without overlap; neighbours stay apart."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if found and start < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        elif start < end:
            found.append((start, end))
    return tuple(found)
