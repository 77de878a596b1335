"""In: the rows of a timeline. Out: where each tick and bar of its picture stands, in units of a strip 1000 wide.

Marks that would cover one another are drawn once, so a picture stays small however much happened.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from wardwatch.report.facts import ATTEMPT
from wardwatch.report.units import MONTHS, clock, local
from wardwatch.vocabulary import TimelineMark, TimelineRow, moment

WIDTH: Final = 1000
HEIGHT: Final = 32
_TICK: Final = 9
_THINNEST: Final = 2.0
_LOWEST: Final = 2.0
_MOST_LABELS: Final = 5
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
_STEPS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200)
) + tuple(timedelta(days=days) for days in (1, 2, 4, 7, 14, 30, 61, 91, 182, 365, 730, 1_826, 3_652, 36_525))


@dataclass(frozen=True, slots=True)
class Label:
    """A time on the axis: how far from the left in per cent, its text, and the day where that is new."""

    percent: float
    text: str
    day: str

    @property
    def anchor(self) -> str:
        """How its text stands to its place, so that none is cut at the edges."""
        return "start" if self.percent < 6 else "end" if self.percent > 94 else "middle"  # noqa: PLR2004  # per cent


@dataclass(frozen=True, slots=True)
class Tally:
    """A row in numbers: calls nobody answered, sessions, the bytes of these, from when to when."""

    attempts: int
    sessions: int
    bytes: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Strip:
    """One row of the picture as SVG path data: what nobody answered, what was answered; and the same in numbers."""

    row: TimelineRow
    ticks: str
    bars: str
    tally: Tally


def tally(row: TimelineRow) -> Tally:
    """Count a row that holds marks."""
    talks = [mark for mark in row.marks if mark.kind != ATTEMPT]
    first, last = min(mark.first for mark in row.marks), max(mark.last for mark in row.marks)
    return Tally(len(row.marks) - len(talks), len(talks), sum(mark.bytes for mark in talks), first, last)


@dataclass(frozen=True, slots=True)
class Picture:
    """The whole picture: its strips, its axis, the grid as path data, and the bytes of the tallest bar."""

    strips: tuple[Strip, ...]
    labels: tuple[Label, ...]
    grid: str
    tallest: int


def picture(rows: Sequence[TimelineRow], zone: tzinfo) -> Picture | None:
    """Draw rows that hold marks on one axis of time; None where there is no row."""
    marks = [mark for row in rows for mark in row.marks]
    if not marks:
        return None
    first, last = min(mark.first for mark in marks), max(mark.last for mark in marks)
    scale = _Scale(first, max(last - first, _SECOND), max((mark.bytes for mark in marks), default=0))
    labels = tuple(_labels(first, first + scale.span, zone))
    grid = "".join(f"M{_short(label.percent * WIDTH / 100)} 0V{HEIGHT}" for label in labels)
    return Picture(tuple(_strip(row, scale) for row in rows), labels, grid, scale.most)


@dataclass(frozen=True, slots=True)
class _Scale:
    first: datetime
    span: timedelta
    most: int

    def x(self, time: datetime) -> float:
        """From the left, in units, to half a unit: what stands closer is drawn once."""
        return round((time - self.first) / self.span * WIDTH * 2) / 2

    def height(self, count: int) -> float:
        """In proportion to the bytes, never too low to be seen."""
        share = count / self.most if self.most else 0.0
        return max(_LOWEST, round(share * (HEIGHT - 2), 1))


def _strip(row: TimelineRow, scale: _Scale) -> Strip:
    tries = (mark for mark in row.marks if mark.kind == ATTEMPT)
    talks = (mark for mark in row.marks if mark.kind != ATTEMPT)
    return Strip(row, _ticks(tries, scale), _bars(talks, scale), tally(row))


def _ticks(marks: Iterable[TimelineMark], scale: _Scale) -> str:
    places = sorted({scale.x(mark.first) for mark in marks})
    return "".join(f"M{_short(min(max(x, 0.5), WIDTH - 0.5))} {HEIGHT}v-{_TICK}" for x in places)


def _bars(marks: Iterable[TimelineMark], scale: _Scale) -> str:
    """A rectangle a session; of those that begin at one place the widest and the tallest count."""
    sizes: dict[float, tuple[float, float]] = {}
    for mark in marks:
        left = min(scale.x(mark.first), WIDTH - _THINNEST)
        wide, high = sizes.get(left, (_THINNEST, _LOWEST))
        sizes[left] = max(wide, min(scale.x(mark.last), WIDTH) - left), max(high, scale.height(mark.bytes))
    return "".join(
        f"M{_short(left)} {HEIGHT}v-{_short(high)}h{_short(wide)}V{HEIGHT}z"
        for left, (wide, high) in sorted(sizes.items())
    )


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _labels(first: datetime, last: datetime, zone: tzinfo) -> Iterable[Label]:
    """At most five round times of the site's clock, the day beside the first one and beside each new one."""
    step = next((step for step in _STEPS if (last - first) / step <= _MOST_LABELS), (last - first) / _MOST_LABELS)
    seen = ""
    for time in _round_times(local(first, zone), local(last, zone), step):
        day = _day(time, step)
        yield Label(
            round(min(max((moment(time) - first) / (last - first), 0), 1) * 100, 2),
            day if step >= _DAY else clock(time, seconds=step < timedelta(minutes=1)),
            "" if step >= _DAY or day == seen else day,
        )
        seen = day


def _round_times(start: datetime, end: datetime, step: timedelta) -> Iterable[datetime]:
    """Multiples of `step` counted from midnight of the first day."""
    try:
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        count = -((midnight - start) // step)
        while (time := midnight + count * step) <= end:
            yield time
            count += 1
    except OverflowError:  # the calendar ends in the year 9999
        return


def _day(time: datetime, step: timedelta) -> str:
    month = MONTHS[time.month - 1][:3]
    if step >= timedelta(days=365):
        return str(time.year)
    return f"{month} {time.year}" if step >= timedelta(days=61) else f"{time.day} {month}"
