"""In: curves as values. Out: their pictures and sentences, measured against what the numbers say."""

import re

import pytest

from wardwatch.curves import Curve, Curves, Point, Wave
from wardwatch.report import render
from wardwatch.report.context import Context
from wardwatch.report.curves import HEIGHT, WIDTH, values
from wardwatch.report.facts import Facts
from wardwatch.vocabulary import Examined, Gap, Report, Subject, SubjectKind, judge

NAME = "bed-3"


def report(curve: Curve, *waves: Wave, gaps: tuple[Gap, ...] = ()) -> Report:
    judgement = judge((), gaps)
    curves = Curves(NAME, 100, (curve,), waves, 60, 8)
    return Report(
        judgement, (Examined(NAME, "central-station stream", 1, 100, 100, "seconds", "ab" * 32),),
        (Subject(NAME, SubjectKind.RECORDING, NAME, judgement),), curves=(curves,),
    )  # fmt: skip


def drawn(*points: Point) -> "tuple[list[tuple[float, float]], list[tuple[float, float]], str]":
    shown = sum(point.shown is not None for point in points)
    (sheet,) = values(Facts(report(Curve("HR", points, shown, 0, 0))))["sheets"]
    (number,) = sheet.numbers
    return places(number.shown), places(number.derived), number.off


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def test_time_runs_to_the_right_and_more_stands_higher() -> None:
    shown, derived, off = drawn(
        Point(0, 60.0, 60.0, "verified"), Point(50, 80.0, 60.0, "disagrees"), Point(100, 100.0, None, "cannot verify")
    )
    assert [x for x, _ in shown] == [0, WIDTH / 2, WIDTH]
    first, middle, last = (y for _, y in shown)
    assert first - middle == pytest.approx(middle - last)
    assert HEIGHT > first > last > 0
    assert derived == [shown[0], (WIDTH / 2, first)]
    assert off.startswith(f"M{WIDTH / 2:.1f} ")
    assert off.count("M") == 1


def test_a_line_is_broken_where_nothing_was_displayed() -> None:
    points = [Point(second, 60.0, None, "cannot verify") for second in (0, 1, 2, 90, 91)]
    (sheet,) = values(Facts(report(Curve("HR", tuple(points), 5, 0, 0))))["sheets"]
    assert re.sub(r"[\d. ]", "", sheet.numbers[0].shown) == "MLLML"


def test_a_steady_number_does_not_fill_the_picture_with_its_noise() -> None:
    shown, _, _ = drawn(Point(0, 70.0, None, "cannot verify"), Point(1, 71.0, None, "cannot verify"))
    assert abs(shown[0][1] - shown[1][1]) < HEIGHT / 5


def test_a_number_that_never_was_is_not_drawn() -> None:
    (sheet,) = values(Facts(report(Curve("RR", (Point(1, None, None, "cannot verify"),), 0, 0, 0))))["sheets"]
    assert sheet.numbers == ()


def test_a_wave_is_drawn_in_the_colour_of_the_bedside_with_its_gaps() -> None:
    wave = Wave("PLETH", (0.0, 1.0, None, 1.0, 0.0))
    curve = Curve("HR", (Point(1, 60.0, None, "cannot verify"),), 1, 0, 0)
    (sheet,) = values(Facts(report(curve, wave, Wave("II", (None, None)))))["sheets"]
    assert [(strip.colour, re.sub(r"[\d. ]", "", strip.path)) for strip in sheet.strips] == [
        ("pleth", "MLML"),
        ("ecg", ""),
    ]
    assert sheet.waves == "0:01:00 to 0:01:08"


def test_the_verdict_says_how_much_was_verified() -> None:
    curve = Curve("HR", (Point(1, 60.0, 60.0, "verified"),), 1_200, 1_100, 0)
    assert "Nothing disagrees in what could be examined. HR verified in 1,100 of 1,200 s." in said(report(curve))
    gap = Gap(NAME, "lead II", "it was off", ("vitals.display-disagrees",))
    assert "Cannot tell: lead II (it was off). HR verified in" in said(report(curve, gaps=(gap,)))


def said(shown: Report) -> str:
    return " ".join(render("terminal", shown, Context()).split())
