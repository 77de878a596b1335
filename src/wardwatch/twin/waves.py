"""In: a body (rates, pressures) and a source. Out: second by second, its waves as sampled, and what is displayed.

Electrocardiogram: the model of McSharry, Clifford, Tarassenko and Smith, 'A dynamical model for generating synthetic
electrocardiogram signals', IEEE Trans. Biomed. Eng. 50 (2003) 289-294, in its phase form: every wave P, Q, R, S, T is
a Gaussian on the heart's phase, which runs once around from one R peak to the next. Their table 1 gives the angles
and widths; the amplitudes of the phase form are a·b², the integral of their equation 1, scaled so that R in lead II
has the body's amplitude. The intervals between R peaks carry the two components of their section II-B: a slow one
near 0.1 Hz and one that follows the breath. Lead III is the difference II - I of the sampled values (Einthoven).

Pleth: two Gaussians on the pulse's phase, the form of Tang, Chen, Ward and Elgendi, 'Synthetic photoplethysmogram
generation using two Gaussian functions', Sci. Rep. 10 (2020) 13883. A pulse begins one transit time after its R peak;
its height and its delay follow the breath. Respiration: one slow rise and a longer fall for each breath.

What is displayed is counted from these very beats, pulses and breaths (see `Rhythm.rate`). Oxygen saturation, cuff
pressure and temperature cannot be derived from what a monitor sends; they are slow curves of the body.
"""

from bisect import bisect_right
from dataclasses import dataclass
from math import pi, sin, sqrt
from random import Random
from typing import Final

import numpy as np
import numpy.typing as npt

ECG_RATE: Final = 256
RESP_RATE: Final = 128
CODES_PER_MV: Final = 64
BASELINE: Final = 128
AVERAGED_BEATS: Final = 8
"""Heart and pulse rate: 60 s over the mean of the last 8 intervals, as many monitors do; fewer if fewer are known."""
AVERAGED_BREATHS: Final = 4
FEWEST_INTERVALS: Final = 3
"""Below this many intervals the display shows no rate."""

_CHUNK: Final = 8  # seconds made at once: long enough for NumPy to pay, short enough for thousands of monitors
_PHASES: Final = 2048  # entries of a wave table; neighbours differ by less than one code
_LOW, _SPAN = 28, 200  # pleth and respiration are stretched to 28..228

Table = npt.NDArray[np.float32]
Times = npt.NDArray[np.float64]

# McSharry et al., table 1: angle in rad, a, b in rad; then what of each wave lead I sees, of lead II's 1.
_WAVES: Final = (
    ("P", -pi / 3, 1.2, 0.25, 0.60),
    ("Q", -pi / 12, -5.0, 0.10, 0.70),
    ("R", 0.0, 30.0, 0.10, 0.55),
    ("S", pi / 12, -7.5, 0.10, 0.60),
    ("T", pi / 2, 0.75, 0.40, 0.65),
)


@dataclass(frozen=True, slots=True)
class Body:
    """One patient's physiology. Rates per minute, pressures in mmHg, temperature in °C, R amplitude in mV."""

    heart_rate: float = 72.0
    breath_rate: float = 15.0
    breath_sway: float = 0.04  # share of the beat interval that follows the breath
    slow_sway: float = 0.03  # share that follows the slow component
    r_amplitude: float = 1.1
    systolic: float = 120.0
    diastolic: float = 75.0
    spo2: float = 97.0
    temperature: float = 36.8


def somebody(source: Random) -> Body:
    """An adult drawn from the ranges of a general ward."""
    systolic = source.uniform(98, 152)
    return Body(
        heart_rate=source.uniform(54, 104),
        breath_rate=source.uniform(11, 21),
        breath_sway=source.uniform(0.02, 0.06),
        slow_sway=source.uniform(0.01, 0.04),
        r_amplitude=source.uniform(0.8, 1.3),
        systolic=systolic,
        diastolic=systolic * source.uniform(0.56, 0.68),
        spo2=source.uniform(93.5, 98.9),
        temperature=source.uniform(36.1, 38.4),
    )


