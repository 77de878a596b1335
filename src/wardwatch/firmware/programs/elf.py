"""In: the bytes of an ELF file. Out: its headers, segments, dynamic entries and section hints, each read in bounds.

What the system's loader uses (program headers, the dynamic section) decides; section headers are hints, because a
program runs with false ones or none. Sizes and offsets are clipped to the file, and what had to be clipped is a note.
Layouts: System V ABI, chapters 4 and 5 of the generic part.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wardwatch.errors import InputError

PT_LOAD: Final = 1
PT_DYNAMIC: Final = 2
PT_INTERP: Final = 3
PT_GNU_EH_FRAME: Final = 0x6474E550
PT_ARM_EXIDX: Final = 0x70000001
SHT_SYMTAB: Final = 2
SHT_NOBITS: Final = 8
ET_EXEC: Final = 2
ET_DYN: Final = 3

MOST_HEADERS: Final = 1170
"""Linux refuses more program headers than fit in 64 KiB (fs/binfmt_elf.c)."""
MOST_SECTIONS: Final = 4096
MOST_DYNAMIC: Final = 4096
MOST_NEEDED: Final = 512
LONGEST_NAME: Final = 4096
HIGHEST: Final = 1 << 62
"""Addresses from here on are not read: signed 64-bit arithmetic stays exact, and user programs lie far below."""


class Header(NamedTuple):
    """A program header, clipped to the file."""

    kind: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int


class Section(NamedTuple):
    """A section header as written; a hint."""

    name: str
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int


@dataclass(frozen=True, slots=True)
class Elf:
    """An ELF file's own account of itself. `dynamic` holds the first value of each tag, `needed` the libraries."""

    data: bytes = field(repr=False)
    bits: int
    little_endian: bool
    machine: int
    kind: int
    flags: int
    entry: int
    headers: tuple[Header, ...]
    sections: tuple[Section, ...]
    dynamic: Mapping[int, int] = field(default_factory=dict)
    needed_offsets: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def order(self) -> str:
        """The byte order as `struct` and NumPy write it."""
        return "<" if self.little_endian else ">"

    @property
    def word(self) -> str:
        """NumPy's name of an unsigned word of the file's class."""
        return f"{self.order}u{self.bits // 8}"

    def offset_of(self, address: int) -> tuple[int, int]:
        """Where `address` lies in the file, and how many bytes the file has from there; (0, 0) where it has none."""
        for header in reversed(self.headers):
            if header.kind == PT_LOAD and header.address <= address < header.address + header.file_size:
                inside = address - header.address
                return header.offset + inside, header.file_size - inside
        return 0, 0

    def table(self, address: int, size: int, layout: np.dtype[np.void]) -> NDArray[np.void]:
        """At most `size` bytes at `address` as records; empty where there are none."""
        offset, left = self.offset_of(address)
        return records(self.data, offset, min(size, left) // layout.itemsize, layout)

    def text(self, address: int) -> str:
        """The string at `address`, as far as the file has one."""
        offset, left = self.offset_of(address)
        return name_at(self.data, offset, offset + left)


def records(data: bytes, offset: int, count: int, layout: np.dtype[np.void]) -> NDArray[np.void]:
    """`count` records from `offset`, fewer where the data ends."""
    room = max(0, len(data) - offset) // layout.itemsize
    return np.frombuffer(data, layout, max(0, min(count, room)), offset if room else 0)


def name_at(data: bytes, offset: int, end: int) -> str:
    """The NUL-terminated name at `offset`, no longer than names may be."""
    stop = min(end, len(data), offset + LONGEST_NAME)
    if not 0 <= offset < stop:
        return ""
    nul = data.find(b"\0", offset, stop)
    return data[offset : nul if nul >= 0 else stop].decode("utf-8", "replace")


def read(data: bytes) -> Elf:
    """The file's headers. InputError where it is no ELF file, or none that a system would load."""
    if len(data) < 52 or data[:4] != b"\x7fELF" or data[4] not in (1, 2) or data[5] not in (1, 2):  # noqa: PLR2004  # e_ident
        raise InputError("not an ELF program", cure="Give a program, a firmware image or a folder.")
    bits, order = 32 * data[4], "<" if data[5] == 1 else ">"
    head = _head(data, bits, order)
    headers, notes = _program_headers(data, bits, order, head)
    if not any(header.kind == PT_LOAD and header.file_size for header in headers):
        raise InputError("an ELF file without a segment to load: no program", cure="Give a linked program or library.")
    sections, more = _sections(data, bits, order, head)
    elf = Elf(
        data, bits, order == "<", head.machine, head.kind, head.flags, head.entry, headers, sections, notes=notes + more
    )
    return _with_dynamic(elf)


class _Head(NamedTuple):
    kind: int
    machine: int
    version: int
    entry: int
    phoff: int
    shoff: int
    flags: int
    ehsize: int
    phentsize: int
    phnum: int
    shentsize: int
    shnum: int
    shstrndx: int


def _head(data: bytes, bits: int, order: str) -> _Head:
    form = struct.Struct(order + ("HHIQQQIHHHHHH" if bits == 64 else "HHIIIIIHHHHHH"))  # noqa: PLR2004  # the class
    if len(data) < 16 + form.size:
        raise InputError("an ELF header that is cut off", cure="Give the whole file.")
    return _Head(*form.unpack_from(data, 16))


def header_layout(bits: int, order: str) -> "np.dtype[np.void]":
    """Elf32_Phdr or Elf64_Phdr."""
    u4, u8 = order + "u4", order + "u8"
    if bits == 64:  # noqa: PLR2004  # the class
        names = ["type", "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align"]
        return np.dtype(list(zip(names, [u4, u4, u8, u8, u8, u8, u8, u8], strict=True)))
    return np.dtype([(name, u4) for name in ["type", "offset", "vaddr", "paddr", "filesz", "memsz", "flags", "align"]])


def _program_headers(data: bytes, bits: int, order: str, head: _Head) -> tuple[tuple[Header, ...], tuple[str, ...]]:
    layout = header_layout(bits, order)
    table = records(data, head.phoff, min(head.phnum, MOST_HEADERS), layout)
    notes = [] if len(table) == head.phnum else [f"{head.phnum} program headers are announced, {len(table)} were read"]
    found = []
    for row in table.tolist():
        kind, flags, offset, address, _, size, memory = row[:7] if bits == 64 else _ordered(row)  # noqa: PLR2004  # the class
        kept = max(0, min(size, len(data) - offset))
        if address >= HIGHEST or (kind == PT_LOAD and memory >= HIGHEST):
            notes.append(f"a segment at 0x{address:x} lies where no program does; it was left out")
            continue
        if kind == PT_LOAD and kept < size:
            notes.append(f"the segment at 0x{address:x} has {size} bytes in its header and {kept} in the file")
        found.append(Header(kind, flags, offset, address, kept, max(memory, kept)))
    return tuple(found), tuple(notes)


def _ordered(row: tuple[int, ...]) -> tuple[int, ...]:
    """The fields of an Elf32_Phdr in the order of an Elf64_Phdr."""
    kind, offset, address, physical, size, memory, flags, _ = row
    return kind, flags, offset, address, physical, size, memory


def _sections(data: bytes, bits: int, order: str, head: _Head) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    word = order + ("u8" if bits == 64 else "u4")  # noqa: PLR2004  # the class
    names = ["name", "type", "flags", "addr", "offset", "size", "link", "info", "addralign", "entsize"]
    kinds = [order + "u4", order + "u4", word, word, word, word, order + "u4", order + "u4", word, word]
    layout = np.dtype(list(zip(names, kinds, strict=True)))
    if not head.shoff or head.shentsize != layout.itemsize:
        return (), ()
    table = records(data, head.shoff, min(head.shnum, MOST_SECTIONS), layout)
    if len(table) < head.shnum:
        notes: tuple[str, ...] = (f"{head.shnum} section headers are announced, {len(table)} were read",)
    else:
        notes = ()
    rows = table.tolist()
    strings = rows[head.shstrndx] if head.shstrndx < len(rows) else None
    start, end = (strings[4], strings[4] + strings[5]) if strings else (0, 0)
    return tuple(
        Section(name_at(data, start + row[0], end), row[1], row[2], row[3], row[4], row[5], row[6]) for row in rows
    ), notes


def _with_dynamic(elf: Elf) -> Elf:
    """The same with its dynamic section, found by PT_DYNAMIC as the system's loader does."""
    place = next((header for header in elf.headers if header.kind == PT_DYNAMIC), None)
    if place is None:
        return elf
    layout = np.dtype([("tag", elf.word), ("value", elf.word)])
    table = elf.table(place.address, MOST_DYNAMIC * layout.itemsize, layout)
    if not len(table):
        table = records(elf.data, place.offset, min(place.file_size // layout.itemsize, MOST_DYNAMIC), layout)
    entries: dict[int, int] = {}
    needed: list[int] = []
    for tag, value in table.tolist():
        if tag == 0:
            break
        entries.setdefault(tag, value)
        if tag == 1 and len(needed) < MOST_NEEDED:
            needed.append(value)
    return Elf(
        elf.data, elf.bits, elf.little_endian, elf.machine, elf.kind, elf.flags, elf.entry, elf.headers, elf.sections,
        entries, tuple(needed), elf.notes,
    )  # fmt: skip
