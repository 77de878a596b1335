"""In: the name of a package. Out: its modules that offer what was asked for, plus those other packages register.

A plug-in is a module in the right folder that defines one agreed name; nobody imports it by its own name.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
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
    for entry in entry_points(group=package):
        module = entry.load()
        if isinstance(module, ModuleType):
            yield module
