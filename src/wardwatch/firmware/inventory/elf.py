"""In: the bytes of an ELF file. Out: what it says of itself: architecture, linking, hardening, build id.

System V ABI, generic part, chapters 4 and 5; processor supplements for the flags; the GNU program headers.
"""

import re
import struct
from typing import Final, NamedTuple

from wardwatch.errors import InputError
from wardwatch.firmware.programs.elf import PT_INTERP, SHT_SYMTAB, Elf, name_at, read

ET_REL, ET_DYN = 1, 3
_SMALLEST: Final = 52
_PT_NOTE: Final = 4
_PT_GNU_STACK: Final = 0x6474E551
_PT_GNU_RELRO: Final = 0x6474E552
_PF_X: Final = 1
_DT_STRTAB, _DT_BIND_NOW, _DT_FLAGS, _DT_FLAGS_1 = 5, 24, 30, 0x6FFFFFFB
_DF_BIND_NOW, _DF_1_NOW, _DF_1_PIE = 8, 1, 0x08000000
_MACHINES: Final = {
    2: "SPARC", 3: "x86", 8: "MIPS", 20: "PowerPC", 21: "PowerPC 64", 40: "ARM", 42: "SuperH", 62: "x86-64", 93: "ARC",
    183: "AArch64", 243: "RISC-V", 258: "LoongArch", 94: "Xtensa", 92: "OpenRISC",
    106: "Blackfin", 4: "m68k", 189: "MicroBlaze",
}  # fmt: skip  # e_machine, as registered
_EM_ARM, _EM_MIPS = 40, 8
_MIPS_ABIS: Final = {0x1000: "o32", 0x2000: "o64", 0x3000: "EABI32", 0x4000: "EABI64"}
_LIBCS: Final = (
    ("ld-uClibc", "uClibc"),
    ("ld64-uClibc", "uClibc"),
    ("ld-musl", "musl"),
    ("ld-linux", "glibc"),
    ("ld64.so", "glibc"),
    ("ld.so", "glibc"),
)
_NEEDED_LIBCS: Final = {"libc.so.0": "uClibc", "libc.so.1": "uClibc", "libc.so": "musl", "libc.so.6": "glibc"}
_BUILD_ID: Final = re.compile(rb"(?:\x04\0\0\0(.)\0\0\0\x03\0\0\0|\0\0\0\x04\0\0\0(.)\0\0\0\x03)GNU\0", re.DOTALL)
_FORTIFIED: Final = re.compile(rb"\0__[a-z0-9_]{2,30}_chk\0")


class Properties(NamedTuple):
    """What kind of file it is ('program', 'library', 'kernel module', 'object'), and 'name: value' pairs."""

    kind: str
    pairs: tuple[str, ...]


def properties(data: bytes) -> Properties | None:
    """None where it is no ELF file."""
    if len(data) < _SMALLEST or data[:4] != b"\x7fELF" or data[4] not in {1, 2} or data[5] not in {1, 2}:
        return None
    order = "<" if data[5] == 1 else ">"
    kind, machine = struct.unpack_from(order + "HH", data, 16)
    flags = struct.unpack_from(order + "I", data, 36 if data[4] == 1 else 48)[0]
    head = _architecture(machine, 32 * data[4], order, flags)
    try:
        elf = read(data)
    except InputError:
        return _unlinked(data, kind, head)
    return _linked(elf, head)


def _architecture(machine: int, bits: int, order: str, flags: int) -> list[str]:
    name = _MACHINES.get(machine, f"machine {machine}")
    pairs = [f"architecture: {name}, {bits} bits, {'little' if order == '<' else 'big'} endian"]
    if machine == _EM_ARM:
        version = flags >> 24
        hard = ", hard float" if flags & 0x400 else ", soft float" if flags & 0x200 else ""
        pairs.append(f"ABI: EABI {version}{hard}" if version else "ABI: old (before EABI)")
    elif machine == _EM_MIPS:
        abi = "n32" if flags & 0x20 else _MIPS_ABIS.get(flags & 0xF000, "64 bits" if bits == 64 else "")  # noqa: PLR2004  # the class
        pairs += [f"ABI: {abi}"] if abi else []
    return pairs


