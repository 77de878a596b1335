"""In: what is displayed as HR, PR and RR, and what the waves say. Out: numbers that follow from none of the waves.

Heart and pulse rate may each follow from the ECG or the pleth: monitors take one for the other when a lead is noisy.
What cannot be asked is told as such: dashes, no wave, noise. A respiration rate of 0 is how monitors show that they
find no breaths, and is no number to hold against a wave.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from wardwatch.knowledge.catalogue import thresholds
from wardwatch.vitals.check import Episode, Facts, Moment, Running, Standing, State
from wardwatch.vitals.follower import Answer, Follower, Numbers
from wardwatch.vitals.words import DERIVED, Derivation, Quantity, Values
from wardwatch.vocabulary import Severity

RULE: Final = "vitals.display-disagrees"
_SOURCES: Final = {
    Quantity.HR: (Quantity.HR, Quantity.PR),
    Quantity.PR: (Quantity.PR, Quantity.HR),
    Quantity.RR: (Quantity.RR,),
}
_SEVERITY: Final = {Quantity.HR: Severity.HIGH, Quantity.PR: Severity.MEDIUM, Quantity.RR: Severity.MEDIUM}
_MOST_ROWS: Final = 512
_FIRST_ROWS: Final = 32
_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class _Settings:
    """What one quantity is judged by, beside the numbers of its follower."""

    numbers: Numbers
    rules: frozenset[str]
    pad: float
    fits: float

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "_Settings":
        values = dict(entry)
        rules, pad, fits = frozenset(values.pop("rules")), values.pop("pad"), values.pop("fits")
        return cls(Numbers(**values), rules, pad, fits)


class _Display:
    """One displayed number and its hypotheses."""

    def __init__(self, quantity: Quantity) -> None:
        self.quantity = quantity
        self.settings = _Settings.of(thresholds("vitals")["display"][quantity])
        self.follower = Follower(self.settings.numbers, _FIRST_ROWS)
        self._rows: dict[_Key, int] = {}
        self.standing = Standing(State.UNKNOWN, "nothing has been displayed yet")
        self._reason = ""

    def step(self, moment: Moment) -> Answer:
        """What can be said with this second."""
        if moment.missing:
            self.follower.interrupt()
        low, high, quality = self._said(moment.derivations)
        shown = moment.second.shown.get(self.quantity)
        asked = None if shown == 0 and self.quantity is Quantity.RR else shown
        answer = self.follower.step(low, high, quality, asked)
        self.standing = self._stand(answer, asked, shown)
        return answer

    def source(self, answer: Answer) -> _Key:
        """Which hypothesis is the best one."""
        return next(key for key, row in self._rows.items() if row == answer.best)

    def _said(self, derivations: tuple[Derivation, ...]) -> tuple[Values, Values, Values]:
        """Band and quality of each hypothesis; NaN and 0 where it says nothing."""
        rows, values, qualities = [], [], []
        self._reason = ""
        for derived in derivations:
            if derived.quantity not in _SOURCES[self.quantity] or derived.averaging not in self.settings.rules:
                continue
            if derived.value is None:
                if derived.quantity is self.quantity:
                    self._reason = self._reason or f"{derived.signal}: {derived.reason}"
                continue
            row = self._row(derived)
            if row is not None:
                rows.append(row)
                values.append(derived.value)
                qualities.append(derived.quality)
        middle, quality = np.full(self.follower.rows, np.nan), np.zeros(self.follower.rows)
        middle[rows], quality[rows] = values, qualities
        return middle - self.settings.pad, middle + self.settings.pad, quality

    def _row(self, derived: Derivation) -> int | None:
        key = (derived.signal, str(derived.quantity), derived.detector, derived.averaging)
        row = self._rows.get(key)
        if row is None and len(self._rows) < _MOST_ROWS:
            row = self._rows[key] = len(self._rows)
            if row >= self.follower.rows:
                self.follower.grow(2 * self.follower.rows)
        return row

    def _stand(self, answer: Answer, asked: float | None, shown: float | None) -> Standing:
        if shown is None:
            return Standing(State.UNKNOWN, "no number is displayed")
        if asked is None:
            return Standing(State.UNKNOWN, "0 is displayed, which says that no breaths are found")
        if answer.gathered is None:
            return Standing(State.UNKNOWN, self._reason or "no wave of a quality that could tell")
        derived = round(answer.value, 1)
        if answer.gathered >= self.settings.numbers.limit:
            return Standing(State.DISAGREES, "it follows from none of the waves", derived)
        if abs(answer.off) > self.settings.fits or answer.gathered > self.settings.numbers.limit / 2:
            return Standing(State.UNKNOWN, "it differs, but not yet for long enough to say", derived)
        return Standing(State.VERIFIED, "", derived)


class DisplayDisagrees:
    """The state for one monitor."""

    def __init__(self) -> None:
        self._displays = {quantity: _Display(quantity) for quantity in DERIVED}
        self._running = Running()

    @property
    def standings(self) -> Mapping[Quantity, Standing]:
        """How each number that can be derived stands now."""
        return {quantity: display.standing for quantity, display in self._displays.items()}

    def feed(self, moment: Moment) -> Iterator[Episode]:
        """Numbers that have disagreed for long enough with this second."""
        for quantity, display in self._displays.items():
            if quantity in moment.second.shown or display.standing.state is not State.UNKNOWN:
                yield from self._one(quantity, display, moment)

    def _one(self, quantity: Quantity, display: _Display, moment: Moment) -> list[Episode]:
        answer = display.step(moment)
        limit = display.settings.numbers.limit
        current = self._running.current(quantity)
        if answer.gathered is None or answer.gathered < limit / 2:
            self._running.close(quantity)
            return []
        if current is not None:
            if answer.off:
                current.end = moment.now
            return []
        return self._new(quantity, display, answer, moment) if answer.gathered >= limit else []

    def _new(self, quantity: Quantity, display: _Display, answer: Answer, moment: Moment) -> list[Episode]:
        signal, _, detector, rule = display.source(answer)
        facts: Facts = {
            "shown": moment.second.shown.get(quantity) or 0.0,
            "derived": round(answer.value, 1),
            "spread": round(answer.spread, 1),
            "nearest": f"{signal}, {detector}, {rule}",
        }
        start = max(0.0, moment.now - max(1, answer.since))
        severity = _SEVERITY[quantity]
        found = Episode(RULE, quantity, start, moment.now, moment.now, 1.0, severity, 0.9, "disagrees", facts)
        return self._running.meet(found)


CHECK: Final = DisplayDisagrees
