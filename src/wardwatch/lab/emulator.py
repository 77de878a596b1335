"""In: the first bytes of a program. Out: the emulator for it on this machine, and how the kernel is told to use it.

Since Linux 6.7 each user namespace may have a table of its own of what runs which programs (binfmt_misc). So what a
watched program starts runs as well, also what it has just written, and nothing is changed outside the lab.
"""

import os
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from . import kernel

_TABLE: Final = Path("/proc/sys/fs/binfmt_misc")
_SWITCHES: Final = frozenset({"register", "status"})
_IGNORED: Final = {
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
}  # ABI, its version and padding (gABI, e_ident); e_type's last bit
_NAMES: Final = {
    (40, 1, "little"): "arm", (40, 1, "big"): "armeb", (183, 2, "little"): "aarch64", (8, 1, "little"): "mipsel",
    (8, 1, "big"): "mips", (8, 2, "little"): "mips64el", (8, 2, "big"): "mips64", (3, 1, "little"): "i386",
    (62, 2, "little"): "x86_64", (20, 1, "big"): "ppc", (21, 2, "big"): "ppc64", (21, 2, "little"): "ppc64le",
    (243, 1, "little"): "riscv32", (243, 2, "little"): "riscv64", (42, 1, "little"): "sh4", (42, 1, "big"): "sh4eb",
    (2, 1, "big"): "sparc",
}  # fmt: skip
_INTERPRETER: Final = 3  # PT_INTERP
HEAD: Final = 64


@dataclass(frozen=True, slots=True)
class Emulator:
    """The program that emulates, and the head of the programs it is for."""

    path: str
    head: bytes


def architecture(head: bytes) -> str:
    """What a program runs on, by qemu's name for it; empty where it is no program for Linux that qemu knows."""
    if head[:4] != b"\x7fELF" or len(head) < 20 or head[5] not in {1, 2}:  # noqa: PLR2004  # gABI, figure 4-3
        return ""
    order = "little" if head[5] == 1 else "big"
    kind, code = (struct.unpack_from("<H" if order == "little" else ">H", head, at)[0] for at in (16, 18))
    return _NAMES.get((code, head[4], order), "") if kind in {2, 3} else ""


def emulator(head: bytes) -> Emulator | None:
    """The emulator for such a program; None where none is installed that needs no libraries of its own."""
    name = architecture(head)
    for program in (f"qemu-{name}-static", f"qemu-{name}") if name else ():
        path = shutil.which(program)
        if path and _is_static(path):
            return Emulator(path, head[:20])
    return None


def registered(emulators: list[Emulator]) -> bool:
    """Tell the kernel, for this user namespace, which emulator runs which programs; False where it can't be told.

    Without a user namespace of its own (a lab of root) the table would be the machine's: it is left as it is.
    """
    if not is_in_own_user_namespace():
        return False
    try:
        kernel.mount("binfmt_misc", str(_TABLE), "binfmt_misc", 0)
        for number, each in enumerate(emulators):
            (_TABLE / "register").write_bytes(_line(f"wardwatch{number}", each))
    except OSError:
        return False
    return True


def is_known(head: bytes) -> bool:
    """Whether the machine's own table says what runs such programs (as Debian's binfmt-support has it)."""
    try:
        entries = [path.read_text(encoding="ascii") for path in _TABLE.iterdir() if path.name not in _SWITCHES]
    except (OSError, UnicodeDecodeError):
        return False
    return any(each.startswith("enabled") and _covers(each, head) for each in entries)


def _covers(entry: str, head: bytes) -> bool:
    """Whether an entry's pattern fits, and the emulator was opened when it was made, for a root without it."""
    words = dict(line.split(" ", 1) for line in entry.splitlines() if " " in line)
    try:
        magic, mask = bytes.fromhex(words["magic"]), bytes.fromhex(words.get("mask", "ff" * len(words["magic"])))
    except (KeyError, ValueError):
        return False
    fits = all(seen & bits == wanted & bits for seen, wanted, bits in zip(head, magic, mask, strict=False))
    return fits and "F" in words.get("flags:", "")


def is_in_own_user_namespace() -> bool:
    """The machine's own maps every number of a user to itself (user_namespaces(7))."""
    words = Path("/proc/self/uid_map").read_text(encoding="ascii").split()
    return words != ["0", "0", str(0xFFFFFFFF)]


def _line(name: str, what: Emulator) -> bytes:
    """Name, kind, offset, pattern, mask, program, flags: opened now ('F'), and told the name it was called by ('P')."""
    pattern = bytearray(what.head)
    mask = bytearray(0 if at in _IGNORED else 0xFF for at in range(20))
    little = what.head[5] == 1
    pattern[16 if little else 17] = 2
    mask[16], mask[17] = (0xFE, 0xFF) if little else (0xFF, 0xFE)
    for at in range(20):
        pattern[at] &= mask[at]
    words = (b"".join(b"\\x%02x" % byte for byte in part) for part in (pattern, mask))
    return b":" + b":".join((name.encode(), b"M", b"", *words, os.fsencode(what.path), b"FP"))


def _is_static(path: str) -> bool:
    """Whether it needs no other program to be loaded: in the image's root there is none for this machine."""
    with Path(path).open("rb") as stream:
        head = stream.read(64)
        if head[:4] != b"\x7fELF" or head[4:6] != b"\x02\x01":
            return False
        start, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<HH", head, 54)
        stream.seek(start)
        table = stream.read(size * count)
    return all(struct.unpack_from("<I", table, at)[0] != _INTERPRETER for at in range(0, len(table), size))
