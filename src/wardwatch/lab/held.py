"""In: calls of a watched program that wait for their answer. Out: the answers, and what was asked, in order.

Nothing is granted that reaches beyond the lab: a mount is answered with the lab's share, a change of an interface is
made on the lab's own, a connection finds the sink. Whatever the kernel may do itself it may do because the program has
no rights and no way out, not because of what was read from its memory here, which it could change meanwhile.
"""

import errno
import fcntl
import os
import re
import socket
import struct
import time
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING, Final

from wardwatch.errors import WardwatchError

from . import kernel, seccomp
from .jail import Started
from .lineage import Lineage
from .root import Root
from .seccomp import Held
from .seen import Seen
from .surroundings import Surroundings
from .system_calls import SET_ADDRESS, SET_FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS: Final = 5000
_SHOWN: Final = 400
_REMOTE_KINDS: Final = frozenset({"nfs", "nfs4", "cifs", "smbfs", "smb3", "9p", "ncpfs", "ceph", "afs"})
_REMOTE: Final = re.compile(r"(//|\\\\|[^/\s:]+:/|\[[0-9a-fA-F:.%]+\]:/)")
_UP: Final = 1  # IFF_UP
_RESTARTS: Final = frozenset({0x1234567, 0xCDEF0123, 0x4321FEDC, 0xA1B2C3D4})  # linux/reboot.h
_HERE: Final = 0xFFFFFF9C  # AT_FDCWD
_INT: Final = 0xFFFFFFFF


def is_remote(source: str, kind: str) -> bool:
    """Whether a mount is of a file system that another machine serves."""
    return kind in _REMOTE_KINDS or bool(_REMOTE.match(source))


