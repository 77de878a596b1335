"""In: firmware images, programs, scripts, folders. Out: what they do; for two versions, whether the patch is real."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from wardwatch.errors import InputError, UsageError
from wardwatch.firmware.behaviours.measures import Measure, measures
from wardwatch.firmware.compare.changes import compare as compare_sides
from wardwatch.firmware.compare.side import Side
from wardwatch.firmware.examine import Answer, Question, examine_image
from wardwatch.firmware.inventory import sbom as bill_of_materials
from wardwatch.vocabulary import Asked, Report, Subject, SubjectKind, judge


@dataclass(frozen=True, slots=True)
class FirmwareRequest:
    """How to look. `mitigations` are names of measures; none stands for all of them."""

    mitigations: tuple[str, ...] = ()
    yara: Path | None = None
    documents: bool = False
    progress: Callable[[int], None] | None = None


def examine(path: Path, request: FirmwareRequest, *, alike: bool = False) -> Answer:
    """One image by itself. `alike`: another input has the same name, so that its path tells it apart."""
    answer = examine_image(path, _question(request))
    return _renamed(answer, str(path)) if alike else answer


def compare(old: Path, new: Path, request: FirmwareRequest) -> Report:
    """Whether `new` fixes what `old` does; InputError where one cannot be read at all."""
    for path in (old, new):
        _not_empty(path)
    before, after = (_renamed(examine_image(path, _question(request)), name)
                     for path, name in zip((old, new), _names(old, new), strict=True))  # fmt: skip
    compared = compare_sides(_side(before), _side(after), chosen(request.mitigations))
    judgement = judge(compared.findings, compared.gaps, Asked.PATCH)
    subject = Subject(after.subject.id, SubjectKind.IMAGE, after.subject.name, judgement)
    return Report(
        judgement, (before.examined, after.examined), (subject,),
        dissections=(before.dissection, after.dissection), comparison=compared.comparison,
    )  # fmt: skip


def sbom(image: Path) -> str:
    """The bill of materials, CycloneDX."""
    _not_empty(image)
    answer = examine_image(image, Question(show_code=False))
    return bill_of_materials(answer.dissection.components, image.name)


def chosen(names: Iterable[str]) -> tuple[Measure, ...]:
    """The measures of these names, all where none is named; UsageError with the names there are."""
    known = measures()
    for name in names:
        if name not in known:
            raise UsageError("there is no such measure", where=name, cure=f"There are: {', '.join(known)}.")
    return tuple(known[name] for name in names) or tuple(known.values())


def _not_empty(path: Path) -> None:
    """InputError where there is nothing to examine: two empty files are no patch."""
    if path.is_file() and not path.stat().st_size:
        raise InputError("the file is empty", where=str(path), cure="Fetch the image again.")


def _question(request: FirmwareRequest) -> Question:
    return Question(chosen(request.mitigations), request.yara, request.progress, request.documents)


def _names(old: Path, new: Path) -> tuple[str, str]:
    """What to call the two versions: their names, or, where these are alike, their paths."""
    return (old.name, new.name) if old.name != new.name else (str(old), str(new))


def _side(answer: Answer) -> Side:
    return Side(answer.subject.id, answer.scene, answer.findings, answer.gaps, answer.hashes, answer.content)


def _renamed(answer: Answer, name: str) -> Answer:
    """The answer under another name of its subject."""
    if answer.subject.id == name:
        return answer
    findings = tuple(replace(each, subject=name) for each in answer.findings)
    gaps = tuple(replace(each, subject=name) for each in answer.gaps)
    subject = Subject(name, answer.subject.kind, name, judge(findings, gaps))
    return replace(
        answer, subject=subject, findings=findings, gaps=gaps, dissection=replace(answer.dissection, subject=name),
        scene=replace(answer.scene, subject=name),
    )  # fmt: skip
