"""In: a recording, or a capture. Out: one report: where what is displayed does not follow from the waves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from math import isnan
from pathlib import Path

from wardwatch.curves import Curve, Curves, Point, Wave
from wardwatch.vitals.examine import Answer, examine
from wardwatch.vitals.readers.opening import open_recording
from wardwatch.vocabulary import Report, judge


@dataclass(frozen=True, slots=True)
class VitalsRequest:
    """What to check. `progress` is told of each second."""

    path: Path
    progress: Callable[[int], None] | None = None


def check(request: VitalsRequest) -> Report:
    """The report on one recording; InputError where it cannot be read."""
    recording = open_recording(request.path)
    answer = examine(recording, request.progress)
    start = recording.start
    judgement = judge(sorted(answer.findings, key=lambda one: (one.severity.rank, one.rule, one.id)), answer.gaps)
    return Report(
        judgement, answer.inputs, (answer.subject,),
        first=start, last=start + timedelta(seconds=answer.trace.end) if start else None, curves=(_curves(answer),),
    )  # fmt: skip


def _curves(answer: Answer) -> Curves:
    """The trace of a recording in the common words."""
    trace, tallies = answer.trace, answer.bed.tallies
    return Curves(
        answer.subject.id,
        trace.end,
        tuple(
            Curve(quantity, tuple(Point(one.index, one.shown, one.derived, one.state) for one in points),
                  tallies[quantity].shown, tallies[quantity].verified, tallies[quantity].disagreed)
            for quantity, points in trace.points.items() if points
        ),
        tuple(Wave(name, tuple(None if isnan(value) else value for value in values))
              for name, values in trace.strip.items()),
        trace.strip_start,
        trace.strip_for,
    )  # fmt: skip
