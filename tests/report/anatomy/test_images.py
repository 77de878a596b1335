"""In: two firmware versions as values. Out: what terminal and page say of them, as reviewed."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from wardwatch.dissection import Stretch
from wardwatch.report import render
from wardwatch.report.anatomy.coverage import bar, percent
from wardwatch.report.context import Context
from wardwatch.vocabulary import Asked, Gap, Report, judge

Golden = Callable[[str, str], None]


def visible(page: str) -> str:
    """The words of a page, one line a block."""
    body = re.sub(r"<style>.*?</style>", "", page.split("</head>")[1], flags=re.DOTALL)
    spaced = re.sub(r"</(p|li|td|th|h[1-6]|summary|caption|dt|dd|figcaption)>", "\n", body)
    lines = (" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in spaced.splitlines())
    return "\n".join(line for line in lines if line)


@pytest.mark.parametrize("which", ["image", "not_fixed"])
def test_the_terminal_is_as_reviewed(which: str, request: pytest.FixtureRequest, golden: Golden) -> None:
    report: Report = request.getfixturevalue(which)
    text = render("terminal", report, Context())
    assert len(text.splitlines()) <= 40
    golden(f"terminal-{which.replace('_', '-')}.txt", text)


@pytest.mark.parametrize("which", ["image", "not_fixed"])
def test_the_page_is_as_reviewed(which: str, request: pytest.FixtureRequest, golden: Golden) -> None:
    report: Report = request.getfixturevalue(which)
    golden(f"html-{which.replace('_', '-')}.txt", visible(render("html", report, Context(version="0.1.0"))) + "\n")


def test_the_longest_chain_that_completes_is_told_first(image: Report) -> None:
    whole = image.dissections[0].chains[0]
    part = replace(whole, steps=whole.steps[:1], completes=True, title="A part of it")
    broken = replace(whole, steps=whole.steps * 2, completes=False, title="One that stops")
    report = replace(image, dissections=(replace(image.dissections[0], chains=(part, broken, whole)),))
    text = render("terminal", report, Context())
    assert "Files of a remote share replace the device's programs" in text
    assert "2 more chains of this kind are shown below." in " ".join(text.split())


def test_what_cannot_be_told_is_never_called_fixed(not_fixed: Report) -> None:
    assert not_fixed.comparison
    open_one = replace(not_fixed.comparison.changes[0], verdict="unknown", why="41 indirect calls lead nowhere known")
    gap = Gap("new", "41 indirect calls", "their targets were not found", ("firmware.reverse-backdoor",))
    report = replace(
        not_fixed,
        judgement=judge((), (gap,), Asked.PATCH),
        comparison=replace(not_fixed.comparison, changes=(open_one, not_fixed.comparison.changes[1])),
    )
    text = render("terminal", report, Context())
    words = " ".join(text.split())
    assert words.startswith("◆ Cannot tell whether cms8000-2.0.8.cramfs repairs cms8000-2.0.6.cramfs: 1 of 2 findings")
    assert "does not repair" not in text


def test_findings_of_one_title_and_one_answer_share_a_line_and_none_is_lost(not_fixed: Report) -> None:
    assert not_fixed.comparison
    still, gone = not_fixed.comparison.changes
    others = tuple(replace(gone, title=f"Peer {each}") for each in range(8))
    changes = (still, gone, still, replace(still, verdict="fixed"), *others)
    text = render("terminal", replace(not_fixed, comparison=replace(not_fixed.comparison, changes=changes)), Context())
    lines = text.splitlines()
    assert "▲  not fixed  A remote share replaces programs, at 2 places" in lines
    assert "●  fixed  A remote share replaces programs" in lines
    assert "4 more findings in the documents." in lines


def test_a_repair_says_what_was_checked(not_fixed: Report) -> None:
    assert not_fixed.comparison
    fixed = not_fixed.comparison.changes[1]
    report = replace(
        not_fixed,
        judgement=judge((), (), Asked.PATCH),
        dissections=(),
        comparison=replace(not_fixed.comparison, changes=(fixed,)),
    )
    assert render("terminal", report, Context()).startswith("● The one finding of cms8000-2.0.6.cramfs is gone in")
    page = visible(render("html", report, Context()))
    assert "Checked: every call that sends and every path to a socket." in page
    assert "Before cms8000-2.0.8.cramfs is installed" in page
    assert "only the file whose SHA-256 stands in this document" in page


def test_nothing_is_to_be_installed_where_nothing_was_repaired(not_fixed: Report) -> None:
    assert not_fixed.comparison
    nothing = replace(
        not_fixed, judgement=judge((), (), Asked.PATCH), comparison=replace(not_fixed.comparison, changes=())
    )
    assert all("is installed" not in render("html", each, Context()) for each in (not_fixed, nothing))


def test_findings_on_one_chain_are_drawn_once_with_all_their_titles(not_fixed: Report) -> None:
    assert not_fixed.comparison
    whole = not_fixed.comparison.changes[0]
    part = replace(whole, rule="firmware.remote-mount", title="A remote share is mounted")
    page = visible(
        render("html", replace(not_fixed, comparison=replace(not_fixed.comparison, changes=(part, whole))), Context())
    )
    assert page.count("Before: cms8000-2.0.6.cramfs") == 1
    assert "A remote share replaces programs\nA remote share is mounted\nBefore: " in page


def test_a_gap_beside_fixed_findings_leaves_the_sentence_open(not_fixed: Report) -> None:
    assert not_fixed.comparison
    gap = Gap("new", "2 programs", "their processor is not known", ("*",))
    comparison = replace(not_fixed.comparison, changes=(not_fixed.comparison.changes[1],))
    report = replace(not_fixed, judgement=judge((), (gap,), Asked.PATCH), comparison=comparison)
    assert render("terminal", report, Context()).startswith("◆ Cannot tell whether")


@pytest.mark.parametrize(
    ("amount", "total", "said"),
    [(0, 9, "0 %"), (1, 1000, "under 1 %"), (999, 1000, "over 99 %"), (1000, 1000, "100 %"), (1, 3, "33 %")],
)
def test_a_share_is_never_rounded_to_nothing_or_all(amount: int, total: int, said: str) -> None:
    assert percent(amount, total) == said


def test_the_bar_is_to_scale_and_small_stretches_stay_visible() -> None:
    drawn = bar((Stretch(0, 499_999, "examined", "x"), Stretch(499_999, 1, "not understood", "y", 7.9)))
    assert drawn
    examined, rest = (re.findall(r"M([\d.]+) 0H([\d.]+)V", share.path)[0] for share in drawn.shares)
    assert float(examined[1]) - float(examined[0]) == pytest.approx(1000, abs=0.1)
    assert float(rest[1]) - float(rest[0]) >= 1.0


def test_a_million_stretches_make_a_small_picture() -> None:
    many = tuple(Stretch(at, 1, "examined" if at % 2 else "padding", "x") for at in range(200_000))
    drawn = bar(many)
    assert drawn
    assert sum(len(share.path) for share in drawn.shares) < 100_000


def test_no_bar_of_nothing() -> None:
    assert bar(()) is None


def test_however_much_there_is_the_page_stays_a_few_megabytes(image: Report) -> None:
    shown = image.dissections[0]
    chain = replace(shown.chains[0], steps=shown.chains[0].steps * 100, path=shown.chains[0].path * 100)
    parts = tuple(replace(shown.components[1], path=f"/opt/{at}") for at in range(20_000))
    report = replace(image, dissections=(replace(shown, chains=(chain,) * 500, components=parts),))
    page = render("html", report, Context())
    assert len(page) < 3_000_000
    assert "488 more chains in the JSON document." in page
    assert "19,700 more parts not shown here" in page
