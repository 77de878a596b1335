"""In: the path of a file. Out: its bytes, mapped into memory; nothing but a regular file is opened."""

import mmap
import os
import stat
from pathlib import Path

from wardwatch.errors import InputError

from .source import Source, whole


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
            return Source(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), 0, about.st_size)
    except OSError as error:
        what = f"it cannot be read ({error.strerror or 'unknown reason'})"
        raise InputError(what, where=str(path), cure="Check the name and the permissions.") from error
