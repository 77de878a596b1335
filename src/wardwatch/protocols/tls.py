"""In: the first record of each side of a TLS conversation. Out: its version and the server name asked for.

RFC 8446, sections 4.1 and 5.1; server name: RFC 6066, section 3.
"""

from functools import partial
from struct import Struct
from typing import Final

from ._named import Conversation, Opening
from .charsets import guess
from .codec import Codec, Signature, Transport

_HANDSHAKE: Final = 22
_MAJOR: Final = 3
_LONGEST_RECORD: Final = 1 << 14
_RECORD: Final = Struct(">BBBH")
_MESSAGE: Final = Struct(">BBHBB")  # kind, length of 24 bits in two parts, version
_VERSIONS: Final = {0: "SSL 3.0", 1: "TLS 1.0", 2: "TLS 1.1", 3: "TLS 1.2", 4: "TLS 1.3"}
_CLIENT_HELLO, _SERVER_HELLO = 1, 2
_RANDOM: Final = 32
_SERVER_NAME, _SUPPORTED_VERSIONS = 0, 43


class _ShortError(Exception):
    """The hello is not all there."""


class _Hello:
    """Reads a hello's parts one after another."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0

    def take(self, count: int) -> bytes:
        part = self.raw[self.at : self.at + count]
        if len(part) < count:
            raise _ShortError
        self.at += count
        return part

    def counted(self, width: int) -> bytes:
        return self.take(int.from_bytes(self.take(width), "big"))


def is_hello(first: bytes) -> bool:
    """Whether `first` begins with a handshake record that holds a client's or server's hello."""
    if len(first) < _RECORD.size + 1:
        return False
    kind, major, minor, size = _RECORD.unpack_from(first)
    hello = first[_RECORD.size] in {_CLIENT_HELLO, _SERVER_HELLO}
    return kind == _HANDSHAKE and major == _MAJOR and minor in _VERSIONS and 0 < size <= _LONGEST_RECORD and hello


def _opening(first: bytes) -> Opening | None:
    if not is_hello(first):
        return None
    size = _RECORD.size + _RECORD.unpack_from(first)[3]
    if len(first) < min(size, 4096):  # what is kept of a side
        return None
    facts: dict[str, str | int] = {}
    try:
        _read(_Hello(first[_RECORD.size : size]), facts)
    except _ShortError:
        facts["hello"] = "cut short"
    return Opening(size, "encrypted", facts)


def _read(hello: _Hello, facts: dict[str, str | int]) -> None:
    kind, _, _, _, minor = _MESSAGE.unpack(hello.take(_MESSAGE.size))
    facts["version"] = _VERSIONS.get(minor, f"3.{minor}")
    hello.take(_RANDOM)
    hello.counted(1)  # session
    if kind == _SERVER_HELLO:
        hello.take(3)
    else:
        hello.counted(2)  # cipher suites
        hello.counted(1)  # compression
    if hello.at == len(hello.raw):
        return
    extensions = _Hello(hello.counted(2))
    while extensions.at < len(extensions.raw):
        code, value = int.from_bytes(extensions.take(2), "big"), extensions.counted(2)
        if code == _SUPPORTED_VERSIONS and kind == _SERVER_HELLO and value[-1:] == b"\x04":
            facts["version"] = _VERSIONS[4]
        elif code == _SERVER_NAME and kind == _CLIENT_HELLO and value:
            names = _Hello(value[3:])  # the list's length, and the one kind of name there is
            facts["server name"] = guess(names.counted(2)[:255])[0]


def recognise(transport: Transport, client: bytes, server: bytes) -> float:
    """How sure either side begins with a TLS hello."""
    return 0.95 if transport is Transport.TCP and (is_hello(client) or is_hello(server)) else 0.0


CODEC: Final = Codec(
    name="tls",
    title="TLS",
    reference="RFC 8446",
    signatures=tuple(
        Signature(Transport.TCP, bytes((_HANDSHAKE, _MAJOR, 0, 0, 0, hello)), b"\xff\xff\xf8\x00\x00\xff", budget=0)
        for hello in (_CLIENT_HELLO, _SERVER_HELLO)
    ),
    recognise=recognise,
    open=partial(Conversation, "tls", _opening),
    carries="Encrypted: what is said cannot be read.",
)
