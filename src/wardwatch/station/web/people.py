"""In: a file of accounts. Out: who may sign in now, also after the file was changed; accounts added and removed."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from wardwatch.errors import InputError

from .accounts import Account, Accounts, Role, dump, load, make

_MOST_BYTES: Final = 2_000_000


@dataclass(slots=True)
class AccountFile:
    """The accounts in `path`, read anew when the file changes. No file: no accounts, nobody can sign in."""

    path: Path
    _stamp: tuple[int, int] = (0, 0)
    _accounts: Accounts = field(default_factory=lambda: Accounts({}))

    def accounts(self) -> Accounts:
        """As the file has them now; InputError where it holds something else."""
        try:
            about = self.path.stat()
            stamp = (about.st_mtime_ns, about.st_size)
            if stamp != self._stamp:
                self._accounts = self._read()
                self._stamp = stamp
        except FileNotFoundError:
            self._accounts, self._stamp = Accounts({}), (0, 0)
        except OSError as error:
            raise InputError(
                f"cannot be read: {error.strerror}", where=str(self.path), cure="Check its owner."
            ) from error
        return self._accounts

    def add(self, name: str, role: Role, password: str) -> Account:
        """Adds or replaces an account; UsageError where name or password will not do."""
        account = make(name, role, password)
        self._write(self.accounts().joined_by(account))
        return account

    def remove(self, name: str) -> None:
        """Removes an account; UsageError where there is none of that name."""
        self._write(self.accounts().without(name))

    def _read(self) -> Accounts:
        with self.path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise InputError("is too large for a file of accounts", where=str(self.path), cure="Give another file.")
        return load(text.decode("utf-8", "replace"), str(self.path))

    def _write(self, accounts: Accounts) -> None:
        """Whole or not at all, readable by its owner only."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = self.path.with_suffix(f".{os.getpid()}.new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(dump(accounts))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
        self._stamp = (0, 0)
