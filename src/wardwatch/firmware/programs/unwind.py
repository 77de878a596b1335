"""In: an ELF file. Out: function starts that its tables for unwinding the stack name, which survive strip.

.ARM.exidx: Exception Handling ABI for the Arm Architecture, section 6. .eh_frame_hdr: Linux Standard Base, section
10.6; DWARF pointer encodings as there.
"""

from typing import Final

import numpy as np

from .elf import HIGHEST, PT_ARM_EXIDX, PT_GNU_EH_FRAME, Elf, records
from .flow import distinct
from .symbols import Longs

MOST_ENTRIES: Final = 4_000_000
_FORMS: Final = {0x03: "u4", 0x0B: "i4", 0x04: "u8", 0x0C: "i8", 0x00: "word"}


def starts(elf: Elf) -> Longs:
    """Every start named by the tables, sorted."""
    return distinct(np.concatenate([_exidx(elf), _frame_header(elf)]))


def _exidx(elf: Elf) -> Longs:
    place = next((header for header in elf.headers if header.kind == PT_ARM_EXIDX), None)
    if place is None or place.address >= HIGHEST:
        return np.empty(0, np.int64)
    layout = np.dtype([("start", elf.order + "u4"), ("unwind", elf.order + "u4")])
    table = records(elf.data, place.offset, min(place.file_size // 8, MOST_ENTRIES), layout)
    offset = (table["start"].astype(np.uint32) << np.uint32(1)).view(np.int32).astype(np.int64) >> 1  # prel31
    return (place.address + 8 * np.arange(len(table), dtype=np.int64) + offset) & 0xFFFFFFFF


def _frame_header(elf: Elf) -> Longs:
    """The sorted table of .eh_frame_hdr, whose entries are pairs relative to its own start (DW_EH_PE_datarel)."""
    place = next((header for header in elf.headers if header.kind == PT_GNU_EH_FRAME), None)
    if place is None or place.file_size < 12 or place.address >= HIGHEST:  # noqa: PLR2004  # the header's size
        return np.empty(0, np.int64)
    version, pointer, count_form, entry_form = elf.data[place.offset : place.offset + 4]
    width = {0xB: 4, 0x3: 4, 0xC: 8, 0x4: 8}.get(pointer & 0xF, elf.bits // 8)
    if version != 1 or count_form & 0xF not in (0x3, 0xB) or entry_form & 0xF0 not in (0x30, 0x00):
        return np.empty(0, np.int64)
    form = _FORMS.get(entry_form & 0xF, "")
    if not form:
        return np.empty(0, np.int64)
    kind = elf.word if form == "word" else elf.order + form
    at = place.offset + 4 + width
    count = int(records(elf.data, at, 1, np.dtype([("n", elf.order + "u4")]))["n"].sum())
    table = records(elf.data, at + 4, min(count, MOST_ENTRIES), np.dtype([("start", kind), ("entry", kind)]))
    base = place.address if entry_form & 0xF0 == 0x30 else 0  # noqa: PLR2004  # datarel
    found = table["start"].astype(np.int64) + base
    return found & (0xFFFFFFFF if elf.bits == 32 else -1)  # noqa: PLR2004  # the class
