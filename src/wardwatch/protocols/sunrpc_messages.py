"""In: what is asked for, and what is answered. Out: ONC RPC messages as bytes, one a UDP datagram or a TCP record.

Headers: RFC 5531. Portmap: RFC 1833, section 3. MOUNT and NFS version 2: RFC 1094; version 3: RFC 1813.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from . import _xdr as xdr
from ._rpc_programs import MOUNT, NFS, PORTMAP

_LAST: Final = 0x8000_0000
_CALL, _REPLY = 0, 1
_RPC_VERSION: Final = 2
_AUTH_SYS: Final = 1
_V2, _V3 = 2, 3
_V2_HANDLE: Final = 32
_ANONYMOUS: Final = xdr.word(0, 0)
_LISTING: Final = 4096
_FILE_SYNC: Final = 2
TCP, UDP = 6, 17
REGULAR, FOLDER = 1, 2


@dataclass(frozen=True, slots=True)
class Caller:
    """AUTH_SYS credentials (RFC 5531, appendix A)."""

    machine: str
    uid: int = 0
    gid: int = 0
    stamp: int = 0


@dataclass(frozen=True, slots=True)
class Attributes:
    """A file's attributes, as far as they matter here: `kind` is REGULAR or FOLDER, times in seconds since 1970."""

    kind: int = REGULAR
    mode: int = 0o644
    size: int = 0
    number: int = 1
    time: int = 0


def record(message: bytes) -> bytes:
    """`message` as one record of one fragment, for TCP (section 11)."""
    return xdr.word(_LAST | len(message)) + message


def call(number: int, program: int, version: int, procedure: int, caller: Caller | None = None) -> bytes:
    """A call's header; the arguments follow it."""
    return xdr.word(number, _CALL, _RPC_VERSION, program, version, procedure) + _credentials(caller) + _ANONYMOUS


def reply(number: int) -> bytes:
    """The header of an answer to a call that was carried out; the results follow it."""
    return xdr.word(number, _REPLY, 0) + _ANONYMOUS + xdr.word(0)


def getport_call(number: int, program: int, version: int, protocol: int) -> bytes:
    """Portmap version 2, GETPORT."""
    return call(number, PORTMAP, _V2, 3) + xdr.word(program, version, protocol, 0)


def getport_reply(number: int, port: int) -> bytes:
    """The port; 0: not registered."""
    return reply(number) + xdr.word(port)


def mount_call(number: int, version: int, path: str, caller: Caller | None = None) -> bytes:
    """MOUNT version 1 to 3, MNT."""
    return call(number, MOUNT, version, 1, caller) + xdr.opaque(path.encode())


def mount_reply(number: int, version: int, handle: bytes = b"", status: int = 0) -> bytes:
    """The folder's handle (version 1 and 2: 32 bytes; 3: up to 64), or why not."""
    if status:
        return reply(number) + xdr.word(status)
    flavors = xdr.word(1, _AUTH_SYS) if version == _V3 else b""
    return reply(number) + xdr.word(0) + _handle(version, handle) + flavors


def unmount_call(number: int, version: int, path: str, caller: Caller | None = None) -> bytes:
    """MOUNT version 1 to 3, UMNT."""
    return call(number, MOUNT, version, 3, caller) + xdr.opaque(path.encode())


def unmount_reply(number: int) -> bytes:
    """UMNT answers nothing."""
    return reply(number)


def null_call(number: int, program: int, version: int) -> bytes:
    """Procedure 0 of any program."""
    return call(number, program, version, 0)


def null_reply(number: int) -> bytes:
    """Procedure 0 answers nothing."""
    return reply(number)


def getattr_call(number: int, version: int, handle: bytes, caller: Caller | None = None) -> bytes:
    """NFS version 2 or 3, GETATTR."""
    return call(number, NFS, version, 1, caller) + _handle(version, handle)


def getattr_reply(number: int, version: int, attributes: Attributes, status: int = 0) -> bytes:
    """The attributes, or why not."""
    return reply(number) + xdr.word(status) + (b"" if status else _attributes(version, attributes))


def lookup_call(number: int, version: int, folder: bytes, name: str, caller: Caller | None = None) -> bytes:
    """NFS version 2 or 3, LOOKUP of `name` in `folder`."""
    procedure = 3 if version == _V3 else 4
    return call(number, NFS, version, procedure, caller) + _handle(version, folder) + xdr.opaque(name.encode())


