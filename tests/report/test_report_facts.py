"""In: exposures and subjects. Out: bounds of the number of patients that hold, and whom a sentence may speak of."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from wardwatch.report import contents, facts
from wardwatch.vocabulary import Exposure, Report, TimelineRow, judge


def world(seen: Sequence[tuple[frozenset[int], int]]) -> set[int]:
    """Every number of different patients that is possible: each exposure holds its named ones and some unnamed."""
    named = frozenset[int]().union(*(names for names, _ in seen)) if seen else frozenset()
    most = sum(extra for _, extra in seen)
    return {len(named) + unnamed for unnamed in range(most + 1)}


def sent(names: frozenset[int], extra: int, like: Exposure) -> Exposure:
    low = len(names)
    return replace(
        like,
        patients=tuple(f"~{name}" for name in sorted(names)),
        patients_min=low,
        patients_max=low + extra,
        reasons=("sessions without a patient block",),
    )


SEEN = st.lists(st.tuples(st.frozensets(st.integers(0, 5), max_size=4), st.integers(0, 3)), max_size=4)


@given(seen=SEEN)
def test_the_bounds_hold_in_every_possible_world(
    example_exposure: Exposure, seen: list[tuple[frozenset[int], int]]
) -> None:
    low, high = facts.patients([sent(names, extra, example_exposure) for names, extra in seen])
    possible = world(seen)
    assert low == min(possible)
    assert high == max(possible)


@given(low=st.integers(0, 9), more=st.integers(0, 9), names=st.integers(0, 12))
def test_one_exposure_keeps_its_own_bounds(example_exposure: Exposure, low: int, more: int, names: int) -> None:
    one = replace(
        example_exposure,
        patients=tuple(f"~{name}" for name in range(names)),
        patients_min=low,
        patients_max=low + more,
        reasons=("x",),
    )
    assert facts.patients([one]) == (low, low + more)


def test_the_same_patient_at_two_destinations_counts_once(example_exposure: Exposure) -> None:
    twice = [replace(example_exposure, patients=("~A", "~B"), patients_min=2, patients_max=2)] * 2
    assert facts.patients(twice) == (2, 2)


def test_one_patient_under_two_names_may_count_once(example_exposure: Exposure) -> None:
    doubtful = replace(example_exposure, patients=("~A", "~B"), patients_min=1, patients_max=2, reasons=("two names",))
    other = replace(example_exposure, patients=("~C",), patients_min=1, patients_max=1)
    assert facts.patients([doubtful, other]) == (2, 3)


def test_an_ordinary_connection_of_a_found_device_is_no_call(example: Report) -> None:
    marks = example.timeline[0].marks
    rows = (
        TimelineRow("10.20.3.17", "203.0.113.9", marks, outside=True),
        TimelineRow("10.20.3.17", "202.114.4.120", marks, outside=True),
        TimelineRow("10.20.3.18", "202.114.4.119", marks, outside=False),
        TimelineRow("10.20.3.21", "202.114.4.119", marks, outside=True),
    )
    assert [row.to for row in facts.Facts(replace(example, timeline=rows)).calls] == ["202.114.4.120"]


def test_an_address_named_with_its_port_is_one_that_was_called(example: Report) -> None:
    finding = replace(example.judgement.findings[0], summary="It called 203.0.113.9:515, twice.")
    subject = replace(example.subjects[16], judgement=judge((finding,), ()))
    rows = (TimelineRow("10.20.3.17", "203.0.113.9", example.timeline[0].marks, outside=True),)
    small = replace(example, judgement=judge((finding,), ()), subjects=(subject,), timeline=rows)
    assert [row.to for row in facts.Facts(small).calls] == ["203.0.113.9"]


def test_numbers_in_names_sort_by_value() -> None:
    names = ["10.0.0.10", "10.0.0.9", "bed 2", "bed 10", "", "9" * 5_000]
    assert sorted(names, key=contents.natural) == ["", "10.0.0.9", "10.0.0.10", "9" * 5_000, "bed 2", "bed 10"]


@given(st.lists(st.text(max_size=9), min_size=2, max_size=4))
def test_the_order_of_names_is_an_order(names: list[str]) -> None:
    for left, right in product(names, repeat=2):
        assert (contents.natural(left) == contents.natural(right)) is (left == right)