class Rhythm:
    """Times in seconds at which something happened; forgets what no average and no wave needs any more."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def rate(self, now: float, averaged: int) -> int | None:
        """Rate per minute over the last `averaged` intervals ended by `now`, half rounded up; None with too few."""
        end = bisect_right(self.times, now)
        intervals = min(averaged, end - 1)
        if intervals < FEWEST_INTERVALS:
            return None
        return int(60.0 * intervals / (self.times[end - 1] - self.times[end - 1 - intervals]) + 0.5)

    def within(self, start: float, end: float) -> tuple[float, ...]:
        """The times from `start` up to but not including `end`."""
        return tuple(time for time in self.times if start <= time < end)

    def forget(self, before: float) -> None:
        """Drop what lies before `before`, but keep enough for every average."""
        drop = bisect_right(self.times, before) - 2 * AVERAGED_BEATS
        if drop > 0:
            del self.times[:drop]


@dataclass(frozen=True, slots=True)
class Second:
    """The samples from second k to k + 1 and what is displayed at k. A rate of None is shown as dashes.

    `lead_1`, `lead_2`, `lead_3`, `pleth`: 256 bytes; `resp`: 128 bytes. ECG: 64 codes a millivolt around 128.
    `beats`, `pulses`, `breaths`: seconds since the sensors were attached, of the events that lie in this second.
    """

    lead_1: bytes
    lead_2: bytes
    lead_3: bytes
    pleth: bytes
    resp: bytes
    heart_rate: int | None
    breath_rate: int | None
    pulse_rate: int | None
    spo2: int
    beats: tuple[float, ...]
    pulses: tuple[float, ...]
    breaths: tuple[float, ...]


class Waves:
    """The waves of one body since its sensors were attached: call `second` with 0, 1, 2, ... in order."""

    def __init__(self, body: Body, source: Random) -> None:
        self.body = body
        self._source = source
        self._noise = np.random.Generator(np.random.PCG64(source.getrandbits(64)))
        self._lead_1, self._lead_2 = ecg_tables(body)
        self._slow_phase, self._drift_phase, self._mayer = (source.uniform(0, 2 * pi) for _ in range(3))
        self.breaths, self.beats, self.pulses = Rhythm(), Rhythm(), Rhythm()
        # One of each lies before the first sample, so that every phase is defined; no average counts it.
        self._breath_times = [-source.uniform(0.0, 2.0), 0.0]
        self._beat_times = [-source.uniform(0.0, 0.5)]
        self._pulse_times = [self._beat_times[0] - 1.0]
        self._buffer: tuple[bytes, bytes, bytes, bytes, bytes] | None = None
        self._start = -_CHUNK

    def second(self, k: int) -> Second:
        """The second that begins `k` seconds after the sensors were attached."""
        if k >= self._start + _CHUNK:
            self._start = k
            self._buffer = self._make(k)
        assert self._buffer is not None  # noqa: S101  # made just above, at the latest
        at, fine = k - self._start, ECG_RATE
        lead_1, lead_2, lead_3, pleth = (wave[at * fine : (at + 1) * fine] for wave in self._buffer[:4])
        return Second(
            lead_1,
            lead_2,
            lead_3,
            pleth,
            self._buffer[4][at * RESP_RATE : (at + 1) * RESP_RATE],
            self.beats.rate(k, AVERAGED_BEATS),
            self.breaths.rate(k, AVERAGED_BREATHS),
            self.pulses.rate(k, AVERAGED_BEATS),
            self.spo2(k),
            self.beats.within(k, k + 1),
            self.pulses.within(k, k + 1),
            self.breaths.within(k, k + 1),
        )

    def spo2(self, now: float) -> int:
        """Oxygen saturation in %: a slow curve of half a percent around the body's."""
        return min(100, int(self.body.spo2 + 0.6 * sin(2 * pi * now / 97 + self._slow_phase) + 0.5))

    def pressures(self, now: float) -> tuple[int, int, int]:
        """Systolic, diastolic and mean pressure in mmHg as a cuff would find them; mean = dia + (sys - dia) / 3."""
        sway = 1 + 0.04 * sin(2 * pi * now / 1800 + self._drift_phase)
        systolic, diastolic = self.body.systolic * sway, self.body.diastolic * sway
        return round(systolic), round(diastolic), round(diastolic + (systolic - diastolic) / 3)

    def temperature(self, now: float) -> float:
        """Body temperature in °C, to a tenth."""
        return round(self.body.temperature + 0.15 * sin(2 * pi * now / 3600 + self._drift_phase), 1)

    def _make(self, start: int) -> tuple[bytes, bytes, bytes, bytes, bytes]:
        """Eight seconds from `start`: the rhythms first, then every wave on their phases."""
        end = start + _CHUNK
        self._extend(end + 4.0)
        fine = start + np.arange(_CHUNK * ECG_RATE) / ECG_RATE
        breath = np.interp(fine, self._breath_times, np.arange(len(self._breath_times)))
        waves = (*self._leads(fine, breath), self._pleth(fine, breath), self._resp(breath[:: ECG_RATE // RESP_RATE]))
        self._forget(start - 4.0)
        return waves

    def _leads(self, fine: Times, breath: Times) -> tuple[bytes, bytes, bytes]:
        phase = _entry(np.interp(fine, self._beat_times, np.arange(len(self._beat_times))))
        # The baseline that moves with the breath: the z0 of the model's equation 2.
        wander = 0.05 * np.sin(2 * pi * breath)
        noise = self._noise.random((2, fine.size)) - 0.5
        one = np.rint(CODES_PER_MV * (self._lead_1[phase] + 0.5 * wander) + noise[0])
        two = np.rint(CODES_PER_MV * (self._lead_2[phase] + wander) + noise[1])
        return _codes(BASELINE + one), _codes(BASELINE + two), _codes(BASELINE + two - one)

    def _pleth(self, fine: Times, breath: Times) -> bytes:
        pulse = _PULSE[_entry(np.interp(fine, self._pulse_times, np.arange(len(self._pulse_times))))]
        height = 0.86 + 0.10 * np.sin(2 * pi * breath)
        return _codes(_LOW + _SPAN * pulse * height)

    def _resp(self, breath: Times) -> bytes:
        return _codes(_LOW + _SPAN * _BREATH[_entry(breath)])

    def _extend(self, until: float) -> None:
        """Breaths, then the beats that follow them, then the pulses that follow those."""
        while self._breath_times[-1] < until + 4.0:
            length = 60.0 / self.body.breath_rate * self._source.uniform(0.93, 1.07)
            self._breath_times.append(self._breath_times[-1] + length)
            self.breaths.times.append(self._breath_times[-2])
        while self._beat_times[-1] < until:
            beat = self._beat_times[-1] + self._interval(self._beat_times[-1])
            self._beat_times.append(beat)
            self._pulse_times.append(self._beat_times[-2] + self._transit(self._beat_times[-2]))
            self.beats.times.append(beat)
            if self._pulse_times[-1] >= 0:
                self.pulses.times.append(self._pulse_times[-1])

    def _interval(self, now: float) -> float:
        """Seconds to the next beat: mean, the part that follows the breath, the slow part, and a little chance."""
        body = self.body
        self._mayer += self._source.uniform(-0.06, 0.06)  # widens the slow component around 0.1 Hz
        sway = body.breath_sway * sin(2 * pi * self._breath_phase(now)) + body.slow_sway * sin(
            0.2 * pi * now + self._mayer
        )
        drift = 0.04 * sin(2 * pi * now / 600 + self._drift_phase)
        return 60.0 / body.heart_rate * (1 + sway + drift + self._source.uniform(-0.008, 0.008))

    def _transit(self, now: float) -> float:
        """Seconds from an R peak to the pulse's foot at the finger: shorter at higher pressure, moved by the breath."""
        return 0.24 - 0.0007 * (self.body.systolic - 120) + 0.008 * sin(2 * pi * self._breath_phase(now))

    def _breath_phase(self, now: float) -> float:
        """Position in the breath at `now`, 0 to 1."""
        at = max(bisect_right(self._breath_times, now), 1)
        start, end = self._breath_times[at - 1], self._breath_times[at]
        return (now - start) / (end - start)

    def _forget(self, before: float) -> None:
        for times in (self._breath_times, self._beat_times, self._pulse_times):
            del times[: max(bisect_right(times, before) - 1, 0)]
        for rhythm in (self.beats, self.breaths, self.pulses):
            rhythm.forget(before)


def ecg_tables(body: Body) -> tuple[Table, Table]:
    """Leads I and II in mV over one turn of the heart's phase, R at entry 0.

    Angles and widths grow with the root of the rate as in the authors' program ECGSYN, so that QT shortens by less
    than the beat does.
    """
    phase = np.arange(_PHASES) * (2 * pi / _PHASES)
    widen = sqrt(body.heart_rate / 60.0)
    one, two, top = np.zeros(_PHASES), np.zeros(_PHASES), 30.0 * 0.10**2
    for name, angle, a, b, seen in _WAVES:
        away = (phase - angle * (sqrt(widen) if name in "PT" else widen) + pi) % (2 * pi) - pi
        wave = a * b**2 / top * body.r_amplitude * np.exp(-(away**2) / (2 * (b * widen) ** 2))
        one += seen * wave
        two += wave
    return one.astype(np.float32), two.astype(np.float32)


def _pulse_table() -> Table:
    """One pulse from foot to foot, 0 to 1: the systolic wave and the later, flatter dicrotic one."""
    phase = np.arange(_PHASES) / _PHASES
    shape = sum(
        height * np.exp(-(((phase - middle + turn) / width) ** 2) / 2)
        for height, middle, width in ((1.0, 0.24, 0.085), (0.42, 0.50, 0.13))
        for turn in (-1, 0, 1)
    )
    low, high = float(np.min(shape)), float(np.max(shape))
    return np.roll((shape - low) / (high - low), -int(np.argmin(shape))).astype(np.float32)


def _breath_table() -> Table:
    """One breath from its lowest point, 0 to 1: 40 % in, 60 % out."""
    phase = np.arange(_PHASES) / _PHASES
    turn = np.where(phase < 0.4, phase / 0.4, 1 + (phase - 0.4) / 0.6)  # noqa: PLR2004  # the share named above
    return (0.5 - 0.5 * np.cos(pi * turn)).astype(np.float32)


def _entry(turns: Times) -> npt.NDArray[np.intp]:
    return ((turns % 1.0) * _PHASES).astype(np.intp)


def _codes(wave: Times | Table) -> bytes:
    return np.clip(np.rint(wave), 0, 255).astype(np.uint8).tobytes()


_PULSE: Final = _pulse_table()
_BREATH: Final = _breath_table()
