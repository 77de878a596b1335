"""In: counts of attempts. Out: whether those that mislead can't be built, and text is made printable."""

import pytest

from wardwatch.tried import Crossing, Latency, PathsTried


def crossing(some: tuple[int, ...], every: tuple[int, ...]) -> Crossing:
    return Crossing("m", "192.0.2.1", "station", kept=True, inward=False, open=some, of=every)


@pytest.mark.parametrize(("some", "every"), [((1, 2), (1,)), ((3,), (2,)), ((-1,), (2,))])
def test_more_than_was_tried_cannot_have_worked(some: tuple[int, ...], every: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="none to all"):
        crossing(some, every)


def test_each_crossing_counts_for_every_phase() -> None:
    with pytest.raises(ValueError, match="every phase"):
        PathsTried(("before", "rules", "rollback"), (crossing((1, 1), (1, 1)),))
    with pytest.raises(ValueError, match="at least two"):
        PathsTried(("before",), ())


def test_text_is_printable() -> None:
    assert "\x1b" not in Crossing("\x1b[2J", "\x1b", "\x1b", kept=True, inward=False, open=(), of=()).device
    assert "\x1b" not in Latency("\x1b[2J", 1.0, 2.0).path
    assert "\x1b" not in PathsTried(("\x1b", "b"), ()).phases[0]
