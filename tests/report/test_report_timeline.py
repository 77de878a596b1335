"""In: rows of a timeline. Out: a picture to scale, with round times below it, small however much happened."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.report.timeline import HEIGHT, WIDTH, Picture, picture, tally
from wardwatch.vocabulary import TimelineMark, TimelineRow

START = datetime(2026, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def attempt(time: datetime) -> TimelineMark:
    return TimelineMark("attempt", time, time)


def session(time: datetime, hours: float, count: int) -> TimelineMark:
    return TimelineMark("session", time, time + hours * HOUR, bytes=count)


def drawn(*marks: TimelineMark, zone: ZoneInfo | None = None) -> Picture:
    result = picture([TimelineRow("a", "b", marks)], zone or UTC)
    assert result
    return result


def test_nothing_to_draw() -> None:
    assert picture([], UTC) is None
    assert picture([TimelineRow("a", "b", ())], UTC) is None


def test_attempts_stand_where_they_happened() -> None:
    shown = drawn(attempt(START), attempt(START + 5 * HOUR), attempt(START + 10 * HOUR))
    assert re.findall(r"M([\d.]+) ", shown.strips[0].ticks) == ["0.5", "500", "999.5"]


def test_sessions_are_to_scale() -> None:
    shown = drawn(session(START, 1, 500), session(START + 5 * HOUR, 5, 1_000))
    assert shown.tallest == 1_000
    assert re.findall(r"M([\d.]+) 32v-([\d.]+)h([\d.]+)", shown.strips[0].bars) == [
        ("0", "15", "100"),
        ("500", "30", "500"),
    ]


def test_the_shortest_session_can_be_seen() -> None:
    shown = drawn(session(START, 0, 1), session(START + 100 * HOUR, 0, 10**9))
    assert re.findall(r"v-([\d.]+)h([\d.]+)", shown.strips[0].bars) == [("2", "2"), ("30", "2")]


def test_the_tally_counts() -> None:
    counted = tally(TimelineRow("a", "b", (attempt(START), session(START + HOUR, 2, 7), attempt(START + 9 * HOUR))))
    assert (counted.attempts, counted.sessions, counted.bytes) == (2, 1, 7)
    assert (counted.first, counted.last) == (START, START + 9 * HOUR)


@pytest.mark.parametrize(
    ("hours", "labels"),
    [
        (5, ["00:00", "01:00", "02:00", "03:00", "04:00", "05:00"]),
        (1 / 60, ["00:00:00", "00:00:30", "00:01:00"]),
        (24, ["00:00", "06:00", "12:00", "18:00", "00:00"]),
        (24 * 10, ["12 Jan", "14 Jan", "16 Jan", "18 Jan", "20 Jan", "22 Jan"]),
        (24 * 400, ["Jan 2026", "Apr 2026", "Jul 2026", "Oct 2026", "Jan 2027"]),
    ],
)
def test_the_axis_has_round_times(hours: float, labels: list[str]) -> None:
    assert [label.text for label in drawn(session(START, hours, 1)).labels] == labels


def test_the_day_stands_once() -> None:
    days = [label.day for label in drawn(session(START, 24, 1)).labels]
    assert days == ["12 Jan", "", "", "", "13 Jan"]


def test_the_axis_stands_in_the_sites_zone() -> None:
    labels = drawn(session(START, 24, 1), zone=ZoneInfo("Asia/Shanghai")).labels
    assert [(label.text, label.percent) for label in labels] == [
        *(("12:00", 16.67), ("18:00", 41.67), ("00:00", 66.67), ("06:00", 91.67))
    ]


TIMES = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # zone beside
PAIRS = st.tuples(TIMES, TIMES).map(sorted)


@given(st.lists(PAIRS, min_size=1, max_size=8), st.integers(0, 2**60))
def test_nothing_is_drawn_outside_the_picture(pairs: list[list[datetime]], count: int) -> None:
    marks = [TimelineMark("session", first, last, bytes=count) for first, last in pairs]
    shown = drawn(*marks, *(attempt(first) for first, _ in pairs), zone=ZoneInfo("America/New_York"))
    assert len(shown.labels) <= 8
    assert all(0 <= label.percent <= 100 for label in shown.labels)
    for left, high, wide in re.findall(r"M([\d.]+) 32v-([\d.]+)h([\d.]+)V", shown.strips[0].bars):
        assert 0 <= float(left) <= float(left) + float(wide) <= WIDTH + 0.01
        assert float(high) <= HEIGHT


def test_a_flood_is_drawn_small() -> None:
    marks = [attempt(START + timedelta(seconds=at)) for at in range(50_000)]
    marks += [session(START + timedelta(seconds=at), 0.001, at) for at in range(50_000)]
    strip = drawn(*marks).strips[0]
    assert strip.tally.attempts == 50_000
    assert len(strip.ticks) + len(strip.bars) < 100_000
