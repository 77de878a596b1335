"""In: the facts of a containment's trial. Out: its verdict in sentences, its steps, its tables, its two small maps."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from wardwatch.report.context import Context
from wardwatch.report.facts import Facts
from wardwatch.report.tables import Cell, Table, bounded, code, table, words
from wardwatch.report.units import cut, many, number
from wardwatch.tried import BEFORE, RULED, Crossing, PathsTried
from wardwatch.vocabulary import Verdict

_PARTIES: Final = 10
_NAME: Final = 26
_SHORT: Final = 60
_ROW: Final = 44
_TOP: Final = 30
_HUB: Final = 118
_LINE_END: Final = 196
WIDTH: Final = 420
_SAID: Final = {Verdict.PROVEN: "Proven", Verdict.NOT_PROVEN: "Not proven"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a map: to whom, whether kept, how many worked, its state and the path it is drawn by."""

    party: str
    said: str
    state: str
    mark: str
    line: str
    cross: str
    y: int


@dataclass(frozen=True, slots=True)
class Map:
    """The network in one phase: devices, gateway, parties."""

    title: str
    label: str
    devices: str
    lines: tuple[Line, ...]
    height: int
    middle: int
    left_out: str


def verdict(facts: Facts, tried: PathsTried) -> Iterator[str]:
    """What the trial shows, with its numbers: forbidden paths, kept paths, the way back."""
    stop = [each for each in tried.crossings if not each.kept]
    keep = [each for each in tried.crossings if each.kept]
    later = range(RULED, len(tried.phases) - 1)
    said = _SAID.get(facts.report.judgement.verdict, "Cannot tell")
    leaks, most = _worst(stop, later, best=False), sum(each.of[BEFORE] for each in stop)
    yield f"{said}: with the rules {_none(leaks)} of {many(most, 'forbidden path')} {_was(leaks)} open"
    if keep:
        lost, kept = _worst(keep, later, best=True), sum(each.of[BEFORE] for each in keep)
        yield f", and {_none(lost)} of {many(kept, 'kept path')} {_was(lost)} cut"
    yield f". Before the rules {number(_open(stop, BEFORE))} of the forbidden paths were open"
    back = len(tried.phases) - 1
    shut = sum(each.of[back] - each.open[back] for each in tried.crossings)
    yield f"; after the rollback {'all' if not shut else f'all but {number(shut)}'} worked."
    if facts.open_gaps and said == "Cannot tell":
        yield f" {cut(facts.open_gaps[0].what, _SHORT)}: {cut(facts.open_gaps[0].why, _SHORT)}."


def steps(facts: Facts, context: Context) -> Iterator[str]:
    """What follows from a proof that holds; one that does not brings the remedies of its findings."""
    del context
    if facts.report.tried and facts.report.judgement.verdict is Verdict.PROVEN:
        yield (
            "Install these rules as the plan's sheet says, one gateway at a time, with its rollback at hand; check "
            "there that the stations still see their monitors."
        )
        yield (
            "Keep this proof with its key beside the rules, and prove again whenever the rules, the gateway or the "
            "devices change."
        )


def values(facts: Facts, context: Context) -> dict[str, Any]:
    """Everything the templates ask for, by name; empty where nothing was tried."""
    tried = facts.report.tried
    return {
        "tried": _crossings(tried, context) if tried else None,
        "waits": _latencies(tried, context) if tried and tried.latencies else None,
        "maps": [_map(tried, phase) for phase in (BEFORE, RULED)] if tried else [],
        "map_width": WIDTH,
        "map_hub": _HUB,
    }


def _crossings(tried: PathsTried, context: Context) -> Table:
    ordered = sorted(
        tried.crossings, key=lambda each: (not _wrong(each), not each.kept, each.device, each.inward, each.end)
    )
    shown, left_out = bounded(ordered, context, "path")
    titles = ("Path", "Must be", *(phase.capitalize() for phase in tried.phases))
    caption = (
        "How many attempts came through, of how many, at each time. A forbidden one counts as soon as one packet of it "
        "arrives."
    )
    return table(caption, titles, (_row(each) for each in shown), left_out)


