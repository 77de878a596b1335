"""In: nothing. Out: what becomes of each system call of a watched program: held, or refused; all others pass.

Held calls wait until the watcher answers them. The numbers are those of the machine that runs the emulator, whatever
processor it emulates (include/uapi/asm/unistd_64.h of x86, include/uapi/asm-generic/unistd.h).
"""

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

HOLD: Final = 0x7FC00000
ALLOW: Final = 0x7FFF0000
KILL: Final = 0x80000000
_ERRNO: Final = 0x00050000
REFUSE: Final = _ERRNO | errno.EPERM
UNKNOWN: Final = _ERRNO | errno.ENOSYS
ARCHITECTURES: Final[Mapping[str, int]] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH of linux/audit.h."""


@dataclass(frozen=True, slots=True)
class When:
    """A condition on one argument: `how` is 'bits' (any of them set), 'is' (one of them), 'is not', 'given' (not 0)."""

    argument: int
    how: str
    values: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a call, under which condition."""

    name: str
    action: int
    when: When | None = None


_WRITING: Final = 0o3 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_NEW_NAMESPACES: Final = 0x7E020000 | 0x80
_FAMILIES: Final = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
SET_FLAGS, SET_ADDRESS, SET_NETMASK = 0x8914, 0x8916, 0x891C
_INTERFACE: Final = (SET_FLAGS, SET_ADDRESS, SET_NETMASK, 0x890B, 0x890C, 0x891A, 0x8922, 0x8924)
"""SIOCSIF..., SIOCADDRT and SIOCDELRT of linux/sockios.h."""
_PUSH_KEY: Final = 0x5412  # TIOCSTI

_HELD: Final = ("execve", "execveat", "mount", "umount2", "connect", "sendmsg", "sendmmsg", "creat", "rename",
                "renameat", "renameat2", "reboot", "init_module", "finit_module", "delete_module")  # fmt: skip
_REFUSED: Final = (
    "ptrace", "process_vm_readv", "process_vm_writev", "kexec_load", "kexec_file_load", "bpf", "perf_event_open",
    "userfaultfd", "keyctl", "add_key", "request_key", "name_to_handle_at", "open_by_handle_at", "setns", "unshare",
    "pivot_root", "chroot", "swapon", "swapoff", "acct", "syslog", "quotactl", "iopl", "ioperm", "open_tree",
    "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "pidfd_getfd", "settimeofday",
    "clock_settime", "adjtimex", "clock_adjtime", "sethostname", "setdomainname", "seccomp",
)  # fmt: skip
_NOT_THERE: Final = ("io_uring_setup", "io_uring_enter", "io_uring_register", "clone3", "openat2")
"""Ways around the filter, or whose arguments it can't see; programs fall back on what it can."""

FATES: Final = (
    *(Fate(name, HOLD) for name in _HELD),
    *(Fate(name, REFUSE) for name in _REFUSED),
    *(Fate(name, UNKNOWN) for name in _NOT_THERE),
    Fate("open", HOLD, When(1, "bits", (_WRITING,))),
    Fate("openat", HOLD, When(2, "bits", (_WRITING,))),
    Fate("sendto", HOLD, When(4, "given")),
    Fate("ioctl", HOLD, When(1, "is", _INTERFACE)),
    Fate("ioctl", REFUSE, When(1, "is", (_PUSH_KEY,))),
    Fate("clone", REFUSE, When(0, "bits", (_NEW_NAMESPACES,))),
    Fate("socket", REFUSE, When(0, "is not", _FAMILIES)),
)

_SAME: Final = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "clone3": 435, "openat2": 437, "pidfd_getfd": 438,
    "mount_setattr": 442,
}  # fmt: skip
NUMBERS: Final[Mapping[str, Mapping[str, int]]] = {
    "x86_64": {
        "open": 2, "ioctl": 16, "socket": 41, "connect": 42, "sendto": 44, "sendmsg": 46, "clone": 56, "execve": 59,
        "rename": 82, "creat": 85, "ptrace": 101, "syslog": 103, "pivot_root": 155, "adjtimex": 159, "chroot": 161,
        "acct": 163,
        "settimeofday": 164, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169,
        "sethostname": 170, "setdomainname": 171, "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176,
        "quotactl": 179, "clock_settime": 227, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250,
        "openat": 257, "renameat": 264, "unshare": 272, "perf_event_open": 298, "name_to_handle_at": 303,
        "open_by_handle_at": 304, "clock_adjtime": 305, "sendmmsg": 307, "setns": 308, "process_vm_readv": 310,
        "process_vm_writev": 311, "finit_module": 313, "renameat2": 316, "seccomp": 317, "kexec_file_load": 320,
        "bpf": 321, "execveat": 322, "userfaultfd": 323, **_SAME,
    },
    "aarch64": {
        "ioctl": 29, "renameat": 38, "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "openat": 56,
        "quotactl": 60, "acct": 89, "unshare": 97, "kexec_load": 104, "init_module": 105, "delete_module": 106,
        "clock_settime": 112, "syslog": 116, "ptrace": 117, "reboot": 142, "sethostname": 161, "setdomainname": 162,
        "settimeofday": 170, "adjtimex": 171, "socket": 198, "connect": 203, "sendto": 206, "sendmsg": 211,
        "add_key": 217, "request_key": 218, "keyctl": 219, "clone": 220, "execve": 221, "swapon": 224, "swapoff": 225,
        "perf_event_open": 241, "name_to_handle_at": 264, "open_by_handle_at": 265, "clock_adjtime": 266,
        "setns": 268, "sendmmsg": 269, "process_vm_readv": 270, "process_vm_writev": 271, "finit_module": 273,
        "renameat2": 276, "seccomp": 277, "bpf": 280, "execveat": 281, "userfaultfd": 282, "kexec_file_load": 294,
        **_SAME,
    },
}  # fmt: skip
