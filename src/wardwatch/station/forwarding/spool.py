"""In: messages for one receiver. Out: the same in order, also after a restart, until somebody took them; bounded.

SQLite keeps them, each sealed with AES-256-GCM under a key of its own purpose (HKDF of the site's key) where there is
one. When more wait than may, the oldest go, and are counted.
"""

import secrets
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wardwatch.errors import InputError

_NONCE: Final = 12


class Waiting(NamedTuple):
    """One message and its number in the queue."""

    number: int
    body: bytes


class Spool:
    """The queue of one receiver, in one file. Every call may come from another thread."""

    def __init__(self, path: Path, key: bytes | None, most: int) -> None:
        self.dropped = 0
        """Messages that went unsent, since too many waited."""
        self.unreadable = 0
        """Messages of an earlier run that this key does not open, or that were changed."""
        self._most, self._lock = max(most, 1), threading.Lock()
        self._cipher = AESGCM(HKDF(SHA256(), 32, None, b"wardwatch station spool").derive(key)) if key else None
        try:
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            path.chmod(0o600)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute(
                "CREATE TABLE IF NOT EXISTS waiting (number INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB)"
            )
            self._count = int(self._base.execute("SELECT count(*) FROM waiting").fetchone()[0])
        except (sqlite3.Error, OSError) as error:
            cure = "Move it away; what it holds was not sent."
            raise InputError(f"not a queue of the station: {error}", where=str(path), cure=cure) from error

    def __len__(self) -> int:
        """How many wait."""
        return self._count

    def add(self, bodies: Iterable[bytes]) -> None:
        """Behind all others, in one transaction; sqlite3.Error where the disk takes nothing."""
        sealed = [(self._seal(body),) for body in bodies]
        with self._lock:
            self._base.execute("BEGIN")
            try:
                self._base.executemany("INSERT INTO waiting (body) VALUES (?)", sealed)
                over = self._count + len(sealed) - self._most
                if over > 0:
                    oldest = "SELECT number FROM waiting ORDER BY number LIMIT ?"
                    self._base.execute(f"DELETE FROM waiting WHERE number IN ({oldest})", (over,))  # noqa: S608  # ours
                self._base.execute("COMMIT")
            except sqlite3.Error:
                self._base.execute("ROLLBACK")
                raise
            self.dropped += max(over, 0)
            self._count += len(sealed) - max(over, 0)

    def first(self) -> Waiting | None:
        """The oldest that can be read; it stays until `done`."""
        while True:
            with self._lock:
                row = self._base.execute("SELECT number, body FROM waiting ORDER BY number LIMIT 1").fetchone()
            if row is None:
                return None
            body = self._unseal(row[1])
            if body is not None:
                return Waiting(row[0], body)
            self.unreadable += 1
            self.done(row[0])

    def done(self, number: int) -> None:
        """It was taken, or will never be."""
        with self._lock:
            self._count -= self._base.execute("DELETE FROM waiting WHERE number = ?", (number,)).rowcount

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._base.close()

    def _seal(self, body: bytes) -> bytes:
        if self._cipher is None:
            return body
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, body, None)

    def _unseal(self, body: object) -> bytes | None:
        if not isinstance(body, bytes):
            return None
        if self._cipher is None:
            return body
        try:
            return self._cipher.decrypt(body[:_NONCE], body[_NONCE:], None)
        except (InvalidTag, ValueError):
            return None
