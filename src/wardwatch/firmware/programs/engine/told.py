"""In: a static program. Out: names of functions, told by the system call that running them comes to first.

A function that hands its own arguments on to the system call of connect() is taken for connect(), whatever lies between
them: a check for threads that are to be cancelled, a number that is put together of two halves.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from wardwatch.firmware.programs.binary import Binary
from wardwatch.firmware.programs.syscalls import NUMBERS

from .events import Trap, traps
from .kernel import Bounds, Kernel
from .origins import Kind, Origins
from .program import Prepared
from .spawned import spawned

LARGEST: Final = 1200
"""Bytes of a function that may be one of the library's ways into the system."""
BOUNDS: Final = Bounds(steps=4_000, path_steps=2_000, visits=1, paths=32)
SHELLS: Final = frozenset({"system", "popen"})
PIPES: Final = frozenset({"pipe", "pipe2"})
AT_FDCWD: Final = -100
ANY: Final = "*"
Marks = npt.NDArray[np.uint32]


class Form(NamedTuple):
    """A system call, what it is given (an argument's number, ANY, or a constant in a tuple), and whose form that is."""

    call: str
    given: tuple[int | str | tuple[int], ...]
    name: str


def _forms() -> Iterator[Form]:
    here: tuple[int] = (AT_FDCWD,)
    plain = {
        "read": 3, "write": 3, "mount": 4, "umount2": 2, "connect": 3, "bind": 3, "sendmsg": 2, "recvmsg": 2, "dup2": 2,
        "rename": 2, "unlink": 1, "chmod": 2, "chroot": 1, "chdir": 1, "symlink": 2, "link": 2, "mkdir": 2, "accept": 3,
        "listen": 2, "pivot_root": 2, "ioctl": 2, "kill": 2, "send": 4, "recv": 4, "init_module": 3, "setsockopt": 5,
    }  # fmt: skip
    for name, count in plain.items():
        yield Form(name, tuple(range(count)), name)
    yield Form("umount2", (0, (0,)), "umount")
    yield Form("umount", (0,), "umount")
    yield Form("socket", (0, ANY, 2), "socket")
    for sent, short in (("sendto", "send"), ("recvfrom", "recv")):
        yield Form(sent, (0, 1, 2, 3, 4, 5), sent)
        yield Form(sent, (0, 1, 2, 3, (0,), (0,)), short)
    yield Form("open", (0, ANY, ANY), "open")
    yield Form("openat", (0, 1, ANY, ANY), "openat")
    yield Form("openat", (here, 0, ANY, ANY), "open")
    yield Form("unlinkat", (here, 0, (0,)), "unlink")
    for name in ("renameat", "renameat2"):
        yield Form(name, (here, 0, here, 1), "rename")
    yield Form("linkat", (here, 0, here, 1), "link")
    yield Form("symlinkat", (0, here, 1), "symlink")
    yield Form("mkdirat", (here, 0, 1), "mkdir")
    yield Form("fchmodat", (here, 0, 1), "chmod")
    yield Form("execve", (ANY, 1, ANY), "execve")
    yield Form("clone", (2,), "clone")
    yield Form("accept4", (0, 1, 2), "accept")
    yield Form("dup3", (0, 1), "dup2")
    yield Form("pipe2", (0, (0,)), "pipe")
    yield Form("pipe2", (0, 1), "pipe2")
    yield Form("pipe", (0,), "pipe")


FORMS: Final = tuple(_forms())


class Told(NamedTuple):
    """Function's start to name, and for each function marks of the arguments through which it reads or writes."""

    names: dict[int, str]
    uses: Marks


