"""In: paths of captures and flow logs. Out: one report: which devices phone home, and what they have exposed."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wardwatch.errors import InputError
from wardwatch.secrecy import Veil
from wardwatch.traffic.examine import Answer, Question, examine_captures, examine_logs
from wardwatch.traffic.networks import site
from wardwatch.traffic.scene import time_of
from wardwatch.vocabulary import EVERYTHING, Gap, Report, Subject, judge

from .inputs import Image, sort_out

if TYPE_CHECKING:
    from wardwatch.firmware.examine import Answer as FirmwareAnswer


@dataclass(frozen=True, slots=True)
class Request:
    """What to scan and how. `documents`: whether a document will be written, which needs hashes of the inputs."""

    paths: tuple[str, ...]
    veil: Veil
    local: tuple[str, ...] = ()
    mapping: Path | None = None
    documents: bool = False
    progress: Callable[[int], None] | None = None
    mitigations: tuple[str, ...] = ()
    yara: Path | None = None


def scan(request: Request) -> Report:
    """The report; InputError or UsageError where nothing can be answered."""
    question = Question(site(request.local), request.veil, request.documents, request.mapping, request.progress)
    inputs = sort_out(request.paths, is_log=request.mapping is not None)
    answers = []
    if inputs.captures:
        answers.append(examine_captures(inputs.captures, question))
    if inputs.logs:
        answers.append(examine_logs(inputs.logs, question))
    images, broken = _images(inputs.images, request)
    return _report(answers, images, (*inputs.passed_over, *broken))


def _images(images: Sequence[Image], request: Request) -> "tuple[list[FirmwareAnswer], list[Gap]]":
    """What each image holds; one that was found in a folder and cannot be read is a gap."""
    answers: list[FirmwareAnswer] = []
    broken: list[Gap] = []
    if not images:
        return answers, broken
    from .firmware import FirmwareRequest, examine  # noqa: PLC0415  # captures do not pay for it

    asked = FirmwareRequest(request.mitigations, request.yara, request.documents, request.progress)
    names = Counter(image.path.name for image in images)
    for image in images:
        try:
            answers.append(examine(image.path, asked, alike=names[image.path.name] > 1))
        except InputError as error:
            if image.named:
                raise
            broken.append(Gap(str(image.path), "the file", error.what, (EVERYTHING,)))
    return answers, broken


def _report(
    answers: Sequence[Answer], images: "Sequence[FirmwareAnswer]", passed_over: tuple[Gap, ...]
) -> Report:  # fmt: skip
    findings = [finding for answer in answers for finding in answer.findings]
    findings += [finding for image in images for finding in image.findings]
    gaps = [gap for answer in answers for gap in answer.gaps]
    gaps += [*(gap for image in images for gap in image.gaps), *passed_over]
    times = [time for answer in answers if answer.times for time in answer.times]
    return Report(
        judge(sorted(findings, key=lambda f: (f.severity.rank, f.rule, f.subject, f.id)), gaps),
        (*(examined for answer in answers for examined in answer.inputs), *(image.examined for image in images)),
        (
            *_merged([subject for answer in answers for subject in answer.subjects]),
            *(image.subject for image in images),
        ),
        tuple(exposure for answer in answers for exposure in answer.exposures),
        tuple(row for answer in answers for row in answer.timeline),
        time_of(min(times)) if times else None,
        time_of(max(times)) if times else None,
        dissections=tuple(image.dissection for image in images),
    )


def _merged(subjects: Sequence[Subject]) -> tuple[Subject, ...]:
    """One subject an id, judged on what every answer says of it."""
    groups: dict[str, list[Subject]] = {}
    for subject in subjects:
        groups.setdefault(subject.id, []).append(subject)
    return tuple(_one(group) for group in groups.values())


def _one(group: Sequence[Subject]) -> Subject:
    if len(group) == 1:
        return group[0]
    best = max(group, key=lambda subject: subject.device.confidence if subject.device else 0.0)
    return Subject(
        best.id, best.kind, best.name,
        judge(
            (finding for subject in group for finding in subject.judgement.findings),
            (gap for subject in group for gap in subject.judgement.gaps),
        ),
        best.device,
    )  # fmt: skip
