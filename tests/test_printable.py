"""Nothing a terminal obeys gets through, and nothing else is changed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.errors import InputError
from wardwatch.printable import printable


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Müller 王芳 é", "Müller 王芳 é"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
        ("\ud800", "\\ud800"),
    ],
)
def test_printable(raw: str, shown: str) -> None:
    assert printable(raw) == shown


def test_long_text_is_cut_with_a_mark() -> None:
    assert printable("x" * 5000, 10) == "x" * 10 + "… (4990 more characters)"


@given(st.text(), st.integers(1, 60))
def test_twice_is_as_good_as_once(text: str, limit: int) -> None:
    once = printable(text, limit)
    assert printable(once, limit) == once
    assert len(once) <= limit + 40


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    shown = printable(text, 10**6)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    shown.encode()  # can be written in UTF-8


def test_an_error_says_what_where_and_the_cure() -> None:
    error = InputError("not a capture", where="w\x1bard.pcap", cure="Unpack it.")
    assert str(error) == "w\\x1bard.pcap: not a capture. Unpack it."
    assert str(InputError("empty")) == "empty"
