"""In: ONC RPC messages. Out: a call's parts, and what an answer of portmap, MOUNT 3 or NFS 3 gives.

ValueError where it gives nothing. For those who take part (RFC 5531, 1833, 1813); who only listens uses `sunrpc`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Final, NamedTuple, ParamSpec, TypeVar

from . import _xdr as xdr

_REPLY: Final = 1
_MOST: Final = 64 << 10
_NAMES: Final = 4096
_LONGEST: Final = 1024
_HANDLE: Final = 64
_ATTRIBUTES: Final = 84
_BEFORE: Final = 24
P = ParamSpec("P")
T = TypeVar("T")


class Asked(NamedTuple):
    """A call: what is asked of whom, and its arguments still to be read."""

    number: int
    program: int
    version: int
    procedure: int
    arguments: xdr.Reader


class Listed(NamedTuple):
    """Names of a folder; where to go on, and with which verifier; whether these were the last."""

    names: tuple[str, ...]
    cookie: int
    verifier: bytes
    end: bool


def _complete(function: Callable[P, T]) -> Callable[P, T]:
    """ValueError where the bytes end before the value does."""

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except xdr.ShortError as error:
            raise ValueError("the message ends too early") from error

    return checked


@_complete
def asked(message: bytes) -> Asked:
    """The parts of a call."""
    reader = xdr.Reader(message)
    number, kind, _, program, version, procedure = (reader.word() for _ in range(6))
    for _ in range(2):  # credentials and verifier
        reader.skip(4)
        reader.opaque(_MOST)
    if kind:
        raise ValueError("no call")
    return Asked(number, program, version, procedure, reader)


@_complete
def text(reader: xdr.Reader) -> str:
    """A name or a path."""
    return reader.opaque(_LONGEST).decode("utf-8", "replace")


@_complete
def handle(reader: xdr.Reader) -> bytes:
    """A file's handle."""
    return reader.opaque(_HANDLE)


@_complete
def numbers(reader: xdr.Reader, count: int) -> tuple[int, ...]:
    """That many integers of 32 bits."""
    return tuple(reader.word() for _ in range(count))


@_complete
def port(message: bytes, number: int) -> int:
    """GETPORT: 0 where the program is not registered."""
    return _done(message, number).word()


@_complete
def mounted(message: bytes, number: int) -> bytes:
    """MNT: the folder's handle."""
    return _well(message, number).opaque(_HANDLE)


@_complete
def found(message: bytes, number: int) -> bytes:
    """LOOKUP: the file's handle."""
    return _well(message, number).opaque(_HANDLE)


@_complete
def created(message: bytes, number: int) -> bytes:
    """CREATE: the file's handle."""
    reader = _well(message, number)
    return reader.opaque(_HANDLE) if reader.word() else b""


@_complete
def written(message: bytes, number: int) -> int:
    """WRITE: how many bytes."""
    reader = _well(message, number)
    _skip_optional(reader, _BEFORE)
    _skip_optional(reader, _ATTRIBUTES)
    return reader.word()


@_complete
def read(message: bytes, number: int) -> tuple[bytes, bool]:
    """READ: the bytes, and whether these were the last."""
    reader = _well(message, number)
    _skip_optional(reader, _ATTRIBUTES)
    reader.word()
    end = bool(reader.word())
    return reader.opaque(_MOST), end


@_complete
def listed(message: bytes, number: int) -> Listed:
    """READDIR."""
    reader = _well(message, number)
    _skip_optional(reader, _ATTRIBUTES)
    verifier, names, cookie = reader.fixed(8), list[str](), 0
    while reader.word() and len(names) < _NAMES:
        reader.long()
        names.append(reader.opaque(_LONGEST).decode("utf-8", "replace"))
        cookie = reader.long()
    return Listed(tuple(names), cookie, verifier, bool(reader.word()))


def _done(message: bytes, number: int) -> xdr.Reader:
    """The results of a call that was carried out."""
    reader = xdr.Reader(message)
    if (reader.word(), reader.word(), reader.word()) != (number, _REPLY, 0):
        raise ValueError("not the answer to this call, or denied")
    reader.word()
    reader.opaque(_MOST)
    if status := reader.word():
        raise ValueError(f"not carried out, status {status}")
    return reader


def _well(message: bytes, number: int) -> xdr.Reader:
    """Results that begin with a status, which is that all is well."""
    reader = _done(message, number)
    if status := reader.word():
        raise ValueError(f"refused, status {status}")
    return reader


def _skip_optional(reader: xdr.Reader, size: int) -> None:
    if reader.word():
        reader.skip(size)
