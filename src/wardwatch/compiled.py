"""In: the folder of a kernel in C, what its functions take and give. Out: the library compiled from it, typed."""

import ctypes
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .errors import InstallationError

Function = tuple[str, Any, list[Any]]
"""(name, ctype of the result, ctypes of the arguments)"""
_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}


def library(folder: Path, functions: Iterable[Function]) -> ctypes.CDLL:
    """The library that the build put into `folder`; InstallationError where it is missing."""
    path = folder / f"_kernel{_SUFFIX.get(sys.platform, '.so')}"
    try:
        found = ctypes.CDLL(str(path))
    except OSError as error:
        raise InstallationError(
            "the compiled part of wardwatch is missing",
            where=path.name,
            cure="Install wardwatch again: `pip install --force-reinstall wardwatch`.",
        ) from error
    for name, result, arguments in functions:
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found
