"""In: the files of an image. Out: the facts of every program and script in it, each content read once, on every core.

Programs are independent of each other, so they are spread over processes where that pays; the result does not depend
on it.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from hashlib import sha256
from multiprocessing import get_context
from typing import Final

from .behaviours.words import MACHINE_CODE
from .scripts import Files, language_of
from .scripts import analyse as analyse_script
from .tree import Node, NodeKind, Tree
from .words import CodeFacts, Place, Unread

ELF: Final = b"\x7fELF"
FILE_AT_MOST: Final = 256 << 20
SCRIPT_AT_MOST: Final = 1 << 20
SPREAD_FROM: Final = 2 << 20
"""Bytes of programs from which a second process pays for its start."""
CORES_AT_MOST: Final = 8
ELF_TYPE: Final = slice(16, 18)
RELOCATABLE: Final = (b"\x01\x00", b"\x00\x01")
_EVERYTHING: Final = ("*",)

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Read:
    """All code of an image. `same` leads from a path to the one whose identical content was read; `hashes` has all."""

    facts: Mapping[str, CodeFacts]
    hashes: Mapping[str, str]
    same: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    programs: frozenset[str] = frozenset()


@dataclass
class _Sorted:
    """Files by what they are."""

    hashes: dict[str, str] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)
    programs: list[tuple[str, bytes]] = field(default_factory=list)
    scripts: list[tuple[str, bytes]] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    unread: list[CodeFacts] = field(default_factory=list)


def read_code(tree: Tree, files: Files, analyse: Callable[[str, bytes], CodeFacts], progress: Progress | None) -> Read:
    """The facts of every program and script."""
    kinds = _Sorted()
    for node in tree.nodes:
        if node.kind is NodeKind.FILE:
            _sort(node, kinds)
            if progress:
                progress(node.size // 2)
    facts = {each.file: each for each in kinds.unread}
    facts |= {path: analyse_script(path, data, files) for path, data in kinds.scripts}
    facts |= {each.file: each for each in _programs(kinds.programs, analyse, progress)}
    programs = frozenset((*facts, *kinds.same))
    return Read(dict(sorted(facts.items())), kinds.hashes, kinds.same, tuple(kinds.modules), programs)


def _sort(node: Node, kinds: _Sorted) -> None:
    if node.size > FILE_AT_MOST:
        kinds.hashes[node.path] = ""
        kinds.unread.append(_too_large(node))
        return
    data = node.read(FILE_AT_MOST)
    digest = sha256(data).hexdigest()
    kinds.hashes[node.path] = digest
    is_program, is_script = data.startswith(ELF), _is_script(node.path, data)
    if not (is_program or is_script):
        return
    if is_program and (node.path.endswith(".ko") or data[ELF_TYPE] in RELOCATABLE):
        kinds.modules.append(node.path)
    elif is_program and digest in kinds.first:
        kinds.same[node.path] = kinds.first[digest]
    elif is_program:
        kinds.first[digest] = node.path
        kinds.programs.append((node.path, data))
    else:
        kinds.scripts.append((node.path, data))


def _is_script(path: str, data: bytes) -> bool:
    """What names its interpreter is a script, whether that language can be read or is a gap."""
    if data.startswith(b"#!"):
        return True
    return len(data) <= SCRIPT_AT_MOST and bool(data.strip()) and language_of(path, data) is not None


def _too_large(node: Node) -> CodeFacts:
    gap = Unread(Place(node.path), f"a file of {node.size} bytes", f"only {FILE_AT_MOST} are read", _EVERYTHING)
    return CodeFacts(node.path, "unknown", unread=(gap,))


def _programs(
    programs: list[tuple[str, bytes]], analyse: Callable[[str, bytes], CodeFacts], progress: Progress | None
) -> Iterator[CodeFacts]:
    """Each program's facts, the largest first, so that no core waits for the last one."""
    largest_first = sorted(programs, key=lambda entry: (-len(entry[1]), entry[0]))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    spread = cores > 1 and len(programs) > 1 and sum(len(data) for _, data in programs) >= SPREAD_FROM
    alone = (_one(analyse, entry) for entry in largest_first)
    done = _spread(largest_first, analyse, cores) if spread else alone
    for entry, facts in zip(largest_first, done, strict=True):
        if progress:
            progress(len(entry[1]) // 2)
        yield facts


def _spread(
    programs: list[tuple[str, bytes]], analyse: Callable[[str, bytes], CodeFacts], cores: int
) -> Iterator[CodeFacts]:
    """In their order; a program whose process was ended from outside (for its memory) is a gap."""
    with ProcessPoolExecutor(min(cores, CORES_AT_MOST), mp_context=get_context("fork")) as pool:
        waiting = [(path, pool.submit(_one, analyse, (path, data))) for path, data in programs]
        for path, each in waiting:
            try:
                yield each.result()
            except BrokenProcessPool:
                yield _not_read(path, "the process that examined it was ended")


def _one(analyse: Callable[[str, bytes], CodeFacts], entry: tuple[str, bytes]) -> CodeFacts:
    """One program; what goes wrong in reading it is a gap of this program and of no other."""
    path, data = entry
    try:
        facts = analyse(path, data)
    except MemoryError:
        return _not_read(path, "there was not enough memory")
    except Exception as error:  # noqa: BLE001  # one hostile program must not end the examination of an image
        return _not_read(path, f"its examination ended early ({type(error).__name__})")
    return facts if facts.file == path else replace(facts, file=path)


def _not_read(path: str, why: str) -> CodeFacts:
    return CodeFacts(path, MACHINE_CODE, unread=(Unread(Place(path), "the program", why, _EVERYTHING),))
