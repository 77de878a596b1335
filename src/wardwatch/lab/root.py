"""In: files of an image, whose names anybody may have chosen. Out: the same below one folder, and nothing outside it.

Folders come first, files next, links last: while anything is written there is no link yet that it could follow.
Devices and the bits that lend rights are not made.
"""

import ctypes
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .system_calls import NUMBERS

MOST_BYTES: Final = 256 << 20
MOST_FILES: Final = 20_000
_LONGEST_NAME: Final = 255
_INSIDE_ROOT: Final = 0x10  # RESOLVE_IN_ROOT, openat2(2)
_OPENAT2: Final = NUMBERS["x86_64"]["openat2"]  # one number on every architecture


@dataclass(frozen=True, slots=True)
class Entry:
    """`path` is absolute; a link has a `target`, a folder has neither target nor content."""

    path: str
    mode: int = 0o755
    target: str = ""
    size: int = 0
    content: Callable[[], bytes] | None = field(default=None, compare=False)


def lay(entries: Iterable[Entry], folder: Path) -> list[str]:
    """Write all that can be written; what could not is said in words."""
    notes: list[str] = []
    known = list(_sound(entries, notes))
    total = 0
    for entry in sorted(known, key=lambda one: (_rank(one), one.path)):
        place = folder / entry.path.lstrip("/")
        total += entry.size
        if total > MOST_BYTES:
            notes.append(f"{entry.path}: left out, the image is larger than {MOST_BYTES >> 20} MB")
            continue
        try:
            _write(entry, place)
        except OSError as error:
            notes.append(f"{entry.path}: left out, {error.strerror}")
    return notes


def _rank(entry: Entry) -> int:
    return 2 if entry.target else 1 if entry.content else 0


def _sound(entries: Iterable[Entry], notes: list[str]) -> Iterator[Entry]:
    for number, entry in enumerate(entries):
        if number >= MOST_FILES:
            notes.append(f"only the first {MOST_FILES} entries of the image were written")
            return
        words = entry.path.strip("/").split("/")
        if any(word in {"", ".", ".."} or "\0" in word or len(os.fsencode(word)) > _LONGEST_NAME for word in words):
            if entry.path != "/":
                notes.append(f"{entry.path}: left out, no name for a file")
            continue
        yield entry


def _write(entry: Entry, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if entry.target:
        place.symlink_to(entry.target)
    elif entry.content is None:
        place.mkdir(exist_ok=True)
    else:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(entry.content())
            os.fchmod(descriptor, entry.mode & 0o777 | 0o400)


class Root:
    """The folder as the root of a run: paths are followed as the program would, links included, and never leave it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.syscall.restype = ctypes.c_long

    def open(self, path: str, flags: int) -> int:
        """A descriptor of what `path` leads to; OSError where nothing is there."""
        how = ctypes.create_string_buffer(struct.pack("=QQQ", flags | os.O_CLOEXEC, 0, _INSIDE_ROOT))
        name = path.encode("utf-8", "surrogateescape")
        found: int = self._libc.syscall(_OPENAT2, self._descriptor, ctypes.c_char_p(name), how, ctypes.c_size_t(24))
        if found < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return found

    def holds(self, path: str) -> bool:
        """Whether something is there."""
        try:
            os.close(self.open(path, os.O_PATH))
        except OSError:
            return False
        return True

    def read(self, path: str, most: int) -> bytes:
        """The first bytes of a file; none where there is no such file."""
        try:
            descriptor = self.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return b""
        try:
            return os.read(descriptor, most)
        except OSError:
            return b""
        finally:
            os.close(descriptor)
