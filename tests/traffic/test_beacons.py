"""Periodic series are found through jitter, loss, retries and pauses; irregular ones are not, as often as promised."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.traffic import beacons
from wardwatch.traffic.beacons import Beacon, Thresholds, find, find_all, regularity, repeated

DATA = Path(beacons.__file__).parents[1] / "knowledge" / "thresholds" / "beacons.toml"
LIMITS = Thresholds.of(tomllib.loads(DATA.read_text()))
START = 1_736_668_800_123_456_789
DAY = 86_400.0

Series = np.ndarray
Draw = Callable[[np.random.Generator], Series]


def nanoseconds(seconds: Series) -> Series:
    return START + np.sort((np.asarray(seconds, float) * 1e9).astype(np.int64))


def silent(times: Series) -> Series:
    return np.zeros(len(times), np.bool_)


def look(seconds: Series, compared: int = 1) -> Beacon | None:
    times = nanoseconds(seconds)
    return find(times, silent(times), LIMITS, compared=compared)


def ticking(seed: int, count: int, period: float, jitter: float, loss: float = 0.0) -> Series:
    rng = np.random.default_rng(seed)
    times = np.cumsum(period * (1 + rng.uniform(-jitter, jitter, count)))
    return times[rng.random(count) >= loss]


def test_a_clockwork_says_all_it_knows() -> None:
    times = nanoseconds(np.delete(np.arange(241) * 60.0, 100))
    answered = np.arange(240) % 4 == 0
    found = find(times, answered, LIMITS, compared=100)
    assert found
    assert found.statement == "every 60 s (± 0 s), 240 of 241 expected times; by chance less than one in 10^9"
    assert (found.period_s, found.jitter_s) == (60.0, 0.0)
    assert (found.attempts, found.answered, found.span_s) == (240, 60, 14_400.0)
    assert found.p_value < 1e-100
    assert found.expected_by_chance == found.p_value * 100


@pytest.mark.parametrize(
    ("count", "jitter", "loss"),
    [(8, 0.02, 0.0), (12, 0.1, 0.0), (25, 0.2, 0.0), (50, 0.3, 0.0), (50, 0.1, 0.3), (240, 0.2, 0.3), (240, 0.3, 0.3)],
)
@pytest.mark.parametrize("period", [30.0, 60.0, 3600.0])
def test_jitter_and_loss_are_seen_through(count: int, jitter: float, loss: float, period: float) -> None:
    found = [look(ticking(seed, count, period, jitter, loss)) for seed in range(30)]
    named = [beacon for beacon in found if beacon]
    assert len(named) >= 28
    spread = period * (jitter + 0.002)
    assert all(abs(beacon.period_s - period) < spread * 0.7 for beacon in named)
    assert all(beacon.jitter_s <= spread * 1.6 for beacon in named)


def attempts_with(offsets: tuple[float, ...], period: float, count: int = 30) -> Series:
    return np.concatenate([np.arange(count) * period + offset for offset in offsets])


@pytest.mark.parametrize(
    ("offsets", "period", "says"),
    [
        ((0, 1, 3, 7, 15, 31), 300.0, "every 5 min (± 0 s), 30 of 30"),  # Linux: 1, 2, 4, 8, 16 s between
        ((0, 3, 9, 21), 300.0, "every 5 min (± 0 s), 30 of 30"),  # older ones: 3, 6, 12 s
        ((0, 1, 2, 3, 4, 5, 7, 11, 19), 60.0, "every 60 s (± 0 s), 30 of 30"),  # newer Linux: five times 1 s first
        ((0, 0.001, 0.002), 60.0, "every 60 s (± 0 s), 30 of 30"),  # several at once
        ((0, 5), 60.0, "every 60 s (± 0 s), 30 of 30"),  # a second try
        ((0, 0, 0), 90.0, "every 90 s (± 0 s), 30 of 30"),
    ],
)
def test_retries_and_bursts_count_once(offsets: tuple[float, ...], period: float, says: str) -> None:
    found = look(attempts_with(offsets, period))
    assert found
    assert found.statement.startswith(says)
    assert found.attempts == 30 * len(offsets)


def test_one_burst_of_retries_is_one_attempt_and_no_period() -> None:
    assert look(np.array([0, 1, 3, 7, 15, 31, 63.0])) is None
    times = nanoseconds(np.array([0, 1, 3, 7, 15, 31, 63.0]))
    assert repeated(times, silent(times), LIMITS) is None


def test_pauses_at_night_do_not_hide_it() -> None:
    rng = np.random.default_rng(3)
    times = np.concatenate([day * DAY + np.arange(0, 8 * 3600, 600.0) for day in range(5)])
    found = look(times + rng.normal(0, 10, len(times)))
    assert found
    assert found.statement.startswith("every 10 min (± ")
    assert "240 of 240 expected times" in found.statement


def test_a_period_of_a_second_is_found_although_bursts_are_joined() -> None:
    found = look(ticking(5, 200, 1.0, 0.05))
    assert found
    assert 0.98 < found.period_s < 1.02


def test_one_regular_burst_does_not_make_browsing_periodic() -> None:
    rng = np.random.default_rng(4)
    browsing = np.cumsum(rng.exponential(300, 500))
    assert look(np.concatenate([browsing, browsing[250] + 40 + np.arange(30) * 10.0])) is None


def poisson(rng: np.random.Generator) -> Series:
    return np.cumsum(rng.exponential(60, rng.integers(5, 300)))


def whole_seconds(rng: np.random.Generator) -> Series:
    return np.floor(np.cumsum(rng.exponential(5, rng.integers(5, 300))))


def long_tailed(rng: np.random.Generator) -> Series:
    return np.cumsum(rng.pareto(1, rng.integers(5, 300)) + 0.1)


def log_normal(rng: np.random.Generator) -> Series:
    return np.cumsum(rng.lognormal(4, 0.7, rng.integers(5, 300)))


def office(rng: np.random.Generator) -> Series:
    """Visits between 8 and 17 o'clock, each a page with several connections."""
    visits = [
        day * DAY + rng.uniform(8, 17) * 3600 + np.cumsum(rng.exponential(8, rng.integers(1, 20)))
        for day in range(int(rng.integers(1, 8)))
        for _ in range(int(rng.integers(1, 25)))
    ]
    return np.concatenate(visits)


