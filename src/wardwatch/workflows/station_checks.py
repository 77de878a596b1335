"""In: the sets of one live monitor. Out: the truth mark of each number it shows, as the check of recordings sets it.

Here `vitals` and `station` meet: the station knows no check, the check knows no station.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from wardwatch.station import words as station
from wardwatch.vitals.beats.leads import lead_beats
from wardwatch.vitals.bed import Bed
from wardwatch.vitals.check import Episode, Standing
from wardwatch.vitals.findings import sentence
from wardwatch.vitals.readers.sets import ECG_RATE, NO_LEAD, Sets, second_of
from wardwatch.vitals.words import DERIVED, Kind, Quantity, Second, Wave, kind_of
from wardwatch.vocabulary import Severity

_DOUBTED: Final[Mapping[Kind, Quantity]] = MappingProxyType(
    {Kind.ECG: Quantity.HR, Kind.PLETH: Quantity.PR, Kind.RESP: Quantity.RR}
)
"""The number that nobody should believe while the signal it comes from was played before, or stands still."""
_DISPLAY: Final = "vitals.display-disagrees"
_JUMP: Final = 2
"""Seconds by which a set must be late to be a gap: less is the network's jitter."""


class BedChecker:
    """The check of one session of one monitor; see `station.words.Checker`."""

    def __init__(self) -> None:
        self._bed = Bed()
        self._sets = Sets()
        self._marks: dict[station.Quantity, station.Mark] = {}
        self._next = 0

    def feed(self, received: station.Received, contents: station.Contents, seconds: int) -> tuple[station.Mark, ...]:
        """The marks that changed with this set."""
        if not contents.waves:
            return ()
        for found in self._sets.feed(received.raw):
            index = seconds if seconds - self._next >= _JUMP else self._next
            self._next = index + 1
            self._bed.feed(second_of(found, index))
        return tuple(self._changed())

    def _changed(self) -> list[station.Mark]:
        doubts = {_DOUBTED.get(kind_of(each.signal)): each for each in self._bed.episodes if _is_doubt(each)}
        changed = []
        for quantity in DERIVED:
            standing = self._bed.standings.get(quantity)
            if standing is None:
                continue
            mark = _mark(quantity, standing, doubts.get(quantity))
            if self._marks.get(mark.quantity) != mark:
                self._marks[mark.quantity] = mark
                changed.append(mark)
        return changed


def beats(signal: station.Signal, wave: bytes) -> list[int]:
    """Where the heart beats in some seconds of an ECG lead, in samples: the marks of the page's evidence."""
    if signal is station.Signal.RESP or signal is station.Signal.PLETH:
        return []
    codes = np.frombuffer(wave, np.uint8).astype(np.int32)
    seconds = (
        Second(index, {signal.value: Wave(codes[at : at + ECG_RATE], float(ECG_RATE), at, 0.0, float(NO_LEAD))})
        for index, at in enumerate(range(0, len(codes) - ECG_RATE + 1, ECG_RATE))
    )
    return list(lead_beats(seconds, signal.value, "joint").samples)


def _is_doubt(episode: Episode) -> bool:
    return episode.open and episode.severity is not Severity.INFO and episode.rule != _DISPLAY


def _mark(quantity: Quantity, standing: Standing, doubt: Episode | None) -> station.Mark:
    known = station.Quantity(quantity.value)
    derived = None if standing.derived is None else round(standing.derived)
    if doubt is not None:
        return station.Mark(known, station.Truth.DISAGREES, sentence(doubt), derived)
    return station.Mark(known, station.Truth(standing.state.value), standing.why, derived)
