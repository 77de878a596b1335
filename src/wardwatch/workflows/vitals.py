"""In: a recording, or a capture. Out: one report: where what is displayed does not follow from the waves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan
from pathlib import Path

from wardwatch.curves import Curve, Curves, Point, Wave
from wardwatch.errors import InputError
from wardwatch.vitals.examine import Answer, examine
from wardwatch.vitals.readers.opening import open_recording
from wardwatch.vocabulary import Examined, Gap, Report, judge


@dataclass(frozen=True, slots=True)
class VitalsRequest:
    """What to check. `progress` is told of each second."""

    path: Path
    progress: Callable[[int], None] | None = None


def check(request: VitalsRequest) -> Report:
    """The report on one recording, or on every monitor of a capture; InputError where it cannot be read."""
    if _is_capture(request.path):
        from .vitals_capture import check as check_capture  # noqa: PLC0415  # loads the capture kernel

        answers, gaps, examined = check_capture(request.path, request.progress)
        return _report(answers, gaps, (examined,), None)
    recording = open_recording(request.path)
    answer = examine(recording, request.progress)
    return _report([answer], (), answer.inputs, recording.start)


def _is_capture(path: Path) -> bool:
    from wardwatch.traffic.recognise import InputKind, recognise  # noqa: PLC0415  # recordings need nothing of it

    try:
        return path.suffix != ".hea" and path.is_file() and recognise(path) is InputKind.CAPTURE
    except InputError:
        return False


def _report(
    answers: list[Answer], gaps: tuple[Gap, ...], inputs: tuple[Examined, ...], start: datetime | None
) -> Report:  # fmt: skip
    found = [finding for answer in answers for finding in answer.findings]
    every = [*(gap for answer in answers for gap in answer.gaps), *gaps]
    end = max(answer.trace.end for answer in answers)
    return Report(
        judge(sorted(found, key=lambda one: (one.severity.rank, one.rule, one.subject, one.id)), every),
        inputs,
        tuple(answer.subject for answer in answers),
        first=start,
        last=start + timedelta(seconds=end) if start else None,
        curves=tuple(_curves(answer) for answer in answers),
    )


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
