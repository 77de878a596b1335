"""In: C sources with their ground truth beside them. Out: programs of many processors, compiled once and kept.

A specimen is a C or C++ source and a TOML file of the same name. `builds()` names what can be built of it, `build()`
builds one with the compiler of the package `ziglang` below `.build/specimens`, under a name made of everything that
goes in, so that a second run finds it there. Nothing here is ever run except by the test of the ground truth.
"""

import hashlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[2]
KEPT: Final = ROOT / ".build" / "specimens"
HALVES: Final = {"tuned": HERE / "tuned", "held-back": HERE / "held_back"}
CALL_KEYS: Final = {"name", "arguments", "trigger", "observed"}
PEER_KEYS: Final = {"host", "port", "transport", "trigger", "observed"}
KEYS: Final = {"about", "build", "run", "call", "peer", "behaviours", "reach", "rules", "benign", "needs"}

TARGETS: Final[Mapping[str, tuple[str, ...]]] = {
    "a32-musl": ("arm-linux-musleabi", "-mcpu=arm926ej_s"),
    "a32-gnu": ("arm-linux-gnueabi", "-mcpu=arm926ej_s"),
    "a32-v7": ("arm-linux-musleabihf", "-mcpu=cortex_a9"),
    "t32": ("thumb-linux-musleabihf", "-mcpu=cortex_a7"),
    "aarch64-musl": ("aarch64-linux-musl",),
    "aarch64-gnu": ("aarch64-linux-gnu",),
    "mipsel": ("mipsel-linux-musleabi", "-mcpu=mips32r2"),
    "mips": ("mips-linux-musleabi", "-mcpu=mips32r2"),
    "powerpc": ("powerpc-linux-musleabi",),
    "x86-64-musl": ("x86_64-linux-musl",),
    "x86-64-gnu": ("x86_64-linux-gnu",),
    "x86": ("x86-linux-musl",),
}
"""Name of a target, and what the compiler is told: the first is its triple."""

ATOMICS: Final = ROOT / "src" / "wardwatch" / "twin" / "firmware" / "sources" / "atomics.c"
WITHOUT_ATOMICS: Final = ("a32-musl", "a32-gnu")
LEVELS: Final = ("-O0", "-O1", "-O2", "-O3", "-Os")
COMMON: Final = (
    "-fno-sanitize=undefined", "-fno-ident", "-g0", "-w", "-pthread", "-Wl,--build-id=none", "-Wl,--gc-sections"
)  # fmt: skip


@dataclass(frozen=True)
class Specimen:
    """One source with its truth: `name`, which `half`, the TOML as a mapping."""

    name: str
    half: str
    truth: Mapping[str, Any] = field(hash=False, compare=False)

    @property
    def folder(self) -> Path:
        """Where its sources lie."""
        return HALVES[self.half]

    @property
    def sources(self) -> tuple[str, ...]:
        """Its sources' names in that folder."""
        return tuple(self.truth.get("build", {}).get("sources", (f"{self.name}.c",)))

    @property
    def needs(self) -> tuple[str, ...]:
        """'dynamic' where it can only be linked so."""
        return tuple(self.truth.get("needs", ()))

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Build:
    """One way to build one specimen."""

    specimen: Specimen
    target: str
    level: str = "-O2"
    static: bool = False
    stripped: bool = True
    pie: bool = False

    @property
    def name(self) -> str:
        """For people and for files."""
        linked = "static" if self.static else "pie" if self.pie else "dynamic"
        return ".".join((self.specimen.name, self.target, self.level[1:], linked, "s" if self.stripped else "u"))

    @property
    def is_cpp(self) -> bool:
        """C++, whose library is linked statically always."""
        return any(source.endswith(".cc") for source in self.specimen.sources)

    @property
    def sources(self) -> tuple[str, ...]:
        """The specimen's sources, and what a static program needs on a processor without atomic instructions."""
        return (
            *self.specimen.sources,
            *((str(ATOMICS),) if self.target in WITHOUT_ATOMICS and (self.static or self.is_cpp) else ()),
        )

    @property
    def flags(self) -> tuple[str, ...]:
        """What the compiler is told."""
        triple, *more = TARGETS[self.target]
        linking = ("-static",) if self.static else ("-dynamic",)
        pie = ("-pie", "-fPIE") if self.pie else ("-no-pie", "-fno-pie")
        strip = ("-s",) if self.stripped else ()
        return ("-target", triple, *more, self.level, *COMMON, *linking, *pie, *strip)


