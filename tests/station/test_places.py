"""Rings, trends, alarms and admission: the parts a place is made of."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.errors import InputError, UsageError
from wardwatch.station.admission import Admission, BedRule, Identity, rules
from wardwatch.station.alarms import conditions, ordered, said, table
from wardwatch.station.rings import Ring
from wardwatch.station.trends import MINUTE, Trend
from wardwatch.station.words import Alarm, AlarmKind, Contents, Limit, Peer, Priority, Quantity


@given(st.lists(st.binary(max_size=40)), st.integers(1, 64), st.integers(0, 80))
def test_a_ring_holds_the_newest_bytes(waves: list[bytes], size: int, count: int) -> None:
    ring = Ring(size)
    for wave in waves:
        ring.add(wave)
    whole = b"".join(waves)
    held = min(count, size, len(whole))
    assert ring.last(count) == whole[len(whole) - held :]
    assert ring.total == len(whole)


def test_a_trend_has_lowest_mean_and_highest_of_each_minute() -> None:
    trend = Trend()
    for second, value in ((0, 60.0), (30, 70.0), (59, 80.0), (60, 100.0), (61, None)):
        trend.add(second * 10**9, value)
    assert [tuple(point) for point in trend.points()] == [(0, 60.0, 70.0, 80.0), (MINUTE, 100.0, 100.0, 100.0)]


def test_a_trend_ends_at_a_day_and_has_holes() -> None:
    trend = Trend(minutes=3)
    for minute in (0, 1, 2, 9, 10):
        trend.add(minute * MINUTE, float(minute))
    assert [point.mean for point in trend.points()] == [1.0, 2.0, 9.0, 10.0]


def test_a_clock_set_back_loses_nothing() -> None:
    trend = Trend()
    trend.add(5 * MINUTE, 50.0)
    trend.add(2 * MINUTE, 70.0)
    assert [tuple(point)[1:] for point in trend.points()] == [(50.0, 60.0, 70.0)]


def alarm(quantity: Quantity, value: float | None, limit: Limit) -> list[Alarm]:
    return list(conditions({quantity: value}, {quantity: limit}, table()))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (45, []), (130, []), (72, []),
        (44, [("HEART RATE LOW", Priority.MEDIUM)]),
        (131, [("HEART RATE HIGH", Priority.MEDIUM)]),
        (29, [("HEART RATE LOW", Priority.HIGH)]),
        (181, [("HEART RATE HIGH", Priority.HIGH)]),
        (None, []),
    ],
)  # fmt: skip
def test_a_limit_alarms_beyond_it_and_more_urgently_far_beyond(
    value: float | None, expected: list[tuple[str, Priority]]
) -> None:
    assert [(each.text, each.priority) for each in alarm(Quantity.HR, value, Limit(45, 130, on=True))] == expected


def test_a_limit_that_is_off_alarms_nobody() -> None:
    assert alarm(Quantity.HR, 20, Limit(45, 130, on=False)) == []


def test_an_extreme_value_alarms_whatever_the_limits_were_widened_to() -> None:
    found = alarm(Quantity.SPO2, 80, Limit(50, 100, on=True))
    assert [(each.text, each.priority) for each in found] == [("OXYGEN SATURATION LOW", Priority.HIGH)]
    assert [each.text for each in alarm(Quantity.HR, 200, Limit(0, 255, on=True))] == ["HEART RATE HIGH"]


def test_limits_that_contradict_are_said() -> None:
    assert [each.key for each in alarm(Quantity.HR, 72, Limit(130, 45, on=True))] == ["limits:HR"]


def test_messages_and_a_probe_that_is_off_are_technical() -> None:
    found = list(said(Contents(messages=("ECG LEAD OFF", "\x1b[31mRED", "3", "4", "5"), probe=False), table()))
    assert [each.text for each in found] == ["SPO2 PROBE OFF", "ECG LEAD OFF", "\\x1b[31mRED", "3", "4"]
    assert {each.kind for each in found} == {AlarmKind.TECHNICAL}


def test_the_most_urgent_comes_first_and_the_patient_before_the_equipment() -> None:
    made = [
        Alarm("a", Priority.LOW, AlarmKind.TECHNICAL, "a"),
        Alarm("b", Priority.MEDIUM, AlarmKind.TECHNICAL, "b"),
        Alarm("c", Priority.MEDIUM, AlarmKind.PHYSIOLOGICAL, "c"),
        Alarm("d", Priority.HIGH, AlarmKind.TECHNICAL, "d"),
    ]
    assert [each.key for each in ordered(made)] == ["d", "c", "b", "a"]


def test_priorities_have_their_marks() -> None:
    assert [priority.mark for priority in Priority] == ["!", "!!", "!!!"]


@pytest.mark.parametrize("text", ["[number.HR]\nname = 'x'", "[number.XX]\npriority='low'\nname='x'", "="])
def test_a_table_of_priorities_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        table(text)


PEER = Peer("10.20.0.21", 40000, 515)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (BedRule("A"), False),
        *((rules([{"name": "A", **asked}])[0], fits) for asked, fits in (
            ({"address": "10.20.0.21"}, True), ({"address": "10.20.0.22"}, False), ({"address": "10.20.0.0/24"}, True),
            ({"address": "2001:db8::/32"}, False), ({"device-bed": 3}, True), ({"device-bed": 4}, False),
            ({"port": 515}, True), ({"port": 516}, False), ({"address": "10.20.0.21", "device-bed": 4}, False),
        )),
    ],
)  # fmt: skip
def test_a_rule_admits_what_fits_in_everything_it_asks_for(rule: BedRule, fits: bool) -> None:  # noqa: FBT001  # a case
    assert rule.admits(PEER, 3) is fits


def test_the_first_rule_that_fits_counts_and_the_hand_before_all() -> None:
    admission = Admission(rules([{"name": "A", "device-bed": 3}, {"name": "B", "address": "10.20.0.21"}]))
    assert admission.bed(PEER, 3) == "A"
    assert admission.bed(PEER, 4) == "B"
    admission.admit(Identity("10.20.0.21", 3), " C ")
    assert admission.bed(PEER, 3) == "C"
    assert admission.beds == ("A", "B", "C")
    admission.release(Identity("10.20.0.21", 3))
    assert admission.bed(PEER, 3) == "A"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 41, "\u202eabc"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        Admission().admit(Identity("192.0.2.1", None), name)


@pytest.mark.parametrize(
    "entry",
    [{}, {"name": 1}, {"name": "A", "adress": "10.0.0.1"}, {"name": "A", "address": "10.0.0.999"},
     {"name": "A", "device-bed": 256}, {"name": "A", "port": True}, {"name": "A", "device-bed": "3"}],
)  # fmt: skip
def test_a_rule_that_is_none_is_refused_and_named(entry: dict[str, object]) -> None:
    with pytest.raises(InputError, match="entry 2"):
        rules([{"name": "fine"}, entry])


def test_ipv4_in_ipv6_is_the_same_address() -> None:
    assert rules([{"name": "A", "address": "10.20.0.21"}])[0].admits(Peer("::ffff:10.20.0.21", 1, 515), None)


def test_the_cuffs_time_is_no_station_time() -> None:
    assert Contents(cuff=datetime(2020, 1, 1, tzinfo=UTC)).cuff is not None
