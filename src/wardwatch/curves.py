"""In: what a monitor displayed and what its waves said, over time. Out: the common words for it that documents draw.

They show; they do not judge. The verdict rests on findings and gaps (`vocabulary.judge`) alone.
"""

from dataclasses import dataclass
from typing import Final

from .printable import printable

STATES: Final = ("verified", "cannot verify", "disagrees")


@dataclass(frozen=True, slots=True)
class Point:
    """One number at one second: displayed, derived, and how it stood; None where there is none."""

    second: int
    shown: float | None
    derived: float | None
    state: str

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"a number stands as one of {', '.join(STATES)}, not {self.state!r}")


@dataclass(frozen=True, slots=True)
class Curve:
    """One number over time; the counts are of seconds in which it was displayed."""

    name: str
    points: tuple[Point, ...]
    shown: int
    verified: int
    disagreed: int


@dataclass(frozen=True, slots=True)
class Wave:
    """Some seconds of one signal, evenly spaced; None where nothing was measured."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Curves:
    """Everything there is to draw of one recording; `subject` is the subject's id in the report.

    `end`: seconds from its first sample to its last. The waves begin at `waves_from` and last `waves_for` seconds.
    """

    subject: str
    end: int
    curves: tuple[Curve, ...]
    waves: tuple[Wave, ...]
    waves_from: int
    waves_for: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", printable(self.subject))
        waves = tuple(Wave(printable(wave.name, 40), wave.values) for wave in self.waves)
        object.__setattr__(self, "waves", waves)
