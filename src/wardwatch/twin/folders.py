"""In: a shared folder and who wants it. Out: the calls that mount it, read its files and let go, with their answers.

RFC 1833 (portmap), RFC 1094 (MOUNT 1, NFS 2), RFC 1813 (MOUNT 3, NFS 3), messages by the product's own encoders.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from wardwatch.protocols import sunrpc_messages as rpc

from .events import Value

PORTMAP_PORT: Final = 111
MOUNT_PORT: Final = 20_048
NFS_PORT: Final = 2049
MOUNT: Final = 100_005
NFS: Final = 100_003
_CHUNK: Final = 1024  # bytes a READ asks for: one datagram each, as small devices do
_HANDLE: Final = 32


@dataclass(frozen=True, slots=True)
class Folder:
    """A share. `files`: name and size in bytes; `version`: of NFS, 2 or 3."""

    path: str
    files: tuple[tuple[str, int], ...]
    version: int = 3

    @property
    def mount_version(self) -> int:
        """The version of MOUNT that belongs to it."""
        return 3 if self.version == 3 else 1  # noqa: PLR2004  # the versions of one generation


class Call(NamedTuple):
    """One question to `port` and its answer; `values` say what it is."""

    port: int
    question: bytes
    answer: bytes
    name: str
    values: dict[str, Value]


def find_port(source: Random, program: int, version: int) -> Call:
    """Ask portmap where `program` listens."""
    number = source.getrandbits(32)
    port = MOUNT_PORT if program == MOUNT else NFS_PORT
    return Call(
        PORTMAP_PORT,
        rpc.getport_call(number, program, version, rpc.UDP),
        rpc.getport_reply(number, port),
        "getport",
        {"program": program, "version": version},
    )


def mount(folder: Folder, caller: rpc.Caller, source: Random) -> Call:
    """Ask for the folder's handle."""
    number, version = source.getrandbits(32), folder.mount_version
    question = rpc.mount_call(number, version, folder.path, caller)
    answer = rpc.mount_reply(number, version, _handle(folder.path))
    return Call(MOUNT_PORT, question, answer, "mount", {"path": folder.path})


def unmount(folder: Folder, caller: rpc.Caller, source: Random) -> Call:
    """Say that it is no longer needed."""
    number = source.getrandbits(32)
    question = rpc.unmount_call(number, folder.mount_version, folder.path, caller)
    return Call(MOUNT_PORT, question, rpc.unmount_reply(number), "unmount", {"path": folder.path})


def read_all(folder: Folder, caller: rpc.Caller, source: Random) -> Iterator[Call]:
    """Attributes of the folder, then each file looked up and read to its end."""
    number, version, top = source.getrandbits(32), folder.version, _handle(folder.path)
    attributes = rpc.Attributes(kind=rpc.FOLDER, mode=0o755, size=4096)
    question = rpc.getattr_call(number, version, top, caller)
    yield Call(NFS_PORT, question, rpc.getattr_reply(number, version, attributes), "getattr", {"path": folder.path})
    for name, size in folder.files:
        yield from _read_one(folder, (name, size), caller, source)


def _read_one(folder: Folder, file: tuple[str, int], caller: rpc.Caller, source: Random) -> Iterator[Call]:
    (name, size), version = file, folder.version
    path = f"{folder.path.rstrip('/')}/{name}"
    handle, attributes = _handle(path), rpc.Attributes(mode=0o755, size=size, number=len(path))
    number = source.getrandbits(32)
    question = rpc.lookup_call(number, version, _handle(folder.path), name, caller)
    yield Call(NFS_PORT, question, rpc.lookup_reply(number, version, handle, attributes), "lookup", {"path": path})
    for start in range(0, size, _CHUNK):
        number, span = (number + 1) % 2**32, range(start, min(start + _CHUNK, size))
        question = rpc.read_call(number, version, handle, range(start, start + _CHUNK), caller)
        answer = rpc.read_reply(number, version, attributes, source.randbytes(len(span)), end=span.stop == size)
        yield Call(NFS_PORT, question, answer, "read", {"path": path, "offset": start, "bytes": len(span)})


def _handle(path: str) -> bytes:
    """A handle nobody but the server understands: always the same for the same path."""
    return Random(path).randbytes(_HANDLE)  # noqa: S311  # a name for a file, not a secret
