"""In: a path that code writes to. Out: whether programs or start-up files lie there, on this image or by custom."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Final

from wardwatch.firmware.words import Text
from wardwatch.knowledge.catalogue import firmware_table

from .paths import below, clean, is_exact, pattern, stem

ROOTS: Final = frozenset(("/", "/usr", "/etc"))


@dataclass(frozen=True, slots=True)
class Places:
    """What is known of an image's paths. `programs`: its programs, `started`: what its start-up runs, in order."""

    programs: frozenset[str] = frozenset()
    started: tuple[str, ...] = ()

    def holds_programs(self, target: Text) -> bool:
        """Whether writing to `target` replaces, or adds to, programs or start-up files."""
        shown = clean(stem(target)) if stem(target) else ""
        if not shown.startswith("/"):
            return False
        if shown in ROOTS or _fits(pattern(target), "storage"):
            return True
        return _under(shown, "programs") or _under(shown, "start_up") or self._holds_known(target)

    def started_in(self, target: Text) -> tuple[str, ...]:
        """Files below `target`, or it itself, that the start-up runs."""
        folder = _folder(target)
        return tuple(path for path in self.started if below(Text((path,)), folder))

    def _holds_known(self, target: Text) -> bool:
        folder = _folder(target)
        return any(below(Text((path,)), folder) for path in self.programs)


def _folder(target: Text) -> Text:
    """`/opt/bin/` of `/opt/bin/*`: a glob or a hole may name any file of its folder."""
    if is_exact(target):
        return target
    known = stem(target)
    return Text((known.rpartition("/")[0] or "/",)) if "/" in known else target


def is_pluggable(source: Text) -> bool:
    """Whether it is storage that a person plugs in."""
    return _fits(pattern(source), "pluggable")


def _fits(path: str, table: str) -> bool:
    return any(fnmatchcase(path, form) for form in _forms(table))


def _under(path: str, table: str) -> bool:
    """Whether the path, as a file or as a folder, is one of the table's."""
    return any(fnmatchcase(path, form) or fnmatchcase(f"{path}/x", form) for form in _forms(table))


@cache
def _forms(table: str) -> tuple[str, ...]:
    return tuple(map(str, firmware_table("paths")[table]))
