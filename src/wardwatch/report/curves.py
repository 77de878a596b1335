"""In: the curves of a recording. Out: their pictures as SVG paths: displayed beside derived, and the waves."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from wardwatch.curves import Curve, Curves, Wave
from wardwatch.report.facts import Facts
from wardwatch.report.tables import Table, count, table, words
from wardwatch.report.units import clean, cut, elapsed, number
from wardwatch.vocabulary import Severity, Verdict

WIDTH: Final = 1000
HEIGHT: Final = 120
WAVE: Final = 56
_EDGE: Final = 8
_DRAWN: Final = 8
_LEAST_SPAN: Final = 10.0
_UNIT: Final = "a minute"
_NAME: Final = 60
_SHORT: Final = 120
_SAID: Final = 400


@dataclass(frozen=True, slots=True)
class Drawn:
    """One number's picture: path data, its scale in words, and what it says in numbers."""

    name: str
    shown: str
    derived: str
    off: str
    top: str
    bottom: str
    said: str


@dataclass(frozen=True, slots=True)
class Strip:
    """One signal's picture and the class that colours it as at the bedside."""

    name: str
    path: str
    colour: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """All pictures of one recording."""

    name: str
    numbers: tuple[Drawn, ...]
    strips: tuple[Strip, ...]
    end: str
    waves: str
    table: Table


def values(facts: Facts) -> dict[str, Any]:
    """What the template shows, by name."""
    sheets = [_sheet(each, facts) for each in facts.report.curves[:_DRAWN]]
    return {"sheets": sheets, "curve_width": WIDTH, "curve_height": HEIGHT, "wave_height": WAVE}


def _sheet(curves: Curves, facts: Facts) -> Sheet:
    drawn = [curve for curve in curves.curves if _known(curve)]
    start, end = curves.waves_from, curves.waves_from + curves.waves_for
    rows = [
        (words(curve.name), count(curve.shown), count(curve.verified), count(curve.disagreed),
         count(curve.shown - curve.verified - curve.disagreed))
        for curve in drawn
    ]  # fmt: skip
    head = ("number", "s displayed", "s verified", "s in disagreement", "s cannot verify")
    return Sheet(
        cut(clean(facts.names.get(curves.subject, curves.subject)), 60),
        tuple(_drawn(curve, curves.end) for curve in drawn),
        tuple(Strip(cut(wave.name, 20), _wave(wave), _colour(wave.name)) for wave in curves.waves[:_DRAWN]),
        elapsed(curves.end),
        f"{elapsed(start)} to {elapsed(end)}",
        table("How long each number was displayed, and how it stood", head, rows),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a value at a second stands in the picture of a number."""

    low: float
    high: float
    end: int

    @classmethod
    def of(cls, known: Sequence[float], end: int) -> "_Scale":
        low, high = min(known), max(known)
        middle, span = (low + high) / 2, max(high - low, _LEAST_SPAN)
        return cls(middle - span / 2, middle + span / 2, max(end, 1))

    def across(self, seconds: float) -> float:
        return seconds / self.end * WIDTH

    def place(self, second: int, value: float) -> tuple[float, float]:
        share = (self.high - value) / (self.high - self.low)
        return self.across(second), _EDGE + share * (HEIGHT - 2 * _EDGE)


def _known(curve: Curve) -> list[float]:
    return [value for point in curve.points for value in (point.shown, point.derived) if value is not None]


def _drawn(curve: Curve, end: int) -> Drawn:
    scale = _Scale.of(_known(curve), end)
    step = min((after.second - before.second for before, after in pairwise(curve.points)), default=1)
    off = (
        f"M{scale.across(point.second):.1f} {HEIGHT - 2}h{scale.across(step):.1f}"
        for point in curve.points
        if point.state == "disagrees"
    )
    return Drawn(
        curve.name,
        _path(_places(scale, step, [(point.second, point.shown) for point in curve.points])),
        _path(_places(scale, step, [(point.second, point.derived) for point in curve.points])),
        "".join(off),
        f"{scale.high:.0f} {_UNIT}",
        f"{scale.low:.0f}",
        f"displayed {curve.shown} s, verified {curve.verified} s, in disagreement {curve.disagreed} s",
    )


def _places(scale: _Scale, step: int, pairs: Iterable[tuple[int, float | None]]) -> list[tuple[float, float] | None]:
    """Where the pen goes; it is lifted where there is no value, and over missing seconds."""
    places: list[tuple[float, float] | None] = []
    last = 0
    for second, value in pairs:
        places += [None] * (second - last > 2 * step)
        places.append(None if value is None else scale.place(second, value))
        last = second
    return places


def _wave(wave: Wave) -> str:
    known = [value for value in wave.values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    step, span = WIDTH / max(len(wave.values) - 1, 1), (high - low) or 1.0
    return _path(
        [
            None if value is None else (place * step, 4 + (high - value) / span * (WAVE - 8))
            for place, value in enumerate(wave.values)
        ]
    )


def _path(places: Sequence[tuple[float, float] | None]) -> str:
    """A line that is interrupted where there is no value."""
    return "".join(_strokes(places))


def _strokes(places: Sequence[tuple[float, float] | None]) -> Iterator[str]:
    pen = False
    for place in places:
        if place is not None:
            yield f"{'L' if pen else 'M'}{place[0]:.1f} {place[1]:.1f}"
        pen = place is not None


def _colour(name: str) -> str:
    return {"PLETH": "pleth", "RESP": "resp"}.get(name.upper(), "ecg")


def verdict(facts: Facts) -> Iterator[str]:
    """What was found in numbers, or that nothing was, and how much of what was displayed is verified."""
    grave = [finding for finding in facts.findings if finding.severity is not Severity.INFO]
    several = len(facts.report.curves) > 1
    if grave:
        first = grave[0]
        yield f"{cut(facts.names.get(first.subject, first.subject), _NAME)}: " if several else ""
        yield cut(first.summary, _SAID)
        if len(grave) > 1:
            yield f" {number(len(grave) - 1)} more {'finding' if len(grave) == 2 else 'findings'}."  # noqa: PLR2004  # two
    elif facts.report.judgement.verdict is Verdict.UNKNOWN and facts.open_gaps:
        gap = facts.open_gaps[0]
        yield f"Cannot tell: {cut(gap.what, _NAME).rstrip('.')} ({cut(gap.why, _SHORT).rstrip('.')})."
    else:
        yield "Nothing disagrees in what could be examined."
    yield f" {_verified(facts)}" if _verified(facts) else ""


def _verified(facts: Facts) -> str:
    """How much of each number is verified, as in 'HR verified in 477 of 480 s.'."""
    told = []
    for name in dict.fromkeys(curve.name for each in facts.report.curves for curve in each.curves):
        same = [curve for each in facts.report.curves for curve in each.curves if curve.name == name]
        shown = sum(curve.shown for curve in same)
        if shown:
            told.append(f"{name} verified in {number(sum(curve.verified for curve in same))} of {number(shown)} s")
    return f"{', '.join(told)}." if told else ""
