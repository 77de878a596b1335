"""In: the facts of a report. Out: its tables as plain values, every text printable and cut, what is left out told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from wardwatch.report import timeline
from wardwatch.report.context import Context
from wardwatch.report.facts import Facts, destinations, noun, patients
from wardwatch.report.units import (
    STATES,
    clean,
    confidence,
    cut,
    duration,
    listed,
    many,
    number,
    sentence,
    size,
    span,
    stamp,
)
from wardwatch.vocabulary import EVERYTHING, Gap, Subject, TimelineRow, Verdict

ROWS: Final = 300
_SHORT: Final = 120
_LONG: Final = 400
_PEOPLE: Final = 40

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, `kind` ('', 'number', 'time', 'code'), the verdict it shows, a remark in small type below."""

    text: str
    kind: str = ""
    state: Verdict | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Make every text printable."""
        object.__setattr__(self, "text", clean(self.text))
        object.__setattr__(self, "note", clean(self.note))

    @property
    def mark(self) -> str:
        """The shape that stands for its verdict."""
        return STATES[self.state][0] if self.state else ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption; the first cell of each row names it. `left_out` says what is not shown here."""

    caption: str
    titles: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...] = field(repr=False)
    left_out: str = ""


def bounded(entries: Sequence[Entry], context: Context, what: str) -> tuple[Sequence[Entry], str]:
    """The entries that fit, and a sentence on the others."""
    most = context.rows or ROWS
    rest = len(entries) - most
    if rest <= 0:
        return entries, ""
    return entries[:most], f"{many(rest, f'more {what}')} not shown here; the JSON document holds them all."


def table(caption: str, titles: Sequence[str], rows: Iterable[Sequence[Cell]], left_out: str = "") -> Table:
    """Make a table; a column in which nothing stands is left out."""
    cells = [tuple(row) for row in rows]
    used = [at for at in range(len(titles)) if any(row[at].text or row[at].note for row in cells)]
    kept = tuple(tuple(row[at] for at in used) for row in cells)
    return Table(caption, tuple(titles[at] for at in used), kept, left_out)


def code(text: str, note: str = "") -> Cell:
    """An address, a hash, a file: set in a monospaced face."""
    return Cell(cut(text, _SHORT), "code", note=note)


def words(text: str, note: str = "") -> Cell:
    """Text as it is read."""
    return Cell(cut(text, _LONG), note=cut(note, _LONG))


def count(value: int) -> Cell:
    """A number, in tabular figures."""
    return Cell(number(value), "number")


def devices(facts: Facts, context: Context, chosen: Sequence[Subject], caption: str) -> Table | None:
    """Name, state, what it is thought to be, to whom, how much, of whom; None where there is nobody to show."""
    if not chosen:
        return None
    shown, left_out = bounded(chosen, context, noun(chosen))
    titles = (facts.noun.capitalize(), "State", "Thought to be", "Sent to", "Sessions", "Sent", "Patients")
    return table(caption, titles, (_device(facts, context, subject) for subject in shown), left_out)


def _device(facts: Facts, context: Context, subject: Subject) -> Sequence[Cell]:
    sent = facts.sent_by(subject.id)
    verdict = subject.judgement.verdict
    low, high = patients(sent)
    return (
        _name(subject),
        Cell(STATES[verdict][1], state=verdict),
        _profile(subject, context),
        _peers(destinations(sent), facts.called_by(subject.id)),
        count(sum(each.sessions for each in sent)) if sent else Cell("", "number"),
        Cell(size(sum(each.bytes for each in sent)) if sent else "", "number"),
        Cell(span(low, high) if sent else "", "number"),
    )


def _name(subject: Subject) -> Cell:
    others = [cut(address, _SHORT) for address in (subject.device.addresses if subject.device else ())]
    also = [address for address in others if address != subject.name]
    return code(subject.name or subject.id, listed(also))


def _profile(subject: Subject, context: Context) -> Cell:
    device = subject.device
    if not device or not device.profile:
        return Cell("not recognised" if device else "")
    title = context.profiles.get(device.profile, device.profile)
    return words(f"{cut(title, _SHORT)}, {confidence(device.confidence)}")


