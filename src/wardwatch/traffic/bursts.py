"""In: times of attempts. Out: which of them begin something new, and which only try again what was just tried."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
Mask = NDArray[np.bool_]

_SECOND: Final = 1_000_000_000
_DOUBLE: Final = (1.6, 2.5)
"""Twice the interval before, with the delays of a busy machine."""


def first_of_burst(times: Times, index: Times, burst_s: float, retries: tuple[float, float]) -> Mask:
    """Which attempts begin a burst: they come neither `burst_s` after another nor in its series of doubling retries.

    With `burst_s` 0 only those at the same instant are one.
    """
    keep = np.ones(len(times), np.bool_)
    same, gaps = index[1:] == index[:-1], np.diff(times)
    if burst_s == 0:
        keep[1:] = ~same | (gaps > 0)
    else:
        keep[1:] = ~(same & (gaps <= burst_s * _SECOND)) & ~_retries(gaps, same, *retries)
    return keep


def _retries(gaps: Times, same: Mask, begin_s: float, longest_s: float) -> Mask:
    """Which intervals belong to a series of doublings that begins with a short one: 1, 2, 4, 8 s and so on."""
    doubled, retry = np.zeros(len(gaps), np.bool_), np.zeros(len(gaps), np.bool_)
    ratio = gaps[1:] / np.maximum(gaps[:-1], 1)
    doubled[1:] = same[1:] & same[:-1] & (ratio > _DOUBLE[0]) & (ratio < _DOUBLE[1])
    doubled &= gaps <= longest_s * _SECOND
    if not doubled.any():
        return retry
    beginning = np.maximum.accumulate(np.where(doubled, 0, np.arange(len(gaps))))
    short = same & (gaps <= begin_s * _SECOND)
    retry |= doubled & short[beginning]
    retry[:-1] |= short[:-1] & retry[1:]
    return retry
