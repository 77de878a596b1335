"""In: what is displayed as HR, PR and RR, and what the waves say. Out: numbers that follow from none of the waves.

Heart and pulse rate may each follow from the ECG or the pleth: monitors take one for the other when a lead is noisy.
What cannot be asked is told as such: dashes, no wave, noise. A pacemaker's spikes are beats to some monitors and
none to others: where they are seen, or the monitor says so, a heart rate that does not follow cannot be verified, and
that is all. A respiration rate of 0 is how monitors show that they
find no breaths, and is no number to hold against a wave.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from wardwatch.knowledge.catalogue import thresholds
from wardwatch.vitals.check import Episode, Facts, Moment, Running, Standing, State
from wardwatch.vitals.follower import Answer, Follower, Numbers
from wardwatch.vitals.words import DERIVED, Derivations, Quantity, Who
from wardwatch.vocabulary import Severity

RULE: Final = "vitals.display-disagrees"
_SOURCES: Final = {
    Quantity.HR: (Quantity.HR, Quantity.PR),
    Quantity.PR: (Quantity.PR, Quantity.HR),
    Quantity.RR: (Quantity.RR,),
}
_SEVERITY: Final = {Quantity.HR: Severity.HIGH, Quantity.PR: Severity.MEDIUM, Quantity.RR: Severity.MEDIUM}
_DASHES: Final = Standing(State.UNKNOWN, "no number is displayed")
_NO_BREATHS: Final = Standing(State.UNKNOWN, "0 is displayed, which says that no breaths are found")
_MOST_ROWS: Final = 512
_FIRST_ROWS: Final = 32
_PACED: Final = Standing(
    State.UNKNOWN, "paced: a pacemaker's spikes may have been counted as beats, here or by the monitor"
)
_SAYS_PACED: Final = re.compile(r"\bPAC(?:ED?|ER|ING|EMAKER)\b", re.IGNORECASE)
"""Messages such as PACED, PACER ON, PACE DETECT."""
_NOWHERE: Final = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class _Settings:
    """What one quantity is judged by, beside the numbers of its follower."""

    numbers: Numbers
    rules: frozenset[str]
    pad: float
    fits: float
    other: float
    stands_s: int
    moves: float
    told: str
    """The averaging rule by which a value is told; '' for the middle of all."""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "_Settings":
        values = dict(entry)
        rules, pad, fits = frozenset(values.pop("rules")), values.pop("pad"), values.pop("fits")
        other, stands, moves = values.pop("other"), values.pop("stands_s"), values.pop("moves")
        told = values.pop("told", "")
        return cls(Numbers(**values), rules, pad, fits, other, stands, moves, told)


class _Display:
    """One displayed number and its hypotheses."""

    def __init__(self, quantity: Quantity) -> None:
        self.quantity = quantity
        self.settings = _Settings.of(thresholds("vitals")["display"][quantity])
        self.follower = Follower(self.settings.numbers, _FIRST_ROWS)
        self._who: tuple[Who, ...] = ()
        self._rows: dict[Who, int] = {}
        self._places = self._to = _NOWHERE
        self._least = np.zeros(0)
        self._telling: list[int] = []
        self.standing = Standing(State.UNKNOWN, "nothing has been displayed yet")

    def _lay_out(self, who: tuple[Who, ...]) -> None:
        """Find out which of the derivations are hypotheses about this number, and the row of each."""
        places, to, least = [], [], []
        for place, one in enumerate(who):
            speaks = one.quantity in _SOURCES[self.quantity] and one.averaging in self.settings.rules
            if speaks and (row := self._row(one)) is not None:
                places.append(place)
                to.append(row)
                least.append(0.0 if one.quantity is self.quantity else self.settings.other)
        self._places, self._to = np.array(places, np.int64), np.array(to, np.int64)
        self._least = np.array(least, np.float64)
        self._telling = [row for one, row in self._rows.items() if one.averaging == self.settings.told]
        self._who = who

    def step(self, moment: Moment) -> Answer:
        """What can be said with this second."""
        derivations = moment.derivations
        if derivations.who is not self._who:
            self._lay_out(derivations.who)
        if moment.missing:
            self.follower.interrupt()
        shown = moment.second.shown.get(self.quantity)
        asked = None if shown == 0 and self.quantity is Quantity.RR else shown
        self._fill(derivations)
        answer = self.follower.judge(asked)
        if self._excused(answer, moment):
            self.follower.forgive()
            self.standing = _PACED
            return Answer(None)
        reason = self._reason(derivations) if answer.gathered is None else ""
        self.standing = self._stand(answer, asked, shown, reason)
        return answer

    def _fill(self, derivations: Derivations) -> None:
        """What each hypothesis says this second."""
        says, pad = self.follower.says, self.settings.pad
        says.fill(np.nan)
        told = derivations.told[self._places]
        values, good = told["value"], told["quality"]
        says[0, self._to] = values - pad
        says[1, self._to] = values + pad
        says[2, self._to] = np.where(good >= self._least, good, 0.0)

    def _excused(self, answer: Answer, moment: Moment) -> bool:
        """Whether the number does not follow, and a pacemaker may be why."""
        if self.quantity is not Quantity.HR or answer.gathered is None:
            return False
        stands = answer.held >= self.settings.stands_s and answer.moved >= self.settings.moves
        if abs(answer.off) <= self.settings.fits and answer.gathered <= self.settings.numbers.limit / 2 and not stands:
            return False
        return bool(_SAYS_PACED.search(moment.second.message or "") or moment.derivations.told["paced"].any())

    def source(self, answer: Answer) -> Who:
        """Which hypothesis is the best one."""
        return next(who for who, row in self._rows.items() if row == answer.best)

    def _reason(self, derivations: Derivations) -> str:
        """Why the first signal that should tell does not."""
        whys = derivations.told["why"].tolist()
        for one, why in zip(derivations.who, whys, strict=True):
            if why and one.quantity is self.quantity:
                return f"{one.signal}: {derivations.reasons[why]}"
        return "no wave of a quality that could tell"

    def _row(self, who: Who) -> int | None:
        row = self._rows.get(who)
        if row is None and len(self._rows) < _MOST_ROWS:
            row = self._rows[who] = len(self._rows)
            if row >= self.follower.rows:
                self.follower.grow(2 * self.follower.rows)
        return row

    def _stand(self, answer: Answer, asked: float | None, shown: float | None, reason: str) -> Standing:
        if shown is None:
            return _DASHES
        if asked is None:
            return _NO_BREATHS
        if answer.gathered is None:
            return Standing(State.UNKNOWN, reason)
        derived = round(self._told(answer), 1)
        if answer.gathered >= self.settings.numbers.limit:
            return Standing(State.DISAGREES, "it follows from none of the waves", derived)
        if abs(answer.off) > self.settings.fits or answer.gathered > self.settings.numbers.limit / 2:
            return Standing(State.UNKNOWN, "it differs, but not yet for long enough to say", derived)
        return Standing(State.VERIFIED, "", derived)

    def _told(self, answer: Answer) -> float:
        """The value by the rule that is told, of the middle one of the clean sources; else of all rules."""
        low, high, quality = self.follower.says[:, self._telling].tolist() if self._telling else ((), (), ())
        least = self.settings.numbers.quality
        heard = sorted((a + b) / 2 for a, b, good in zip(low, high, quality, strict=True) if a == a and good >= least)  # noqa: PLR0124  # no NaN
        return heard[len(heard) // 2] if heard else answer.value


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
        return [*self._off(quantity, display, answer, moment), *self._standing(quantity, display, answer, moment)]

    def _standing(self, quantity: Quantity, display: _Display, answer: Answer, moment: Moment) -> list[Episode]:
        """A display that does not change while all that it could follow from does."""
        name = f"{quantity} stands"
        stands = answer.held >= display.settings.stands_s and answer.moved >= display.settings.moves
        if not stands:
            if not answer.held:
                self._running.close(name)
            return []
        current = self._running.current(name)
        if current is not None:
            current.end = moment.now
            return []
        facts: Facts = {
            "shown": moment.second.shown.get(quantity) or 0.0, "for_s": answer.held, "moved": round(answer.moved, 1)
        }  # fmt: skip
        start = max(0.0, moment.now - answer.held)
        found = Episode(RULE, name, start, moment.now, moment.now, 1.0, Severity.MEDIUM, 0.85, "stands", facts)
        new = self._running.meet(found)
        found.signal = quantity
        return new

    def _off(self, quantity: Quantity, display: _Display, answer: Answer, moment: Moment) -> list[Episode]:
        limit = display.settings.numbers.limit
        current = self._running.current(quantity)
        if answer.gathered is None or answer.gathered < limit / 2:
            self._running.close(quantity)
            return []
        if current is not None:
            if abs(answer.off) > display.settings.fits:
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
