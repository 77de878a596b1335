"""In: times of connection attempts to one destination. Out: whether they are more regular than chance would make them.

The statistic asks for crowding of the intervals. For a candidate period P (an interval of the series itself) it counts
the other intervals within P ± w among those between P / `below` and P * `above`. Attempts without a period have
intervals spread smoothly over such a range, be they a Poisson process, bursts with pauses, or a working day: on a
logarithmic scale no part of the range holds more than `peak` times its share. So the count is at most binomial, and
Chernoff's bound exp(-M * KL(X/M || q)) limits its tail (Hoeffding 1963, theorem 1). The bound is multiplied by the
number of candidates, widths and burst lengths tried (Bonferroni), and by the number of series compared. Pauses,
missed attempts and retries lie outside the range and so spoil nothing.

A large series may be irregular beyond doubt and yet not smooth. So a period must also hold most of the series: the
share `min_share` of the intervals that are short enough to be one period, and `min_kept` of all.

What it cannot see: a period hidden among many other attempts to the same destination.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, log
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .bursts import first_of_burst
from .spoken import duration, odds

Times = NDArray[np.int64]
Mask = NDArray[np.bool_]
Gaps = NDArray[np.float64]
_Number = TypeVar("_Number", np.int64, np.float64)

_SECOND: Final = 1_000_000_000
_CANDIDATES: Final = 64
"""Intervals tried as a period; taken evenly from the series, so that long ones cost no more than their length."""
_SEVERAL: Final = 5
_RESOLUTIONS: Final = (_SECOND, _SECOND // 1000)
_DENSE: Final = 10
"""A series is also looked at as it is where bursts hold more attempts than this on average."""
_LEAST_P: Final = 1e-300


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The numbers of `knowledge/thresholds/beacons.toml`, where each is explained."""

    min_attempts: int
    min_repeats: int
    max_expected: float
    min_share: float
    min_kept: float
    most_missing: int
    widths: tuple[float, ...]
    below: float
    above: float
    peak: float
    bursts_s: tuple[float, ...]
    retry_s: float
    retry_longest_s: float

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Thresholds":
        """From the TOML file's content; a TypeError where a number is missing or unknown."""
        plain: dict[str, Any] = {
            key: tuple(entry) if isinstance(entry, list) else entry for key, entry in content.items()
        }
        return cls(**plain)

    def chance(self, half: Gaps, low: Gaps) -> Gaps:
        """Largest probability that an interval of the range lies within the share `half` of the candidate period.

        The range begins at the share `low` of the period; 1 where that leaves no room for the window.
        """
        inside = np.minimum(half, 0.99)
        chance = self.peak * np.log((1 + inside) / (1 - inside)) / np.log(self.above / low)
        room: Gaps = np.where((half < 1) & (low <= 1 - inside), np.minimum(chance, 1.0), 1.0)
        return room


@dataclass(frozen=True, slots=True)
class Beacon:
    """A periodic series. `jitter_s`: nine of ten intervals are within this of the period."""

    period_s: float
    jitter_s: float
    attempts: int
    answered: int
    span_s: float
    expected_by_chance: float
    """How many of the series compared would be as regular by chance."""
    p_value: float
    statement: str


@dataclass(frozen=True, slots=True)
class Repeats:
    """Attempts that nobody answered, without a period that could be named."""

    attempts: int
    span_s: float
    statement: str


class _Series(NamedTuple):
    """One series: its intervals in seconds, sorted; the candidate periods; how many ways are tried in all."""

    gaps: Gaps
    periods: Gaps
    tried: int
    resolution: float
    burst_s: float


class _Fit(NamedTuple):
    """One candidate period with its bound."""

    period: float
    half: float
    p_value: float


def find(times: Times, answered: Mask, thresholds: Thresholds, *, compared: int = 1) -> Beacon | None:
    """The period of one series (nanoseconds, sorted), or None. `compared`: all series of the examination."""
    starts = np.array([0], np.int64)
    return find_all(times, starts, answered, thresholds, compared=compared).get(0)


def find_all(
    times: Times, starts: Times, answered: Mask, thresholds: Thresholds, *, compared: int | None = None
) -> dict[int, Beacon]:
    """The periodic ones among many series, by their index.

    `times` (nanoseconds) and `answered` hold the series one after the other, each sorted; `starts` where each begins.
    `compared` is how many series chance had its try with, by default these.
    """
    counted = max(len(starts) if compared is None else compared, 1)
    coarse = _whole_minutes(times, len(starts))
    ends = np.append(starts[1:], len(times))
    found = {}
    for index in sorted(_worth(times, starts, thresholds, counted)):
        part = slice(int(starts[index]), int(ends[index]))
        beacon = _examine(times[part], answered[part], thresholds, counted, coarse)
        if beacon:
            found[index] = beacon
    return found