@pytest.mark.parametrize("draw", [poisson, whole_seconds, long_tailed, log_normal, office])
def test_irregular_series_are_named_no_oftener_than_promised(draw: Draw) -> None:
    rng = np.random.default_rng(20)
    parts = [nanoseconds(draw(rng)) for _ in range(1500)]
    starts = np.cumsum([0, *(len(part) for part in parts[:-1])])
    together = np.concatenate(parts)
    assert len(find_all(together, starts, silent(together), LIMITS, compared=1)) <= 1500 * LIMITS.max_expected
    assert len(find_all(together, starts, silent(together), LIMITS)) <= 1


def test_the_bound_holds_for_a_poisson_process_at_every_level() -> None:
    """Without the demand that a period hold most of the series, the bound alone must keep its word."""
    bare = replace(LIMITS, min_share=0.0, min_kept=0.0, max_expected=1.0)
    rng = np.random.default_rng(21)
    together = np.concatenate([nanoseconds(np.cumsum(rng.exponential(600, 40))) for _ in range(1500)])
    found = find_all(together, np.arange(1500) * 40, silent(together), bare, compared=1)
    for level in (0.001, 0.01, 0.1, 0.5):
        allowed = 1500 * level
        assert sum(beacon.p_value <= level for beacon in found.values()) <= allowed + 3 * allowed**0.5


def test_exports_in_whole_minutes_are_not_periodic_for_that() -> None:
    rng = np.random.default_rng(22)
    parts = [
        np.sort(np.floor(np.cumsum(rng.exponential(70, 80)) / 60)).astype(np.int64) * 60 * 10**9 for _ in range(50)
    ]
    starts = np.arange(50) * 80
    together = np.concatenate(parts)
    assert not find_all(together, starts, silent(together), LIMITS)


def test_many_series_at_once_give_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(23)
    parts = [nanoseconds(ticking(seed, 30, 60, 0.1) if seed % 3 == 0 else poisson(rng)) for seed in range(60)]
    starts = np.cumsum([0, *(len(part) for part in parts[:-1])])
    together = np.concatenate(parts)
    found = find_all(together, starts, silent(together), LIMITS)
    alone = {index: find(part, silent(part), LIMITS, compared=60) for index, part in enumerate(parts)}
    assert found == {index: beacon for index, beacon in alone.items() if beacon}
    assert set(found) == set(range(0, 60, 3))


