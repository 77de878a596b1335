"""In: a recording, or a capture. Out: one report: where what is displayed does not follow from the waves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from wardwatch.vitals.examine import examine
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
        first=start, last=start + timedelta(seconds=answer.trace.end) if start else None,
    )  # fmt: skip
