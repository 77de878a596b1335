"""In: a plan and two paths. Out: the capture and its truth on disk. The only place of the ward that touches files."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from wardwatch.errors import UsageError

from .capture import CapturePoint, output, records
from .chance import chance
from .events import MICROSECOND, Event
from .plan import Plan
from .truth import Truth, clock, line
from .ward import Ward

_TOLD_EVERY = 512  # frames between two calls of the progress bar


@dataclass(frozen=True, slots=True)
class Impairments:
    """Shares of packets, 0 to 1, that the capture point loses, swaps or records twice."""

    loss: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0


@dataclass(frozen=True, slots=True)
class Written:
    """What lies on disk now."""

    packets: int
    bytes: int


def write(
    plan: Plan,
    paths: tuple[Path, Path | None],
    impairments: Impairments,
    *,
    resolution: int = MICROSECOND,
    progress: Callable[[float], None] = lambda _: None,
) -> Written:
    """Write the capture, and the truth if there is a path for it. `progress` is told the share done, 0 to 1."""
    ward = Ward(plan)
    truth = ward.truth(resolution)
    point = CapturePoint(
        impairments.loss, impairments.reorder, impairments.duplicate, chance(plan.seed, "capture point")
    )
    try:
        with ExitStack() as stack:
            capture = stack.enter_context(output(paths[0]))
            account = stack.enter_context(_text(stack, paths[1])) if paths[1] else None
            if account:
                account.write(line("ward", ward.described() | _asked(impairments)))
            seen = point.see(_noted(ward.events(), truth, account, _Teller(plan, progress)))
            written: Counter[str] = Counter()
            for piece in records(seen, resolution):
                capture.write(piece)
                written["packets"] += 1
                written["bytes"] += len(piece)
            done = Written(written["packets"] - 1, written["bytes"])
            if account:
                account.writelines(truth.summaries())
                account.write(line("capture", _measured(done, point, ward)))
    except OSError as error:
        cure = "Choose a folder that exists and that you may write to"
        raise UsageError(f"cannot be written: {error.strerror}", where=str(error.filename), cure=cure) from error
    return done


def _text(stack: ExitStack, path: Path) -> TextIOWrapper:
    """`path` for writing text, closed before the file gets its name."""
    return TextIOWrapper(stack.enter_context(output(path)), encoding="utf-8", newline="\n")


class _Teller:
    """Tells how far the capture has come, not at every frame."""

    def __init__(self, plan: Plan, progress: Callable[[float], None]) -> None:
        self._plan, self._progress = plan, progress
        self._frames = 0

    def see(self, event: Event) -> None:
        self._frames += 1
        if self._frames % _TOLD_EVERY == 0:
            self._progress((event.time - self._plan.start) / (self._plan.end - self._plan.start))


def _noted(events: Iterator[Event], truth: Truth, account: TextIO | None, teller: _Teller) -> Iterator[Event]:
    """The same events; what they carry is put down on the way, before the capture point can miss them."""
    for event in events:
        teller.see(event)
        if event.sent and account:
            account.writelines(truth.note(event))
        yield event


def _asked(impairments: Impairments) -> dict[str, object]:
    return {"loss": impairments.loss, "reorder": impairments.reorder, "duplicate": impairments.duplicate}


def _measured(written: Written, point: CapturePoint, ward: Ward) -> dict[str, object]:
    lost = {monitor.name: count for monitor in ward.monitors if (count := point.lost_by_actor[monitor.number])}
    return {
        "packets": written.packets,
        "bytes": written.bytes,
        "lost": point.counts["lost"],
        "reordered": point.counts["reordered"],
        "duplicated": point.counts["duplicated"],
        "lost_of_monitors": lost,
        "end": clock(ward.plan.end),
    }
