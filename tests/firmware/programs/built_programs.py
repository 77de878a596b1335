"""In: C sources and targets. Out: programs built by the pinned compiler, each once a run, without a C library."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

SOURCES: Final = Path(__file__).parent / "sources"
TARGETS: Final = {
    "a32": ("-target", "arm-linux-musleabi", "-mcpu=arm926ej_s"),
    "t32": ("-target", "thumb-linux-musleabihf", "-mcpu=cortex_a7"),
    "aarch64": ("-target", "aarch64-linux-musl"),
    "mips": ("-target", "mips-linux-musleabi"),
    "mipsel": ("-target", "mipsel-linux-musleabi"),
    "powerpc": ("-target", "powerpc-linux-musleabi"),
    "x86": ("-target", "x86-linux-musl"),
    "x86-64": ("-target", "x86_64-linux-musl"),
}
COMMON: Final = (
    "-nostdlib", "-Wl,-e,_start", "-ffreestanding", "-fno-stack-protector", "-fno-sanitize=all", "-w", "-g",
)  # fmt: skip
NO_UNWIND: Final = ("-fno-unwind-tables", "-fno-asynchronous-unwind-tables")
PIE: Final = ("-fPIE", "-pie")
FIXED: Final = ("-fno-pie", "-no-pie")

Build = Callable[..., bytes]


def compiled(folder: Path, name: str, target: str, *flags: str) -> Path:
    """The program, built unless a process of this run has built it already."""
    safe = "_".join(flag.strip("-").replace("/", "-").replace("=", "-").replace(",", "-") for flag in flags)
    made = folder / f"{name}.{target}.{safe}"[:200]
    if not made.exists():
        partly = made.with_name(f"{made.name}.{os.getpid()}")
        command = [sys.executable, "-m", "ziglang", "cc", *TARGETS[target], *COMMON, *flags, "-o", str(partly)]
        subprocess.run([*command, *_inputs(folder, name, target)], check=True, capture_output=True)
        partly.replace(made)
    return made


def _inputs(folder: Path, name: str, target: str) -> list[str]:
    """The source, and the library it needs."""
    if name == "stub":
        return [str(SOURCES / "stub.c"), "-shared", "-fPIC", *NO_UNWIND]
    return [str(SOURCES / f"{name}.c"), str(compiled(folder, "stub", target, "-Wl,-soname,libstub.so"))]


def without_sections(data: bytes) -> bytes:
    """The program as sstrip leaves it: no section headers, hence no symbol table either."""
    out = bytearray(data)
    if data[4] == 1:
        out[0x20:0x24], out[0x2E:0x34] = bytes(4), bytes(6)
    else:
        out[0x28:0x30], out[0x3A:0x40] = bytes(8), bytes(6)
    return bytes(out)
