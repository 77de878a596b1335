"""In: what the kernel is asked for that Python has no words for. Out: its answer, or an OSError with its reason.

mount(2), umount2(2), unshare(2), pivot_root(2), prctl(2), capset(2), pidfd_getfd(2).
"""

import ctypes
import os
import struct
from typing import Final

NOSUID, NODEV, NOEXEC, REMOUNT, BIND, REC, SLAVE, SHARED, READ_ONLY = (
    0x2, 0x4, 0x8, 0x20, 0x1000, 0x4000, 0x80000, 0x100000, 0x1,
)  # fmt: skip
DETACH: Final = 2
NEW_MOUNTS, NEW_IPC, NEW_NAMES, NEW_PROCESSES = 0x20000, 0x8000000, 0x4000000, 0x20000000
_CALLS: Final = {"x86_64": (155, 126), "aarch64": (41, 91)}  # pivot_root, capset
_PIDFD_GETFD: Final = 438
_DIE_WITH_PARENT, _DROP_BOUND, _NO_NEW_RIGHTS, _AMBIENT, _DUMPABLE = 1, 24, 38, 47, 4
_CLEAR_ALL: Final = 4
_CAPABILITIES: Final = 64
_VERSION_3: Final = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Put a file system at a place (mount(2))."""
    kind_word = kind.encode() if kind else None
    _checked(_libc.mount(os.fsencode(source), os.fsencode(target), kind_word, ctypes.c_ulong(flags), options.encode()))


def unmount(target: str) -> None:
    """umount2(2), at once."""
    _checked(_libc.umount2(os.fsencode(target), DETACH))


def unshare(flags: int) -> None:
    """Leave what is shared with others (unshare(2))."""
    _checked(_libc.unshare(flags))


def enter_root(folder: str) -> None:
    """The folder, a mount of its own, is the root from now on, and nothing else is left to be seen."""
    os.chdir(folder)
    _checked(_libc.syscall(_CALLS[os.uname().machine][0], b".", b"."))
    unmount(".")
    os.chdir("/")


def give_up_capabilities() -> None:
    """No capability is left, and none comes back by starting a program."""
    for number in range(_CAPABILITIES):
        _libc.prctl(_DROP_BOUND, number, 0, 0, 0)  # those the kernel does not know fail
    _checked(_libc.prctl(_AMBIENT, _CLEAR_ALL, 0, 0, 0))
    header = ctypes.create_string_buffer(struct.pack("=Ii", _VERSION_3, 0))
    nothing = ctypes.create_string_buffer(bytes(24))
    _checked(_libc.syscall(_CALLS[os.uname().machine][1], header, nothing))
    _checked(_libc.prctl(_NO_NEW_RIGHTS, 1, 0, 0, 0))


def die_with_parent() -> None:
    """This process ends when the one that started it does."""
    _checked(_libc.prctl(_DIE_WITH_PARENT, 9, 0, 0, 0))


def keep_memory_private() -> None:
    """No process without capabilities reads or changes this one's memory."""
    _checked(_libc.prctl(_DUMPABLE, 0, 0, 0, 0))


def descriptor_of(pid: int, number: int) -> int:
    """The descriptor of that number of another process, for this one too."""
    process = os.pidfd_open(pid)
    try:
        return _checked(_libc.syscall(_PIDFD_GETFD, process, number, 0))
    finally:
        os.close(process)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