def told(binary: Binary) -> Told:
    """The names with those that the program has already, where nothing tells better."""
    shells = {start: name for start, name in binary.names.items() if name in SHELLS}
    prepared = Prepared(replace(binary, names=shells))
    chosen = [number for number in _candidates(binary) if binary.functions[number].start not in shells]
    prepared.functions["enter"] = [function.end - function.start <= LARGEST for function in binary.functions]
    with Kernel(prepared.program, BOUNDS, tells_traps=True) as kernel:
        for number in chosen:
            kernel.run(number)
        by_root: dict[int, list[Trap]] = defaultdict(list)
        for trap in traps(kernel.events()):
            by_root[trap.root].append(trap)
        origins, uses = Origins(kernel.origins(), kernel.texts(), str), kernel.uses()
    numbers = NUMBERS[binary.machine]
    names = {binary.functions[root].start: _name(ways, origins, numbers, binary) for root, ways in by_root.items()}
    told_so = {**binary.names, **{start: name for start, name in names.items() if name}}
    return Told({**told_so, **_piped(binary, shells, told_so), **spawned(binary, told_so)}, uses)


def _piped(binary: Binary, shells: Iterable[int], names: Mapping[int, str]) -> dict[int, str]:
    """Of what starts a shell, those that make a pipe first are popen()."""
    pipes = [number for number, function in enumerate(binary.functions) if names.get(function.start) in PIPES]
    callers = set(binary.sites.callers[np.isin(binary.sites.callees, pipes)].tolist())
    starts = {binary.functions[number].start for number in callers}
    return {start: "popen" for start in shells if start in starts}


def _candidates(binary: Binary) -> Iterator[int]:
    """Small functions that something calls."""
    called = np.unique(binary.sites.callees[binary.sites.callees >= 0]).tolist()
    taken = [number for number, function in enumerate(binary.functions) if function.start in binary.referenced]
    for number in sorted({*called, *taken}):
        function = binary.functions[number]
        if function.end - function.start <= LARGEST and function.name == f"sub_{function.start:x}":
            yield number


def _name(ways: list[Trap], origins: Origins, numbers: Mapping[int, str], binary: Binary) -> str:
    """The name that all ways through a function have in common; '' where there is none."""
    found = {_form(trap, origins, numbers, binary) for trap in ways}
    name = (
        "pipe2" if found == PIPES else found.pop() if len(found) == 1 else ""
    )  # without flags it may use the older one
    if name == "open":
        return _opener(ways, origins)
    if name == "execve" and not all(_is_argument(trap.given[1], 0, origins) for trap in ways):
        return "execvpe"
    return name


def _opener(ways: list[Trap], origins: Origins) -> str:
    """open() hands its flags on; fopen() makes them of a text; others always open the same way."""
    at = 2 if not _is_argument(ways[0].given[1], 0, origins) else 1
    flags = [trap.given[at + 1] for trap in ways]
    if all(origins.is_argument(tag) and origins.number(origins.leaf(tag)) == 1 for tag, _ in flags):
        return "open"
    return "fopen" if len({value for tag, value in flags if not tag}) > 1 else ""


def _form(trap: Trap, origins: Origins, numbers: Mapping[int, str], binary: Binary) -> str:
    tag, number = trap.given[0]
    call = "" if tag else numbers.get(number, "")
    word = (1 << binary.bits) - 1
    for form in FORMS:
        if form.call == call and all(
            _fits(given, wanted, origins, word) for given, wanted in zip(trap.given[1:], form.given, strict=False)
        ):
            return form.name
    return ""


def _fits(given: tuple[int, int], wanted: int | str | tuple[int], origins: Origins, word: int) -> bool:
    if isinstance(wanted, str):
        return True
    if isinstance(wanted, tuple):
        return not given[0] and (given[1] - wanted[0]) & word & 0xFFFFFFFF == 0
    return _is_argument(given, wanted, origins)


def _is_argument(given: tuple[int, int], number: int, origins: Origins) -> bool:
    """It is that argument as it came, in its register or from the stack."""
    tag, beyond = given
    if not tag or beyond:
        return False
    return origins.kind(tag) is Kind.ARGUMENT and origins.number(tag) == number