def _unlinked(data: bytes, kind: int, head: list[str]) -> Properties:
    """An object file: a kernel module where it says for which kernel it was built."""
    if kind != ET_REL:
        return Properties("damaged program", tuple(head))
    found = re.search(rb"\0vermagic=([ -~]{1,200})\0", data)
    if not found:
        return Properties("object", tuple(head))
    return Properties("kernel module", (*head, f"vermagic: {found[1].decode().strip()}"))


def _linked(elf: Elf, head: list[str]) -> Properties:
    interpreter = next(
        (name_at(elf.data, h.offset, h.offset + h.file_size) for h in elf.headers if h.kind == PT_INTERP), ""
    )
    table = elf.dynamic.get(_DT_STRTAB)
    needed = [name for offset in elf.needed_offsets if table is not None and (name := elf.text(table + offset))]
    pairs = list(head)
    is_static = not elf.dynamic or not (interpreter or needed or elf.kind == ET_DYN)
    pairs.append("linking: static" if is_static else "linking: dynamic")
    pairs += [f"interpreter: {interpreter}"] if interpreter else []
    pairs += [f"needs: {', '.join(needed)}"] if needed else []
    libc = _libc(interpreter, needed)
    pairs += [f"C library: {libc}"] if libc else []
    pairs += _hardening(elf, interpreter)
    pairs.append(f"stripped: {_yes(not any(section.kind == SHT_SYMTAB for section in elf.sections))}")
    build = _build_id(elf)
    pairs += [f"build id: {build}"] if build else []
    pie = elf.dynamic.get(_DT_FLAGS_1, 0) & _DF_1_PIE
    is_library = elf.kind == ET_DYN and not interpreter and not pie and not is_static
    return Properties("library" if is_library else "program", tuple(pairs))


def _libc(interpreter: str, needed: list[str]) -> str:
    base = interpreter.rpartition("/")[2]
    by_interpreter = next((name for start, name in _LIBCS if base.startswith(start)), "")
    return by_interpreter or next((_NEEDED_LIBCS[name] for name in needed if name in _NEEDED_LIBCS), "")


def _hardening(elf: Elf, interpreter: str) -> list[str]:
    stack = next((header for header in elf.headers if header.kind == _PT_GNU_STACK), None)
    nx = "not stated" if stack is None else _yes(not stack.flags & _PF_X)
    relro = any(header.kind == _PT_GNU_RELRO for header in elf.headers)
    flags, more = elf.dynamic.get(_DT_FLAGS, 0), elf.dynamic.get(_DT_FLAGS_1, 0)
    now = _DT_BIND_NOW in elf.dynamic or flags & _DF_BIND_NOW or more & _DF_1_NOW
    pie = elf.kind == ET_DYN and bool(interpreter or more & _DF_1_PIE)
    return [
        f"stack not executable: {nx}",
        f"RELRO: {'full' if relro and now else 'partial' if relro else 'no'}",
        f"position independent: {'library' if elf.kind == ET_DYN and not pie else _yes(pie)}",
        f"stack canary: {_yes(b'__stack_chk_fail' in elf.data)}",
        f"fortified: {_yes(bool(_FORTIFIED.search(elf.data)))}",
    ]


def _yes(holds: bool) -> str:  # noqa: FBT001  # one value, one word for it
    return "yes" if holds else "no"


def _build_id(elf: Elf) -> str:
    for header in elf.headers:
        if header.kind == _PT_NOTE:
            start, end = header.offset, header.offset + min(header.file_size, 4096)
            found = _BUILD_ID.search(elf.data, start, max(start, end))
            if found:
                size = (found[1] or found[2])[0]
                return elf.data[found.end() : found.end() + size].hex()
    return ""