class Answerer:
    """Answers the calls of one run."""

    def __init__(self, started: Started, root: Root, around: Surroundings, program: str) -> None:
        self._listener = started.listener
        self._root, self._around = root, around
        self._lineage = Lineage(started.pid, program)
        self._begun = time.monotonic()
        self._seen: dict[tuple[object, ...], Seen] = {}
        self._mounted: list[str] = []
        self._first = True
        self.dropped = 0
        with around.within():
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._answers: dict[str, Callable[[Held], int | None]] = {
            "execve": self._command, "execveat": self._command, "connect": self._connect, "sendto": self._send,
            "sendmsg": self._message, "sendmmsg": self._message, "mount": self._mount, "umount2": self._unmount,
            "ioctl": self._interface, "reboot": self._restart, "open": self._open, "openat": self._open,
            "creat": self._open, "rename": self._rename, "renameat": self._rename, "renameat2": self._rename,
        }  # fmt: skip

    def next(self) -> None:
        """Answer one call."""
        held = self._listener.receive()
        if held is None:
            return
        answered = self._answers.get(held.name, self._module)(held)
        if answered is None:
            self._listener.pass_on(held)
        else:
            self._listener.answer(held, answered)

    def seen(self) -> tuple[Seen, ...]:
        """All that was asked, in order of the first time."""
        return tuple(self._seen.values())

    def written(self) -> tuple[str, ...]:
        """Files that were opened for writing or put in place."""
        paths = [
            each.what if each.kind == "write" else each.to for each in self.seen() if each.kind in {"write", "rename"}
        ]
        return tuple(dict.fromkeys(paths))

    def _note(self, held: Held, kind: str, what: str, **more: str) -> None:
        if not self._listener.is_waiting(held):
            return  # what was read may be another process's memory
        by = self._lineage.of(held.pid)
        shown = {name: value[:_SHOWN] for name, value in more.items()}
        key = (kind, what, *shown.values(), by)
        old = self._seen.get(key)
        if old is not None:
            self._seen[key] = replace(old, count=old.count + 1)
        elif len(self._seen) < _KINDS:
            seconds = round(time.monotonic() - self._begun, 3)
            self._seen[key] = Seen(kind, what[:_SHOWN], seconds=seconds, by=by, **shown)  # type: ignore[arg-type]  # texts
        else:
            self.dropped += 1

    def _command(self, held: Held) -> int | None:
        at = int(held.name == "execveat")
        path = seccomp.text(held.pid, held.arguments[at])
        words = seccomp.texts(held.pid, held.arguments[at + 1])
        if self._first:
            self._first = False
            return None
        path = self._absolute(held, path, held.arguments[0] if at else _HERE)
        if not self._root.holds(path):
            self._note(held, "command", " ".join(words), fails=f"there is no {path}")
            return None
        self._note(held, "command", " ".join(words), to=path)
        self._lineage.becomes(held.pid, path)
        return None

    def _connect(self, held: Held) -> None:
        self._calls(held, "connect", seccomp.memory(held.pid, held.arguments[1], 28))

    def _send(self, held: Held) -> None:
        self._calls(held, "send", seccomp.memory(held.pid, held.arguments[4], 28))

    def _message(self, held: Held) -> None:
        head = seccomp.memory(held.pid, held.arguments[1], 16)  # struct msghdr begins with name and its length
        if len(head) == 16 and any(head[:8]):  # noqa: PLR2004  # as above
            self._calls(held, "send", seccomp.memory(held.pid, struct.unpack_from("=Q", head)[0], 28))

    def _calls(self, held: Held, kind: str, told: bytes) -> None:
        end = _end(told)
        if not end:
            return
        host, port = end
        address: IPv4Address | IPv6Address = ip_address(host)
        transport = self._transport(held)
        if transport and port and not address.is_loopback:
            self._around.called(transport, port)
        shown = f"[{host}]" if ":" in host else host
        self._note(held, kind, f"{shown}:{port}/{transport or 'other'}")

    def _transport(self, held: Held) -> str:
        try:
            descriptor = kernel.descriptor_of(self._lineage.process(held.pid), held.arguments[0] & _INT)
        except OSError:
            return ""
        try:
            with socket.socket(fileno=descriptor) as theirs:
                return {socket.SOCK_STREAM: "tcp", socket.SOCK_DGRAM: "udp"}.get(theirs.type, "")
        except OSError:
            return ""

    def _mount(self, held: Held) -> int:
        source, target, kind = (seccomp.text(held.pid, each) for each in held.arguments[:3])
        options = seccomp.text(held.pid, held.arguments[4], 256)
        failure = self._share(source, target) if is_remote(source, kind) else 0
        fails = os.strerror(failure) if failure else ""
        how = ", ".join(each for each in (kind, options) if each)
        self._note(held, "mount", source, to=self._absolute(held, target), how=how, fails=fails)
        return failure

    def _share(self, source: str, target: str) -> int:
        try:
            offered = self._around.shared(source)
            place = self._root.open(target, os.O_PATH | os.O_DIRECTORY)
        except OSError as error:
            return error.errno or errno.EINVAL
        try:
            kernel.mount(offered, f"/proc/self/fd/{place}", "", kernel.BIND)
        except OSError as error:
            return error.errno or errno.EINVAL
        finally:
            os.close(place)
        self._mounted.append(normpath(target))
        return 0

    def _unmount(self, held: Held) -> int:
        target = seccomp.text(held.pid, held.arguments[0])
        self._note(held, "unmount", self._absolute(held, target))
        if normpath(target) in self._mounted:
            self._mounted.remove(normpath(target))
            with suppress(OSError):
                place = self._root.open(target, os.O_PATH)
                kernel.unmount(f"/proc/self/fd/{place}")
                os.close(place)
        return 0

    def _interface(self, held: Held) -> int:
        request, where = held.arguments[1] & _INT, held.arguments[2]
        asked = seccomp.memory(held.pid, where, 40)
        name = asked[:16].split(b"\0")[0].decode("ascii", "backslashreplace")
        to = _wanted(request, asked)
        try:
            if to:
                fcntl.ioctl(self._socket, request, asked.ljust(40, b"\0"))
            failure = 0
        except OSError as error:
            failure = error.errno or errno.EINVAL
        if to:
            self._note(held, "interface", name, to=to, fails=os.strerror(failure) if failure else "")
        with suppress(WardwatchError):  # as long as it is down it has no route
            self._around.restore()
        return failure

    def _restart(self, held: Held) -> int:
        if held.arguments[2] & _INT in _RESTARTS:
            self._note(held, "restart", "the device")
        return 0

    def _module(self, held: Held) -> int:
        self._note(held, "module", held.name, fails=os.strerror(errno.EPERM))
        return errno.EPERM

    def _open(self, held: Held) -> None:
        at = int(held.name == "openat")
        path = seccomp.text(held.pid, held.arguments[at])
        path = self._absolute(held, path, held.arguments[0] if at else _HERE)
        if not path.startswith(("/dev/", "/proc/")):
            self._note(held, "write", path)

    def _rename(self, held: Held) -> None:
        at = held.name != "rename"
        froms = (held.arguments[1], held.arguments[0]) if at else (held.arguments[0], _HERE)
        tos = (held.arguments[3], held.arguments[2]) if at else (held.arguments[1], _HERE)
        old, new = (self._absolute(held, seccomp.text(held.pid, name), folder) for name, folder in (froms, tos))
        self._note(held, "rename", old, to=new)

    def _absolute(self, held: Held, path: str, folder: int = _HERE) -> str:
        """The path as the program means it."""
        if not path.startswith("/"):
            place = "cwd" if folder & _INT == _HERE else f"fd/{folder & _INT}"
            with suppress(OSError):
                path = f"{Path(f'/proc/{self._lineage.process(held.pid)}/{place}').readlink()}/{path}"
        return normpath(path).replace("//", "/")


def _end(address: bytes) -> tuple[str, int] | None:
    """Host and port of a sockaddr; None for one of another family (ip(7), ipv6(7))."""
    if len(address) < 8:  # noqa: PLR2004  # as above
        return None
    family, port = struct.unpack_from("=H", address)[0], struct.unpack_from("!H", address, 2)[0]
    if family == socket.AF_INET:
        return socket.inet_ntoa(address[4:8]), port
    if family == socket.AF_INET6 and len(address) >= 24:  # noqa: PLR2004  # as above
        return str(ip_address(address[8:24])), port
    return None


def _wanted(request: int, asked: bytes) -> str:
    """What an interface is to become: 'up', 'down', an address; empty for what is answered without being done."""
    if len(asked) < 24:  # noqa: PLR2004  # struct ifreq up to the address, netdevice(7)
        return ""
    if request == SET_FLAGS:
        return "up" if struct.unpack_from("=H", asked, 16)[0] & _UP else "down"
    return socket.inet_ntoa(asked[20:24]) if request == SET_ADDRESS else ""
