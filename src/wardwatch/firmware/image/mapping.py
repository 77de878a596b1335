"""In: the path of a file. Out: its bytes, read or, where it is large, mapped; nothing but a regular file is."""

import mmap
import os
import stat
from pathlib import Path
from typing import Final

from wardwatch.errors import InputError

from .source import Source, whole

_READ_WHOLE: Final = 192 << 20
"""Searching bytes is ten times as fast as searching a map."""


def map_file(path: Path, largest: int) -> Source:
    """The file in memory as far as it is looked at; InputError where it cannot be read."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise InputError("it is neither a file nor a folder", where=str(path), cure="Give an image.")
            if about.st_size > largest:
                what = f"it is larger than the {largest} bytes that are examined at once"
                raise InputError(what, where=str(path), cure="Split it into its parts.")
            if not about.st_size:
                return whole(b"")
            if about.st_size <= _READ_WHOLE:
                return whole(file.read())
            return Source(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), 0, about.st_size)
    except OSError as error:
        what = f"it cannot be read ({error.strerror or 'unknown reason'})"
        raise InputError(what, where=str(path), cure="Check the name and the permissions.") from error
