"""In: C sources beside the tests. Out: programs compiled for many processors by the ziglang package, once a session."""

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).with_name("programs")
TARGETS = {
    "arm": ["-target", "arm-linux-musleabi", "-mcpu=arm926ej_s"],
    "thumb": ["-target", "thumb-linux-musleabihf", "-mcpu=cortex_a7"],
    "aarch64": ["-target", "aarch64-linux-musl"],
    "mipsel": ["-target", "mipsel-linux-musleabi"],
    "mips": ["-target", "mips-linux-musleabi"],
    "powerpc": ["-target", "powerpc-linux-musleabi"],
    "x86": ["-target", "x86-linux-musl"],
    "x86-64": ["-target", "x86_64-linux-musl"],
}
Build = Callable[..., Path]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Compile a program of the folder for a target at a level, with further flags; its path."""
    if not find_spec("ziglang"):
        pytest.skip("the package ziglang is not installed")
    folder = tmp_path_factory.mktemp("programs")

    def compiled(name: str, target: str, level: str, *flags: str) -> Path:
        out = folder / f"{name}-{target}{level}{''.join(flags)}"
        if not out.exists():
            command = [sys.executable, "-m", "ziglang", "cc", *TARGETS[target], level, "-w", "-fno-sanitize=undefined"]
            subprocess.run([*command, *flags, "-o", str(out), str(PROGRAMS / f"{name}.c")], check=True)
        return out

    return compiled
