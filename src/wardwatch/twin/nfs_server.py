"""In: files. Out: a share that answers portmap, MOUNT 3 and NFS 3, message by message; no file, no socket, no clock.

The stand-in where no real server is installed, and the register a real one needs where rpcbind may not drop its rights.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from wardwatch.protocols import sunrpc_answers as answers
from wardwatch.protocols import sunrpc_messages as rpc

from .folders import MOUNT, MOUNT_PORT, NFS, NFS_PORT

PORTMAP: Final = 100_000
REGISTERED: Final = {MOUNT: MOUNT_PORT, NFS: NFS_PORT}
_NO_PROGRAM, _NO_PROCEDURE, _BROKEN = 1, 3, 4
_NOT_THERE, _STALE = 2, 70
_LARGEST: Final = 8192
_GETPORT_FROM: Final = 2  # the version in which procedure 3 answers with a number


def registrar(message: bytes) -> bytes:
    """Portmap alone: everything may register, and is found at its usual port (RFC 1833)."""
    try:
        asked = answers.asked(message)
        if asked.program != PORTMAP:
            return rpc.refused(asked.number, _NO_PROGRAM)
        if asked.procedure == 0:
            return rpc.reply(asked.number)
        if asked.procedure in {1, 2}:  # SET, UNSET: done
            return rpc.getport_reply(asked.number, 1)
        if (asked.procedure, asked.version) == (3, _GETPORT_FROM):
            return rpc.getport_reply(asked.number, REGISTERED.get(answers.numbers(asked.arguments, 4)[0], 0))
        return rpc.refused(asked.number, _NO_PROCEDURE)
    except ValueError:
        return b""


class Share:
    """Files below one path."""

    def __init__(self, path: str, files: Mapping[str, bytes]) -> None:
        self._path = path
        self._files = dict(files)
        self._top = _handle(path)
        self._handles = {_handle(f"{path}/{name}"): name for name in files}
        self._answers: Mapping[tuple[int, int], Callable[[answers.Asked], bytes]] = {
            (MOUNT, 1): self._mount, (MOUNT, 3): lambda asked: rpc.unmount_reply(asked.number),
            (NFS, 1): self._attributes, (NFS, 3): self._lookup, (NFS, 6): self._read, (NFS, 16): self._list,
        }  # fmt: skip

    def answer(self, message: bytes) -> bytes:
        """What the server says; nothing where the message is no call."""
        try:
            asked = answers.asked(message)
        except ValueError:
            return b""
        if asked.program not in REGISTERED:
            return rpc.refused(asked.number, _NO_PROGRAM)
        if asked.procedure == 0:
            return rpc.reply(asked.number)
        carried_out = self._answers.get((asked.program, asked.procedure))
        if carried_out is None:
            return rpc.refused(asked.number, _NO_PROCEDURE)
        try:
            return carried_out(asked)
        except ValueError:
            return rpc.refused(asked.number, _BROKEN)

    def _mount(self, asked: answers.Asked) -> bytes:
        is_ours = answers.text(asked.arguments) == self._path
        return rpc.mount_reply(asked.number, 3, self._top, 0 if is_ours else _NOT_THERE)

    def _attributes(self, asked: answers.Asked) -> bytes:
        handle = answers.handle(asked.arguments)
        if handle == self._top:
            return rpc.getattr_reply(asked.number, 3, _FOLDER)
        name = self._handles.get(handle)
        if name is None:
            return rpc.getattr_reply(asked.number, 3, _FOLDER, _STALE)
        return rpc.getattr_reply(asked.number, 3, self._of(name))

    def _lookup(self, asked: answers.Asked) -> bytes:
        answers.handle(asked.arguments)
        name = answers.text(asked.arguments)
        if name not in self._files:
            return rpc.lookup_reply(asked.number, 3, b"", _FOLDER, _NOT_THERE)
        return rpc.lookup_reply(asked.number, 3, _handle(f"{self._path}/{name}"), self._of(name))

    def _read(self, asked: answers.Asked) -> bytes:
        name = self._handles.get(answers.handle(asked.arguments))
        if name is None:
            return rpc.lookup_reply(asked.number, 3, b"", _FOLDER, _STALE)  # status and no attributes, as READ has it
        high, start, count = answers.numbers(asked.arguments, 3)
        stop = start + min(count, _LARGEST)
        content = b"" if high else self._files[name][start:stop]
        end = bool(high) or stop >= len(self._files[name])
        return rpc.read_reply(asked.number, 3, self._of(name), content, end=end)

    def _list(self, asked: answers.Asked) -> bytes:
        answers.handle(asked.arguments)
        return rpc.readdir_reply(asked.number, _FOLDER, (".", "..", *self._files))

    def _of(self, name: str) -> rpc.Attributes:
        return rpc.Attributes(mode=0o755, size=len(self._files[name]), number=len(name) + 2)


_FOLDER: Final = rpc.Attributes(kind=rpc.FOLDER, mode=0o755, size=4096)


def _handle(path: str) -> bytes:
    """The same for the same path, and nobody else's."""
    return sha256(path.encode()).digest()
