"""In: a `Report`. Out: one screen for the terminal: the verdict, a line a device, what to do, what could not be seen.

Never more than forty lines of text as wide as the context says. The words are the same with and without colour.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Final, Literal

from wardwatch.report import sentences
from wardwatch.report.anatomy import outline
from wardwatch.report.context import Context
from wardwatch.report.facts import Facts, destinations, noun, patients
from wardwatch.report.steps import steps
from wardwatch.report.units import STATES, clean, cut, many, number, offsets, size, span
from wardwatch.vocabulary import Gap, Report, Severity, Subject, SubjectKind, Verdict

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_ROWS: Final = 10
_VERDICT_LINES: Final = 5
_STEP_LINES: Final = 3
_GAP_LINES: Final = 3
_INSIDE_LINES: Final = 2
_SCREEN: Final = 40
_FEWEST: Final = 4
_FILE: Final = 44
_ADDRESS: Final = 22
_NAME: Final = 30
_NARROWEST: Final = 7
_TITLES: Final = ("", "", "", "to", "sessions", "sent", "patients")
_PROFILE: Final = 2
_CONFIRMED: Final = 0.95
# Okabe and Ito, Color Universal Design, 2008: vermilion, orange, bluish green, sky blue.
_COLOURS: Final = {"▲": "#d55e00", "◆": "#e69f00", "●": "#009e73", "○": "#56b4e9"}
_BOLD: Final = "bold"
_QUIET: Final = "dim"


Say = Callable[["Console", Facts, Context], None]


@dataclass(frozen=True, slots=True)
class Terminal:
    """The document people see first."""

    name: str = "terminal"
    suffix: str = ".txt"
    about: str = "for the terminal: the verdict and what to do now, on one screen"

    def render(self, report: Report, context: Context) -> str:
        """Return at most forty lines."""
        facts = Facts(report)
        head = _lines(facts, context, (_say_verdict, _say_devices))
        tail = _lines(facts, context, (_say_steps, _say_gaps, _say_remarks))
        inside = _inside(facts, context, _SCREEN - len(head) - len(tail))
        return "\n".join((*head, *inside, *tail)) + "\n"


def _lines(facts: Facts, context: Context, says: Sequence[Say]) -> list[str]:
    """What these print, line by line."""
    console = _console(context)
    for say in says:
        say(console, facts, context)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]  # it is the StringIO made below


def _console(context: Context) -> "Console":
    """Make a console that draws into memory and obeys nothing but the context."""
    from rich.console import Console  # noqa: PLC0415  # start-up: only who draws pays for it

    return Console(
        file=StringIO(),
        width=context.width,
        force_terminal=context.colour,
        color_system="truecolor" if context.colour else None,
        no_color=not context.colour,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
        _environ={},
    )


def _text(words: str, style: str = "") -> "Text":
    from rich.text import Text  # noqa: PLC0415  # start-up: only who draws pays for it

    return Text(clean(words), style=style)


def _paragraph(console: "Console", head: str, body: "Text", lines: int, style: str = "") -> None:
    """`head`, and beside it `body` in at most so many lines, the last one marked where more was to come."""
    from rich.table import Table  # noqa: PLC0415  # start-up: only who draws pays for it
    from rich.text import Text  # noqa: PLC0415  # as above

    width = console.width - len(head)
    wrapped = body.wrap(console, width)
    if len(wrapped) > lines:
        last = wrapped[lines - 1]
        last.truncate(width - 1)
        last.append("…")
    if not head:  # a column of no width would take one all the same
        console.print(Text("\n").join(wrapped[:lines]))
        return
    grid = Table.grid()
    grid.add_column(width=len(head), no_wrap=True)
    grid.add_column(width=width)
    grid.add_row(Text(head, style=style), Text("\n").join(wrapped[:lines]))
    console.print(grid)


def _heading(console: "Console", words: str) -> None:
    console.print()
    console.print(_text(words, _BOLD))


def _say_verdict(console: "Console", facts: Facts, context: Context) -> None:
    shape, _ = STATES[facts.report.judgement.verdict]
    said = _text(sentences.verdict(facts, context.zone), _BOLD)
    _paragraph(console, f"{shape} ", said, _VERDICT_LINES, _COLOURS[shape])


def _say_devices(console: "Console", facts: Facts, context: Context) -> None:
    if not facts.subjects:
        return
    shown = _shown(facts, context.rows or _ROWS)
    _heading(console, f"{facts.noun.capitalize()}s")
    if shown:
        console.print(_devices(facts, context, shown))
    if left := _left(facts.subjects[len(shown) :], "more " if shown else ""):
        console.print(_text(left, _QUIET))


def _shown(facts: Facts, most: int) -> Sequence[Subject]:
    """Every subject where they fit; else those that are not clear, as far as they fit, or some where all are clear."""
    if len(facts.subjects) <= most:
        return facts.subjects
    notable = [subject for subject in facts.subjects if subject.judgement.verdict is not Verdict.CLEAR]
    return notable[:most]


def _left(rest: Sequence[Subject], more: str) -> str:
    """'31 more monitors: 2 found, 29 clear': nobody disappears."""
    counts = [(sum(each.judgement.verdict is verdict for each in rest), STATES[verdict]) for verdict in Verdict]
    told = ", ".join(f"{shape} {number(count)} {word}" for count, (shape, word) in counts if count)
    return f"{many(len(rest), more + noun(rest))}: {told}" if rest else ""


def _devices(facts: Facts, context: Context, shown: Sequence[Subject]) -> "Table":
    """One line a device; a column that would be empty is left out, and what a device is thought to be is cut to fit."""
    from rich.table import Table  # noqa: PLC0415  # start-up: only who draws pays for it

    lines = [_device(facts, context, subject) for subject in shown]
    wide = [max(len(title), *(line[at].cell_len for line in lines)) for at, title in enumerate(_TITLES)]
    used = [at for at in range(len(_TITLES)) if any(line[at].plain for line in lines)]
    spare = context.width - sum(wide[at] + 1 for at in used if at != _PROFILE)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style=_QUIET)
    for at in used:
        most = max(_NARROWEST, spare) if at == _PROFILE else None
        side: Literal["left", "right"] = "right" if at > _TITLES.index("to") else "left"
        table.add_column(_TITLES[at], justify=side, no_wrap=True, overflow="ellipsis", max_width=most)
    for line in lines:
        table.add_row(*(line[at] for at in used))
    return table


def _device(facts: Facts, context: Context, subject: Subject) -> list["Text"]:
    state = _state(subject.judgement.verdict)
    sent = facts.sent_by(subject.id)
    low, high = patients(sent)
    return [
        state,
        _text(_address(subject)),
        _text(_profile(subject, context)),
        _text(_to(facts, subject)),
        _text(number(sum(each.sessions for each in sent)) if sent else ""),
        _text(size(sum(each.bytes for each in sent)) if sent else ""),
        _text(span(low, high) if sent else ""),
    ]


def _inside(facts: Facts, context: Context, most: int) -> list[str]:
    """What the code does step by step, or what became of each finding, in at most so many lines."""
    told: list[str] = []
    for block in outline.blocks(facts):
        lines = _block(block, context)
        room = most - len(told)
        if len(lines) > room:
            lines = [*lines[: room - 1], "… the rest stands in the documents."] if room > _FEWEST else []
        told += lines
    return told


def _block(block: outline.Block, context: Context) -> list[str]:
    console = _console(context)
    _heading(console, block.heading)
    for line in block.lines:
        shape = STATES[line.state][0] if line.state else line.head
        words = _text(line.words)
        words.append_text(_text(line.quiet, _QUIET))
        _paragraph(console, f"{shape}  " if shape else "", words, _INSIDE_LINES, _COLOURS.get(shape, ""))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]  # it is the StringIO made below


def _state(verdict: Verdict) -> "Text":
    shape, word = STATES[verdict]
    text = _text(shape, _COLOURS[shape])
    text.append(f" {word}", style="")
    return text


def _address(subject: Subject) -> str:
    addresses = subject.device.addresses if subject.device else ()
    if addresses:
        return cut(addresses[0], _ADDRESS)
    return cut(subject.name or subject.id, _ADDRESS if subject.kind is SubjectKind.DEVICE else _FILE)


def _profile(subject: Subject, context: Context) -> str:
    device = subject.device
    if not device or not device.profile:
        return ""
    sure = "" if device.confidence >= _CONFIRMED else f" ({device.confidence:.2f})"
    return cut(context.profiles.get(device.profile, device.profile), _NAME) + sure


def _to(facts: Facts, subject: Subject) -> str:
    peers = destinations(facts.sent_by(subject.id)) or facts.called_by(subject.id)
    if not peers:
        return ""
    more = f" +{len(peers) - 1}" if len(peers) > 1 else ""
    return cut(peers[0], _ADDRESS) + more


def _say_steps(console: "Console", facts: Facts, context: Context) -> None:
    chosen = steps(facts, context)
    if chosen:
        _heading(console, "What to do now")
    for place, step in enumerate(chosen, 1):
        _paragraph(console, f"{place}  ", _text(step), _STEP_LINES)


def _say_gaps(console: "Console", facts: Facts, _context: Context) -> None:
    missing = facts.gaps
    if not missing or (facts.report.judgement.verdict is Verdict.UNKNOWN and _is_said(missing)):
        return
    head = "What could not be seen" + (f" (the gravest of {number(len(missing))})" if len(missing) > 1 else "")
    words = _text(head, _BOLD)
    words.append(f"  {sentences.gap(missing[0])}", style="not bold")
    console.print()
    _paragraph(console, "", words, _GAP_LINES)


def _is_said(missing: Sequence[Gap]) -> bool:
    """Whether the verdict has already named all there is to name."""
    return len(missing) == 1 and max(len(missing[0].what), len(missing[0].why)) <= sentences.BRIEF


def _say_remarks(console: "Console", facts: Facts, context: Context) -> None:
    for remark in _remarks(facts, context):
        console.print()
        _paragraph(console, "", _text(remark, _QUIET), 2)


def _remarks(facts: Facts, context: Context) -> Iterator[str]:
    notes = sum(each.severity is Severity.INFO for each in facts.findings)
    said = [f"{many(notes, 'note')}, not counted in the verdict."] if notes else []
    if context.revealed:
        said.append("This document may name patients.")
    if facts.times:
        said.append(f"Times in {offsets(facts.times, context.zone)}.")
    if said:
        yield " ".join(said)


FORMAT: Final = Terminal()
