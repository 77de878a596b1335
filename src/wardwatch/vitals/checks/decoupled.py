"""In: beats of every lead and pulses. Out: signals that move as if they came from another heart, or another time.

Each heartbeat sends a pulse, and the pulse arrives after a delay that hardly changes from beat to beat; two leads see
the same beat at once. So there is one delay at which most pulses of the last 40 s follow a beat. Where there is none,
one of the two signals does not belong here. That is said only while both are clean by themselves (of good quality, and
regular): an irregular or noisy signal finds no partner either.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from wardwatch.knowledge.catalogue import thresholds
from wardwatch.vitals.check import Episode, Facts, Moment, Running
from wardwatch.vitals.words import Derivations, Kind, Values, kind_of
from wardwatch.vocabulary import Severity

RULE: Final = "vitals.decoupled"
_STEP: Final = 0.02  # seconds between delays that are tried
_WIDE: Final = 5  # steps within which a pulse counts as following
_EARLIEST, _LATEST = -0.2, 1.0  # seconds from a beat to what follows it
_MOST: Final = 16
_NONE: Final = np.zeros(0)


class Decoupled:
    """The state for one monitor: beats and pulses of the last seconds, and for how long each pair has not fitted."""

    def __init__(self) -> None:
        numbers = thresholds("vitals")["decoupled"]
        self._window = float(numbers["window_s"])
        self._every = int(numbers["every_s"])
        self._times = int(numbers["times"])
        self._follows = float(numbers["follows"])
        self._quality = float(numbers["quality"])
        self._regular = float(numbers["regular"])
        self._events: dict[str, dict[str, list[Values]]] = {}
        self._misfits: dict[tuple[str, str], int] = {}
        self._began = 0.0
        self._running = Running()

    def feed(self, moment: Moment) -> Iterator[Episode]:
        """Pairs that have not fitted for long enough with this second."""
        if moment.missing:
            self._events.clear()
            self._misfits.clear()
            self._began = float(moment.second.index)
        for beats in moment.beats:
            if beats.signal in self._events or self._takes(beats.signal):
                kept = self._events.setdefault(beats.signal, {}).setdefault(beats.detector, [])
                if len(beats.times):
                    kept.append(beats.times)
        if moment.second.index % self._every == 0 and moment.now - self._began > self._window:
            yield from self._look(moment)

    def _takes(self, signal: str) -> bool:
        return len(self._events) < _MOST and kind_of(signal) in {Kind.ECG, Kind.PLETH}

    def _within(self, since: float) -> Iterator[tuple[str, dict[str, Values]]]:
        """The events of each signal and detector since then; what is older is forgotten."""
        for signal, detectors in self._events.items():
            within = {}
            for detector, pieces in detectors.items():
                times = np.concatenate(pieces) if pieces else _NONE
                within[detector] = times[times > since]
                detectors[detector] = [within[detector]]
            yield signal, within

    def _look(self, moment: Moment) -> Iterator[Episode]:
        good = _qualities(moment.derivations, self._quality)
        clean = {
            signal: times
            for signal, detectors in self._within(moment.now - self._window)
            if signal in good and signal in moment.second.waves and (times := self._clean(detectors)) is not None
        }
        leads = sorted(signal for signal in clean if kind_of(signal) is Kind.ECG)
        pleths = sorted(signal for signal in clean if kind_of(signal) is Kind.PLETH)
        pairs = [(lead, pleth) for lead in leads for pleth in pleths]
        pairs += [(leads[0], other) for other in leads[1:]]
        for pair in pairs:
            self._count(pair, _following(clean[pair[0]], clean[pair[1]]))
        for pair in set(self._misfits) - set(pairs):
            self._misfits[pair] = max(0, self._misfits[pair] - 1)
        yield from self._tell(moment)

    def _clean(self, detectors: Mapping[str, Values]) -> Values | None:
        """The events of one detector, if they are regular and those of all detectors are about as many."""
        counts = [len(times) for times in detectors.values()]
        if not counts or max(counts) > _AS_MANY * min(counts):
            return None
        times = next(iter(detectors.values()))
        intervals = np.diff(times)
        if len(intervals) < _FEWEST:
            return None
        middle = float(np.sort(intervals)[len(intervals) // 2])
        regular = np.count_nonzero(np.abs(intervals - middle) < _SWAY * middle) / len(intervals)
        return times if regular >= self._regular else None

    def _count(self, pair: tuple[str, str], following: float) -> None:
        self._misfits[pair] = self._misfits.get(pair, 0) + 1 if following < self._follows else 0

    def _tell(self, moment: Moment) -> Iterator[Episode]:
        apart = [pair for pair, count in self._misfits.items() if count >= self._times]
        named = {signal: [pair for pair in apart if signal in pair] for pair in apart for signal in pair}
        odd = max(sorted(named), key=lambda signal: (len(named[signal]), kind_of(signal) is Kind.PLETH), default="")
        for signal in self._events:
            if signal != odd:
                self._running.close(signal)
        if odd:
            yield from self._episode(odd, named[odd], moment)

    def _episode(self, odd: str, pairs: list[tuple[str, str]], moment: Moment) -> list[Episode]:
        current = self._running.current(odd)
        if current is not None:
            current.end = moment.now
            return []
        others = sorted({signal for pair in pairs for signal in pair} - {odd})
        start = max(0.0, moment.now - self._window / 2 - self._times * self._every)
        rate = moment.second.waves[odd].rate
        facts: Facts = {"others": ", ".join(others)}
        return self._running.meet(
            Episode(RULE, odd, start, moment.now, moment.now, rate, Severity.HIGH, 0.85, "decoupled", facts)
        )


_NEAR: Final = 6  # beats that may lie between the earliest and the latest delay
_EACH: Final = np.arange(_NEAR)
_AS_MANY: Final = 1.15
_FEWEST: Final = 12
_SWAY: Final = 0.12  # of the median interval, within which one is regular


def _qualities(derivations: Derivations, least: float) -> set[str]:
    """Signals whose best derivation is good enough, and of which no spike can be a beat."""
    told = derivations.told
    good = (told["why"] == 0) & (told["quality"] >= least) & (told["paced"] == 0)
    return {derivations.who[place].signal for place in np.flatnonzero(good).tolist()}


def _following(beats: Values, events: Values) -> float:
    """The share of `events` that follow a beat at one and the same delay, at the best of all delays."""
    events = events[events > beats[0] + _LATEST]
    if len(events) < _FEWEST // 2:
        return 1.0
    first = np.searchsorted(beats, events - _LATEST)
    padded = np.concatenate((beats, np.full(_NEAR, np.inf)))
    delays = (events[:, None] - padded[first[:, None] + _EACH]).ravel()
    near = delays[(delays > _EARLIEST) & (delays < _LATEST)]
    counts = np.bincount(((near - _EARLIEST) / _STEP).astype(np.int64), minlength=_WIDE)
    return min(1.0, float(np.convolve(counts, np.ones(_WIDE)).max()) / len(events))


CHECK: Final = Decoupled
