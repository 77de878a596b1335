"""In: a path, or the first bytes of a file. Out: what kind of firmware input it is, or None; nothing is opened.

Cheap enough to be asked before captures and logs are looked at, and strict enough not to claim one of those.
"""

import os
from pathlib import Path
from typing import Final

from wardwatch.errors import InputError

from .carving import claimed, formats, measured
from .compression import beginning
from .mapping import map_file
from .source import Source, whole

_FOLDERS: Final = frozenset({"bin", "sbin", "etc", "lib", "usr", "opt", "dev", "proc", "sys", "var", "init", "linuxrc"})
_ENOUGH: Final = 3
_PRESENT: Final = 2
_LARGEST_SEARCHED: Final = 1 << 30
_SURE: Final = 4
_AHEAD: Final = 1 << 20


def recognise_image(source: Path | bytes) -> str | None:
    """The format's name, 'program', 'script', 'folder', 'flash' (an image somewhere inside), or None.

    A file is mapped, not read. A compressed stream is claimed only for what it holds: captures come compressed too.
    """
    if isinstance(source, bytes):
        return _of(whole(source))
    if source.is_dir():
        return "folder" if looks_like_a_root(source) else None
    try:
        mapped = map_file(source, _LARGEST_SEARCHED)
    except InputError:
        return None
    return _of(mapped) or _inside(mapped)


def looks_like_a_root(folder: Path) -> bool:
    """Whether a folder holds an unpacked root file system."""
    try:
        with os.scandir(folder) as entries:
            names = {entry.name for entry in entries}
    except OSError:
        return False
    return len(names & _FOLDERS) >= _ENOUGH or (len(names & _FOLDERS) >= _PRESENT and "etc" in names)


def _of(source: Source) -> str | None:
    head = source.some(0, _SURE)
    if head == b"\x7fELF":
        return "program"
    if head.startswith(b"#!"):
        return "script"
    form = claimed(source)
    if form is None or not form.is_stream:
        return form.name if form else None
    return form.name if _of(whole(beginning(form.name, source, _AHEAD))) else None


def _inside(source: Source) -> str | None:
    """'flash' where an image with an unmistakable header stands somewhere in it."""
    for form in formats():
        if form.carved and not form.is_stream:
            for magic, place in form.magics:
                at = source.find(magic, place) if len(magic) >= _SURE else -1
                if at >= 0 and measured(form, source, at - place):
                    return "flash"
    return None
