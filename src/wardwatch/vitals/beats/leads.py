"""In: the seconds of a recording. Out: the R peaks of one ECG lead as sample numbers, and what was not searched.

One lead by whichever detector is asked for; 'joint', which is both of ours, is the best of them. Memory grows with the
number of beats only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from wardwatch.errors import UsageError
from wardwatch.vitals.words import Codes, Mask, Second, Values, Wave

from .kernel import REASONS, Channel, Detector, State, no_rules
from .kernel import Kind as Searched
from .opening import opened, searchable

DETECTORS: Final = ("joint", "levels", "ratio", "sleepecg")
_LOST: Final = {State.FLAT: REASONS[State.FLAT], State.SATURATED: REASONS[State.SATURATED]}
"""What makes a second worth nothing, whatever was found in it."""
_TOO_SLOW: Final = "its sampling rate is not one that can be searched"
_ABSENT: Final = "nothing was measured"


class Finder(Protocol):
    """A detector on one lead, from its first sample to a gap. `state`: of the second fed last."""

    state: State

    def feed(self, codes: Codes, valid: Mask | None) -> Values:
        """Peaks newly found, in seconds since the first sample."""
        ...

    def finish(self) -> Values:
        """What is found once it is known that nothing follows."""
        ...


class _Ours:
    """One of the kernel's detectors."""

    def __init__(self, wave: Wave, detector: Detector) -> None:
        self._rate = wave.rate
        self._channel: Channel = opened(Searched.ECG, wave, no_rules())
        self._detector = detector
        self.state = State.FINE

    def feed(self, codes: Codes, valid: Mask | None) -> Values:
        told = self._channel.second(codes, valid)
        self.state = told.state
        return told.times[self._channel.detectors.index(self._detector)].copy()

    def finish(self) -> Values:
        return self._channel.finish(self._rate)[self._detector]


def finder(name: str) -> Callable[[Wave], Finder]:
    """What makes the detector of that name for a lead that begins with this wave."""
    if name == "sleepecg":
        from .sleepecg import Windows  # noqa: PLC0415  # a library of its own, and slow to start

        return lambda wave: Windows(wave.rate)
    if name not in DETECTORS:
        raise UsageError(f"no detector is called {name}", cure=f"There are {', '.join(DETECTORS)}.")
    return lambda wave: _Ours(wave, Detector[name.upper()])


@dataclass(frozen=True, slots=True)
class Gap:
    """Where no beats could be looked for, in seconds since the recording began, and why."""

    start: float
    end: float
    why: str


@dataclass(slots=True)
class Lead:
    """The peaks found in one lead, and where nothing could be found."""

    name: str
    rate: float = 0.0
    samples: list[int] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


class _Follower:
    """Follows one lead through a recording."""

    def __init__(self, name: str, make: Callable[[Wave], Finder]) -> None:
        self.lead = Lead(name)
        self._make = make
        self._finder: Finder | None = None
        self._first = self._next = 0

    def feed(self, index: int, wave: Wave | None) -> None:
        """Take in second `index`."""
        if index > self._next:
            self._gap(self._next, index, "the seconds were not recorded")
        self._next = index + 1
        usable = wave is not None and searchable(Searched.ECG, wave.rate)
        if wave is None or not usable or not wave.measured:
            self._gap(index, index + 1, _TOO_SLOW if wave is not None and wave.measured else _ABSENT)
            return
        if self.lead.rate not in {0.0, wave.rate}:
            self.finish()
            self._gap(index, index + 1, "its sampling rate changed")
            return
        if self._finder is None:
            self._finder, self._first, self.lead.rate = self._make(wave), wave.first, wave.rate
        self._keep(self._finder.feed(wave.codes, wave.valid))
        if self._finder.state in _LOST:
            self._note(index, index + 1, _LOST[self._finder.state])

    def finish(self) -> None:
        """Nothing follows, or not at once."""
        if self._finder is not None:
            self._keep(self._finder.finish())
        self._finder = None

    def _gap(self, start: int, end: int, why: str) -> None:
        self.finish()
        self._note(start, end, why)

    def _note(self, start: int, end: int, why: str) -> None:
        gaps = self.lead.gaps
        if gaps and gaps[-1].why == why and gaps[-1].end == start:
            gaps[-1] = Gap(gaps[-1].start, float(end), why)
        else:
            gaps.append(Gap(float(start), float(end), why))

    def _keep(self, times: Values) -> None:
        first, samples = self._first, self.lead.samples
        for at in np.rint(times * self.lead.rate).astype(np.int64).tolist():
            number = first + max(at, 0)
            if not samples or number > samples[-1]:
                samples.append(number)


def _inside(lead: Lead, end: int) -> None:
    """No peak beyond the last sample, nor where the signal was worth nothing."""
    times = np.array(lead.samples, np.int64) / (lead.rate or 1.0)
    sound = times < end
    for gap in lead.gaps:
        sound &= (times < gap.start) | (times >= gap.end)
    lead.samples = [sample for sample, good in zip(lead.samples, sound.tolist(), strict=True) if good]


def lead_beats(seconds: Iterable[Second], lead: str, detector: str = "joint") -> Lead:
    """The R peaks of one lead, whatever its name says that it is; UsageError where there is no such signal."""
    make = finder(detector)
    follower: _Follower | None = None
    names: set[str] = set()
    end = 0
    for second in seconds:
        names.update(second.waves)
        name = next((name for name in second.waves if name.casefold() == lead.casefold()), None)
        if name and follower is None:
            follower = _Follower(name, make)
        if follower:
            follower.feed(second.index, second.waves[name] if name else None)
        end = second.index + 1
    if follower is None:
        there = ", ".join(sorted(names)) or "none"
        raise UsageError(f"no signal is called {lead}", cure=f"There are: {there}.")
    follower.finish()
    _inside(follower.lead, end)
    return follower.lead