def _peers(sent_to: Sequence[str], called: Sequence[str]) -> Cell:
    """Whom it sent to; of whom it only called, that it called."""
    only = [cut(peer, _SHORT) for peer in dict.fromkeys(called) if peer not in sent_to]
    tried = f"called {listed(only)}" if only else ""
    return code(listed([cut(peer, _SHORT) for peer in sent_to]), tried) if sent_to else words(tried)


def reasons(facts: Facts, context: Context) -> Table | None:
    """Why devices are thought to be what they are, those with the same reasons together; None where none is."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for subject in facts.monitors:
        if subject.device:
            key = (_profile(subject, context).text, subject.device.reasons)
            alike.setdefault(key, []).append(cut(subject.name or subject.id, _SHORT))
    if not alike:
        return None
    shown, left_out = bounded(list(alike.items()), context, "row")
    rows = (
        (words(profile), words(sentence("; ".join(why[:8]))), Cell(listed(who, most=_PEOPLE), "code"))
        for (profile, why), who in shown
    )
    return table("Those with the same reasons together", ("Thought to be", "Because", "Which"), rows, left_out)


def owners(facts: Facts, context: Context) -> list[tuple[str, str]]:
    """To whom the addresses belong that were sent to or called, as far as that is known."""
    peers = dict.fromkeys([*destinations(facts.exposures), *(row.to for row in facts.calls)])
    return [(cut(peer, _SHORT), cut(context.peers[peer], _LONG)) for peer in peers if peer in context.peers]


def calls(rows: Sequence[TimelineRow], facts: Facts, context: Context) -> Table | None:
    """The timeline for those who read rather than look; None where it is empty."""
    if not rows:
        return None
    shown, left_out = bounded(rows, context, "row")
    names = facts.names
    titles = ("From", "To", "Attempts without answer", "Sessions", "Sent", "First to last", "Span")
    cells = (_call(row, names.get(row.subject, row.subject), context) for row in shown)
    return table("The same in numbers", titles, cells, left_out)


def _call(row: TimelineRow, name: str, context: Context) -> Sequence[Cell]:
    tally = timeline.tally(row)
    return (
        code(name),
        code(row.to),
        count(tally.attempts),
        count(tally.sessions),
        Cell(size(tally.bytes), "number"),
        Cell(stamp(tally.first, context.zone), "time", note=f"to {stamp(tally.last, context.zone)}"),
        Cell(duration((tally.last - tally.first).total_seconds()), "number"),
    )


def gaps(facts: Facts, context: Context) -> Table | None:
    """What could not be seen; None where everything was."""
    every = facts.gaps
    if not every:
        return None
    shown, left_out = bounded(every, context, "gap")
    titles = ("Where", "What", "Why", "Leaves open")
    names = facts.names
    rows = (
        (
            code(names.get(gap.subject, gap.subject)),
            words(sentence(gap.what)),
            words(sentence(gap.why)),
            _open(gap, context),
        )
        for gap in shown
    )
    return table("What leaves most open comes first", titles, rows, left_out)


def _open(gap: Gap, context: Context) -> Cell:
    if EVERYTHING in gap.bears_on:
        return words("every question")
    titles = [context.rules[name].title if name in context.rules else name for name in gap.bears_on]
    return words(listed([cut(title, _SHORT) for title in titles], most=8) or "nothing: a remark")


def inputs(facts: Facts, context: Context) -> Table:
    """What was examined, how much of it, and its hash."""
    shown, left_out = bounded(facts.report.inputs, context, "input")
    rows = (
        (
            code(each.path),
            words(each.kind),
            Cell(size(each.bytes), "number", note=f"{number(each.bytes)} B"),
            Cell(f"{number(each.examined)} of {number(each.total)} {cut(each.unit, 40)}", "number"),
            Cell(each.sha256 or "not taken", "code"),
        )
        for each in shown
    )
    return table("What was examined", ("Input", "Kind", "Size", "Examined", "SHA-256"), rows, left_out)
