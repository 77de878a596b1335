"""In: the process that holds a lab. Out: a note of it in the user's state folder, and the end of labs left behind.

A process is known by its number and the time it started, for numbers are used again.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL
from typing import Final

from wardwatch.errors import InstallationError

_ENDED: Final = ("Z", "X")


def folder() -> Path:
    """Where the notes lie (XDG base directories)."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "wardwatch" / "labs"


@contextmanager
def noted(child: int) -> Iterator[None]:
    """A note of this command and its child, while the block runs."""
    path = folder() / f"{os.getpid()}-{child}.json"
    note = {"command": known(os.getpid()), "child": known(child)}
    try:
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(note), encoding="ascii")
        fresh.replace(path)
    except OSError as error:
        raise InstallationError(
            f"cannot be written: {error.strerror}", where=str(path), cure="Set XDG_STATE_HOME to a folder of yours."
        ) from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def clean() -> int:
    """End every lab whose command is gone, and say how many there were."""
    ended = 0
    for path in sorted(folder().glob("*.json")) if folder().is_dir() else []:
        try:
            note = json.loads(path.read_text(encoding="ascii"))
            command, child = tuple(note["command"]), tuple(note["child"])
        except (OSError, ValueError, KeyError, TypeError):
            command, child = (0, 0), (0, 0)
        if command[0] and known(command[0]) == command:
            continue
        if child[0] > 1 and known(child[0]) == child:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child[0], SIGKILL)
                ended += 1
        path.unlink(missing_ok=True)
    return ended


def known(pid: object) -> tuple[int, int]:
    """Number and start of a process (proc(5), stat); start 0 where there is none, or one that has ended."""
    if not isinstance(pid, int) or pid <= 1:
        return 0, 0
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = stat.rpartition(")")[2].split()
        return pid, 0 if fields[0] in _ENDED else int(fields[19])
    except (OSError, ValueError, IndexError):
        return pid, 0