def repeated(times: Times, answered: Mask, thresholds: Thresholds) -> Repeats | None:
    """Attempts (nanoseconds, sorted) that nobody ever answered, retries counted once; None below `min_repeats`."""
    if not len(times) or bool(answered.any()):
        return None
    count = len(_joined(times, thresholds.bursts_s[0], thresholds))
    if count < thresholds.min_repeats:
        return None
    span = (int(times[-1]) - int(times[0])) / _SECOND
    few = count < thresholds.min_attempts
    why = "too few to name a period" if few else "without a regular period"
    return Repeats(len(times), span, f"{count} attempts in {duration(span)}, none answered, {why}")


def regularity(count: int, span_s: float, gap2: float) -> tuple[float, float] | None:
    """Mean and standard deviation, in seconds, of the intervals within one flow; a hint, no proof.

    `count` packets over `span_s` seconds, whose intervals' squares add up to `gap2`, as in the flow table. None for
    fewer than three packets or sums that no packets can have.
    """
    gaps = count - 1
    if gaps < 2 or not (0 < span_s < np.inf and 0 <= gap2 < np.inf):  # noqa: PLR2004  # one interval varies from none
        return None
    mean = span_s / gaps
    variance = gap2 / gaps - mean * mean
    if variance < -1e-6 * mean * mean:
        return None
    return mean, max(variance, 0.0) ** 0.5


def _worth(times: Times, starts: Times, thresholds: Thresholds, compared: int) -> set[int]:
    """Indices of series that can pass at all: all at once, so that a hundred thousand short ones cost little.

    Exact in the safe direction: even if every interval of the range were a hit, X hits give a bound of at least q^X.
    """
    worth: set[int] = set()
    index = np.searchsorted(starts, np.arange(len(times)), side="right") - 1
    for burst in (0.0, *thresholds.bursts_s):
        keep = first_of_burst(times, index, burst, (thresholds.retry_s, thresholds.retry_longest_s))
        worth.update(_crowded(times[keep], index[keep], thresholds, compared).tolist())
    return worth


