"""In: an identifying value and a key. Out: a pseudonym that stays the same under one key and cannot be guessed back.

A plain hash would be undone by a list of names; HMAC-SHA256 (RFC 2104) under a key that only its owner may read is not.
"""

import hmac
import os
import secrets
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .errors import InputError

Veil = Callable[[str, str], str]
"""(kind of field, plain value) -> what may be shown of it."""

KEY_BYTES: Final = 32
_SHOWN: Final = 5
"""Bytes of the digest: eight letters."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Turns identifying values into pseudonyms such as `patient number ~K3F7Q2AB`."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise ValueError("a pseudonym key is 32 bytes long")

    def __call__(self, kind: str, value: str) -> str:
        """The pseudonym of `value`; the same text in another kind of field gets another one."""
        digest = hmac.digest(self.key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), "sha256")
        return f"~{b32encode(digest[:_SHOWN]).decode()}"


def reveal(_kind: str, value: str) -> str:
    """The veil that hides nothing, for `--reveal`."""
    return value


def user_key_path() -> Path:
    """Where the user's key lies: $XDG_STATE_HOME/wardwatch/pseudonyms.key, by default below ~/.local/state."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "wardwatch" / "pseudonyms.key"


def load_or_make_key(path: Path, purpose: str = "pseudonyms") -> bytes:
    """The key in `path`, made at first use with access for its owner only; InputError where it is unusable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(path)
        key = _read(path)
    except OSError as error:
        raise InputError(
            f"the key for {purpose} cannot be used: {error.strerror}",
            where=str(path),
            cure="Set XDG_STATE_HOME to a folder you may write to.",
        ) from error
    if len(key) != KEY_BYTES:
        raise InputError(
            f"not a key for {purpose}: {KEY_BYTES} bytes are expected",
            where=str(path),
            cure=f"Remove the file to start with a new key; {purpose} will then differ from earlier ones.",
        )
    return key


def _make(path: Path) -> None:
    """Write a whole key under a name of its own, then link it into place: two processes agree on one key."""
    if path.exists():
        return
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        fresh.replace(path)
        return
    fresh.unlink()


def _read(path: Path) -> bytes:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)
    with path.open("rb") as file:
        return file.read(KEY_BYTES + 1)
