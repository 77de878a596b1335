"""In: hypotheses by hand. Out: whether sums, allowances and bands do what their description says."""

import numpy as np
import pytest

from wardwatch.vitals.follower import Answer, Follower, Numbers

NUMBERS = Numbers(
    quality=0.9, heard=0.5, trails_s=4, allowance=1.0, limit=20.0, most=10.0, miscounted=1.0, miscount_of=0
)


def steps(follower: Follower, values: list[float], shown: list[float | None], quality: float = 1.0) -> list[Answer]:
    answers = []
    for number in shown:
        middle = np.array(values, np.float64)
        answers.append(follower.step(middle - 0.5, middle + 0.5, np.full(len(values), quality), number))
    return answers


def test_what_is_above_the_allowance_adds_up() -> None:
    answers = steps(Follower(NUMBERS, 1), [70.0], [75.5, 75.5, 75.5])
    assert [answer.gathered for answer in answers] == pytest.approx([4.0, 8.0, 12.0])
    assert [answer.off for answer in answers] == pytest.approx([5.0] * 3)
    assert [answer.since for answer in answers] == [1, 2, 3]


def test_below_counts_as_much_as_above_and_the_two_do_not_add_up() -> None:
    answers = steps(Follower(NUMBERS, 1), [70.0], [64.5, 64.5, 75.5])
    assert [answer.gathered for answer in answers] == pytest.approx([4.0, 8.0, 4.0])
    assert [answer.off for answer in answers] == pytest.approx([-5.0, -5.0, 5.0])
    assert [answer.since for answer in answers] == [1, 2, 1]


def test_one_second_counts_no_more_than_its_most() -> None:
    (answer,) = steps(Follower(NUMBERS, 1), [70.0], [300.0])
    assert answer.gathered == pytest.approx(9.0)


def test_a_fitting_second_takes_back_the_allowance() -> None:
    answers = steps(Follower(NUMBERS, 1), [70.0], [75.5, 70.0, 70.0])
    assert [answer.gathered for answer in answers] == pytest.approx([4.0, 3.0, 2.0])


def test_the_best_hypothesis_speaks_for_the_display() -> None:
    answers = steps(Follower(NUMBERS, 2), [70.0, 80.0], [80.0, 80.0])
    assert [answer.gathered for answer in answers] == [0.0, 0.0]
    assert [answer.best for answer in answers] == [1, 1]


def test_no_hypothesis_fits_all_the_time() -> None:
    """A display that fits one now and another later disagrees with both."""
    follower = Follower(NUMBERS, 2)
    answers = steps(follower, [70.0, 90.0], [70.0, 90.0] * 8)
    assert answers[-1].gathered is not None
    assert answers[-1].gathered > 10


def test_a_display_may_trail() -> None:
    follower = Follower(NUMBERS, 1)
    steps(follower, [70.0], [70.0] * 6)
    answers = steps(follower, [90.0], [70.0] * 6)
    assert [answer.gathered for answer in answers[:4]] == [0.0] * 4
    assert answers[5].off == pytest.approx(-19.5)


def test_a_display_may_trail_downwards() -> None:
    follower = Follower(NUMBERS, 1)
    steps(follower, [90.0], [90.0] * 6)
    answers = steps(follower, [70.0], [90.0] * 6)
    assert [answer.gathered for answer in answers[:4]] == [0.0] * 4
    assert answers[5].off == pytest.approx(19.5)


def test_a_hypothesis_that_is_not_heard_fades_while_others_are() -> None:
    follower = Follower(NUMBERS, 2)
    steps(follower, [70.0, 70.0], [80.5] * 2)
    for _ in range(30):
        follower.step(np.array([79.5, np.nan]), np.array([80.5, np.nan]), np.array([1.0, 0.0]), 80.0)
    answer = follower.step(np.array([np.nan, 69.5]), np.array([np.nan, 70.5]), np.array([0.0, 1.0]), 70.0)
    assert answer.gathered is not None
    assert answer.gathered < 17 * 0.75