def _crowded(times: Times, index: Times, thresholds: Thresholds, compared: int) -> Times:
    """Indices of series in which enough intervals lie close enough together for some width."""
    same = index[1:] == index[:-1]
    gaps, owner = np.diff(times)[same], index[1:][same]
    key = owner * 128.0 + np.log(np.maximum(gaps, 1))
    key.sort()
    owner = (key // 128.0).astype(np.int64)
    limit = thresholds.max_expected / compared / len(thresholds.widths) / len(thresholds.bursts_s)
    found = [np.zeros(0, np.int64)]
    for half in thresholds.widths:
        chance = float(thresholds.chance(np.array([half]), np.array([1 / thresholds.below]))[0])
        if chance >= 1:
            continue
        step = max(ceil(log(limit) / log(chance)), 1)
        if step >= len(key):
            continue
        close = key[step:] - key[:-step] <= log((1 + half) / (1 - half)) + 1e-6
        found.append(owner[:-step][close & (owner[step:] == owner[:-step])])
    return distinct(np.concatenate(found))


def _examine(times: Times, answered: Mask, thresholds: Thresholds, compared: int, coarse: float) -> Beacon | None:
    best: tuple[_Fit, Times] | None = None
    readings = _readings(times, thresholds)
    for kept, burst in readings:
        fit = _best(kept, burst, thresholds, coarse, len(readings))
        if fit and (best is None or fit.p_value < best[0].p_value):
            best = fit, kept
    if best is None or best[0].p_value * compared > thresholds.max_expected:
        return None
    return _beacon(times, answered, thresholds, compared, best)


def distinct(numbers: NDArray[_Number]) -> NDArray[_Number]:
    """Each number once, in order; NumPy's own function loads a module for masked arrays first."""
    ordered = np.sort(numbers)
    return ordered[np.r_[True, ordered[1:] != ordered[:-1]]] if ordered.size else ordered


def _readings(times: Times, thresholds: Thresholds) -> list[tuple[Times, float]]:
    """The series with its bursts joined, for each length of burst; as it is, where joining leaves next to nothing."""
    readings = [(_joined(times, burst, thresholds), burst) for burst in thresholds.bursts_s]
    single = distinct(times)
    if len(single) > _DENSE * len(readings[0][0]):
        readings.append((single, 0.0))
    return readings


def _joined(times: Times, burst_s: float, thresholds: Thresholds) -> Times:
    retries = thresholds.retry_s, thresholds.retry_longest_s
    return times[first_of_burst(times, np.zeros(len(times), np.int64), burst_s, retries)]


def _best(times: Times, burst_s: float, thresholds: Thresholds, coarse: float, readings: int) -> _Fit | None:
    """The candidate that chance explains worst, among those that explain most of the series."""
    if len(times) < thresholds.min_attempts:
        return None
    whole = np.diff(times)
    gaps = np.sort(whole) / _SECOND
    places = distinct(np.linspace(0, len(whole) - 1, _CANDIDATES).astype(np.int64))
    tried = len(places) * len(thresholds.widths) * readings
    series = _Series(gaps, distinct(whole[places] / _SECOND), tried, max(_resolution(whole), coarse), burst_s)
    return _fit(series, thresholds)


def _fit(series: _Series, thresholds: Thresholds) -> _Fit | None:
    """The best candidate; of equally good ones that of the smallest width, and there the one in the middle."""
    gaps, periods = series.gaps, series.periods
    low = np.maximum(1 / thresholds.below, series.burst_s / periods)
    half = np.stack([_rounded(width, periods, series.resolution) for width in thresholds.widths])
    hits = _between(gaps, periods * (1 - half), periods * (1 + half))
    around = np.maximum(_between(gaps, periods * low, periods * thresholds.above), hits)
    short = _between(gaps, np.zeros(len(periods)), periods * thresholds.above)
    regular = (hits >= thresholds.min_share * short) & (hits >= thresholds.min_kept * len(gaps))
    if not regular.any():
        return None
    bound = np.minimum(_tail(hits - 1, around - 1, thresholds.chance(half, low)) * series.tried, 1.0)
    bound = np.where(regular, bound, 1.0)
    row = int(np.argmin(bound.min(axis=1)))
    least = np.flatnonzero(bound[row] == bound[row].min())
    place = row, least[len(least) // 2]
    return _Fit(float(periods[place[1]]), float(half[place]), float(bound[place])) if bound[place] < 1 else None


def _between(values: Gaps, low: Gaps, high: Gaps) -> Times:
    """How many of the sorted `values` lie between each `low` and `high`, with a hair's breadth for rounding."""
    upto = np.searchsorted(values, high * (1 + 1e-12), side="right")
    return np.asarray(upto - np.searchsorted(values, low * (1 - 1e-12), side="left"), np.int64)


def _tail(hits: Times, trials: Times, chance: Gaps) -> Gaps:
    """Chernoff's bound of the probability of at least `hits` among `trials`."""
    share = hits / np.maximum(trials, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        some = np.where(share > 0, share * np.log(share / chance), 0.0)
        none = np.where(share < 1, (1 - share) * np.log((1 - share) / (1 - chance)), 0.0)
    likely = (share <= chance) | (trials == 0)
    exponent = -trials * np.where(likely, 0.0, some + none)
    return np.exp(np.maximum(exponent, log(_LEAST_P)))


def _resolution(gaps: Times) -> float:
    """Seconds to which the times were rounded, as far as it shows: rounding makes intervals equal without a period."""
    return next((unit / _SECOND for unit in _RESOLUTIONS if not (gaps % unit).any()), 0.0)


def _whole_minutes(times: Times, series: int) -> float:
    """60 where all times of several series are whole minutes, as some exports write them; one series may be exact."""
    return 60.0 if series >= _SEVERAL and not (times % (60 * _SECOND)).any() else 0.0


def _rounded(half: float, periods: Gaps, resolution: float) -> Gaps:
    """Half-widths, as shares, that hold as much as is rounded into P ± half: whole steps, half a step at each side."""
    if not resolution:
        return np.full(len(periods), half)
    steps = np.floor(half * periods / resolution) + 0.5
    return np.maximum(half, steps * resolution / periods)


def _folded(gaps: Gaps, fit: _Fit, thresholds: Thresholds) -> Gaps:
    """Every interval that is the period or a small multiple of it, divided by that multiple."""
    times = np.rint(gaps / fit.period)
    near = (times >= 1) & (times <= thresholds.most_missing)
    near &= np.abs(gaps - times * fit.period) <= fit.half * fit.period * np.sqrt(np.maximum(times, 1)) * (1 + 1e-9)
    return gaps[near] / times[near]


def _middle(values: Gaps) -> float:
    """The median; NumPy's own would import all of numpy.ma for it."""
    ordered = np.sort(values)
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)


def _beacon(times: Times, answered: Mask, thresholds: Thresholds, compared: int, best: tuple[_Fit, Times]) -> Beacon:
    fit, kept = best
    gaps = np.diff(kept) / _SECOND
    folded = _folded(gaps, fit, thresholds)
    period = _middle(folded)
    jitter = float(np.quantile(np.abs(folded - period), 0.9))
    missing = np.rint(gaps / period)
    steps = missing[missing >= 1]
    seen = 1 + len(steps)
    expected = 1 + int(np.where(steps <= thresholds.most_missing, steps, 1).sum())
    p_value = max(fit.p_value, _LEAST_P)
    rhythm = f"every {duration(period)} (± {duration(jitter)})"
    said = f"{rhythm}, {seen:,} of {expected:,} expected times; by chance {odds(p_value)}"
    return Beacon(
        period_s=period,
        jitter_s=jitter,
        attempts=len(times),
        answered=int(answered.sum()),
        span_s=(int(times[-1]) - int(times[0])) / _SECOND,
        expected_by_chance=p_value * compared,
        p_value=p_value,
        statement=said,
    )
