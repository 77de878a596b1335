"""The words of a firmware finding: what they leave out, and that nothing else is."""

import pytest

from wardwatch.firmware.findings import brief, listed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NAME\x00\x00\x00\x00\x00" + "2026", "NAME\x00 (×5) 2026"),
        (r"NAME\x00\x00\x00\x00\x002026", r"NAME\x00 (×5) 2026"),
        ("\x00\x00\x00", "\x00\x00\x00"),
        ("\x01\x02\x03\x04", "\x01\x02\x03\x04"),
        (r"\x00\x00\x00\x00\x01\x01\x01\x01", r"\x00 (×4) \x01 (×4) "),
        ("aaaaaaaa", "aaaaaaaa"),
    ],
)
def test_padding_is_said_once_and_counted(text: str, said: str) -> None:
    assert brief(text) == said


def test_a_list_says_how_many_it_leaves_out() -> None:
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed("abcdefgh", most=3) == "a, b, c and 5 more"
