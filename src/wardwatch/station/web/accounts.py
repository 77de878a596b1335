"""In: a name and a password. Out: the account they open, or nothing; accounts as a file's text and back.

Passwords are kept as Argon2id hashes (RFC 9106) with the defaults of argon2-cffi.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from wardwatch.errors import InputError, UsageError

MOST_ACCOUNTS: Final = 1000
NAME_LENGTH: Final = 64
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1024  # bytes: hashing must not become somebody's way to keep the station busy

_HASHER: Final = PasswordHasher()


class Role(StrEnum):
    """What an account may do: look; see whose bed it is and silence alarms, too; decide which monitor is where, too."""

    VIEW = "view"
    CLINICAL = "clinical"
    ADMIN = "admin"

    @property
    def sees_names(self) -> bool:
        """Whether patients' names are shown."""
        return self is not Role.VIEW

    @property
    def silences(self) -> bool:
        """Whether alarms may be paused and acknowledged."""
        return self is not Role.VIEW

    @property
    def admits(self) -> bool:
        """Whether monitors may be given to beds."""
        return self is Role.ADMIN


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may open the page."""

    name: str
    role: Role
    secret: str = field(repr=False)


def make(name: str, role: Role, password: str) -> Account:
    """A new account. UsageError where the name or the password will not do."""
    if not name.isprintable() or not name.strip() or len(name) > NAME_LENGTH:
        raise UsageError(f"an account's name has 1 to {NAME_LENGTH} printable characters", where=name)
    if len(password) < SHORTEST_PASSWORD or len(password.encode()) > LONGEST_PASSWORD:
        raise UsageError(f"the password must have at least {SHORTEST_PASSWORD} characters", where=name)
    return Account(name, role, _HASHER.hash(password))


@cache
def _decoy() -> str:
    return _HASHER.hash("nobody has this password")


@dataclass(frozen=True, slots=True)
class Accounts:
    """All accounts, by name."""

    by_name: Mapping[str, Account]
    decoy: str = field(default_factory=_decoy, repr=False)
    """Checked where no account has the name, so that an answer's time does not tell which names exist."""

    def open(self, name: str, password: str) -> Account | None:
        """The account of that name and password."""
        account = self.by_name.get(name)
        if len(password.encode("utf-8", "replace")) > LONGEST_PASSWORD:
            return None
        fits = _fits(account.secret if account else self.decoy, password)
        return account if fits else None

    def joined_by(self, account: Account) -> "Accounts":
        """With `account` in addition, or in place of one of the same name."""
        if len(self.by_name) >= MOST_ACCOUNTS:
            raise UsageError(f"a station has at most {MOST_ACCOUNTS} accounts")
        return Accounts({**self.by_name, account.name: account}, self.decoy)

    def without(self, name: str) -> "Accounts":
        """Without the account of that name. UsageError where there is none."""
        if name not in self.by_name:
            raise UsageError("there is no account of that name", where=name)
        return Accounts({key: each for key, each in self.by_name.items() if key != name}, self.decoy)


def _fits(secret: str, password: str) -> bool:
    try:
        return _HASHER.verify(secret, password.encode("utf-8", "replace"))
    except (VerificationError, InvalidHashError):
        return False


def dump(accounts: Accounts) -> str:
    """As the text of a file that only its owner may read."""
    rows = [
        {"name": each.name, "role": each.role.value, "secret": each.secret}
        for _, each in sorted(accounts.by_name.items())
    ]
    return json.dumps({"accounts": rows}, indent=1) + "\n"


def load(text: str, where: str) -> Accounts:
    """From the text that `dump` wrote. InputError where it is something else."""
    try:
        rows = [Account(str(each["name"]), Role(each["role"]), str(each["secret"])) for each in _rows(text)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            "is not a file of accounts", where=where, cure="Remove it and add the accounts again."
        ) from error
    return Accounts({each.name: each for each in rows})


def _rows(text: str) -> list[Mapping[str, str]]:
    rows = json.loads(text)["accounts"]
    if not isinstance(rows, list) or len(rows) > MOST_ACCOUNTS:
        raise ValueError("not a list of accounts")
    return rows
