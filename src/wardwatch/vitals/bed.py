"""In: the seconds of one monitor as they come. Out: what does not fit, as it is raised, and how each number stands.

The live face of `vitals`: a station keeps one `Bed` a monitor and feeds it a `Second` as each arrives. Reading a
recording does the same, so both give the same answer. Memory is constant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from wardwatch.plugins import modules

from .check import Check, Episode, Moment, Standing, State
from .rates.deriver import Deriver
from .words import DERIVED, Quantity, Second

MOST_EPISODES: Final = 2000
_MOST_STRETCHES: Final = 200
_UNDERIVABLE: Final = Standing(
    State.UNKNOWN, "cannot be derived from what the monitor sends; looked at for plausibility only"
)
_ONLY_PLAUSIBLE: Final = tuple(quantity for quantity in Quantity if quantity not in DERIVED)


class _Standings(Protocol):
    """The check that knows how numbers stand."""

    @property
    def standings(self) -> Mapping[Quantity, Standing]: ...


@dataclass(slots=True)
class Stretch:
    """Seconds in a row in which a displayed number could not be verified, and why at first."""

    signal: str
    start: int
    end: int
    why: str


@dataclass(slots=True)
class Tally:
    """How many seconds a number was displayed, and how it stood in them."""

    shown: int = 0
    verified: int = 0
    disagreed: int = 0
    unverified: int = 0
    stretches: list[Stretch] = field(default_factory=list)

    def add(self, quantity: Quantity, index: int, standing: Standing) -> None:
        """One more second in which a number was displayed."""
        self.shown += 1
        self.verified += standing.state is State.VERIFIED
        self.disagreed += standing.state is State.DISAGREES
        if standing.state is not State.UNKNOWN:
            return
        self.unverified += 1
        last = self.stretches[-1] if self.stretches else None
        if last is not None and last.end == index:
            last.end = index + 1
            return
        if last is not None and last.end - last.start < TOLD_FROM:
            self.stretches.pop()
        if len(self.stretches) < _MOST_STRETCHES:
            self.stretches.append(Stretch(quantity, index, index + 1, standing.why))


TOLD_FROM: Final = 30
"""Seconds; a number that could not be verified for less is not told: every average needs some beats to begin with."""


class Bed:
    """Everything that is known of one monitor."""

    def __init__(self) -> None:
        self._deriver = Deriver()
        checks = [module.CHECK() for module in modules("wardwatch.vitals.checks", "CHECK")]
        self._checks = cast("list[Check]", checks)
        self._display = cast("_Standings", next(check for check in checks if hasattr(check, "standings")))
        self._next: int | None = None
        self.episodes: list[Episode] = []
        """All that was raised, the first MOST_EPISODES of it; those that are open still grow."""
        self.left_out = 0
        self.missing: list[tuple[int, int]] = []
        """Seconds that were not recorded, as (first, end)."""
        self.seconds = 0
        self.tallies = {quantity: Tally() for quantity in DERIVED}
        self.standings: Mapping[Quantity, Standing] = {}
        """How each number on the display stands now."""

    def feed(self, second: Second) -> list[Episode]:
        """What this second raises: new episodes, and notes that have become more than that."""
        missing = 0 if self._next is None else second.index - self._next
        if missing < 0:
            return []  # a second that is already past
        if missing and len(self.missing) < _MOST_STRETCHES:
            self.missing.append((second.index - missing, second.index))
        self._next = second.index + 1
        self.seconds += 1
        beats, derivations = self._deriver.feed(second)
        moment = Moment(second, tuple(beats), derivations, missing)
        raised = [episode for check in self._checks for episode in check.feed(moment)]
        self._keep(raised)
        self._stand(second)
        return raised

    def _keep(self, raised: list[Episode]) -> None:
        for episode in raised:
            if any(episode is known for known in self.episodes[-64:]):
                continue
            if len(self.episodes) < MOST_EPISODES:
                self.episodes.append(episode)
            else:
                self.left_out += 1

    def _stand(self, second: Second) -> None:
        standings = dict(self._display.standings)
        for quantity, tally in self.tallies.items():
            if second.shown.get(quantity) is not None:
                tally.add(quantity, second.index, standings[quantity])
        for quantity in _ONLY_PLAUSIBLE:
            if quantity in second.shown:
                standings[quantity] = _UNDERIVABLE
        self.standings = standings
