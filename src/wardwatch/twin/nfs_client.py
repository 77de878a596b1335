"""In: a way to ask a server. Out: the files of a share, by portmap, MOUNT 3 and NFS 3, as a kernel would.

The share's own names are untrusted: those that are no plain file name are passed over. All is bounded.
"""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Final

from wardwatch.protocols import sunrpc_answers as answers
from wardwatch.protocols import sunrpc_messages as rpc

from .folders import MOUNT, NFS, PORTMAP_PORT

VERSION: Final = 3
_CHUNK: Final = 1024
_MOST_FILES: Final = 256
_MOST_BYTES: Final = 16 << 20
_PATIENCE: Final = 1.0
_TRIES: Final = 3

Ask = Callable[[int, bytes], bytes]
"""Port and question to answer; OSError where none comes."""


class Client:
    """One machine and one server."""

    def __init__(self, ask: Ask, machine: str = "smart3250") -> None:
        self._ask = ask
        self._caller = rpc.Caller(machine)
        self._numbers = count(0x5749_4E44)

    def fetch(self, path: str) -> dict[str, bytes]:
        """Name and content of each file in the share; OSError where there is no answer, or it is a refusal."""
        try:
            return self._fetch(path)
        except ValueError as error:
            raise OSError(5, f"{path}: {error}") from error

    def put(self, path: str, files: Mapping[str, bytes]) -> None:
        """Write files into the share, executable."""
        try:
            top, port = self._mount(path)
            for name, content in files.items():
                self._put(port, top, name, content)
            self._unmount(path)
        except ValueError as error:
            raise OSError(5, f"{path}: {error}") from error

    def _fetch(self, path: str) -> dict[str, bytes]:
        top, port = self._mount(path)
        number = next(self._numbers)
        self._ask(port, rpc.getattr_call(number, VERSION, top, self._caller))
        files: dict[str, bytes] = {}
        room = _MOST_BYTES
        for name in self._names(port, top):
            files[name] = self._read(port, top, name, room)
            room -= len(files[name])
        self._unmount(path)
        return files

    def _port(self, program: int) -> int:
        number = next(self._numbers)
        found = answers.port(self._ask(PORTMAP_PORT, rpc.getport_call(number, program, VERSION, rpc.UDP)), number)
        if not 0 < found < 65536:  # noqa: PLR2004  # ports
            raise ValueError(f"program {program} is not registered")
        return found

    def _mount(self, path: str) -> tuple[bytes, int]:
        number = next(self._numbers)
        self._mount_port = self._port(MOUNT)
        said = self._ask(self._mount_port, rpc.mount_call(number, VERSION, path, self._caller))
        return answers.mounted(said, number), self._port(NFS)

    def _unmount(self, path: str) -> None:
        self._ask(self._mount_port, rpc.unmount_call(next(self._numbers), VERSION, path, self._caller))

    def _names(self, port: int, top: bytes) -> list[str]:
        names: list[str] = []
        cookie, verifier = 0, bytes(8)
        while len(names) < _MOST_FILES:
            number = next(self._numbers)
            said = self._ask(port, rpc.readdir_call(number, top, cookie, verifier, self._caller))
            listed = answers.listed(said, number)
            names += [each for each in listed.names if each not in {"", ".", ".."} and not {"/", "\0"} & set(each)]
            cookie, verifier = listed.cookie, listed.verifier
            if listed.end or not listed.names:
                break
        return names[:_MOST_FILES]

    def _read(self, port: int, top: bytes, name: str, room: int) -> bytes:
        number = next(self._numbers)
        said = self._ask(port, rpc.lookup_call(number, VERSION, top, name, self._caller))
        handle, content, end = answers.found(said, number), b"", False
        while not end and len(content) < room:
            number, start = next(self._numbers), len(content)
            span = range(start, start + _CHUNK)
            data, end = answers.read(
                self._ask(port, rpc.read_call(number, VERSION, handle, span, self._caller)), number
            )
            content += data
            end = end or not data
        return content

    def _put(self, port: int, top: bytes, name: str, content: bytes) -> None:
        number = next(self._numbers)
        said = self._ask(port, rpc.create_call(number, top, name, 0o755, self._caller))
        handle = answers.created(said, number)
        for start in range(0, len(content), _CHUNK):
            number, piece = next(self._numbers), content[start : start + _CHUNK]
            said = self._ask(port, rpc.write_call(number, handle, start, piece, self._caller))
            if answers.written(said, number) != len(piece):
                raise ValueError("not all was written")


@contextmanager
def by_udp(host: str, patience: float = _PATIENCE) -> Iterator[Ask]:
    """Ask over UDP, each question up to three times; its number, and who says it, tell which answer belongs to it."""
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.settimeout(patience)

    def ask(port: int, question: bytes) -> bytes:
        for _ in range(_TRIES):
            asking.sendto(question, (host, port))
            try:
                said, whence = asking.recvfrom(65536)
                while said[:4] != question[:4] or whence[0] != host:
                    said, whence = asking.recvfrom(65536)
            except TimeoutError:
                continue
            return said
        raise TimeoutError(110, f"no answer from {host}")

    try:
        yield ask
    finally:
        asking.close()
