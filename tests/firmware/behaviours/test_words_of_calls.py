"""Calls of the C library, of the kernel and of well-known libraries, and what each does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wardwatch.firmware.behaviours.recognise import behaviours_of
from wardwatch.firmware.behaviours.words import Behaviour, Kind
from wardwatch.firmware.scripts import commands_of
from wardwatch.firmware.words import Call, Hole, Place, Text

LINES = [
    [field.strip() for field in f"{line} ".split(" |")]
    for line in (Path(__file__).parent / "calls.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


def said(line: str, play: Callable[[str], Any]) -> tuple[Behaviour, ...]:
    book = play(f"program /x\nin f\n0x10 {line}\n")
    return behaviours_of(book.facts["/x"].calls, lambda _text, _at: ())


@pytest.mark.parametrize("fields", [each for each in LINES if each[1]], ids=lambda each: each[0])
def test_means(fields: list[str], play: Callable[[str], Any]) -> None:
    line, kind, end, source, target = fields
    found = said(line, play)
    assert [each.kind.value for each in found] == [kind]
    assert (found[0].end.name if found[0].end else found[0].subject) == end
    assert source in {"", str(found[0].source)}
    assert target in {"", str(found[0].target)}


@pytest.mark.parametrize("fields", [each for each in LINES if not each[1]], ids=lambda each: each[0])
def test_means_nothing_of_it(fields: list[str], play: Callable[[str], Any]) -> None:
    assert said(fields[0], play) == ()


def test_a_command_of_which_nothing_is_known_is_run_all_the_same() -> None:
    """As the reader of shell text has it, which finds no command in a text that is one hole."""
    text = Text((Hole("the variable at 0x40734", ("global:0x40734",)),))
    (ran,) = behaviours_of([Call("system", (text,), Place("/x", "f", 0x10))], commands_of)
    assert (ran.kind, ran.target.holes) == (Kind.RUN, text.holes)
