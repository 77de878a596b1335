"""In: values of the dissection. Out: texts are printable, and a state that does not exist cannot be built."""

from collections.abc import Callable

import pytest

from wardwatch.dissection import Audited, Chain, Change, Mitigation, Moved, Stop, Stretch


@pytest.mark.parametrize(
    "build",
    [
        lambda: Mitigation("n", "t", "helps", "s", "w"),
        lambda: Chain("t", "moonlight", ()),
        lambda: Stretch(0, 1, "seen", "x"),
        lambda: Audited("integrity", "maybe", "x"),
        lambda: Change("r", "t", "repaired", "w"),
        lambda: Moved("file", "gone", "a", "b"),
    ],
)
def test_a_state_that_does_not_exist_cannot_be_built(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="is one of"):
        build()


def test_texts_are_printable_once_built() -> None:
    assert Stop("/a\x1b[31m", "f\u202e").file == "/a\\x1b[31m"
    assert Change("r", "t", "fixed", "w", checked=("a\nb",)).checked == ("a\\x0ab",)
