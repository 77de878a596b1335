"""In: what went wrong, where, and what to do about it. Out: one of four errors, each one clear sentence long.

The kinds differ by whose doing it is: the input's, the caller's, the installation's. Anything else that is
raised is a fault of wardwatch.
"""

from .printable import printable


class WardwatchError(Exception):
    """Raised on purpose: says what, where, and how to cure it."""

    def __init__(self, what: str, *, where: str = "", cure: str = "") -> None:
        self.what = printable(what)
        self.where = printable(where)
        self.cure = printable(cure)
        super().__init__(self.what, self.where, self.cure)

    def __str__(self) -> str:
        """`where: what. cure`, the form every face of wardwatch prints."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head.rstrip('.')}. {self.cure}".rstrip() if self.cure else head


class InputError(WardwatchError):
    """The input cannot be read as what it is meant to be; nothing of it was used."""


class UsageError(WardwatchError):
    """The request contradicts itself or names something that does not exist."""


class InstallationError(WardwatchError):
    """A part of wardwatch, or a library it needs, is missing on this machine."""


class LimitError(WardwatchError):
    """A bound that protects this machine was reached; what came before it is still good."""
