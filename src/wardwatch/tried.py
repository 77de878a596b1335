"""In: what the attempts of a containment's trial came to. Out: the common words for it that documents draw.

They show; they do not judge. The verdict rests on findings and gaps (`vocabulary.judge`) alone.
"""

from dataclasses import dataclass
from typing import Final

from .printable import printable

BEFORE: Final = 0
RULED: Final = 1
"""The first two phases of any trial: without the rules, and with them."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """All attempts between a device and one far end, in one direction, all kept or all forbidden.

    `party`: who the far end is in the policy's words. `open` and `of`: how many worked, of how many tried, by phase.
    """

    device: str
    end: str
    party: str
    kept: bool
    inward: bool
    open: tuple[int, ...]
    of: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.open) != len(self.of) or any(not 0 <= some <= every for some, every in zip(self.open, self.of)):  # noqa: B905  # lengths are compared in the same breath
            raise ValueError("of the attempts of each phase none to all worked")
        for name in ("device", "end", "party"):
            object.__setattr__(self, name, printable(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds that a kept path took at the most, before the rules and with them."""

    path: str
    before: float
    ruled: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", printable(self.path))


@dataclass(frozen=True, slots=True)
class PathsTried:
    """Everything that was tried; `phases` name the columns of each crossing, the first two as above."""

    phases: tuple[str, ...]
    crossings: tuple[Crossing, ...]
    latencies: tuple[Latency, ...] = ()

    def __post_init__(self) -> None:
        if len(self.phases) <= RULED or any(len(each.of) != len(self.phases) for each in self.crossings):
            raise ValueError("each crossing has a count for every phase, and there are at least two")
        object.__setattr__(self, "phases", tuple(map(printable, self.phases)))
