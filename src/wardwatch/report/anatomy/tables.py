"""In: dissections and a comparison. Out: their tables: start-up, measures, update path, parts, changes."""

from collections.abc import Sequence
from typing import Final

from wardwatch.dissection import Chain, Change, Comparison, Dissection, Mitigation
from wardwatch.report.anatomy import coverage
from wardwatch.report.anatomy.sentences import gravest_first
from wardwatch.report.context import Context
from wardwatch.report.tables import Cell, Table, bounded, code, table, words
from wardwatch.report.units import cut, listed, number, sentence, size
from wardwatch.vocabulary import Verdict

_INDENT: Final = "\u2003\u2003"
_DEEPEST: Final = 8
_CHECKED: Final = 12
_LONG: Final = 300
_STATES: Final = {
    "fixed": Verdict.FIXED,
    "not-fixed": Verdict.NOT_FIXED,
    "unknown": Verdict.UNKNOWN,
    "stops": Verdict.PROVEN,
    "does not stop": Verdict.NOT_PROVEN,
    "cannot tell": Verdict.UNKNOWN,
    "present": Verdict.CLEAR,
    "absent": Verdict.FOUND,
}
_SPOKEN: Final = {"not-fixed": "not fixed", "unknown": "cannot tell"}


def state(word: str) -> Cell:
    """A state as its word beside its shape."""
    return Cell(_SPOKEN.get(word, word), state=_STATES.get(word))


def start_up(dissection: Dissection, context: Context) -> Table | None:
    """What runs by itself, in order, deeper where something was started by the line above."""
    if not dissection.start_up:
        return None
    shown, left_out = bounded(dissection.start_up, context, "line")
    rows = (
        (
            Cell(f"{_INDENT * min(each.depth, _DEEPEST)}{cut(each.runs, _LONG)}", "code"),
            words(each.when),
            code(f"{each.source}, line {number(each.line)}" if each.line else each.source),
        )
        for each in shown
    )
    return table("What runs by itself, in this order", ("Runs", "When", "Because of"), rows, left_out)


def measures(chain: Chain) -> Table | None:
    """Whether each measure stops this chain, and by which step."""
    if not chain.mitigations:
        return None
    ordered = sorted(chain.mitigations, key=lambda each: ("does not stop", "cannot tell", "stops").index(each.holds))
    rows = (_measure(each) for each in ordered)
    return table("Whether a measure stops it", ("Measure", "", "By which step", "Why"), rows)


def _measure(each: Mitigation) -> Sequence[Cell]:
    return words(each.title), state(each.holds), words(each.step), words(sentence(each.why))


def audit(dissection: Dissection) -> Table | None:
    """What the update path checks and records."""
    if not dissection.audit:
        return None
    rows = (
        (words(each.name), state(each.state), words(sentence(each.seen)), code(each.path)) for each in dissection.audit
    )
    return table("What the update path checks and records", ("Property", "", "Seen", "Where"), rows)


def components(dissection: Dissection, context: Context) -> Table | None:
    """Programs, libraries and the kernel, with versions and hashes."""
    if not dissection.components:
        return None
    shown, left_out = bounded(dissection.components, context, "part")
    rows = (
        (
            code(each.path or each.name, each.name if each.path and not each.path.endswith(each.name) else ""),
            words(each.kind),
            words(each.version),
            Cell(size(each.size) if each.size else "", "number"),
            words(listed([cut(text, 80) for text in each.properties], most=8)),
            Cell(each.sha256, "code"),
        )
        for each in shown
    )
    return table(
        "What the image is made of", ("Part", "Kind", "Version", "Size", "Properties", "SHA-256"), rows, left_out
    )


def stretches(dissection: Dissection, context: Context) -> Table | None:
    """The coverage bar for those who read rather than look; what was not understood comes first."""
    if not dissection.coverage:
        return None
    order = {name: place for place, name in enumerate(("not understood", "examined", "padding"))}
    chosen = sorted(dissection.coverage, key=lambda each: (order.get(each.state, 0), each.offset))
    shown, left_out = bounded(chosen, context, "stretch")
    rows = (
        (
            Cell(coverage.place(each), "code"),
            words(f"{coverage.MARKS.get(each.state, '')} {each.state}"),
            words(coverage.told(each)),
            Cell(size(each.size), "number", note=f"{number(each.size)} B"),
        )
        for each in shown
    )
    return table("Every byte of the image", ("Offset", "State", "As", "Size"), rows, left_out)


def changes(comparison: Comparison, context: Context) -> Table | None:
    """What became of each finding of the old version, the unrepaired first."""
    if not comparison.changes:
        return None
    shown, left_out = bounded(gravest_first(comparison.changes), context, "finding")
    rows = ((words(each.title), state(each.verdict), words(sentence(each.why), _checked(each))) for each in shown)
    return table(
        "What became of each finding of the old version", ("Finding in the old version", "", "Why"), rows, left_out
    )


def _checked(change: Change) -> str:
    return f"Checked: {listed([cut(text, 160) for text in change.checked], most=_CHECKED)}." if change.checked else ""


def moved(comparison: Comparison, context: Context) -> Table | None:
    """Files and functions that appeared, vanished or changed."""
    if not comparison.moved:
        return None
    shown, left_out = bounded(comparison.moved, context, "difference")
    rows = (
        (
            words(each.state),
            words(each.kind),
            code(each.old),
            code(each.new if each.new != each.old else ""),
            words(each.detail),
        )
        for each in shown
    )
    return table("What else differs", ("", "Kind", "In the old version", "In the new version", "How"), rows, left_out)


def unchanged(comparison: Comparison) -> str:
    """How much stayed the same, as a sentence."""
    return (
        f"{number(comparison.unchanged_files)} files and {number(comparison.unchanged_functions)} functions are the "
        "same in both versions, also where their addresses moved."
    )
