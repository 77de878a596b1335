"""In: the codes of each signal. Out: stretches that were sent before, sample for sample, at any distance in time.

A hash of every window of one second is worked out for every sample (a polynomial modulo 2^64 over running sums). Those
windows whose hash ends in zeros are remembered: which ones they are depends on the codes alone, so that the same codes
sent again are met again, wherever the second begins. A run of such meetings at one distance that spans four seconds
and many different codes is a replay: noise in a living signal never repeats that long, and a flat line has few codes.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from wardwatch.knowledge.catalogue import thresholds
from wardwatch.vitals.check import Episode, Moment, Running
from wardwatch.vitals.words import Codes, Kind, Wave, kind_of
from wardwatch.vocabulary import Severity

RULE: Final = "vitals.replayed"
_Hashes = NDArray[np.uint64]
_BASE: Final = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64
_TOP: Final = np.uint64(40)
_MIX: Final = np.uint64(_BASE)


def _powers(base: int, count: int) -> _Hashes:
    powers, value = [], 1
    for _ in range(count):
        powers.append(value)
        value = value * base % 2**64
    return np.array(powers, np.uint64)


@dataclass(slots=True)
class _Run:
    """Meetings at one distance: the windows that were met lie from `first` to `last`, in samples."""

    distance: int
    first: int
    last: int
    missed: int = 0


@dataclass(slots=True)
class _Memory:
    """What one signal sent: the last second's codes, and where remembered windows began."""

    size: int
    tail: Codes | None = None
    seen: dict[int, int] = field(default_factory=dict)
    order: deque[tuple[int, int]] = field(default_factory=deque)
    run: _Run | None = None
    recent: deque[Codes] = field(default_factory=deque)

    def forget(self) -> None:
        """Nothing spans a stretch that is missing."""
        self.tail = self.run = None

    def remember(self, hashed: int, place: int, kept: int) -> int | None:
        """Where this window was seen before; it is remembered at its latest place."""
        before = self.seen.get(hashed)
        self.seen[hashed] = place
        self.order.append((hashed, place))
        if len(self.order) > kept:
            old, at = self.order.popleft()
            if self.seen.get(old) == at:
                del self.seen[old]
        return before


class ReplayExact:
    """The state for one monitor."""

    def __init__(self) -> None:
        numbers = thresholds("vitals")["replay_exact"]
        self._shortest = float(numbers["shortest_s"])
        self._nearest = float(numbers["nearest_s"])
        self._codes = int(numbers["distinct_codes"])
        self._kept = int(numbers["windows_kept"])
        self._a_second = int(numbers["windows_a_second"])
        self._memories: dict[str, _Memory] = {}
        self._running = Running()

    def feed(self, moment: Moment) -> Iterator[Episode]:
        """Replays that became certain in this second."""
        waves = moment.second.waves
        known = [(signal, self._memory(signal, wave)) for signal, wave in waves.items()]
        present = [(signal, waves[signal], memory) for signal, memory in known if memory is not None]
        if moment.missing:
            for _, _, memory in present:
                memory.forget()
        self._remember(present)
        for signal, wave, memory in present:
            yield from self._one(signal, wave, memory, moment)
        for signal, memory in self._memories.items():
            if signal not in waves:
                memory.forget()
                self._running.close(signal)

    def _memory(self, signal: str, wave: Wave) -> _Memory | None:
        if kind_of(signal) is Kind.OTHER:
            return None
        size = max(1, round(wave.rate))
        memory = self._memories.get(signal)
        if memory is None or memory.size != size:
            if memory is None and len(self._memories) >= _MOST_SIGNALS:
                return None
            memory = self._memories[signal] = _Memory(size)
        return memory

    def _remember(self, present: list[tuple[str, Wave, _Memory]]) -> None:
        """Meet the windows that ended in this second; signals of one length are worked out together."""
        alike: dict[tuple[int, int], list[tuple[Wave, _Memory]]] = {}
        for _, wave, memory in present:
            if memory.tail is not None:
                alike.setdefault((memory.size, len(wave.codes)), []).append((wave, memory))
        for (size, _), group in alike.items():
            codes = np.array(
                [np.concatenate((memory.tail, wave.codes)) for wave, memory in group if memory.tail is not None]
            )
            for row, place, hashed in _remembered(codes, size, self._a_second):
                wave, memory = group[row]
                at = wave.first - size + place + 1
                _meet(memory, at, memory.remember(hashed, at, self._kept))

    def _one(self, signal: str, wave: Wave, memory: _Memory, moment: Moment) -> list[Episode]:
        size = memory.size
        memory.tail = wave.codes[-size:] if len(wave.codes) >= size else None
        memory.recent.append(wave.codes)
        if len(memory.recent) > self._shortest + 1:
            memory.recent.popleft()
        run = memory.run
        if run is None:
            self._running.close(signal)
        elif run.last - run.first + size >= self._shortest * wave.rate:
            return self._raise(signal, wave, memory, run, moment)
        return []

    def _raise(self, signal: str, wave: Wave, memory: _Memory, run: _Run, moment: Moment) -> list[Episode]:
        end = (run.last + memory.size) / wave.rate
        current = self._running.current(signal)
        if current is not None:
            current.end = max(current.end, end)
            return []
        if len(np.unique(np.concatenate(tuple(memory.recent)))) < self._codes:
            return []
        distance, start = run.distance / wave.rate, run.first / wave.rate
        pattern = distance < self._nearest
        severity, kind = (Severity.INFO, "pattern") if pattern else (Severity.HIGH, "exact")
        facts = {"distance_s": distance}
        return self._running.meet(Episode(RULE, signal, start, end, moment.now, wave.rate, severity, 0.99, kind, facts))


def _remembered(codes: Codes, size: int, a_second: int) -> Iterator[tuple[int, int, int]]:
    """Row, place and hash of the windows worth remembering that begin behind the first sample of each row."""
    forward, backward, mask = _tables(size, a_second)
    count = codes.shape[1]
    sums = np.cumsum(codes.astype(np.uint64) * forward[:count], axis=1)
    hashes = (sums[:, size:] - sums[:, :-size]) * backward[: count - size]
    chosen = (((hashes ^ (hashes >> _TOP)) * _MIX >> _TOP) & mask) == 0
    for row in range(len(codes)):
        places = np.flatnonzero(chosen[row])[:_MOST_A_SECOND]
        for place, hashed in zip(places.tolist(), hashes[row, places].tolist(), strict=True):
            yield row, place, hashed


def _meet(memory: _Memory, place: int, before: int | None) -> None:
    """Go on with the run, begin one, or count a window that was not met."""
    run = memory.run
    if before is None:
        if run is not None:
            run.missed += 1
            if run.missed > _MISSES:
                memory.run = None
    elif run is not None and run.distance == place - before:
        run.last, run.missed = place, 0
    else:
        memory.run = _Run(place - before, place, place)


@cache
def _tables(size: int, a_second: int) -> tuple[_Hashes, _Hashes, np.uint64]:
    """Powers of the base and of its inverse, and which bits of a hash are zero in a window worth remembering."""
    bits = max(0, (size // a_second).bit_length() - 1)
    return _powers(_BASE, 2 * size + 2), _powers(pow(_BASE, -1, 2**64), size + 2), np.uint64((1 << bits) - 1)


_MOST_SIGNALS: Final = 32
_MOST_A_SECOND: Final = 32  # windows remembered: a flat line would offer all of them
_MISSES: Final = 2  # windows not met before a run has ended: one may lie across a seam
CHECK: Final = ReplayExact
