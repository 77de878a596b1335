"""In: an ELF file and its segments. Out: the stretches that hold code."""

from typing import Final

from .binary import Segment
from .elf import SHT_NOBITS, Elf

SHF_EXECINSTR: Final = 4


def code_stretches(elf: Elf, segments: tuple[Segment, ...]) -> tuple[tuple[int, int], ...]:
    """Executable sections, where they hold the entry point; else executable segments whole."""
    whole = [(part.address, part.address + len(part.data)) for part in segments if part.executable and part.data]
    hinted = [
        (max(start, section.address), min(end, section.address + section.size))
        for section in elf.sections
        if section.flags & SHF_EXECINSTR and section.kind != SHT_NOBITS
        for start, end in whole
    ]
    hinted = [(start, end) for start, end in hinted if start < end]
    if any(start <= elf.entry < end for start, end in hinted):
        return _merged(hinted)
    return _merged(whole)


def _merged(stretches: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Sorted, without overlap; neighbours stay apart."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if found and start < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return tuple(found)