def test_bad_quality_cannot_be_asked_and_middling_quality_not_alone() -> None:
    follower = Follower(NUMBERS, 1)
    (answer,) = steps(follower, [70.0], [90.0], quality=0.7)
    assert answer.gathered is None
    both = Follower(NUMBERS, 2)
    answer = both.step(np.array([69.5, 89.5]), np.array([70.5, 90.5]), np.array([1.0, 0.7]), 90.0)
    assert (answer.gathered, answer.best) == (0.0, 1)
    answer = both.step(np.array([69.5, 89.5]), np.array([70.5, 90.5]), np.array([1.0, 0.3]), 90.0)
    assert answer.best == 0


def test_dashes_are_not_asked_and_sums_fade() -> None:
    follower = Follower(NUMBERS, 1)
    steps(follower, [70.0], [80.5] * 2)
    steps(follower, [70.0], [None] * 10)
    (answer,) = steps(follower, [70.0], [80.5])
    assert answer.gathered is not None
    assert 9 + 12 < answer.gathered < 9 + 18


def test_one_beat_too_many_counts_in_part_and_for_a_while() -> None:
    forgiving = Numbers(**{**{name: getattr(NUMBERS, name) for name in NUMBERS.__slots__},
                           "miscounted": 0.5, "miscount_of": 12, "limit": 1000.0})  # fmt: skip
    shown = 78.0  # 72 * 13 / 12
    strict = steps(Follower(NUMBERS, 1), [72.0], [shown] * 2)
    lenient = steps(Follower(forgiving, 1), [72.0], [shown] * 60)
    assert strict[1].gathered == pytest.approx(2 * 4.5)
    assert lenient[1].gathered == pytest.approx(2 * 1.75)
    gains = np.diff([answer.gathered for answer in lenient if answer.gathered is not None])
    assert gains[-1] == pytest.approx(4.5)
    lasts = int(np.argmax(gains > 4))
    assert 10 <= lasts <= 16


def test_rows_can_be_added() -> None:
    follower = Follower(NUMBERS, 1)
    steps(follower, [70.0], [75.5] * 2)
    follower.grow(3)
    answer = follower.step(
        np.array([69.5, np.nan, np.nan]), np.array([70.5, np.nan, np.nan]), np.array([1.0, 0, 0]), 75.5
    )
    assert answer.gathered == pytest.approx(12.0)


def test_after_missing_seconds_the_bands_begin_anew() -> None:
    follower = Follower(NUMBERS, 1)
    steps(follower, [70.0], [70.0] * 3)
    follower.interrupt()
    (answer,) = steps(follower, [90.0], [70.0])
    assert answer.off == pytest.approx(-19.5)


def test_a_display_that_stands_while_everything_moves() -> None:
    follower = Follower(NUMBERS, 2)
    answers = []
    for second in range(40):
        middle = np.array([70.0 + second % 8, 71.0 + second % 6])
        answers.append(follower.step(middle - 0.5, middle + 0.5, np.ones(2), 72.0))
    assert answers[3].moved == 0.0
    assert answers[-1].held == 39
    assert answers[-1].moved == pytest.approx(5.0)
    (changed,) = steps(follower, [70.0, 71.0], [73.0])
    assert (changed.held, changed.moved) == (0, 0.0)


def test_what_moved_a_moment_ago_may_not_be_displayed_yet() -> None:
    follower = Follower(NUMBERS, 1)
    steps(follower, [70.0], [70.0] * 20)
    answers = steps(follower, [90.0], [70.0] * (NUMBERS.trails_s + 1))
    assert [answer.moved for answer in answers] == [0.0] * NUMBERS.trails_s + [20.0]


def test_what_moved_before_the_display_changed_does_not_count() -> None:
    follower = Follower(NUMBERS, 1)
    steps(follower, [70.0], [70.0] * 10)
    steps(follower, [90.0], [70.0] * 2)
    answers = steps(follower, [90.0], [90.0] * 12)
    assert [answer.moved for answer in answers] == [0.0] * 12


def test_a_hypothesis_heard_too_seldom_does_not_excuse_a_standing_display() -> None:
    follower = Follower(NUMBERS, 2)
    for second in range(40):
        middle = np.array([70.0 + second % 6, 72.0 if second > 33 else np.nan])
        answer = follower.step(middle - 0.5, middle + 0.5, np.array([1.0, 1.0]), 72.0)
    assert answer.moved == pytest.approx(5.0)
