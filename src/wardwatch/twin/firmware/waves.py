"""In: nothing. Out: the file of waves that the twin's monitor plays: 16 s of whole heart beats and breaths.

75 beats and 15 breaths a minute, so that displayed values follow from the waves and the end joins the beginning.
"""

from math import exp, pi, sin
from typing import Final

SECONDS: Final = 16
RATE, RESP_RATE = 256, 128
HEART_RATE, BREATH_RATE, SPO2 = 75, 15, 97
_BEAT: Final = 60 / HEART_RATE
_LEADS: Final = (1.0, 1.4, 0.6)
_WAVES: Final = ((0.16, 0.025, 9), (0.27, 0.008, -8), (0.30, 0.011, 70), (0.33, 0.009, -15), (0.52, 0.045, 18))
"""Centre in seconds after the beat begins, width, height in codes: P, Q, R, S, T."""


def waves() -> bytes:
    """The file: for each second three leads, respiration, pleth and the four displayed values (`struct second`)."""
    return b"".join(map(_second, range(SECONDS)))


def _second(number: int) -> bytes:
    times = [number + sample / RATE for sample in range(RATE)]
    leads = (bytes(_ecg(time, gain) for time in times) for gain in _LEADS)
    breath = bytes(_code(128 + 50 * sin(2 * pi * time * BREATH_RATE / 60)) for time in times[:: RATE // RESP_RATE])
    return b"".join((*leads, breath, bytes(map(_pleth, times)), bytes((HEART_RATE, BREATH_RATE, SPO2, HEART_RATE))))


def _ecg(time: float, gain: float) -> int:
    phase = time % _BEAT
    lift = sum(height * exp(-(((phase - centre) / width) ** 2) / 2) for centre, width, height in _WAVES)
    return _code(128 + gain * lift * (1 + 0.04 * sin(2 * pi * time / SECONDS)) + 2 * sin(2 * pi * time / 4))


def _pleth(time: float) -> int:
    phase = ((time - 0.45) % _BEAT) / _BEAT
    return _code(90 + 80 * exp(-(((phase - 0.22) / 0.09) ** 2) / 2) + 22 * exp(-(((phase - 0.55) / 0.1) ** 2) / 2))


def _code(value: float) -> int:
    return max(0, min(255, round(value)))
