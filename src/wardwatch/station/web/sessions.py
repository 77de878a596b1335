"""In: an account that was opened, and the time. Out: a session's token, and later the session a token stands for.

Tokens are random and kept as their SHA-256 only, so that a copy of the table opens nothing. A session ends after
`IDLE` seconds without use and after `WHOLE` seconds in any case (OWASP Session Management, 'Session Expiration').
"""

import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from .accounts import Account

IDLE: Final = 30 * 60.0
WHOLE: Final = 12 * 3600.0
MOST: Final = 2000
_BYTES: Final = 32


@dataclass(slots=True)
class Session:
    """Somebody at a page: who, since when, last used when, and the token that a changing request must carry."""

    account: Account
    begun: float
    used: float
    csrf: str = field(repr=False)

    def owns(self, csrf: str) -> bool:
        """Whether a request that carries `csrf` came from this session's own page."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode("utf-8", "replace"))


@dataclass(slots=True)
class Sessions:
    """All sessions, by the hash of their token; the one unused for longest goes where there are too many."""

    _by_hash: dict[bytes, Session] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._by_hash)

    def begin(self, account: Account, now: float) -> str:
        """A new session's token: 256 random bits."""
        self._drop(now)
        if len(self._by_hash) >= MOST:
            del self._by_hash[min(self._by_hash, key=lambda each: self._by_hash[each].used)]
        token = secrets.token_urlsafe(_BYTES)
        self._by_hash[_hash(token)] = Session(account, now, now, secrets.token_urlsafe(_BYTES))
        return token

    def find(self, token: str, now: float) -> Session | None:
        """The session of `token`, which counts as used now; None where it never was or is over."""
        session = self._by_hash.get(_hash(token))
        if session is None:
            return None
        if _over(session, now):
            del self._by_hash[_hash(token)]
            return None
        session.used = now
        return session

    def end(self, token: str) -> None:
        """Ends the session of `token`, where there is one."""
        self._by_hash.pop(_hash(token), None)

    def _drop(self, now: float) -> None:
        for key in [key for key, each in self._by_hash.items() if _over(each, now)]:
            del self._by_hash[key]


def _over(session: Session, now: float) -> bool:
    return now - session.used > IDLE or now - session.begun > WHOLE


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()
