"""In: records' bytes and a key. Out: sealed chunks of a segment, and back: each verified before anything of it is used.

A segment is a header of 64 bytes, then chunks. A chunk is a head of 20 bytes (mark, number, stored size, plain size,
CRC-32) and a body: Zstandard (RFC 8878), sealed with AES-256-GCM (NIST SP 800-38D) where the segment has a key. Each
segment has a key of its own (HKDF, RFC 5869, from the site's key and 16 random bytes), so a chunk's number can be its
nonce; header and number are authenticated with it: no chunk can be moved, exchanged or taken from another segment.
"""

import zlib
from dataclasses import dataclass, field
from struct import Struct
from typing import Final, NamedTuple

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wardwatch.errors import InputError

MAGIC: Final = b"wwKept\r\n"
MARK: Final = b"\x89wwC"
VERSION: Final = 1
SEALED: Final = 1
HEADER: Final = Struct("<8sHHQQQ16s8sI")
HEAD: Final = Struct("<4sIIII")
MOST_PLAIN: Final = 16 << 20
MOST_STORED: Final = MOST_PLAIN + (1 << 16)
_LEVEL: Final = 1
_ACCOUNTED: Final = Struct("<II")


class Damaged(Exception):  # noqa: N818  # what it says is that a chunk is damaged; it never leaves this package
    """A chunk cannot be used, and why."""


class WrongKey(InputError):  # noqa: N818  # says what is wrong with the key
    """The segment was sealed with another key, or with one while none was given."""


class Header(NamedTuple):
    """The head of a segment: which run of the station wrote it, its number there, when it began, its salt."""

    flags: int
    run: int
    number: int
    begun: int
    salt: bytes
    check: bytes = bytes(8)

    def pack(self) -> bytes:
        """64 bytes."""
        body = HEADER.pack(MAGIC, VERSION, *self, 0)[:-4]
        return body + zlib.crc32(body).to_bytes(4, "little")


def header(raw: bytes) -> Header:
    """The header of a segment; InputError where it is none."""
    if len(raw) < HEADER.size or not raw.startswith(MAGIC):
        raise InputError("not a segment of the station", cure="Name a folder that `wardwatch station run` filled.")
    _, version, flags, run, number, begun, salt, check, crc = HEADER.unpack_from(raw)
    if crc != zlib.crc32(raw[: HEADER.size - 4]):
        raise InputError("the head of this segment is damaged", cure="Its sets cannot be read; others can.")
    if version != VERSION:
        raise InputError(f"a segment of version {version}", cure=f"This wardwatch reads version {VERSION}.")
    return Header(flags, run, number, begun, salt, check)


def _derived(key: bytes, salt: bytes, purpose: bytes, size: int) -> bytes:
    return HKDF(SHA256(), size, salt, b"wardwatch station " + purpose).derive(key)


@dataclass(slots=True)
class Sealer:
    """Makes the chunks of one segment, in order. `key` None: compressed, but readable by anybody."""

    header: Header
    _cipher: AESGCM | None = field(repr=False)
    _squeeze: zstandard.ZstdCompressor = field(default_factory=lambda: zstandard.ZstdCompressor(_LEVEL), repr=False)
    next: int = 0

    @classmethod
    def begin(cls, key: bytes | None, run: int, number: int, begun: int, salt: bytes) -> "Sealer":
        """A new segment; `salt`: 16 bytes never used before."""
        if key is None:
            return cls(Header(0, run, number, begun, salt), None)
        check = _derived(key, salt, b"check", 8)
        return cls(Header(SEALED, run, number, begun, salt, check), AESGCM(_derived(key, salt, b"segment", 32)))

    def seal(self, plain: bytes) -> bytes:
        """The next chunk."""
        if len(plain) > MOST_PLAIN:
            raise ValueError(f"a chunk holds at most {MOST_PLAIN} bytes, not {len(plain)}")
        number, self.next = self.next, self.next + 1
        body = self._squeeze.compress(plain)
        if self._cipher is not None:
            body = self._cipher.encrypt(_nonce(number), body, _bound(self.header, number, len(plain)))
        head = HEAD.pack(MARK, number, len(body), len(plain), _sum(number, len(plain), body))
        return head + body


class Opener:
    """Opens the chunks of one segment; WrongKey where the key is not the segment's."""

    def __init__(self, head: Header, key: bytes | None) -> None:
        self._header, self._cipher = head, self._unlock(head, key)
        self._expand = zstandard.ZstdDecompressor()

    def open(self, number: int, plain_size: int, crc: int, body: bytes) -> bytes:
        """What was sealed; Damaged where one bit of it is another."""
        if plain_size > MOST_PLAIN:
            raise Damaged("it says to be larger than any chunk is")
        if crc != _sum(number, plain_size, body):
            raise Damaged("its checksum is wrong")
        try:
            if self._cipher is not None:
                body = self._cipher.decrypt(_nonce(number), body, _bound(self._header, number, plain_size))
            plain = self._expand.decompress(body, max_output_size=plain_size, allow_extra_data=False)
        except InvalidTag:
            raise Damaged("its seal is broken: it was changed after it was written") from None
        except (zstandard.ZstdError, MemoryError):
            raise Damaged("it cannot be decompressed") from None
        if len(plain) != plain_size:
            raise Damaged("it is not as long as it says")
        return plain

    @staticmethod
    def _unlock(head: Header, key: bytes | None) -> AESGCM | None:
        if not head.flags & SEALED:
            return None
        if key is None:
            raise WrongKey("this recording is encrypted", cure="Say --key FILE, the key the station was run with.")
        if _derived(key, head.salt, b"check", 8) != head.check:
            raise WrongKey("this recording was encrypted with another key", cure="Find the key of that station.")
        return AESGCM(_derived(key, head.salt, b"segment", 32))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound(head: Header, number: int, plain_size: int) -> bytes:
    """What a chunk is bound to: its segment, its number, its size."""
    return head.pack() + _ACCOUNTED.pack(number, plain_size)


def _sum(number: int, plain_size: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(_ACCOUNTED.pack(number, plain_size)))
