"""In: what the user asks for. Out: the plan of one capture, checked: nothing later has to doubt it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wardwatch.errors import UsageError

from .events import SECOND

MOST_MONITORS: Final = 5000
MOST_BACKGROUND: Final = 10
SHORTEST: Final = 10
_EARLIEST, _LATEST = 946_684_800, 4_102_444_799  # 2000-01-01 and 2099-12-31; a pcap file counts to 2106


class Central(StrEnum):
    """Who answers where the monitors send."""

    NONE = "none"
    DOCUMENTED = "documented"
    OWN = "own"
    STATION = "station"


@dataclass(frozen=True, slots=True)
class Plan:
    """One ward, one capture. Times: `start` in ns since 1970, all others in seconds."""

    start: int
    seconds: int = 600
    monitors: int = 8
    seed: int = 1
    central: Central = Central.NONE
    background: int = 1
    update: int = 0
    stay: float = 300.0
    attempt_every: float = 30.0
    start_missing: bool = False

    def __post_init__(self) -> None:
        _within("monitors", self.monitors, 1, MOST_MONITORS)
        _within("background", self.background, 0, MOST_BACKGROUND)
        _within("update", self.update, 0, self.monitors)
        _within("seconds", self.seconds, SHORTEST, 30 * 86_400)
        _within("stay", self.stay, 10, 30 * 86_400)
        if not _EARLIEST <= self.start // SECOND <= _LATEST:
            raise UsageError("the start lies outside the years 2000 to 2099", cure="Choose a time in between")
        _within("attempt-every", self.attempt_every, 2, 86_400)

    @property
    def end(self) -> int:
        """When the capture ends, ns since 1970."""
        return self.start + self.seconds * SECOND


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise UsageError(f"{name} lies between {least:g} and {most:g}, not at {value:g}")
