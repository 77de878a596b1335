"""In: the first second of a signal. Out: a channel for it, in working units that suit its gain or its range."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from wardwatch.vitals.words import Wave

from .kernel import HIGHEST_RATE, Channel, Kind

_UNITS_A_CODE: Final = 16.0
_UNITS_A_MILLIVOLT: Final = 1024.0
_MOST_UNITS: Final = 2.0**19
_NO_WAVE: Final = {Kind.ECG: 0.2, Kind.PLETH: 1.5, Kind.RESP: 1.5}
"""Codes: what is smaller comes of the converter."""
_NO_BEAT: Final = 0.008
"""Millivolts of mean slope over 16 ms; a QRS complex of 0.1 mV has several times that."""
_LOWEST_RATE: Final = {Kind.ECG: 60.0, Kind.PLETH: 20.0, Kind.RESP: 4.0}
"""Samples a second below which nothing can be derived."""


def opened(kind: Kind, wave: Wave, rules: NDArray[np.void]) -> Channel:
    """A channel for a signal of which this is the first second."""
    largest = float(np.abs(wave.codes.astype(np.float64)).max(initial=1.0))
    in_millivolts = kind is Kind.ECG and wave.gain > 0 and wave.unit.casefold() in {"", "mv"}
    scale = _UNITS_A_MILLIVOLT / wave.gain if in_millivolts else _UNITS_A_CODE
    scale = min(scale, _MOST_UNITS / largest)
    floor = _NO_WAVE[kind] * scale
    if in_millivolts:
        floor = max(floor, _NO_BEAT * _UNITS_A_MILLIVOLT)
    return Channel(kind, wave.rate, scale, floor, rules)


def searchable(kind: Kind, rate: float) -> bool:
    """Whether a signal of so many samples a second can be examined."""
    return _LOWEST_RATE[kind] <= rate <= HIGHEST_RATE
