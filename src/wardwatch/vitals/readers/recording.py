"""In: nothing; this module only says what a recording is. Out: the type every reader opens a recording as."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from wardwatch.vitals.words import Second


@dataclass(frozen=True, slots=True)
class Unread:
    """What of a recording was not read, and why; from `start` to `end` in seconds where it is a stretch of time.

    `signal`: where it concerns one signal only. `remark`: it leaves no question open.
    """

    what: str
    why: str
    signal: str = ""
    start: float | None = None
    end: float | None = None
    remark: bool = False


class Recording(Protocol):
    """One monitor's recording, opened. `unread` is complete once the seconds have been read."""

    name: str
    kind: str
    files: tuple[Path, ...]
    start: datetime | None
    unread: list[Unread]

    def seconds(self) -> Iterator[Second]:
        """Every whole second, in order; what was not recorded is left out."""
        ...
