"""In: names as an image holds them, anybody's bytes. Out: text that cannot leave its folder or steer a terminal."""

from typing import Final

from wardwatch.printable import printable

LONGEST_NAME: Final = 255
_UNCUT: Final = 1 << 20


def text_of(raw: bytes) -> str:
    """UTF-8, with every byte that is none shown as an escape; control characters stay (a link's target)."""
    return raw.decode("utf-8", "backslashreplace")


def name_of(raw: bytes) -> str:
    """One step of a path: printable, without a separator, and neither '.' nor '..' nor empty."""
    shown = printable(text_of(raw[:LONGEST_NAME]), _UNCUT).replace("/", "\\x2f")
    return "\\x2e" * len(raw) if raw in {b".", b".."} else shown or "\\x00"


def is_odd(raw: bytes) -> bool:
    """Whether the name had to be changed."""
    return name_of(raw).encode("utf-8", "replace") != raw


class Paths:
    """Gives out paths, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, path: str) -> str:
        """`path`, or where it is taken the same with a number that is not."""
        free = path
        while free in self._taken:
            self._next[path] = self._next.get(path, 1) + 1
            free = f"{path}~{self._next[path]}"
        self._taken.add(free)
        return free

    def __contains__(self, path: str) -> bool:
        return path in self._taken
