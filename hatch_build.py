"""In: the kernels' C sources. Out: one shared library beside each, in every wheel and every editable install.

The compiler is the one in the package `ziglang`, so a build needs no compiler of the machine; where that package has
no build for the platform, `cc` is used. The library is compiled again only when a source or this file has changed.
"""

import hashlib
import platform
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

KERNELS = (
    Path("src/wardwatch/traffic/kernel"),
    Path("src/wardwatch/firmware/programs/engine/kernel"),
    Path("src/wardwatch/vitals/beats/kernel"),
)
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}
FLAGS = [
    "-std=c11",
    "-O3",
    "-flto",
    "-shared",
    "-s",
    "-fvisibility=hidden",
    "-fno-strict-aliasing",
    "-fno-sanitize=undefined",
    "-fstack-protector-strong",
    "-Wall",
    "-Wextra",
    "-Werror",
]


def _target() -> list[str]:
    """The baseline processor, and on Linux the oldest glibc that Python's own wheels still serve."""
    flags = ["-mcpu=baseline"]
    if sys.platform == "linux":
        libc, machine = platform.libc_ver()[0], platform.machine()
        flags += ["-target", f"{machine}-linux-{'gnu.2.17' if libc == 'glibc' else 'musl'}"]
    return flags


def _compiler() -> list[str]:
    if find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc", *_target()]
    found = shutil.which("cc")
    if not found:
        raise RuntimeError("no C compiler: install the Python package ziglang, or a compiler named cc")
    return [found]


def _digest(parts: list[Path]) -> str:
    state = hashlib.sha256(f"{sys.platform} {platform.machine()}".encode())
    for part in parts:
        state.update(part.name.encode() + b"\0" + part.read_bytes())
    return state.hexdigest()


def compile_kernel(root: Path, kernel: Path) -> Path:
    """Compile one kernel under `root` where its sources are newer than the library; the library's path."""
    folder = root / kernel
    library = folder / f"_kernel{SUFFIX.get(sys.platform, '.so')}"
    sources = sorted(folder.glob("*.c"))
    stamp = root / ".build" / f"{'-'.join(kernel.parts[2:])}.sha256"
    digest = _digest([*sources, *sorted(folder.glob("*.h")), Path(__file__)])
    if library.exists() and stamp.exists() and stamp.read_text() == digest:
        return library
    pic = [] if sys.platform == "win32" else ["-fPIC"]
    fresh = library.with_name(f"fresh{library.name}")
    names = [source.name for source in sources]
    subprocess.run(  # noqa: S603  # our own compiler on our own sources
        [*_compiler(), *FLAGS, *pic, *names, "-o", fresh.name], cwd=folder, check=True
    )
    fresh.replace(library)  # at once, so that a running process keeps the old one
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(digest)
    return library


def compile_kernels(root: Path) -> list[Path]:
    """Compile all kernels that need it; their libraries' paths."""
    return [compile_kernel(root, kernel) for kernel in KERNELS]


class KernelBuildHook(BuildHookInterface[Any]):
    """Compiles the kernels before a wheel is put together, and marks the wheel as one for this platform."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling for `version` 'standard' and 'editable' alike."""
        del version
        libraries = compile_kernels(Path(self.root))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"] += [f"/{library.relative_to(self.root).as_posix()}" for library in libraries]


if __name__ == "__main__":
    compile_kernels(Path(__file__).parent)