@cache
def specimens(half: str) -> tuple[Specimen, ...]:
    """All specimens of one half, by name."""
    return tuple(
        Specimen(path.stem, half, tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(HALVES[half].glob("*.toml"))
    )


def builds(specimen: Specimen, targets: tuple[str, ...] = tuple(TARGETS), *, full: bool = True) -> Iterator[Build]:
    """What is built of a specimen: every target, every level; linking, symbols and position rotate.

    `full` False: one level a target, another one for each pair of specimen and target.
    """
    for place, target in enumerate(targets):
        turn = int(hashlib.sha256(f"{specimen.name} {target}".encode()).hexdigest(), 16)
        levels = LEVELS if full else (LEVELS[turn % len(LEVELS)],)
        for step, level in enumerate(levels):
            kind = (turn + step + place) % 4
            can_be_static = "gnu" not in target and "dynamic" not in specimen.needs
            yield Build(specimen, target, level, kind == 1 and can_be_static, kind != 2, kind == 3)


def build(wanted: Build) -> Path:
    """The program, compiled now or earlier."""
    specimen = wanted.specimen
    out = KEPT / specimen.half / f"{wanted.name}-{_digest(wanted)[:16]}"
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        library = _library(wanted)
        _compile(wanted, out, wanted.sources, library)
    return out


def libraries(wanted: Build) -> tuple[Path, ...]:
    """The shared libraries that belong beside the program."""
    build(wanted)
    return _library(wanted)


def _library(wanted: Build) -> tuple[Path, ...]:
    made = []
    for name, sources in sorted(wanted.specimen.truth.get("build", {}).get("shared", {}).items()):
        folder = KEPT / wanted.specimen.half / f"{wanted.name}-{_digest(wanted)[:16]}.lib"
        folder.mkdir(parents=True, exist_ok=True)
        out = folder / name
        if not out.exists():
            _compile(wanted, out, tuple(sources), (), ("-shared", "-fPIC", f"-Wl,-soname,{name}"))
        made.append(out)
    return tuple(made)


def _compile(
    wanted: Build, out: Path, sources: tuple[str, ...], library: tuple[Path, ...], more: tuple[str, ...] = ()
) -> None:
    compiler = "c++" if wanted.is_cpp else "cc"
    flags = [flag for flag in wanted.flags if not more or flag not in {"-pie", "-no-pie", "-fno-pie", "-fPIE"}]
    unfinished = out.with_name(f"{out.name}.{os.getpid()}")
    command = [sys.executable, "-m", "ziglang", compiler, *flags, *more, *sources, *map(str, library)]
    done = subprocess.run(
        [*command, "-o", str(unfinished)], cwd=wanted.specimen.folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{wanted.name}: {done.stderr[-2000:]}")
    unfinished.replace(out)


@cache
def _digest(wanted: Build) -> str:
    state = hashlib.sha256(repr((wanted.flags, version("ziglang"))).encode())
    shared = wanted.specimen.truth.get("build", {}).get("shared", {})
    names = (*wanted.specimen.sources, *(source for group in shared.values() for source in group))
    headers = sorted(path.name for path in wanted.specimen.folder.glob("*.h"))
    for name in (*names, *headers):
        state.update(name.encode() + b"\0" + (wanted.specimen.folder / name).read_bytes())
    return state.hexdigest()
