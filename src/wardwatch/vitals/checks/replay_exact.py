"""In: the codes of each signal. Out: stretches that were sent before, sample for sample, at any distance in time.

A hash of every window of one second is worked out for every sample (a polynomial modulo 2^64). Those windows whose hash
has zeros in certain places are remembered: which ones they are depends on the codes alone, so that the same codes sent
again are met again, wherever the second begins. A run of such meetings at one distance that spans four seconds and many
different codes is a replay: noise in a living signal never repeats that long, and a flat line has few codes. The hashes
and the memory are the library's (windows.c): some 400 KB a signal once an hour is remembered.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from wardwatch.knowledge.catalogue import thresholds
from wardwatch.vitals.beats.kernel.library import loaded
from wardwatch.vitals.check import Episode, Moment, Running
from wardwatch.vitals.words import Codes, Kind, Wave, kind_of
from wardwatch.vocabulary import Severity

RULE: Final = "vitals.replayed"


@dataclass(slots=True)
class _Run:
    """Meetings at one distance: the windows that were met lie from `first` to `last`, in samples."""

    distance: int
    first: int
    last: int
    missed: int = 0


class _Memory:
    """What one signal sent: the last second's codes, and where remembered windows began, for the library to find."""

    def __init__(self, size: int, a_second: int, kept: int) -> None:
        self.size = size
        self.tail: Codes | None = None
        self.run: _Run | None = None
        self.recent: deque[Codes] = deque()
        self._library = loaded()
        self._mask = (1 << max(0, (size // a_second).bit_length() - 1)) - 1
        """Which bits of a hash are zero in a window worth remembering."""
        self._kept = kept
        self._places = np.zeros(_MOST_A_SECOND, np.int64)
        self._befores = np.zeros(_MOST_A_SECOND, np.int64)
        self._out = (self._places.ctypes.data, self._befores.ctypes.data)
        self._capacity = self._count = 0
        self._block = np.zeros(0, np.uint64)
        self._grow(min(kept, _FIRST_KEPT))

    def forget(self) -> None:
        """Nothing spans a stretch that is missing."""
        self.tail = self.run = None

    def _grow(self, capacity: int) -> None:
        """Room for more windows; what is remembered is taken over."""
        before = self._block
        self._block = np.zeros(self._library.ws_size(capacity) // 8 + 1, np.uint64)
        self._at = self._block.ctypes.data
        self._library.ws_begin(self._at, capacity, before.ctypes.data if len(before) else None)
        self._capacity = capacity

    def meet(self, wave: Wave) -> list[tuple[int, int]]:
        """Of the windows worth remembering that ended in this second, the place, and the one before (or -1)."""
        if self.tail is None:
            return []
        codes = np.concatenate((self.tail, wave.codes))
        if self._capacity < self._kept and self._count + _MOST_A_SECOND > self._capacity:
            self._grow(min(self._kept, 2 * self._capacity))
        first = wave.first - self.size + 1
        count = self._library.ws_second(
            self._at, codes.ctypes.data, len(codes), self.size, self._mask, first, _MOST_A_SECOND, *self._out
        )
        self._count += count
        return list(zip(self._places[:count].tolist(), self._befores[:count].tolist(), strict=True))


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
            memory = self._memories[signal] = _Memory(size, self._a_second, self._kept)
        return memory

    def _one(self, signal: str, wave: Wave, memory: _Memory, moment: Moment) -> list[Episode]:
        size = memory.size
        for place, before in memory.meet(wave):
            _meet(memory, place, before)
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


def _meet(memory: _Memory, place: int, before: int) -> None:
    """Go on with the run, begin one, or count a window that was not met."""
    run = memory.run
    if before < 0:
        if run is not None:
            run.missed += 1
            if run.missed > _MISSES:
                memory.run = None
    elif run is not None and run.distance == place - before:
        run.last, run.missed = place, 0
    else:
        memory.run = _Run(place - before, place, place)


_MOST_SIGNALS: Final = 32
_MOST_A_SECOND: Final = 32  # windows remembered: a flat line would offer all of them
_FIRST_KEPT: Final = 256  # windows there is room for at first: memory grows with what is remembered
_MISSES: Final = 2  # windows not met before a run has ended: one may lie across a seam
CHECK: Final = ReplayExact
