"""In: nothing; this module only names things. Out: what passes the capture point, and what the truth says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000

Value = str | int | float | bool | None | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """One connection, or one series of calls, from a monitor: what the truth adds up by."""

    monitor: int
    to: str
    port: int
    protocol: str
    session: int


class Block(NamedTuple):
    """One application message and the values in it.

    `patient`: the number it names; `identifiers`: which identifying fields it carries, filled; `about`: whose data it
    holds, named or not.
    """

    name: str
    values: Mapping[str, Value]
    patient: str = ""
    identifiers: tuple[str, ...] = ()
    about: str = ""


class Sent(NamedTuple):
    """What one frame carries: `size` payload bytes of the device, and the messages whose last byte is in it.

    `attempt`: 1 for the first SYN of a connection, 2 for its repetition, 0 otherwise.
    """

    stream: Stream
    size: int
    blocks: tuple[Block, ...] = ()
    attempt: int = 0


class Event(NamedTuple):
    """One frame at `time` (ns since 1970, UTC); without bytes, a moment at which an actor looks again.

    `actor`: whose frames are reordered and duplicated among themselves.
    """

    time: int
    actor: int
    frame: bytes
    sent: Sent | None = None


def look_again(time: int) -> Event:
    """Nothing on the wire: the actor that yields this goes on when all that came before `time` has happened."""
    return Event(time, 0, b"")
