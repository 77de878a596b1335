"""In: a name. Out: a lab of that name kept up in the background, entered, and taken down, also what is left of one.

A keeper, a process without a terminal, holds the lab as a command would; with the keeper the lab ends. What is up is
noted in the user's state folder, by process and the time it started.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any, Final

from wardwatch.errors import InstallationError, UsageError, WardwatchError
from wardwatch.lab import session, state
from wardwatch.lab.scenario import read, text_of

from .lab import ENTRY, checked, fresh, question
from .lab_inside import READY

NOTHING: Final = 'about = "A hospital without machines: enter a node and use your own."'
_LONGEST: Final = 24 * 3600.0
_PATIENCE: Final = 60.0
_DOWN: Final = 20.0
_BREATH: Final = 0.05
_STOP, _LOG = "stop", "keeper.log"
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Up:
    """A lab that stays: its folder, its keeper, its nodes, who has which address, and what serves what."""

    name: str
    folder: Path
    keeper: int
    nodes: Mapping[str, int]
    addresses: Mapping[str, str]
    parts: Mapping[str, str]


def up(which: str | None, name: str, folder: Path) -> Up:
    """Bring it up; UsageError where one of that name is up. Its captures are written into the folder meanwhile."""
    text, title = text_of(which) if which else (NOTHING, name)
    checked(read(text, title))
    state.clean()
    if _alive(name):
        raise UsageError("is up already", where=name, cure=f"Say --name, or take it down: wardwatch lab down {name}.")
    fresh(folder)
    asked = question(text, title, folder, stop=folder / _STOP)
    with (folder / _LOG).open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "wardwatch.workflows.lab_kept"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True,
        )  # fmt: skip
    _note(name, keeper.pid, folder)
    if keeper.stdin:
        keeper.stdin.write(asked)
        keeper.stdin.close()
    return _ready(name, keeper, folder)


def down(name: str | None = None) -> int:
    """Take one down, or all; and whatever was left behind by commands that are gone. How many there were."""
    ended = 0
    if name and not _path(name).exists():
        raise UsageError("no lab of that name is up", where=name, cure="See 'wardwatch lab down --help'.")
    for path in sorted(_folder().glob("*.json")) if _folder().is_dir() else ():
        if name in {None, path.stem}:
            ended += _ended(path)
    return ended + state.clean()


def entrance(name: str, node: str) -> list[str]:
    """The words that run something in a node of a lab that is up."""
    found = _alive(name)
    if not found:
        raise UsageError("no lab of that name is up", where=name, cure="Bring one up: wardwatch lab up.")
    told = _told(Path(found["folder"]))
    if node not in told["nodes"]:
        raise UsageError("is no node of it", where=node, cure=f"There are {', '.join(sorted(told['nodes']))}.")
    inner = _inner(found["keeper"][0])
    own = Path("/proc/self/ns/user").readlink() == Path(f"/proc/{inner}/ns/user").readlink()
    user = [] if own else ["--user", "--preserve-credentials"]
    return ["nsenter", "--target", str(inner), *user, f"--net=/proc/{inner}/fd/{told['nodes'][node]}", "--"]


def keep(asked: bytes) -> None:
    """Hold the lab, until it ends or this process does."""
    session.call(ENTRY, asked, seconds=_LONGEST)


def _ready(name: str, keeper: "subprocess.Popen[bytes]", folder: Path) -> Up:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if (folder / READY).exists():
            told = _told(folder)
            return Up(name, folder, keeper.pid, told["nodes"], told["addresses"], told["parts"])
        if keeper.poll() is not None:
            break
        time.sleep(_BREATH)
    _ended(_path(name))
    said = (folder / _LOG).read_text(encoding="utf-8", errors="replace")[-_LARGEST:].strip().rpartition("\n")[2]
    raise InstallationError(said or "it did not come up", where=f"the lab {name}", cure="See docs/lab.md.")


def _told(folder: Path) -> dict[str, Any]:
    with (folder / READY).open("rb") as stream:
        told: dict[str, Any] = json.loads(stream.read(_LARGEST))
    return told


def _inner(keeper: int) -> int:
    """The lab's own first process: the only child of the one that the keeper started."""
    for outer in _children(keeper):
        for inner in _children(outer):
            return inner
    raise UsageError("is ending", where="the lab", cure="Bring one up: wardwatch lab up.")


def _children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task").glob("*/children")
    try:
        return [int(word) for path in found for word in path.read_text(encoding="ascii").split()]
    except OSError:
        return []


def _folder() -> Path:
    return state.folder().parent / "labs-up"


def _path(name: str) -> Path:
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise UsageError("is no name for a lab", where=name[:80], cure="Use letters, digits and hyphens.")
    return _folder() / f"{name}.json"


def _note(name: str, keeper: int, folder: Path) -> None:
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    note = {"keeper": state.known(keeper), "folder": str(folder.resolve())}
    path.write_text(json.dumps(note), encoding="utf-8")


def _noted(path: Path) -> dict[str, Any] | None:
    """What was noted, where it is sound and its keeper still there."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        keeper, folder = tuple(note["keeper"]), str(note["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not keeper or state.known(keeper[0]) != keeper:
        return None
    return {"keeper": keeper, "folder": folder}


def _alive(name: str) -> dict[str, Any] | None:
    return _noted(_path(name))


def _ended(path: Path) -> int:
    """Ask it to end, which writes its truth; after a while end it. 1 where there was one."""
    found = _noted(path)
    if found:
        with suppress(OSError):
            (Path(found["folder"]) / _STOP).touch()
        until = time.monotonic() + _DOWN
        while time.monotonic() < until and _noted(path):
            _reap(found["keeper"][0])
            time.sleep(_BREATH)
        if _noted(path):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(found["keeper"][0], SIGKILL)
    path.unlink(missing_ok=True)
    return int(found is not None)


def _reap(process: int) -> None:
    """Where this very process started the keeper."""
    with suppress(ChildProcessError):
        os.waitpid(process, os.WNOHANG)


def main() -> None:
    """The keeper: what to hold comes by standard input."""
    asked = sys.stdin.buffer.read(_LARGEST)
    try:
        keep(asked)
    except WardwatchError as error:
        sys.exit(str(error))


def run_in(name: str, node: str, words: Sequence[str]) -> None:
    """Become that program, in the node."""
    found = entrance(name, node)
    try:
        os.execvp(found[0], [*found, *words])  # noqa: S606  # the user's own command, in the lab
    except FileNotFoundError as error:
        raise InstallationError("not installed", where=found[0], cure="Install util-linux.") from error


if __name__ == "__main__":
    main()
