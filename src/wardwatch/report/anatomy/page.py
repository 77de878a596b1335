"""In: the facts of a report. Out: what the page shows of images, programs and versions, as plain values by name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wardwatch.dissection import Chain, Comparison, Dissection, Instruction, Recovered, Step, Stop
from wardwatch.report.anatomy import coverage, sentences, tables
from wardwatch.report.context import Context
from wardwatch.report.facts import Facts
from wardwatch.report.tables import Table
from wardwatch.report.units import cut, many, number, sentence, size

_CHAINS: Final = 12
_STEPS: Final = 24
_STOPS: Final = 24
_LINES: Final = 60
_SHORT: Final = 120
_LONG: Final = 400


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step of a chain as it is drawn."""

    title: str
    place: str
    detail: str
    needs: str
    changes: str
    sure: bool
    recovered: tuple[Recovered, ...]
    lines: tuple[Instruction, ...]
    left_out: str


@dataclass(frozen=True, slots=True)
class ShownStop:
    """One place on the path, one deeper than the last; `how` control came there."""

    place: str
    how: str
    sure: bool


@dataclass(frozen=True, slots=True)
class ShownChain:
    """One chain: what sets it going, the path from there, its steps, and which measure stops it."""

    title: str
    subject: str
    said: str
    why: str
    path: tuple[ShownStop, ...]
    steps: tuple[ShownStep, ...]
    measures: Table | None


@dataclass(frozen=True, slots=True)
class ShownImage:
    """One image or program: its chains, its coverage, what runs by itself, what it is made of."""

    name: str
    examined: str
    chains: tuple[ShownChain, ...]
    chains_left: str
    bar: coverage.Bar | None
    layers: str
    tables: tuple[Table, ...] = ()
    folded: tuple[tuple[str, Table], ...] = field(default=())


def values(facts: Facts, context: Context) -> dict[str, Any]:
    """Everything the templates ask for, by name; empty where the report speaks of no image."""
    names = facts.names
    comparison = facts.report.comparison
    return {
        "images": [_image(each, names.get(each.subject, each.subject), context) for each in facts.report.dissections],
        "compared": tables.changes(comparison, context) if comparison else None,
        "sides": list(_sides(comparison)) if comparison else [],
        "versions": (cut(comparison.old, _SHORT), cut(comparison.new, _SHORT)) if comparison else ("", ""),
        "differences": tables.moved(comparison, context) if comparison else None,
        "unchanged": tables.unchanged(comparison) if comparison else "",
        "bar_width": coverage.WIDTH,
        "bar_height": coverage.HEIGHT,
    }


def _image(dissection: Dissection, name: str, context: Context) -> ShownImage:
    rest = len(dissection.chains) - _CHAINS
    plain = (tables.audit(dissection), tables.start_up(dissection, context))
    folded = (
        ("Every byte of the image", tables.stretches(dissection, context)),
        ("What the image is made of", tables.components(dissection, context)),
    )
    return ShownImage(
        cut(name, _SHORT),
        _examined(dissection),
        tuple(chain(each, name) for each in dissection.chains[:_CHAINS]),
        f"{many(rest, 'more chain')} in the JSON document." if rest > 0 else "",
        coverage.bar(dissection.coverage),
        ", then ".join(cut(layer, _SHORT) for layer in dissection.layers[:8]),
        tuple(each for each in plain if each),
        tuple((title, each) for title, each in folded if each),
    )


def _examined(dissection: Dissection) -> str:
    if not dissection.functions:
        return ""
    return f"{size(dissection.code_bytes)} of code in {many(dissection.functions, 'function')} were examined."


def _sides(comparison: Comparison) -> Iterator[tuple[list[str], ShownChain | None, ShownChain | None]]:
    """Each chain on both sides once, and the titles of the findings that stand on it, the gravest first."""
    pairs: dict[tuple[Chain | None, Chain | None], list[str]] = {}
    for each in sentences.gravest_first(comparison.changes):
        if each.before or each.after:
            pairs.setdefault((each.before, each.after), []).append(cut(each.title, _SHORT))
    for (old, new), titles in pairs.items():
        before = chain(old, comparison.old) if old else None
        yield list(dict.fromkeys(titles)), before, chain(new, comparison.new) if new else None


def chain(shown: Chain, subject: str) -> ShownChain:
    """One chain with its texts cut and its lists bounded."""
    return ShownChain(
        cut(shown.title, _SHORT),
        cut(subject, _SHORT),
        sentences.set_going(shown),
        sentence(cut(shown.why, _LONG)),
        tuple(_stop(each) for each in shown.path[:_STOPS]),
        tuple(_step(each) for each in shown.steps[:_STEPS]),
        tables.measures(shown),
    )


def _stop(shown: Stop) -> ShownStop:
    return ShownStop(sentences.place(shown.file, shown.function), sentences.how(shown), shown.sure)


def _step(shown: Step) -> ShownStep:
    rest = len(shown.disassembly) - _LINES
    return ShownStep(
        sentence(cut(shown.title, _SHORT)).rstrip("."),
        sentences.place(shown.file, shown.function, shown.address, shown.line),
        cut(shown.detail, _LONG),
        _joined(shown.needs),
        _joined(shown.changes),
        shown.sure,
        tuple(Recovered(cut(each.name, _SHORT), cut(each.value, _LONG)) for each in shown.recovered[:16]),
        tuple(replace(each, text=cut(each.text, _SHORT)) for each in shown.disassembly[:_LINES]),
        f"{number(rest)} more lines." if rest > 0 else "",
    )


def _joined(texts: Sequence[str]) -> str:
    return sentence("; ".join(cut(text, _SHORT) for text in texts[:8])) if texts else ""
