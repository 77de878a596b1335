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
from typing import Final, NamedTuple

import numpy as np

from .beats.kernel.library import ANSWER, CLOCK, FOLLOWED, loaded
from .words import Values


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


class Answer(NamedTuple):
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
_COLUMNS: Final = 8  # of the library's memory, beside the bands


class Follower:
    """The hypotheses about one displayed number, a row each; the arithmetic is the library's (follow.c)."""

    def __init__(self, numbers: Numbers, rows: int) -> None:
        self.numbers = numbers
        self.rows = rows
        """How many hypotheses there are."""
        self._step = loaded().wf_step
        self._back = numbers.trails_s + 1
        self._settings = np.zeros(1, FOLLOWED)
        for name in ("quality", "heard", "allowance", "limit", "most", "miscounted", "miscount_of"):
            self._settings[name] = getattr(numbers, name)
        self._settings["back"] = self._back
        self._clock = np.zeros(1, CLOCK)
        self._clock["held"] = np.nan
        self._answer = np.zeros(1, ANSWER)
        self._lay_out(rows)

    def _lay_out(self, rows: int) -> None:
        """Empty memory for so many hypotheses, and where everything lies."""
        self.rows = rows
        self._memory = np.zeros((2 * self._back + _COLUMNS, rows))
        self._memory[: 2 * self._back] = np.nan
        self._memory[-3:-1] = np.nan  # nothing has been reached since the display changed
        self.says = np.zeros((3, rows))
        """The least, the most and the quality of each hypothesis, NaN for nothing: to be filled before each step."""
        self._spare = np.zeros((2, rows))
        self._asked = np.zeros(rows, np.bool_)
        self._settings["rows"] = rows
        used = (self._settings, self._clock, self._memory, self.says, self._spare, self._asked)
        self._at = tuple(one.ctypes.data for one in used)
        self._to = self._answer.ctypes.data

    def grow(self, rows: int) -> None:
        """Make room for more hypotheses."""
        before, kept = self._memory, self.rows
        self._lay_out(rows)
        self._memory[:, :kept] = before

    def interrupt(self) -> None:
        """Seconds are missing: what was in the bands no longer counts."""
        self._clock["held"] = np.nan
        self._memory[: 2 * self._back] = np.nan

    def forgive(self) -> None:
        """What was gathered does not count."""
        self._memory[2 * self._back : -3] = 0

    def step(self, low: Values, high: Values, quality: Values, shown: float | None) -> Answer:
        """One second: what each hypothesis says now, and what is displayed."""
        self.says[0], self.says[1], self.says[2] = low, high, quality
        return self.judge(shown)

    def judge(self, shown: float | None) -> Answer:
        """One second, of which `says` is filled."""
        if not self._step(*self._at, np.nan if shown is None else shown, self._to):
            return _NONE
        gathered, off, since, value, spread, best, held, moved = self._answer[0].tolist()
        return Answer(gathered, off, int(since), value, spread, int(best), int(held), moved)
