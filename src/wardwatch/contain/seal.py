"""In: the files of a proof. Out: a list of their hashes signed with Ed25519 (RFC 8032), and whether one still holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from wardwatch.errors import InputError

SCHEMA: Final = "wardwatch.proof.v1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature.json"
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Seal:
    """What a seal that holds says: the manifest, and the public key it was signed with."""

    manifest: Mapping[str, Any]
    public_key: str

    @property
    def fingerprint(self) -> str:
        """The first 16 digits of the key's SHA-256, to compare by eye."""
        return sha256(bytes.fromhex(self.public_key)).hexdigest()[:16]


def seal(files: Mapping[str, bytes], about: Mapping[str, Any], secret: bytes) -> Mapping[str, bytes]:
    """The two files that are put beside `files`. `secret`: 32 bytes, which are the private key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  # proofs only

    key = Ed25519PrivateKey.from_private_bytes(secret)
    hashes = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    manifest = _json({"schema": SCHEMA, **about, "files": hashes})
    signature = {
        "algorithm": "Ed25519",
        "public_key": key.public_key().public_bytes_raw().hex(),
        "signature": key.sign(manifest).hex(),
    }
    return {MANIFEST: manifest, SIGNATURE: _json(signature)}


def public_key(secret: bytes) -> str:
    """The public half, as hexadecimal digits."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  # proofs only

    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw().hex()


def opened(files: Mapping[str, bytes]) -> Seal:
    """The seal of these files; InputError where anything is missing, added, changed or signed by nobody."""
    manifest, signature = _object(files, MANIFEST), _object(files, SIGNATURE)
    _signed(files[MANIFEST], signature)
    hashes = manifest.get("files")
    if manifest.get("schema") != SCHEMA or not isinstance(hashes, dict):
        raise _broken(MANIFEST, f"no manifest of the form {SCHEMA}")
    there = {name: content for name, content in files.items() if name not in {MANIFEST, SIGNATURE}}
    if odd := sorted(set(there) ^ set(hashes)):
        raise _broken(odd[0], "not there" if odd[0] in hashes else "not part of the proof")
    for name, content in sorted(there.items()):
        if sha256(content).hexdigest() != hashes[name]:
            raise _broken(name, "not the file that was signed")
    return Seal(manifest, str(signature["public_key"]))


def _signed(manifest: bytes, signature: Mapping[str, Any]) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  # proofs only
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415  # as above

    if signature.get("algorithm") != "Ed25519":
        raise _broken(SIGNATURE, "signed by another algorithm than Ed25519")
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature["public_key"]))
        key.verify(bytes.fromhex(signature["signature"]), manifest)
    except (InvalidSignature, ValueError, KeyError, TypeError) as error:
        raise _broken(SIGNATURE, "does not fit the manifest") from error


def _object(files: Mapping[str, bytes], name: str) -> Mapping[str, Any]:
    content = files.get(name)
    if content is None or len(content) > _LARGEST:
        raise _broken(name, "not there, or too large")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _broken(name, "no JSON") from error
    if not isinstance(found, dict):
        raise _broken(name, "no JSON object")
    return found


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _broken(where: str, what: str) -> InputError:
    return InputError(what, where=where, cure="The proof does not hold as it lies there; ask for it again.")
