"""In: nothing; this module only says what a check is. Out: the types every check in `checks/` is made of.

A check sees one monitor second by second, in constant memory. What it finds is an episode: raised at one moment with
what was known then, and growing as long as it lasts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from wardwatch.vocabulary import Severity

from .words import Beats, Derivations, Second

Facts = Mapping[str, str | int | float]
JOINED: Final = 60
"""Seconds within which an episode that comes back is the same one."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One second with what its waves say. `missing`: how many seconds before it were not recorded."""

    second: Second
    beats: tuple[Beats, ...]
    derivations: Derivations
    missing: int = 0

    @property
    def now(self) -> float:
        """When all of this was known."""
        return self.second.index + 1.0


@dataclass(slots=True, eq=False)
class Episode:
    """One thing that does not fit, from `start` to `end`; times in seconds since the recording began.

    `raised`: when it was known. `facts`: what the sentence about it needs. `open`: it may still grow.
    """

    rule: str
    signal: str
    start: float
    end: float
    raised: float
    rate: float
    severity: Severity
    confidence: float
    kind: str
    facts: Facts = field(default_factory=dict)
    open: bool = True


class State(StrEnum):
    """How a displayed number stands."""

    VERIFIED = "verified"
    UNKNOWN = "cannot verify"
    DISAGREES = "disagrees"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a displayed number stands, why it could not be verified, and what follows from the waves instead."""

    state: State
    why: str = ""
    derived: float | None = None


class Check(Protocol):
    """The state of one check for one monitor."""

    def feed(self, moment: Moment) -> Iterable[Episode]:
        """Episodes raised by this second; those raised before may have grown."""
        ...


class Running:
    """The last episode of each signal: grows it where it goes on or comes back soon, else begins another."""

    def __init__(self) -> None:
        self._last: dict[str, Episode] = {}

    def current(self, signal: str) -> Episode | None:
        """The episode of `signal` that is still open."""
        last = self._last.get(signal)
        return last if last is not None and last.open else None

    def meet(self, episode: Episode) -> list[Episode]:
        """`episode` as a new one, or nothing where it goes on with the last one of its signal."""
        last = self._last.get(episode.signal)
        if last is not None and last.kind == episode.kind and episode.start <= last.end + JOINED:
            last.end, last.open = max(last.end, episode.end), True
            if episode.severity.rank < last.severity.rank:
                last.severity = episode.severity
            return []
        self._last[episode.signal] = episode
        return [episode]

    def close(self, signal: str) -> None:
        """The last episode of `signal` does not go on."""
        if signal in self._last:
            self._last[signal].open = False
