"""In: the codes of every signal. Out: stretches in which all signals together repeat what they sent before, nearly.

A replay that was stretched, scaled or covered with noise is no longer the same codes. One regular signal may resemble
its own past closely; that every signal of a patient resembles its past at the same distance, for half a minute, it
takes a replay. So the smallest correlation over the signals counts. Distances are looked for in one signal at a low
rate, and the best of them examined in all signals at a higher one.

Respiration alone is looked at as well, since no other signal tells when it is not the patient's: a looped ECG or pleth
no longer fits the other. It takes a longer stretch and next to no difference; a ventilator comes close to that.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np

from wardwatch.knowledge.catalogue import thresholds
from wardwatch.vitals.check import Episode, Facts, Moment, Running
from wardwatch.vitals.likeness import correlations, likeness_of, top
from wardwatch.vitals.words import Codes, Kind, Quantity, Values, Wave, kind_of
from wardwatch.vocabulary import Severity

RULE: Final = "vitals.replayed"
FINE: Final = 64
_COARSE: Final = 16
_STEP: Final = FINE // _COARSE
_TRIED: Final = 5  # distances examined closely
_COUNTED: Final = 0.5  # quality of a respiration rate
_FEWEST: Final = 2  # signals: one alone proves nothing
_MOST: Final = 12
_EDGES: Final = np.arange(FINE + 1) / FINE


class _Track:
    """One signal at the fine rate, as far back as is remembered."""

    def __init__(self, seconds: int, kind: Kind) -> None:
        self.kind = kind
        self._kept = seconds * FINE
        self._buffer = np.zeros(2 * self._kept)
        self._end = 0
        self.since = 0  # seconds in a row in which it was there

    def append(self, wave: Wave) -> None:
        """One second more."""
        if self._end + FINE > len(self._buffer):
            self._buffer[: self._kept] = self._buffer[self._end - self._kept : self._end]
            self._end = self._kept
        self._buffer[self._end : self._end + FINE] = _means(wave.codes)
        self._end += FINE
        self.since += 1

    def drop(self) -> None:
        """It is missing: nothing may span this."""
        self._end = self.since = 0

    def values(self) -> Values:
        """The fine samples, the latest last."""
        return self._buffer[max(0, self._end - self._kept) : self._end]

    def coarse(self) -> Values:
        """The same at the coarse rate; of an ECG how steep it is, since its beats are narrower than a coarse sample."""
        values = self.values()
        if self.kind is Kind.ECG:
            values = np.abs(np.diff(values, prepend=values[:1]))
        coarse: Values = values.reshape(-1, _STEP).sum(axis=1)
        return coarse


def _means(codes: Codes) -> Values:
    """The sum of the codes in each 64th part of a second; parts that end between two samples take a share."""
    if len(codes) % FINE == 0 and len(codes):
        whole: Values = codes.reshape(FINE, -1).sum(axis=1, dtype=np.float64)
        return whole
    sums = np.zeros(len(codes) + 1)
    np.cumsum(codes, out=sums[1:])
    at = np.interp(*_parts(len(codes)), sums)
    shared: Values = at[1:] - at[:-1]
    return shared


@lru_cache(maxsize=32)
def _parts(count: int) -> tuple[Values, Values]:
    return _EDGES * count, np.arange(count + 1, dtype=np.float64)


class ReplayNoisy:
    """The state for one monitor."""

    def __init__(self) -> None:
        numbers = thresholds("vitals")["replay_noisy"]
        self._enough = float(numbers["correlation"])
        self._window = int(numbers["window_s"])
        self._every = int(numbers["every_s"])
        self._times = int(numbers["times"])
        self._history = int(numbers["history_s"])
        self._nearest = int(numbers["nearest_s"])
        self._tracks: dict[str, _Track] = {}
        self._running = Running()
        self._found = (0, 0)  # distance in fine samples, how often in a row
        self._alone_enough = float(numbers["alone_correlation"])
        self._alone_window = int(numbers["alone_window_s"])
        self._alone: dict[str, tuple[int, int]] = {}  # distance in coarse samples, how often in a row

    def feed(self, moment: Moment) -> Iterator[Episode]:
        """A replay that became certain in this second."""
        waves = moment.second.waves
        for signal, track in self._tracks.items():
            if signal not in waves or moment.missing:
                track.drop()
        for signal, wave in waves.items():
            present = self._track(signal)
            if present is not None:
                present.append(wave)
        if moment.second.index % self._every == 0:
            yield from self._look(moment)

    def _track(self, signal: str) -> _Track | None:
        kind = kind_of(signal)
        if signal not in self._tracks and len(self._tracks) < _MOST and kind is not Kind.OTHER:
            self._tracks[signal] = _Track(self._history + self._window, kind)
        return self._tracks.get(signal)

    def _look(self, moment: Moment) -> list[Episode]:
        least = self._window + self._nearest + 1
        there = {name: track for name, track in self._tracks.items() if track.since >= least}
        moving = {name: track for name, track in there.items() if np.ptp(track.values()[-self._window * FINE :]) > 0}
        distance, likeness = self._best(moving) if len(moving) >= _FEWEST else (0, 0.0)
        if likeness < self._enough:
            self._found = (0, 0)
            for name in self._tracks:
                self._running.close(name)
            return [new for name in there for new in self._by_itself(name, moment)]
        last, times = self._found
        times = times + 1 if abs(distance - last) <= 1 else 1
        self._found = (distance, times)
        if times < self._times:
            return []
        start = moment.now - self._window - (times - 1) * self._every
        names = sorted(moving)
        facts: Facts = {"distance_s": distance / FINE, "correlation": round(likeness, 4), "signals": ", ".join(names)}
        waves = moment.second.waves
        return [
            new
            for name in names
            for new in self._running.meet(
                Episode(RULE, name, start, moment.now, moment.now, waves[name].rate, Severity.HIGH, 0.9, "noisy", facts)
            )
        ]

    def _by_itself(self, name: str, moment: Moment) -> list[Episode]:
        """Respiration that repeats what it was, while the other signals do not."""
        track, size = self._tracks[name], self._alone_window * _COARSE
        key = f"{name} alone"
        distance, likeness = 0, 0.0
        if track.since > self._alone_window + self._nearest and _breathes(name, moment):
            distance, likeness = _nearest_past(track.coarse(), size, self._nearest * _COARSE)
        if likeness < self._alone_enough:
            self._alone.pop(name, None)
            self._running.close(key)
            return []
        last, times = self._alone.get(name, (0, 0))
        times = times + 1 if abs(distance - last) <= 1 else 1
        self._alone[name] = (distance, times)
        current = self._running.current(key)
        if current is not None:
            current.end = moment.now
        if current is not None or times < self._times:
            return []
        start = max(0.0, moment.now - self._alone_window - (times - 1) * self._every)
        facts: Facts = {"distance_s": distance / _COARSE, "correlation": round(likeness, 5)}
        rate = moment.second.waves[name].rate
        found = Episode(RULE, key, start, moment.now, moment.now, rate, Severity.MEDIUM, 0.6, "noisy alone", facts)
        new = self._running.meet(found)
        found.signal = name
        return new

    def _best(self, tracks: dict[str, _Track]) -> tuple[int, float]:
        """The distance at which all signals resemble their past most, and how much; first the last one found."""
        pilot = min(tracks, key=lambda name: (_PILOTS.index(tracks[name].kind), name))
        others = (*(track for name, track in sorted(tracks.items()) if name != pilot), tracks[pilot])
        last = self._found[0]
        if last and (held := _closest(others, last, self._window, self._enough))[1] >= self._enough:
            return held
        best, likeness = 0, 0.0
        for distance in self._distances(tracks[pilot]):
            at, like = _closest(others, distance, self._window, self._enough)
            if like > likeness:
                best, likeness = at, like
        return best, likeness

    def _distances(self, track: _Track) -> list[int]:
        """Distances in fine samples at which the pilot resembles its past most."""
        values, size = track.coarse(), self._window * _COARSE
        likeness = correlations(values, size)[: len(values) - size - self._nearest * _COARSE + 1]
        inner = likeness[1:-1]
        peaks = np.flatnonzero((inner >= likeness[:-2]) & (inner > likeness[2:]) & (inner > _PROMISING[track.kind])) + 1
        chosen = peaks[np.argsort(-likeness[peaks], kind="stable")[:_TRIED]]
        return [(len(values) - size - int(place)) * _STEP for place in chosen]


def _breathes(signal: str, moment: Moment) -> bool:
    """Whether breaths are counted in this signal: a trend, too, resembles its past."""
    told = moment.derivations.told
    counted = np.flatnonzero((told["why"] == 0) & (told["quality"] >= _COUNTED))
    whos = (moment.derivations.who[place] for place in counted.tolist())
    return any(who.signal == signal and who.quantity is Quantity.RR for who in whos)


def _nearest_past(values: Values, size: int, nearest: int) -> tuple[int, float]:
    """The distance at which the last `size` samples resemble their past most, and how much."""
    likeness = correlations(values, size)[: len(values) - size - nearest + 1]
    if len(likeness) < 3 or np.ptp(values[-size:]) <= 0:  # noqa: PLR2004  # a top has two sides
        return 0, 0.0
    best = int(np.argmax(likeness))
    return len(values) - size - best, top(likeness, best)


_PILOTS: Final = (Kind.PLETH, Kind.ECG, Kind.RESP)
_PROMISING: Final = {Kind.PLETH: 0.9, Kind.ECG: 0.7, Kind.RESP: 0.9}


def _closest(tracks: tuple[_Track, ...], distance: int, window: int, enough: float) -> tuple[int, float]:
    """The distance near `distance` where the least similar signal is most similar, and how much.

    Looking ends with the first signal that is not similar enough.
    """
    size, around = window * FINE, _STEP
    least, each = np.ones(2 * around + 1), []
    for track in tracks:
        values = track.values()
        first = len(values) - size - distance - around
        if first < 0:
            return distance, 0.0
        each.append(likeness_of(values[first : first + size + 2 * around], values[-size:]))
        least = np.minimum(least, each[-1])
        if least.max() < enough - _BETWEEN:
            return distance, 0.0
    best = int(np.argmax(least))
    return distance + around - best, min(top(likeness, best) for likeness in each)


_BETWEEN: Final = 0.04  # of correlation an ECG may lose between two samples
CHECK: Final = ReplayNoisy
