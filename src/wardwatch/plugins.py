"""In: the name of a package. Out: its modules that offer what was asked for, plus those other packages register.

A plug-in is a module in the right folder that defines one agreed name; nobody imports it by its own name.
"""

import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType


@cache
def modules(package: str, offering: str) -> tuple[ModuleType, ...]:
    """Every plug-in of `package` that defines `offering`, by name; the entry-point group is called like the package."""
    candidates = (*_inside(package), *_registered(package))
    found = {module.__name__: module for module in candidates if hasattr(module, offering)}
    return tuple(found[name] for name in sorted(found))


def _inside(package: str) -> Iterator[ModuleType]:
    for entry in iter_modules(import_module(package).__path__):
        yield import_module(f"{package}.{entry.name}")


def _registered(package: str) -> Iterator[ModuleType]:
    if not _somebody_registers(tuple(sys.path)):
        return
    from importlib.metadata import entry_points  # noqa: PLC0415  # takes almost as long to load as all codecs together

    for entry in entry_points(group=package):
        module = entry.load()
        if isinstance(module, ModuleType):
            yield module


@cache
def _somebody_registers(folders: tuple[str, ...]) -> bool:
    """Whether a package installed in one of `folders` may register anything under a group called like one of ours.

    What is no folder, such as a zip archive, may.
    """
    for folder in map(Path, folders):
        if folder.is_file():
            return True
        for listed in folder.glob("*-info/entry_points.txt"):
            if b"[wardwatch." in listed.read_bytes():
                return True
    return False
