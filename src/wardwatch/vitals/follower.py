"""In: a displayed number and all that it could follow from, second by second. Out: how long it has followed from none.

Every source (a signal, a detector and an averaging rule) is a hypothesis: the display follows this one. Its distance
from the display is counted from the band its value has been in during the last seconds, since displays trail; the part
above an allowance adds up (a cumulative sum, Page 1954, one for each direction), and takes itself back while the
hypothesis fits. The display disagrees only once every hypothesis that can be examined has gathered too much. A
hypothesis of bad quality is not asked, and forgets slowly.

A monitor that counts one beat too many, or misses one, shows the rate of 13 or 11 beats for 12 until that beat has left
its average. Such a difference counts in part, and for no longer than that.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from .words import Mask, Values

_FADES: Final = 0.985  # of what a hypothesis has gathered, a second in which it cannot be asked
_SLACK: Final = 1e-9
_OFTEN: Final = 0.6  # of the seconds in which a display stood, a hypothesis has to have been heard
_FORGIVEN: Final = 0.5  # of a second that a miscounted beat took, each second in which the hypothesis fits


@dataclass(frozen=True, slots=True)
class Numbers:
    """What one quantity is judged by; see knowledge/thresholds/vitals.toml."""

    quality: float
    heard: float
    trails_s: int
    allowance: float
    limit: float
    most: float
    miscounted: float
    miscount_of: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What can be said of a number now. `gathered`: of the best hypothesis, None where none can be asked.

    `off`: its distance now, with its sign; `since`: how many seconds ago it began to be off; `value` and `spread`: what
    the hypotheses that can be asked say; `best`: the row of the best. `held`: for how many seconds the display has not
    changed; `moved`: by how much every hypothesis has in that time.
    """

    gathered: float | None
    off: float = 0.0
    since: int = 0
    value: float = 0.0
    spread: float = 0.0
    best: int = -1
    held: int = 0
    moved: float = 0.0


_NONE: Final = Answer(None)


class Follower:
    """The hypotheses about one displayed number, a row each."""

    def __init__(self, numbers: Numbers, rows: int) -> None:
        self.numbers = numbers
        self._lows = np.full((numbers.trails_s + 1, rows), np.nan)
        self._highs = np.full((numbers.trails_s + 1, rows), np.nan)
        self._sums = np.zeros((2, rows))  # display too high, too low
        self._spent = np.zeros(rows)
        self._since = np.zeros((2, rows), np.int64)
        self._at = 0
        self._held: float | None = None
        self._held_for = 0
        self._reach = np.full((2, rows), np.nan)  # lowest and highest since the display changed
        self._heard = np.zeros(rows)

    @property
    def rows(self) -> int:
        """How many hypotheses there are."""
        return len(self._spent)

    def grow(self, rows: int) -> None:
        """Make room for more hypotheses."""
        fresh = Follower(self.numbers, rows)
        for name in ("_lows", "_highs", "_sums", "_since", "_reach"):
            getattr(fresh, name)[:, : self.rows] = getattr(self, name)
            setattr(self, name, getattr(fresh, name))
        fresh._heard[: self.rows] = self._heard
        self._heard = fresh._heard
        fresh._spent[: self.rows] = self._spent
        self._spent = fresh._spent

    def interrupt(self) -> None:
        """Seconds are missing: what was in the bands no longer counts."""
        self._held = None
        self._lows[:] = np.nan
        self._highs[:] = np.nan

    def step(self, low: Values, high: Values, quality: Values, shown: float | None) -> Answer:
        """One second: what each hypothesis says now, and what is displayed."""
        place = self._at % len(self._lows)
        self._lows[place], self._highs[place] = low, high
        self._at += 1
        known = low == low  # noqa: PLR0124  # no NaN
        asked = known & (quality >= self.numbers.heard)
        moved = self._moved(asked, shown)
        if shown is None or not (known & (quality >= self.numbers.quality)).any():
            self._sums *= _FADES
            return _NONE
        least, most = np.fmin.reduce(self._lows), np.fmax.reduce(self._highs)
        off = np.where(asked, np.maximum(shown - most, 0.0) - np.maximum(least - shown, 0.0), 0.0)
        if off.any():
            self._gather(asked, self._counted(off, asked, least, most, shown))
        elif self._sums.any() or self._spent.any():
            self._spent = np.maximum(0.0, self._spent - _FORGIVEN)
            self._gather(asked, off)
        return self._answer(off, asked, (low + high) / 2, moved)

    def _moved(self, asked: Mask, shown: float | None) -> float:
        """By how much the least moved hypothesis moved since the display changed, as long ago as displays may trail."""
        if shown is None or shown != self._held:
            self._held, self._held_for = shown, 0
            self._reach[:] = np.nan
            self._heard[:] = 0
            return 0.0
        self._held_for += 1
        oldest = self._at % len(self._lows)
        if self._held_for < len(self._lows) or self._at < len(self._lows):
            return 0.0
        middle = np.where(asked, (self._lows[oldest] + self._highs[oldest]) / 2, np.nan)
        self._reach[0] = np.fmin(self._reach[0], middle)
        self._reach[1] = np.fmax(self._reach[1], middle)
        self._heard += middle == middle  # noqa: PLR0124  # no NaN
        often = self._heard >= _OFTEN * (self._held_for - len(self._lows) + 1)
        moves = (self._reach[1] - self._reach[0])[often & asked]
        return float(moves.min()) if len(moves) else 0.0

    def _counted(self, off: Values, asked: Mask, least: Values, most: Values, shown: float) -> Values:
        """The part of each distance that counts."""
        counted = np.minimum(np.maximum(off, -self.numbers.most), self.numbers.most)
        count = self.numbers.miscount_of
        if count:
            share = np.where(off > 0, (count + 1) / count, (count - 1) / count)
            one_off = asked & (off != 0) & (shown >= least * share - 1.0) & (shown <= most * share + 1.0)
            lasts = 1.2 * 60.0 * count / np.maximum(np.where(asked, least, 60.0), 20.0) + 2.0
            one_off &= self._spent < lasts
            self._spent = np.where(one_off, self._spent + 1.0, np.maximum(0.0, self._spent - _FORGIVEN * (off == 0)))
            counted = np.where(one_off, counted * self.numbers.miscounted, counted)
        return counted

    def _gather(self, asked: Mask, counted: Values) -> None:
        both = self._sums - self.numbers.allowance
        both[0] += counted
        both[1] -= counted
        both = np.minimum(np.maximum(both, 0.0), 1.3 * self.numbers.limit)
        self._sums = np.where(asked, both, self._sums * _FADES)
        self._since = np.where(self._sums > 0, self._since + 1, 0)

    def _answer(self, off: Values, asked: Mask, middle: Values, moved: float) -> Answer:
        gathered = np.where(asked, self._sums.max(axis=0), np.inf)
        best = int(np.argmin(gathered + _SLACK * np.abs(off)))
        side = int(self._sums[1, best] > self._sums[0, best])
        values = np.sort(middle[asked])
        return Answer(
            float(gathered[best]),
            float(off[best]),
            int(self._since[side, best]),
            float(values[len(values) // 2]),
            float(values[-1] - values[0]),
            best,
            self._held_for,
            moved,
        )
