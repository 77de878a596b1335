"""In: the fate of each system call. Out: a filter on this process, and the calls it holds, each to be answered.

seccomp(2) and seccomp_unotify(2). The filter stays with all that the process starts.
"""

import ctypes
import errno
import fcntl
import os
import platform
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from wardwatch.errors import InstallationError

from .system_calls import ALLOW, ARCHITECTURES, FATES, KILL, NUMBERS, Fate, When

_LOAD, _EQUAL, _BITS, _GIVE = 0x20, 0x15, 0x45, 0x06  # bpf(4): ld [k], jeq, jset, ret
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_RECEIVE, _ANSWER, _STILL_THERE = 0xC0502100, 0xC0182101, 0x40082102
_SET_FILTER, _NEW_LISTENER = 1, 8
_CONTINUE: Final = 1
_PAGE: Final = 4096
Step = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Held:
    """One call of a process that waits for its answer."""

    id: int
    pid: int
    name: str
    arguments: tuple[int, ...]


def machine() -> str:
    """The kind of this machine; InstallationError where no filter is known for it."""
    name = platform.machine()
    if name not in ARCHITECTURES:
        raise InstallationError(
            f"watching programs is not possible on {name}", where="the lab",
            cure=f"Take a machine of one of these kinds: {', '.join(ARCHITECTURES)}.",
        )  # fmt: skip
    return name


def program(kind: str, fates: Iterable[Fate] = FATES) -> list[Step]:
    """The filter as instructions: a call by another calling convention ends the process; unlisted calls pass."""
    steps: list[Step] = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, ARCHITECTURES[kind]), (_GIVE, 0, 0, KILL)]
    if kind == "x86_64":  # the x32 convention shares the architecture and sets this bit
        steps += [(_LOAD, 0, 0, _NUMBER), (_BITS, 0, 1, 0x40000000), (_GIVE, 0, 0, KILL)]
    for fate in fates:
        if fate.name in NUMBERS[kind]:
            tests = list(_tests(fate.when)) if fate.when else []
            steps += [(_LOAD, 0, 0, _NUMBER), (_EQUAL, 0, len(tests) + 1, NUMBERS[kind][fate.name])]
            steps += [*tests, (_GIVE, 0, 0, fate.action)]
    return [*steps, (_GIVE, 0, 0, ALLOW)]


def _tests(when: When) -> Iterator[Step]:
    """Steps that fall through to the action behind them where the condition holds, and else jump over it."""
    low = _ARGUMENTS + 8 * when.argument
    yield _LOAD, 0, 0, low
    if when.how == "bits":
        yield _BITS, 0, 1, when.values[0]
    elif when.how == "given":
        yield _EQUAL, 0, 2, 0
        yield _LOAD, 0, 0, low + 4
        yield _EQUAL, 1, 0, 0
    else:
        wanted = when.how == "is"
        for number, value in enumerate(when.values):
            last = len(when.values) - 1 - number
            past = last if wanted else last + 1
            yield _EQUAL, past, int(wanted and not last), value


def install() -> int:
    """Filter this process from now on; the descriptor at which held calls arrive. Capabilities must be gone before."""
    steps = program(machine())
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    filtered = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    number = NUMBERS[machine()]["seccomp"]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    listener: int = libc.syscall(number, _SET_FILTER, _NEW_LISTENER, filtered)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses the filter")
    return listener


class Listener:
    """The held calls of one filter, by its descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._names = {number: name for name, number in NUMBERS[machine()].items()}

    def fileno(self) -> int:
        """For poll(2)."""
        return self._descriptor

    def receive(self) -> Held | None:
        """The next call; None where its process has gone meanwhile."""
        room = bytearray(80)
        try:
            fcntl.ioctl(self._descriptor, _RECEIVE, room)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.EINTR}:
                return None
            raise
        identifier, pid, _, number = struct.unpack_from("=QIIi", room)
        return Held(identifier, pid, self._names.get(number, str(number)), struct.unpack_from("=6Q", room, 32))

    def is_waiting(self, held: Held) -> bool:
        """Whether the process still waits: what was read from its memory before this was asked is its own."""
        try:
            fcntl.ioctl(self._descriptor, _STILL_THERE, struct.pack("=Q", held.id))
        except OSError:
            return False
        return True

    def answer(self, held: Held, failure: int = 0) -> None:
        """Let the call return 0, or fail with an error number, without it having been made."""
        self._send(struct.pack("=QqiI", held.id, 0, -failure, 0))

    def pass_on(self, held: Held) -> None:
        """Let the kernel do it."""
        self._send(struct.pack("=QqiI", held.id, 0, 0, _CONTINUE))

    def close(self) -> None:
        """Let go of it; calls held afterwards fail."""
        os.close(self._descriptor)

    def _send(self, data: bytes) -> None:
        try:
            fcntl.ioctl(self._descriptor, _ANSWER, bytearray(data))
        except OSError as error:
            if error.errno != errno.ENOENT:  # it was killed while it waited
                raise


def memory(pid: int, address: int, size: int) -> bytes:
    """Bytes of a waiting process; fewer where its memory ends."""
    parts = []
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as source:  # noqa: PTH123  # unbuffered, one read each
            while size > 0:
                part = os.pread(source.fileno(), min(size, _PAGE - address % _PAGE), address)
                parts.append(part)
                address, size = address + len(part), size - len(part)
                if not part:
                    break
    except (OSError, OverflowError):
        pass  # what was read until then is all there is
    return b"".join(parts)


def text(pid: int, address: int, most: int = _PAGE) -> str:
    """A string of a waiting process, bytes that are no UTF-8 escaped."""
    found = b""
    while address and len(found) < most:
        part = memory(pid, address + len(found), min(most - len(found), _PAGE - (address + len(found)) % _PAGE))
        end = part.find(b"\0")
        found += part if end < 0 else part[:end]
        if end >= 0 or not part:
            break
    return found.decode("utf-8", "backslashreplace")


def texts(pid: int, address: int, most: int = 64) -> tuple[str, ...]:
    """The strings of a list that ends with a null pointer."""
    pointers = memory(pid, address, 8 * most)
    found = []
    for (pointer,) in struct.iter_unpack("=Q", pointers[: len(pointers) // 8 * 8]):
        if not pointer:
            break
        found.append(text(pid, pointer, 1024))
    return tuple(found)
