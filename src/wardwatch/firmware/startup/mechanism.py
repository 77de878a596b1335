"""In: nothing. Out: what a mechanism that starts programs has to offer, and what it finds."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.tree import Node, NodeKind
from wardwatch.firmware.words import Trigger

LARGEST_FILE: Final = 1 << 18
MOST_LINES: Final = 4000


class Stage(IntEnum):
    """Which comes first as a device starts and runs."""

    KERNEL = 0
    SYSTEM = 1
    FILE_SYSTEMS = 2
    DEVICES = 3
    RUN_LEVEL = 4
    LOCAL = 5
    NETWORK = 6
    SERVICES = 7
    CONSOLE = 8
    CONNECTIONS = 9
    TIMERS = 10
    LOG_IN = 11
    UPDATE = 12
    SHUTDOWN = 13


@dataclass(frozen=True, slots=True)
class Started:
    """One thing that runs by itself: `command` is text as a shell reads it, found in `source` at `line`.

    `missing`: a line that names nothing to run, or cannot be read, and why.
    """

    source: str
    line: int
    command: str
    when: str
    stage: Stage
    trigger: Trigger = Trigger.START_UP
    sure: bool = True
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """How one kind of configuration starts programs; `find` reads the files it is kept in."""

    name: str
    title: str
    reference: str
    find: Callable[[Files], Iterable[Started]]


def lines(files: Files, path: str, *, comment: str = "#") -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers, without comments, blanks around them and empty ones; CRLF is the same."""
    node = files.find(path)
    if not node or node.kind is not NodeKind.FILE:
        return
    text = node.read(LARGEST_FILE).decode("utf-8", "backslashreplace")
    for number, line in enumerate(text.split("\n")[:MOST_LINES], 1):
        bare = line.strip("\r\t \0")
        if bare and not (comment and bare.startswith(tuple(comment))):
            yield number, bare


def is_program(files: Files, path: str) -> bool:
    """Whether something that can be started stands at `path`."""
    node = files.find(path)
    return bool(node and node.kind is NodeKind.FILE)


def scripts_in(files: Files, folder: str) -> Iterator[str]:
    """The files of a folder, as run-parts takes them: in order, hidden ones and leftovers passed over."""
    for path in files.inside(folder):
        name = path.rpartition("/")[2]
        left_over = name.startswith(".") or name.endswith(("~", ".bak", ".orig", ".dpkg-old", ".dpkg-dist", ".rpmsave"))
        if not left_over and name.lower() != "readme" and is_program(files, path):
            yield path


def first_lines(node: Node) -> bytes:
    """The beginning of a file."""
    return node.read(256)
