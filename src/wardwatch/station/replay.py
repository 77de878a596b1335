"""In: sets with their times. Out: the same as if a monitor sent them now, to a station, in the recorded rhythm.

Between two sets passes what passed when they were received, divided by `speed`; a pause of more than `longest` is cut
to it, so that a replay goes on. Sends where it is told and nowhere else.
"""

import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from wardwatch.errors import InputError, UsageError

from .sets import Cutter
from .words import SECOND

_AT_ONCE: Final = 1 << 16
_LARGEST_SIDE: Final = 1 << 20
_PATIENCE: Final = 10.0


class Timed(NamedTuple):
    """A set, and when it is due: nanoseconds after the first one."""

    due: int
    raw: bytes


def from_file(path: Path) -> Iterator[Timed]:
    """The sets of a `.cms` file, one a second, later where its side file says that seconds are missing."""
    gaps = _gaps(path.with_name(f"{path.name}.json"))
    cutter, second = Cutter(), 0
    try:
        with path.open("rb") as file:
            number = 0
            while data := file.read(_AT_ONCE):
                for found in cutter.feed(data):
                    second += gaps.get(number, 0)
                    yield Timed(second * SECOND, found.raw)
                    number, second = number + 1, second + 1
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), cure="Name a .cms file.") from error
    for found in cutter.finish():
        yield Timed(second * SECOND, found.raw)
        second += 1
    if not second:
        cure = "Name a .cms file, or --data FOLDER of a station and a bed."
        raise InputError("holds no set of the central-station stream", where=str(path), cure=cure)


def send(
    sets: Iterable[Timed],
    to: tuple[str, int],
    speed: float,
    longest: float,
    told: Callable[[int], None] = lambda _: None,
) -> int:
    """Send every set when it is due; how many. UsageError where nobody accepts the connection, or it ends early."""
    sent = 0
    try:
        with socket.create_connection(to, timeout=_PATIENCE) as connection:
            before, due = 0, time.monotonic()
            for timed in sets:
                due += min(max((timed.due - before) / SECOND / speed, 0.0), longest)
                before = timed.due
                time.sleep(max(0.0, due - time.monotonic()))
                connection.sendall(timed.raw)
                sent += 1
                told(sent)
            connection.shutdown(socket.SHUT_WR)
    except OSError as error:
        where, cure = f"{to[0]}:{to[1]}", "Start the station first: wardwatch station run."
        raise UsageError(f"the connection ended: {error.strerror or 'no answer'}", where=where, cure=cure) from error
    return sent


def _gaps(side: Path) -> dict[int, int]:
    """Before which set how many seconds are missing; nothing where there is no side file."""
    if not side.is_file():
        return {}
    try:
        with side.open("rb") as file:
            told: Any = json.loads(file.read(_LARGEST_SIDE))
        return {int(number): max(int(seconds), 0) for number, seconds in told.get("gaps", [])}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        cure = 'It is one line like {"start": "2026-03-01T10:00:00Z", "gaps": [[20, 5]]}.'
        raise InputError("not the side file of a stream", where=str(side), cure=cure) from error