def lookup_reply(number: int, version: int, handle: bytes, attributes: Attributes, status: int = 0) -> bytes:
    """The file's handle and attributes, or why not."""
    head = reply(number) + xdr.word(status)
    absent = xdr.word(0)
    if version != _V3:
        return head if status else head + _handle(version, handle) + _attributes(version, attributes)
    if status:
        return head + absent
    return head + _handle(version, handle) + xdr.word(1) + _attributes(version, attributes) + absent


def read_call(number: int, version: int, handle: bytes, span: range, caller: Caller | None = None) -> bytes:
    """NFS version 2 or 3, READ of the bytes in `span`."""
    start, count = span.start, len(span)
    where = xdr.long(start) + xdr.word(count) if version == _V3 else xdr.word(start, count, 0)
    return call(number, NFS, version, 6, caller) + _handle(version, handle) + where


def read_reply(number: int, version: int, attributes: Attributes, data: bytes, *, end: bool = False) -> bytes:
    """The bytes read; `end`: they reach the end of the file (version 3 says so)."""
    head = reply(number) + xdr.word(0)
    if version != _V3:
        return head + _attributes(version, attributes) + xdr.opaque(data)
    return head + xdr.word(1) + _attributes(version, attributes) + xdr.word(len(data), int(end)) + xdr.opaque(data)


def readdir_call(number: int, folder: bytes, cookie: int, verifier: bytes, caller: Caller | None = None) -> bytes:
    """NFS version 3, READDIR from `cookie` on (RFC 1813, 3.3.16)."""
    from_here = _handle(_V3, folder) + xdr.long(cookie) + xdr.fixed(verifier) + xdr.word(_LISTING)
    return call(number, NFS, _V3, 16, caller) + from_here


def readdir_reply(number: int, attributes: Attributes, names: Sequence[str]) -> bytes:
    """All names at once, each with its place as its cookie."""
    head = reply(number) + xdr.word(0, 1) + _attributes(_V3, attributes) + bytes(8)
    listed = b"".join(
        xdr.word(1) + xdr.long(place) + xdr.opaque(name.encode()) + xdr.long(place)
        for place, name in enumerate(names, 1)
    )
    return head + listed + xdr.word(0, 1)


def create_call(number: int, folder: bytes, name: str, mode: int, caller: Caller | None = None) -> bytes:
    """NFS version 3, CREATE, whether or not it is there (RFC 1813, 3.3.8)."""
    attributes = xdr.word(1, mode, 0, 0, 0, 0, 0)
    return (
        call(number, NFS, _V3, 8, caller) + _handle(_V3, folder) + xdr.opaque(name.encode()) + xdr.word(0) + attributes
    )


def write_call(number: int, handle: bytes, offset: int, data: bytes, caller: Caller | None = None) -> bytes:
    """NFS version 3, WRITE, done when it is answered (RFC 1813, 3.3.7)."""
    where = xdr.long(offset) + xdr.word(len(data), _FILE_SYNC)
    return call(number, NFS, _V3, 7, caller) + _handle(_V3, handle) + where + xdr.opaque(data)


def refused(number: int, why: int) -> bytes:
    """An answer to a call that was not carried out: 1 no such program, 2 version, 3 procedure, 4 arguments."""
    return xdr.word(number, _REPLY, 0) + _ANONYMOUS + xdr.word(why)


def _credentials(caller: Caller | None) -> bytes:
    if caller is None:
        return _ANONYMOUS
    body = xdr.word(caller.stamp) + xdr.opaque(caller.machine.encode()) + xdr.word(caller.uid, caller.gid, 0)
    return xdr.word(_AUTH_SYS) + xdr.opaque(body)


def _handle(version: int, handle: bytes) -> bytes:
    if version == _V3:
        return xdr.opaque(handle)
    if len(handle) != _V2_HANDLE:
        raise ValueError(f"a file handle of NFS version 2 has {_V2_HANDLE} bytes, not {len(handle)}")
    return handle


def _attributes(version: int, of: Attributes) -> bytes:
    """`fattr` (RFC 1094, 2.3.5) or `fattr3` (RFC 1813, 2.5)."""
    bits = {REGULAR: 0o100000, FOLDER: 0o040000}[of.kind] | of.mode
    if version != _V3:
        blocks = -(-of.size // 512)
        return xdr.word(of.kind, bits, 1, 0, 0, of.size, 4096, 0, blocks, 1, of.number, *(of.time, 0) * 3)
    sizes = xdr.long(of.size) + xdr.long(of.size) + xdr.word(0, 0) + xdr.long(1) + xdr.long(of.number)
    return xdr.word(of.kind, of.mode, 1, 0, 0) + sizes + xdr.word(*(of.time, 0) * 3)
