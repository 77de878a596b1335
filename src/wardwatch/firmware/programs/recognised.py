"""In: a static program without symbols. Out: names of well-known functions, by the system calls and texts in them.

A small function whose only system call is `mount` is taken for mount(); one that refers to a shell, to '-c' and to no
other text for system(), or for popen() where it makes a pipe as well. Functions that only move bytes (strcpy, sprintf)
have no such mark: the engine may tell them by what they do, and puts their names beside these.
"""

from bisect import bisect_left
from typing import Final

import numpy as np

from .binary import Binary
from .shapes import texts
from .syscalls import NUMBERS

LARGEST_WRAPPER: Final = 256
"""Bytes. A wrapper puts arguments in place, enters the kernel and sets errno."""
MOST_CALLS: Final = 6
SHELLS: Final = frozenset({"/bin/sh", "sh"})
THEIRS: Final = SHELLS | {"-c", "--", "exit 0"}
"""All that a C library's system() and popen() name. Who names more may have a command of its own."""
PIPES: Final = frozenset({"pipe", "pipe2"})


def names(binary: Binary) -> dict[int, str]:
    """Function's start to name, for functions that no symbol names."""
    wrappers = _wrappers(binary)
    return {**wrappers, **_shells(binary, wrappers)}


def _wrappers(binary: Binary) -> dict[int, str]:
    at, numbers = binary.traps
    starts = np.array([function.start for function in binary.functions], np.int64)
    owner = np.searchsorted(starts, at, side="right") - 1
    calls = np.bincount(binary.sites.callers, minlength=len(starts)) if len(binary.sites) else np.zeros(len(starts))
    known: dict[int, set[int]] = {}
    for who, number in zip(owner.tolist(), numbers.tolist(), strict=True):
        if who >= 0:
            known.setdefault(who, set()).add(number)
    found = {}
    for who, those in known.items():
        function = binary.functions[who]
        name = NUMBERS[binary.machine].get(next(iter(those))) if len(those) == 1 else None
        if name and function.end - function.start <= LARGEST_WRAPPER and calls[who] <= MOST_CALLS:
            found[function.start] = name
    return {start: name for start, name in found.items() if _nameless(binary, start)}


def _nameless(binary: Binary, start: int) -> bool:
    place = bisect_left(binary.functions, start, key=lambda function: function.start)
    return binary.functions[place].name == f"sub_{start:x}"


def _shells(binary: Binary, wrappers: dict[int, str]) -> dict[int, str]:
    """system() and popen()."""
    found = {}
    for number, said in texts(binary).items():
        function = binary.functions[number]
        if "-c" in said and SHELLS & set(said) and set(said) <= THEIRS and _nameless(binary, function.start):
            called = {binary.functions[callee].start for callee in _callees(binary, number)}
            found[function.start] = "popen" if any(wrappers.get(start) in PIPES for start in called) else "system"
    return found


def _callees(binary: Binary, caller: int) -> list[int]:
    chosen = binary.sites.callees[binary.sites.callers == caller]
    return [callee for callee in chosen.tolist() if callee >= 0]
