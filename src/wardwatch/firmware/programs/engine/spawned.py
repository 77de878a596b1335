"""In: a static program whose clone() and execve() are known. Out: which functions are posix_spawn(), pthread_create().

Both hand a function of their own to clone(). That of posix_spawn() leads to execve(), that of a thread elsewhere.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from wardwatch.firmware.programs.binary import Binary
from wardwatch.firmware.programs.callbacks import taken

FAR = 2
"""Calls from the child's first function to execve()."""


def spawned(binary: Binary, names: Mapping[int, str]) -> dict[int, str]:
    """Function's start to name."""
    clones = [number for number, function in enumerate(binary.functions) if names.get(function.start) == "clone"]
    if not clones:
        return {}
    builds = _built(binary)
    executing = _executing(binary, names, builds)
    callers = np.unique(binary.sites.callers[np.isin(binary.sites.callees, clones)]).tolist()
    return {
        binary.functions[caller].start: "posix_spawn" if builds[caller] & executing else "pthread_create"
        for caller in callers
        if builds.get(caller)
    }


def _built(binary: Binary) -> dict[int, set[int]]:
    """The functions whose address each function builds."""
    at, which = taken(binary)
    starts = np.array([function.start for function in binary.functions], np.int64)
    owner = np.searchsorted(starts, at, side="right") - 1
    found: dict[int, set[int]] = {}
    for who, what in zip(owner.tolist(), which.tolist(), strict=True):
        found.setdefault(who, set()).add(what)
    return found


def _executing(binary: Binary, names: Mapping[int, str], builds: Mapping[int, set[int]]) -> set[int]:
    """Functions from which execve() is not far, called or by its address."""
    reached = {number for number, function in enumerate(binary.functions) if names.get(function.start) == "execve"}
    for _ in range(FAR):
        reached |= set(_callers(binary, reached)) | {who for who, them in builds.items() if them & reached}
    return reached


def _callers(binary: Binary, reached: set[int]) -> Iterator[int]:
    called = np.isin(binary.sites.callees, np.array(sorted(reached), np.int64))
    yield from binary.sites.callers[called].tolist()
