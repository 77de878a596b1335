"""In: a seed and a message. Out: a one-time key and signature of the kind that the twin's `usign` checks.

Lamport's scheme (1979) with SHA-256: small enough to be written anew, and sound for one message a key. It lets the lab
show a signed update; it is no signature for anything else.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

BITS: Final = 256


def public_key(seed: bytes) -> str:
    """The hash of all hashes, in hexadecimal."""
    return sha256(b"".join(sha256(each).digest() for pair in _secrets(seed) for each in pair)).hexdigest()


def signature(seed: bytes, message: bytes) -> bytes:
    """For each bit of the message's hash: the secret of that bit, and the hash of the other."""
    hashed = int.from_bytes(sha256(message).digest(), "big")
    parts = []
    for place, pair in enumerate(_secrets(seed)):
        bit = hashed >> (BITS - 1 - place) & 1
        parts += [pair[bit], sha256(pair[1 - bit]).digest()]
    return b"".join(parts)


def _secrets(seed: bytes) -> Iterator[tuple[bytes, bytes]]:
    for place in range(BITS):
        yield sha256(seed + bytes((place, 0))).digest(), sha256(seed + bytes((place, 1))).digest()
