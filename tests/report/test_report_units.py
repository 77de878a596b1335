"""In: numbers and times. Out: their words, as a reader expects them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.report import units

BERLIN = ZoneInfo("Europe/Berlin")


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]  # year, month, day, ...


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_951, "10 kB"),
        (340_000, "340 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_187_400_221, "1.2 GB"),
        (5 * 10**18, "5000 PB"),
    ],
)
def test_sizes_are_decimal(count: int, said: str) -> None:
    assert units.size(count) == said


@given(st.integers(0, 10**15))
def test_a_size_is_within_a_twentieth(count: int) -> None:
    value, unit = units.size(count).split()
    scale = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}[unit]
    assert abs(float(value) * scale - count) <= 0.05 * max(count, 1)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.44, "0.4 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3_600, "1 h"),
        (15_000, "4 h 10 min"),
        (266_400, "3 d 2 h"),
        (86_400 + 59, "1 d"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert units.duration(seconds) == said


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (at(2026, 1, 12), at(2026, 1, 31), "between 12 and 31 January 2026"),
        (at(2026, 1, 28), at(2026, 2, 3), "between 28 January and 3 February 2026"),
        (at(2025, 12, 30), at(2026, 1, 2), "between 30 December 2025 and 2 January 2026"),
        (at(2026, 1, 12, 7, 14), at(2026, 1, 12, 10, 26), "on 12 January 2026 between 08:14 and 11:26"),
        (at(2026, 1, 12, 7, 14, 3), at(2026, 1, 12, 7, 14, 9), "on 12 January 2026 at 08:14"),
        (at(2026, 1, 12, 23, 30), at(2026, 1, 12, 23, 40), "on 13 January 2026 between 00:30 and 00:40"),
    ],
)
def test_spans_say_once_what_repeats(first: datetime, last: datetime, said: str) -> None:
    assert units.between(first, last, BERLIN) == said


def test_the_offset_is_that_of_the_season() -> None:
    winter, summer = at(2026, 1, 1), at(2026, 7, 1)
    assert units.offsets([winter], BERLIN) == "UTC+01:00"
    assert units.offsets([winter, summer], BERLIN) == "UTC+01:00 and UTC+02:00"
    assert units.offsets([winter], timezone(-timedelta(hours=3, minutes=30))) == "UTC-03:30"
    assert units.offsets([], BERLIN) == "UTC"


def test_a_time_stands_in_the_sites_zone() -> None:
    assert units.stamp(at(2026, 7, 1, 23, 59, 58), BERLIN) == "2026-07-02 01:59:58"


def test_the_end_of_the_calendar_is_no_error() -> None:
    assert units.stamp(datetime.max.replace(tzinfo=UTC), BERLIN).startswith("9999-12-31")
    assert units.stamp(datetime.min.replace(tzinfo=UTC), timezone(-timedelta(hours=5))).startswith("0001-01-01")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.0, "confirmed"),
        (0.95, "confirmed"),
        (0.949, "likely (0.94)"),
        (0.86, "likely (0.86)"),
        (0.6, "likely (0.6)"),
        (0.4, "possible (0.4)"),
        (0.29, "possible (0.29)"),
        (0.1, "cannot tell (0.1)"),
    ],
)
def test_confidence_is_a_word_and_a_number_never_rounded_up(value: float, said: str) -> None:
    assert units.confidence(value) == said


def test_lists_are_cut_with_their_number() -> None:
    assert units.listed([]) == ""
    assert units.listed(["a"]) == "a"
    assert units.listed(["a", "b", "c"]) == "a, b and c"
    assert units.listed(["a", "b", "c", "d"]) == "a, b and 2 more"


def test_counts_have_their_plural() -> None:
    assert units.many(1, "monitor") == "1 monitor"
    assert units.many(12_300, "attempt") == "12,300 attempts"
    assert units.span(3, 3) == "3"
    assert units.span(3, 5, " to ") == "3 to 5"


def test_cutting_leaves_one_printable_line() -> None:
    assert units.cut("a\n b\t c", 10) == "a b c"
    assert units.cut("abcdef", 4) == "abc…"
    assert units.cut("\x1b[2J", 20) == "\\x1b[2J"


def test_a_sentence_begins_and_ends_as_one() -> None:
    assert units.sentence("they are missing ") == "They are missing."
    assert units.sentence("Really?") == "Really?"
    assert units.sentence(" ") == ""


def test_a_port_comes_with_its_service() -> None:
    assert units.service(2049) == "2049 (NFS)"
    assert units.service(40_000) == "40000"
