"""In: a signal's samples. Out: how much its last seconds resemble what it was before, at every distance."""

from typing import Final

import numpy as np

from .words import Values

_ZERO: Final = np.zeros(1)


def correlations(values: Values, size: int) -> Values:
    """Correlation of the last `size` samples with every earlier stretch of that length, by its first sample."""
    centred = values - values.mean()
    last = centred[-size:]
    length = 1 << (len(values) + size - 1).bit_length()
    spectrum = np.fft.rfft(centred, length) * np.conj(np.fft.rfft(last, length))
    products = np.fft.irfft(spectrum, length)[: len(values) - size + 1]
    sums = np.concatenate((_ZERO, np.cumsum(centred)))
    squares = np.concatenate((_ZERO, np.cumsum(centred * centred)))
    mean = (sums[size:] - sums[:-size]) / size
    spread = np.sqrt(np.maximum((squares[size:] - squares[:-size]) / size - mean * mean, 1e-12))
    return np.asarray((products / size - mean * mean[-1]) / (spread * spread[-1]))


def likeness_of(past: Values, last: Values) -> Values:
    """Correlation of `last` with each stretch of its length in `past`."""
    size = len(last)
    mean = past.mean()
    past = past - mean
    last = last - last.mean()
    sums = np.concatenate((_ZERO, np.cumsum(past)))
    squares = np.concatenate((_ZERO, np.cumsum(past * past)))
    total = sums[size:] - sums[:-size]
    power = np.maximum(squares[size:] - squares[:-size] - total * total / size, 1e-9)
    products = np.lib.stride_tricks.sliding_window_view(past, size) @ last
    return np.asarray(products / np.sqrt(power * max(float(last @ last), 1e-9)))


def top(likeness: Values, place: int) -> float:
    """The highest likeness around `place`, also between two samples: the top of a parabola through three of them."""
    at = int(np.clip(place, 1, len(likeness) - 2))
    left, middle, right = (float(value) for value in likeness[at - 1 : at + 2])
    bend = left - 2 * middle + right
    if bend >= 0 or middle < max(left, right):
        return float(likeness[place])
    return min(1.0, middle - (left - right) ** 2 / (8 * bend))
