"""In: an ELF file. Out: its dynamic symbols, its symbol table where it still has one, and its relocations, as tables.

Everything is a NumPy view of the file; names become text only where they are asked for. Bounds are the file's own size.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .elf import SHT_SYMTAB, Elf, name_at, records

DT_HASH: Final = 4
DT_STRTAB: Final = 5
DT_SYMTAB: Final = 6
DT_RELA: Final = 7
DT_RELASZ: Final = 8
DT_STRSZ: Final = 10
DT_REL: Final = 17
DT_RELSZ: Final = 18
DT_PLTREL: Final = 20
DT_PLTRELSZ: Final = 2
DT_JMPREL: Final = 23
DT_RELRSZ: Final = 35
DT_RELR: Final = 36
DT_GNU_HASH: Final = 0x6FFFFEF5
DT_MIPS_SYMTABNO: Final = 0x70000011

STT_FUNC: Final = 2
STT_IFUNC: Final = 10
MOST_SYMBOLS: Final = 4_000_000
MOST_RELOCATIONS: Final = 4_000_000

Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Symbols:
    """A symbol table: columns, and where its names lie in the file."""

    data: bytes = field(repr=False)
    names: Longs
    values: Longs
    sizes: Longs
    info: Longs
    sections: Longs
    strings: int
    strings_end: int

    def __len__(self) -> int:
        """The number of symbols."""
        return len(self.values)

    def name(self, number: int) -> str:
        """The name of one symbol, without its version; empty where there is no such symbol."""
        if not 0 <= number < len(self.names):
            return ""
        return name_at(self.data, self.strings + int(self.names[number]), self.strings_end).partition("@")[0]


@dataclass(frozen=True, slots=True)
class Relocations:
    """All relocations: where, which symbol (0: none), of which type, with which addend (0 and `implicit` for REL)."""

    offsets: Longs
    symbols: Longs
    types: Longs
    addends: Longs
    implicit: NDArray[np.bool_]


def symbol_layout(elf: Elf) -> np.dtype[np.void]:
    """Elf32_Sym or Elf64_Sym."""
    order = elf.order
    if elf.bits == 64:  # noqa: PLR2004  # the class
        kinds = [order + "u4", "u1", "u1", order + "u2", order + "u8", order + "u8"]
        return np.dtype(list(zip(["name", "info", "other", "shndx", "value", "size"], kinds, strict=True)))
    kinds = [order + "u4", order + "u4", order + "u4", "u1", "u1", order + "u2"]
    return np.dtype(list(zip(["name", "value", "size", "info", "other", "shndx"], kinds, strict=True)))


def _columns(elf: Elf, table: NDArray[np.void], strings: int, strings_end: int) -> Symbols:
    name, value, size, info, section = (
        table[column].astype(np.int64) for column in ("name", "value", "size", "info", "shndx")
    )
    return Symbols(elf.data, name, value, size, info, section, strings, strings_end)


def dynamic_symbols(elf: Elf, at_least: int = 0) -> Symbols:
    """The symbols the dynamic linker sees; `at_least` that many are looked for where the hash table shows fewer."""
    layout = symbol_layout(elf)
    table = elf.dynamic.get(DT_SYMTAB, 0)
    count = max(at_least, _hashed(elf), elf.dynamic.get(DT_MIPS_SYMTABNO, 0))
    count = min(count, MOST_SYMBOLS)
    found = elf.table(table, count * layout.itemsize, layout) if table else np.empty(0, layout)
    strings, left = elf.offset_of(elf.dynamic.get(DT_STRTAB, -1))
    return _columns(elf, found, strings, strings + min(left, elf.dynamic.get(DT_STRSZ, left)))


def _hashed(elf: Elf) -> int:
    """The number of symbols by the hash tables (DT_HASH says it; DT_GNU_HASH ends its last chain with an odd word)."""
    word = np.dtype([("word", elf.order + "u4")])
    plain = elf.table(elf.dynamic.get(DT_HASH, -1), 8, word)["word"]
    if len(plain) == 2:  # noqa: PLR2004  # nbucket, nchain
        return int(plain[1])
    at = elf.dynamic.get(DT_GNU_HASH, -1)
    head = elf.table(at, 16, word)["word"].astype(np.int64)
    if len(head) < 4:  # noqa: PLR2004  # nbuckets, symoffset, bloom_size, bloom_shift
        return 0
    buckets_at = at + 16 + int(head[2]) * elf.bits // 8
    buckets = elf.table(buckets_at, 4 * int(head[0]), word)["word"]
    last = int(buckets.max(initial=0))
    if last < head[1]:
        return int(head[1])
    start = buckets_at + 4 * int(head[0]) + 4 * (last - int(head[1]))
    chain = elf.table(start, 4 * MOST_SYMBOLS, word)["word"]
    ends = np.flatnonzero(chain & 1)
    return last + 1 + (int(ends[0]) if len(ends) else 0)


def static_symbols(elf: Elf) -> Symbols:
    """The symbol table that strip removes; empty where there is none."""
    layout = symbol_layout(elf)
    for section in elf.sections:
        if section.kind == SHT_SYMTAB and section.link < len(elf.sections):
            strings = elf.sections[section.link]
            count = min(section.size // layout.itemsize, MOST_SYMBOLS)
            table = records(elf.data, section.offset, count, layout)
            return _columns(elf, table, strings.offset, strings.offset + strings.size)
    return _columns(elf, np.empty(0, layout), 0, 0)


def relocations(elf: Elf) -> Relocations:
    """DT_REL, DT_RELA, DT_JMPREL and DT_RELR (whose entries carry type -1: relative)."""
    dynamic = elf.dynamic
    parts = [
        _relocations(elf, dynamic.get(DT_REL, 0), dynamic.get(DT_RELSZ, 0), addends=False),
        _relocations(elf, dynamic.get(DT_RELA, 0), dynamic.get(DT_RELASZ, 0), addends=True),
        _relocations(
            elf, dynamic.get(DT_JMPREL, 0), dynamic.get(DT_PLTRELSZ, 0), addends=dynamic.get(DT_PLTREL) == DT_RELA
        ),
        _relative(elf),
    ]
    offsets, symbols, types, addends, implicit = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Relocations(offsets, symbols, types, addends, implicit)


Columns = tuple[Longs, Longs, Longs, Longs, NDArray[np.bool_]]


def _relocations(elf: Elf, address: int, size: int, *, addends: bool) -> Columns:
    fields = [("offset", elf.word), ("info", elf.word)]
    if addends:
        fields.append(("addend", f"{elf.order}i{elf.bits // 8}"))
    layout = np.dtype(fields)
    table = (
        elf.table(address, min(size, MOST_RELOCATIONS * layout.itemsize), layout) if address else layout_empty(layout)
    )
    info = table["info"].astype(np.uint64)
    shift, mask = (32, 0xFFFFFFFF) if elf.bits == 64 else (8, 0xFF)  # noqa: PLR2004  # the class
    symbols, types = (info >> np.uint64(shift)).astype(np.int64), (info & np.uint64(mask)).astype(np.int64)
    added = table["addend"].astype(np.int64) if addends else np.zeros(len(table), np.int64)
    return table["offset"].astype(np.int64), symbols, types, added, np.full(len(table), not addends)


def layout_empty(layout: np.dtype[np.void]) -> NDArray[np.void]:
    """No records."""
    return np.empty(0, layout)


def _relative(elf: Elf) -> Columns:
    """DT_RELR: an even entry is an address, an odd one a bitmap of the words after the last (generic ABI, 2022)."""
    word = np.dtype([("word", elf.word)])
    at, size = elf.dynamic.get(DT_RELR, 0), elf.dynamic.get(DT_RELRSZ, 0)
    entries = elf.table(at, size, word)["word"].tolist() if at else []
    width, found, base = elf.bits // 8, list[int](), 0
    for entry in entries:
        if not entry & 1:
            found.append(entry)
            base = entry + width
            continue
        found.extend(base + width * bit for bit in range(elf.bits - 1) if entry >> (bit + 1) & 1)
        base += width * (elf.bits - 1)
        if len(found) > MOST_RELOCATIONS:
            break
    offsets = np.array([entry for entry in found if entry < 1 << 62], np.int64)
    nothing = np.zeros(len(offsets), np.int64)
    return offsets, nothing, np.full(len(offsets), -1, np.int64), nothing, np.full(len(offsets), True)  # noqa: FBT003  # the value