def test_the_more_series_are_compared_the_less_is_found() -> None:
    times = ticking(1, 9, 60, 0.05)
    one, many = look(times), look(times, compared=100_000_000)
    assert one
    assert many is None


@pytest.mark.parametrize("count", range(7))
def test_too_few_attempts_get_no_period(count: int) -> None:
    assert look(np.arange(count) * 60.0) is None


def test_unanswered_attempts_without_a_period_are_still_told() -> None:
    few = nanoseconds(np.array([0, 1, 3, 7, 400, 401, 403, 900.0]))
    told = repeated(few, silent(few), LIMITS)
    assert told
    assert told.statement == "3 attempts in 15 min, none answered, too few to name a period"
    assert (told.attempts, told.span_s) == (8, 900.0)
    assert repeated(few, few == few[3], LIMITS) is None
    many = nanoseconds(np.cumsum(np.random.default_rng(6).pareto(1, 40) * 100 + 30))
    told = repeated(many, silent(many), LIMITS)
    assert told
    assert told.statement.endswith("none answered, without a regular period")
    assert repeated(few[:0], silent(few[:0]), LIMITS) is None


@settings(deadline=None, max_examples=60)
@given(
    gaps=st.lists(st.integers(0, 200_000), min_size=0, max_size=40),
    shift=st.integers(-START, 2 * 10**18),
    copies=st.integers(1, 4),
)
def test_neither_the_time_of_day_nor_duplicates_change_the_answer(gaps: list[int], shift: int, copies: int) -> None:
    times = START + np.cumsum(np.array([0, *gaps], np.int64)) * 1_000_000
    plain = find(times, silent(times), LIMITS)
    moved = find(times + shift, silent(times), LIMITS)
    assert plain == moved
    doubled = np.repeat(times, copies)
    again = find(doubled, silent(doubled), LIMITS)
    assert (again is None) == (plain is None)
    if plain and again:
        assert replace(again, attempts=plain.attempts) == plain


@settings(deadline=None, max_examples=100)
@given(times=st.lists(st.integers(0, 2**62), max_size=60).map(sorted))
def test_any_times_give_an_answer_that_makes_sense(times: list[int]) -> None:
    series = np.array(times, np.int64)
    found = find(series, silent(series), LIMITS)
    repeated(series, silent(series), LIMITS)
    if found:
        assert 0 < found.p_value <= LIMITS.max_expected
        assert 0 < found.period_s <= found.span_s
        assert found.jitter_s < found.period_s / 2


@pytest.mark.parametrize(
    ("count", "span", "gap2", "expected"),
    [
        (11, 100.0, 1000.0, (10.0, 0.0)),  # ten intervals of 10 s
        (3, 20.0, 250.0, (10.0, 5.0)),  # 5 s and 15 s
        (2, 10.0, 100.0, None),
        (0, 0.0, 0.0, None),
        (11, 100.0, 10.0, None),  # less than any ten intervals of 100 s together could have
        (11, float("nan"), 1.0, None),
        (11, 100.0, float("inf"), None),
    ],
)
def test_regularity_within_a_flow(count: int, span: float, gap2: float, expected: tuple[float, float] | None) -> None:
    assert regularity(count, span, gap2) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0001, "0 s"), (0.25, "0.25 s"), (9.5, "9.5 s"), (60, "60 s"), (119.4, "119 s"), (300, "5 min"),
     (330, "5 min 30 s"), (11_520, "3 h 12 min"), (7199.9, "2 h"), (187_200, "2 d 4 h"), (172_799.9, "2 d")],
)  # fmt: skip
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert beacons.duration(seconds) == said


@pytest.mark.parametrize(
    ("p_value", "said"),
    [(1e-12, "less than one in 10^9"), (4.9e-5, "at most one in 20,000"), (0.01, "at most one in 100")],
)
def test_odds_are_said_in_round_numbers(p_value: float, said: str) -> None:
    assert beacons.odds(p_value) == said


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=9))
def test_the_middle_is_the_median(values: list[float]) -> None:
    assert beacons._middle(np.array(values)) == np.median(values)
