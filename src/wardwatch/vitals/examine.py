"""In: an opened recording. Out: what was found in it, what could not be verified, and the curves that show it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import file_digest
from math import isfinite
from typing import Final

from wardwatch.errors import InputError
from wardwatch.vocabulary import Device, Examined, Finding, Gap, Subject, SubjectKind, Where, judge

from .bed import TOLD_FROM, Bed, Tally
from .check import State
from .findings import findings
from .readers.recording import Recording, Unread
from .trace import Trace
from .words import DERIVED, Quantity, Second

DISAGREES: Final = "vitals.display-disagrees"
_EVERY_RULE: Final = (
    DISAGREES, "vitals.frozen", "vitals.replayed", "vitals.decoupled", "vitals.alarm-limit-changed",
    "vitals.implausible",
)  # fmt: skip
_TELLS: Final = 0.1
"""Share of the displayed seconds that may stay unverified without leaving the question open."""
_DERIVABLE: Final = frozenset(DERIVED)


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything one recording says; `bed` is as it stands at its end."""

    subject: Subject
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    inputs: tuple[Examined, ...]
    trace: Trace
    bed: Bed


class Examination:
    """One monitor's seconds as they are read."""

    def __init__(self) -> None:
        self.bed, self.trace = Bed(), Trace()

    def add(self, second: Second) -> None:
        """One second more."""
        self.bed.feed(second)
        self.trace.add(second, self.bed)

    def answer(
        self, name: str, unread: Iterable[Unread], inputs: tuple[Examined, ...], device: Device | None = None
    ) -> Answer:
        """Everything that can be said of it, under this name."""
        self.trace.finish()
        found = findings(self.bed.episodes, name)
        gaps = (*_gaps(self.bed, name), *(_unread(each, name) for each in unread))
        kind = SubjectKind.DEVICE if device else SubjectKind.RECORDING
        subject = Subject(name, kind, name, judge(found, gaps), device)
        return Answer(subject, found, gaps, inputs, self.trace, self.bed)


def examine(recording: Recording, progress: Callable[[int], None] | None = None) -> Answer:
    """The whole recording, second by second; InputError where there is not one second in it."""
    examination = Examination()
    for second in recording.seconds():
        examination.add(second)
        if progress is not None:
            progress(1)
    if not examination.bed.seconds:
        raise InputError("not one whole second of a recording", where=str(recording.files[0]))
    inputs = tuple(_inputs(recording, examination.bed))
    return examination.answer(recording.name, recording.unread, inputs)


def _inputs(recording: Recording, bed: Bed) -> Iterator[Examined]:
    for place, path in enumerate(recording.files):
        size = path.stat().st_size
        with path.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
        if place == 0:
            total = bed.seconds + sum(end - start for start, end in bed.missing)
            yield Examined(str(path), recording.kind, size, bed.seconds, total, "seconds", digest)
        else:
            yield Examined(str(path), "part of the recording", size, size, size, "bytes", digest)


def _gaps(bed: Bed, subject: str) -> Iterator[Gap]:
    for start, end in bed.missing:
        where: Where = {"signal": "all", "start_s": float(start), "end_s": float(end)}
        missing = end - start
        bears = _EVERY_RULE if missing > _TELLS * (bed.seconds + missing) else ()
        yield Gap(subject, f"{missing} s of the recording", "they were not recorded", bears, where)
    for quantity, tally in bed.tallies.items():
        yield from _unverified(quantity, tally, subject)
    if bed.left_out:
        what = f"{bed.left_out} more things that did not fit"
        yield Gap(subject, what, "no more than a bounded number is kept", ())
    others = sorted(quantity for quantity in bed.standings if quantity not in _DERIVABLE)
    if others:
        why = "the monitor sends nothing they could be derived from; looked at for plausibility only"
        yield Gap(subject, f"the displayed {', '.join(others)}", why)


def _unverified(quantity: Quantity, tally: Tally, subject: str) -> Iterator[Gap]:
    bears = (DISAGREES,) if tally.unverified > max(TOLD_FROM, _TELLS * tally.shown) else ()
    for stretch in tally.stretches:
        if stretch.end - stretch.start >= TOLD_FROM:
            where: Where = {"signal": str(quantity), "start_s": float(stretch.start), "end_s": float(stretch.end)}
            yield Gap(subject, f"the displayed {quantity}", f"{State.UNKNOWN}: {stretch.why}", bears, where)


def _unread(unread: Unread, subject: str) -> Gap:
    where: Where = {}
    if unread.start is not None and unread.end is not None and isfinite(unread.end):
        where = {"signal": unread.signal or "all", "start_s": unread.start, "end_s": unread.end}
    return Gap(subject, unread.what, unread.why, () if unread.remark else (DISAGREES,), where)
