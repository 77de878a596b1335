"""In: reports. Out: one screen of words, the same with and without colour, whatever the names say."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from wardwatch.report import render
from wardwatch.report.context import Context, wants_colour
from wardwatch.vocabulary import Report, judge

SGR = re.compile(r"\x1b\[[0-9;]*m")


def test_the_example_is_as_reviewed(example: Report, context: Context, golden: Callable[[str, str], None]) -> None:
    golden("terminal-ward.txt", render("terminal", example, context))


def test_a_clear_ward_is_as_reviewed(example: Report, context: Context, golden: Callable[[str, str], None]) -> None:
    subjects = tuple(replace(each, judgement=judge((), ())) for each in example.subjects)
    clear = replace(example, judgement=judge((), ()), subjects=subjects, exposures=(), timeline=())
    golden("terminal-clear.txt", render("terminal", clear, context))


def test_a_ward_of_which_nothing_can_be_told_is_as_reviewed(
    example: Report, context: Context, golden: Callable[[str, str], None]
) -> None:
    gaps = example.judgement.gaps
    unsure = replace(example, judgement=judge((), gaps), subjects=(), exposures=(), timeline=())
    golden("terminal-unknown.txt", render("terminal", unsure, context))


def test_the_words_are_the_same_without_colour(example: Report, context: Context) -> None:
    coloured = render("terminal", example, replace(context, colour=True))
    assert SGR.search(coloured)
    lines = [line.rstrip() for line in SGR.sub("", coloured).splitlines()]
    assert lines == render("terminal", example, context).splitlines()


def test_the_environment_changes_nothing(example: Report, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    before = render("terminal", example, context)
    for name in ("FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "NO_COLOR"):
        monkeypatch.setenv(name, "1")
    assert render("terminal", example, context) == before


@pytest.mark.parametrize(("width", "most"), [(80, 40), (100, 40), (200, 40)])
def test_one_screen_is_enough(example: Report, context: Context, width: int, most: int) -> None:
    lines = render("terminal", example, replace(context, width=width)).splitlines()
    assert len(lines) <= most
    assert max(map(cell_len, lines)) <= width


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), width=st.sampled_from([80, 132]))
def test_any_report_fits_on_one_screen(reports: st.SearchStrategy[Report], data: st.DataObject, width: int) -> None:
    lines = render("terminal", data.draw(reports), Context(width=width)).splitlines()
    assert len(lines) <= 40
    assert max(map(cell_len, lines)) <= width


@pytest.mark.parametrize(
    "evil", ["\x1b[2Jgone", "\u202egnp.exe", "[red]x[/red]", "漢" * 5_000, "a" * 10_000, ":warning:"]
)
def test_hostile_text_stays_text(evil: str, hostile: Callable[[str], Report]) -> None:
    report = hostile(evil)
    for colour in (False, True):
        text = render("terminal", report, Context(colour=colour))
        plain = SGR.sub("", text)
        assert "\x1b" not in plain
        assert "\u202e" not in plain
        assert len(plain.splitlines()) <= 40
        assert max(map(cell_len, plain.splitlines())) <= 80
    assert "[red]x" in plain or "red" not in evil
    assert ":warning:" in plain or "warning" not in evil


def test_nobody_disappears_when_there_are_more_than_fit(example: Report, context: Context) -> None:
    text = render("terminal", example, replace(context, rows=2))
    assert "39 more monitors: ● 37 clear, ▲ 1 found, ◆ 1 cannot tell" in text


def test_that_patients_may_be_named_is_said(example: Report, context: Context) -> None:
    assert "may name patients" in render("terminal", example, replace(context, revealed=True))
    assert "may name patients" not in render("terminal", example, context)


@pytest.mark.parametrize(
    ("environment", "is_terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_when_to_colour(environment: dict[str, str], *, is_terminal: bool, expected: bool) -> None:
    assert wants_colour(environment, is_terminal=is_terminal) is expected
