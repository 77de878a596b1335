"""In: a folder of this machine that holds an unpacked image. Out: its entries; links are never followed."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wardwatch.errors import InputError
from wardwatch.firmware.tree import NodeKind, Note

from .budget import Budget
from .format import Entry, Found, Hole, kind_of

_PIECE: Final = 1 << 20
_DEEPEST: Final = 128


@dataclass(frozen=True, slots=True)
class _Content:
    """A file's content, read when asked for; whatever took its place in the meantime is not followed."""

    path: str

    def __call__(self) -> Iterator[bytes | Hole]:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            yield Hole(0, error.strerror or "it cannot be opened")
            return
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                yield Hole(0, "it is no regular file any more")
                return
            try:
                while piece := file.read(_PIECE):
                    yield piece
            except OSError as error:
                yield Hole(0, error.strerror or "it cannot be read")


def entries(folder: str, budget: Budget, parts: tuple[bytes, ...] = ()) -> Iterator[Found]:
    """Every entry below `folder`, by name; InputError where the folder itself cannot be read."""
    where = "/" + os.fsdecode(b"/".join(parts))
    try:
        names = sorted(os.scandir(folder), key=lambda one: os.fsencode(one.name))
    except OSError as error:
        if not parts:
            raise InputError(f"the folder cannot be read ({error.strerror})", where=folder) from error
        yield Note(where, "a folder could not be read", error.strerror or "unknown reason")
        return
    if len(parts) > _DEEPEST:
        yield Note(where, "a folder was not read", f"folders are read {_DEEPEST} deep")
        return
    for one in names:
        budget.spend("steps")
        yield from _entry(one, budget, (*parts, os.fsencode(one.name)))


def _entry(one: "os.DirEntry[str]", budget: Budget, parts: tuple[bytes, ...]) -> Iterator[Found]:
    try:
        about = one.stat(follow_symlinks=False)
        target = os.fsencode(os.readlink(one.path)) if one.is_symlink() else b""  # noqa: PTH115  # Path would tidy the text up
    except OSError as error:
        yield Note(
            "/" + os.fsdecode(b"/".join(parts)), "an entry could not be read", error.strerror or "unknown reason"
        )
        return
    kind, mode = kind_of(about.st_mode), stat.S_IMODE(about.st_mode)
    if kind is NodeKind.FILE:
        yield Entry(parts, kind, about.st_size, mode, pieces=_Content(one.path), hard_links=about.st_nlink)
        return
    device = (os.major(about.st_rdev), os.minor(about.st_rdev)) if kind is NodeKind.DEVICE else None
    yield Entry(parts, kind, mode=mode, target=target, device=device, size=len(target))
    if kind is NodeKind.FOLDER:
        yield from entries(one.path, budget, parts)
