"""In: one lead's codes, a piece at a time. Out: R peaks as the library SleepECG finds them, in windows that overlap.

SleepECG (Hofer and Brunner, BSD-3-Clause) searches a whole recording at once. Here it is given windows that begin at
fixed samples, and of each what lies in its middle is kept: so the result does not depend on the pieces either. An
optional part of wardwatch (`pip install 'wardwatch[sleepecg]'`). Live examination uses two detectors of our own:
docs/adr/0013 says why, with the figures.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from wardwatch.errors import InstallationError
from wardwatch.vitals.words import Codes, Mask, Values

from .kernel import State

STEP: Final = 30
"""Seconds from one window's middle part to the next."""
MARGIN: Final = 10
"""Seconds searched before and behind it."""
_LEAST: Final = 2.0
"""Seconds: nothing shorter is searched."""


def _search() -> Callable[[Values, float], NDArray[np.int64]]:
    try:
        from sleepecg import heartbeats  # noqa: PLC0415  # optional
    except ImportError as error:
        raise InstallationError(
            "the library SleepECG is missing", cure="Say: pip install 'wardwatch[sleepecg]'."
        ) from error
    search: Any = heartbeats.detect_heartbeats
    return lambda values, rate: np.asarray(search(values, rate), np.int64)


class Windows:
    """One lead from its first sample to a gap."""

    def __init__(self, rate: float) -> None:
        self._search = _search()
        self._rate = rate
        self._step, self._margin = int(STEP * rate), int(MARGIN * rate)
        self._held = np.zeros(0)
        self._start = 0
        self._done = 0
        self._last = 0.0
        self.state = State.FINE

    def feed(self, codes: Codes, valid: Mask | None) -> Values:
        """Peaks of every window that is whole now, in seconds since the first sample."""
        values = codes.astype(np.float64)
        if valid is not None:
            values = _held_over(values, valid, self._last)
        self._last = float(values[-1]) if len(values) else self._last
        self._held = np.concatenate((self._held, values))
        found = [np.zeros(0)]
        while self._start + len(self._held) >= self._done + self._step + self._margin:
            found.append(self._window(self._done + self._step))
        return np.concatenate(found)

    def finish(self) -> Values:
        """Peaks of what is left."""
        return self._window(self._start + len(self._held) + 1)

    def _window(self, until: int) -> Values:
        """Peaks from where the last window ended up to sample `until`."""
        part = self._held[: until + self._margin - self._start]
        peaks = np.zeros(0, np.int64)
        if len(part) >= _LEAST * self._rate and np.ptp(part) > 0:
            peaks = self._search(part, self._rate) + self._start
        peaks = peaks[(peaks >= self._done) & (peaks < until)]
        self._done = until
        drop = max(0, until - self._margin - self._start)
        self._held = self._held[drop:]
        self._start += drop
        return peaks / self._rate


def _held_over(values: Values, valid: Mask, last: float) -> Values:
    """The values, each that was not measured replaced by the last that was."""
    places = np.maximum.accumulate(np.where(valid, np.arange(len(values)), -1))
    return np.where(places < 0, last, values[places])