def _row(each: Crossing) -> Sequence[Cell]:
    ends = (each.device, each.end)
    first, last = reversed(ends) if each.inward else ends
    name = code(f"{first} to {last}", note=cut(each.party, _NAME * 2))
    cells = (_cell(each, phase) for phase in range(len(each.of)))
    return (name, words("open" if each.kept else "shut"), *cells)


def _cell(each: Crossing, phase: int) -> Cell:
    some, every = each.open[phase], each.of[phase]
    if not every:
        return Cell("")
    wanted = every if each.kept or phase in {BEFORE, len(each.of) - 1} else 0
    return Cell(f"{number(some)} of {number(every)}", state=Verdict.CLEAR if some == wanted else Verdict.FOUND)


def _wrong(each: Crossing) -> bool:
    return any(_cell(each, phase).state is Verdict.FOUND for phase in range(len(each.of)))


def _latencies(tried: PathsTried, context: Context) -> Table:
    shown, left_out = bounded(tried.latencies, context, "path")
    rows = (
        (code(each.path), Cell(f"{each.before:.1f} ms", "number"), Cell(f"{each.ruled:.1f} ms", "number"))
        for each in shown
    )
    return table(
        "What the rules cost the kept paths: the slowest answer", ("Path", "Before", "With the rules"), rows, left_out
    )


def _map(tried: PathsTried, phase: int) -> Map:
    groups = list(_groups(tried.crossings))
    rows = max(1, len(groups[:_PARTIES]))
    height, middle = _TOP + rows * _ROW, (_TOP + rows * _ROW) // 2
    lines = tuple(
        _line(party, kept, group, phase, (_TOP + place * _ROW, middle))
        for place, (party, kept, group) in enumerate(groups[:_PARTIES])
    )
    devices = list(dict.fromkeys(each.device for each in tried.crossings))
    name = cut(devices[0], 14) if len(devices) == 1 else many(len(devices), "device")
    rest = len(groups) - _PARTIES
    label = "; ".join(f"{line.party}: {line.said}" for line in lines)
    left = f"{many(rest, 'more party', 'more parties')} not drawn; the table has all." if rest > 0 else ""
    return Map(tried.phases[phase].capitalize(), label, name, lines, height, middle, left)


def _groups(crossings: Iterable[Crossing]) -> Iterator[tuple[str, bool, list[Crossing]]]:
    """Kept parties first, then each party that is to be cut off; both directions together."""
    ordered = sorted(crossings, key=lambda each: (not each.kept, each.party))
    for (away, party), group in groupby(ordered, key=lambda each: (not each.kept, each.party)):
        yield party, not away, list(group)


def _line(party: str, kept: bool, group: Sequence[Crossing], phase: int, at: tuple[int, int]) -> Line:  # noqa: FBT001  # which of the two it is
    y, middle = at
    some, every = _open(group, phase), sum(each.of[phase] for each in group)
    said = f"{number(some)} of {number(every)} {'answered' if kept else 'came through'}"
    wanted = every if kept else 0
    state = "clear" if some == wanted else "found"
    line = f"M{_HUB + 40} {middle}C{_HUB + 60} {middle} {_LINE_END - 40} {y} {_LINE_END} {y}"
    shut = some == 0
    cross = f"M{_LINE_END - 16} {y - 6}l12 12m0 -12l-12 12" if shut else ""
    return Line(
        cut(party, _NAME), said, f"{state}{' shut' if shut else ''}", "●" if state == "clear" else "▲", line, cross, y
    )


def _open(group: Iterable[Crossing], phase: int) -> int:
    return sum(each.open[phase] for each in group)


def _worst(group: Sequence[Crossing], phases: Iterable[int], *, best: bool) -> int:
    """The most attempts that went wrong in one of the phases with rules."""
    return max(
        (sum((each.of[at] - each.open[at]) if best else each.open[at] for each in group) for at in phases), default=0
    )


def _none(count: int) -> str:
    return number(count) if count else "none"


def _was(count: int) -> str:
    return "was" if count <= 1 else "were"
