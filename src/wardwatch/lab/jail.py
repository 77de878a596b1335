"""In: a root folder and a program in it. Out: that program started, watched, with no rights and no way out.

Namespaces for mounts, IPC and names beside those of the lab, the folder as its root, no capabilities, no new ones by
starting programs, bounds on time, memory, files and processes, and the filter of `seccomp`.
"""

import os
import resource
import sys
import tty
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from wardwatch.errors import InstallationError

from . import kernel, seccomp

_MEMORY: Final = 1 << 30
_LARGEST_FILE: Final = 64 << 20
_DESCRIPTORS: Final = 256
_PROCESSES: Final = 512
_ENVIRONMENT: Final = {"PATH": "/sbin:/usr/sbin:/bin:/usr/bin", "HOME": "/", "TERM": "linux"}
CANNOT_START: Final = 126


@dataclass(frozen=True, slots=True)
class Started:
    """The program's first process, where its held calls arrive, its terminal and what it prints."""

    pid: int
    listener: seccomp.Listener
    keys: int
    output: int


@dataclass(frozen=True, slots=True)
class Start:
    """`root` is a mount of its own. `through` is the emulator to begin with where the kernel knows none, else None."""

    root: str
    words: tuple[str, ...]
    seconds: float
    through: int | None = None


def start(what: Start) -> Started:
    """In the network node this thread is in."""
    keys, terminal = os.openpty()
    tty.setraw(terminal)
    output, out = os.pipe()
    told, tell = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            _become(what, (terminal, out, tell))
        except BaseException as error:  # noqa: BLE001  # nothing may come back out of the child
            os.write(tell, f"!{error}".encode()[:400])
        finally:
            os._exit(CANNOT_START)
    for descriptor in (terminal, out, tell):
        os.close(descriptor)
    said = os.read(told, 400)
    if not said[:1].isdigit():
        raise InstallationError(
            f"the program could not be started: {said[1:].decode('utf-8', 'replace')}", where=what.words[0],
            cure="See docs/lab.md for what the machine must allow.",
        )  # fmt: skip
    listener = kernel.descriptor_of(pid, int(said))
    os.close(told)
    os.set_blocking(output, False)
    return Started(pid, seccomp.Listener(listener), keys, output)


def _become(what: Start, descriptors: Sequence[int]) -> None:
    """The watched program, in the child."""
    terminal, out, tell = descriptors
    os.setsid()
    kernel.die_with_parent()
    kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_IPC | kernel.NEW_NAMES)
    kernel.mount("", "/", "", kernel.REC | kernel.SLAVE)
    kernel.enter_root(what.root)
    for number, descriptor in enumerate((terminal, out, out)):
        os.dup2(descriptor, number)
    kept = {0, 1, 2, tell, what.through}
    for descriptor in map(int, range(3, 1024)):
        if descriptor not in kept:
            _close(descriptor)
    _bound(what.seconds)
    os.umask(0o022)
    kernel.give_up_capabilities()
    listener = seccomp.install()
    os.set_inheritable(listener, False)  # noqa: FBT003  # its name in the library
    os.write(tell, str(listener).encode())
    if what.through is None:
        os.execve(what.words[0], list(what.words), _ENVIRONMENT)  # noqa: S606  # in the jail, which it is for
    words = ["qemu", "-0", what.words[0], *what.words]
    os.execve(what.through, words, _ENVIRONMENT)  # noqa: S606  # as above


def _bound(seconds: float) -> None:
    for what, most in (
        (resource.RLIMIT_CPU, int(seconds) + 2), (resource.RLIMIT_FSIZE, _LARGEST_FILE),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS), (resource.RLIMIT_NPROC, _PROCESSES), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, _MEMORY),
    ):  # fmt: skip
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def _close(descriptor: int) -> None:
    with suppress(OSError):
        os.close(descriptor)
