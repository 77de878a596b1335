"""In: a folder of segments, and how much and how long to keep. Out: the oldest segments gone, never the newest."""

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAME: Final = re.compile(r"wardwatch-(\d{19,20})-(\d{6})\.kept")
_PRESSED: Final = 1  # segments given up at once when the disk is full


@dataclass(frozen=True, slots=True)
class Retention:
    """Bounds in bytes and seconds. `reserve`: bytes of the disk that stay free for others."""

    most_bytes: int = 50 << 30
    most_seconds: float = 30 * 86400.0
    reserve: int = 512 << 20

    def apply(self, folder: Path) -> int:
        """Remove what is beyond the bounds, oldest first; how many went. Called before a new segment is begun."""
        segments = listed(folder)[:-1]
        sizes = [_size(path) for path in segments]
        total, gone = sum(sizes), 0  # the newest one is no candidate, and is not counted
        oldest = time.time_ns() - int(self.most_seconds * 1e9)
        for path, size in zip(segments, sizes, strict=True):
            if not (total > self.most_bytes or ended_at(path) < oldest or _free(folder) < self.reserve):
                break
            gone += _remove(path)
            total -= size
        return gone

    def press(self, folder: Path, current: Path | None) -> int:
        """The disk is full: give up the oldest segment, if it is not the one being written."""
        for path in listed(folder)[:_PRESSED]:
            if path != current and _free(folder) < self.reserve:
                return _remove(path)
        return 0


def name_of(begun: int, number: int) -> str:
    """File name of a segment: sorted by name is sorted by time."""
    return f"wardwatch-{begun:019d}-{number:06d}.kept"


def listed(folder: Path) -> list[Path]:
    """The segments of a folder, oldest first."""
    try:
        return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name) and path.is_file())
    except OSError:
        return []


def begun_at(path: Path) -> int:
    """When a segment was begun, by its name."""
    found = NAME.fullmatch(path.name)
    return int(found[1]) if found else 0


def ended_at(path: Path) -> int:
    """When a segment was last written to."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _free(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


def _remove(path: Path) -> int:
    try:
        path.unlink()
    except OSError:
        return 0
    return 1
