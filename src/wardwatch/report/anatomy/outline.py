"""In: the facts of a report. Out: the gravest chain, or what became of each finding, as headed lines for a terminal."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from wardwatch.dissection import Chain, Comparison, Stop
from wardwatch.report.facts import Facts
from wardwatch.report.units import cut, many, sentence
from wardwatch.vocabulary import Verdict

_STEPS: Final = 7
_MEASURES: Final = 4
_CHANGES: Final = 12
_STOPS: Final = 8
_WORDS: Final = 200
_NAME: Final = 48
_STATE: Final = {
    "stops": Verdict.PROVEN,
    "does not stop": Verdict.NOT_PROVEN,
    "cannot tell": Verdict.UNKNOWN,
    "fixed": Verdict.FIXED,
    "not-fixed": Verdict.NOT_FIXED,
    "unknown": Verdict.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Line:
    """`head` stands before the words: a number, or empty. `state` brings its shape. `quiet` words follow in grey."""

    words: str
    head: str = ""
    state: Verdict | None = None
    quiet: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under one heading."""

    heading: str
    lines: tuple[Line, ...]


def blocks(facts: Facts) -> Iterator[Block]:
    """At most three blocks: the steps of a chain, which measure stops it; or a comparison."""
    if facts.report.comparison:
        yield _comparison(facts.report.comparison)
        return
    ordered = sorted(facts.chains, key=lambda each: (each[1].completes is not True, -len(each[1].steps)))
    for _, chain in ordered[:1]:
        yield Block(sentence(cut(chain.title, _WORDS)).rstrip("."), tuple(_steps(chain)))
        if chain.mitigations:
            yield Block("What stops it", tuple(_measures(chain)))


def _steps(chain: Chain) -> Iterator[Line]:
    if chain.path:
        yield Line(" → ".join(_stop(stop) for stop in chain.path[:_STOPS]), quiet=" → …" * (len(chain.path) > _STOPS))
    for place, step in enumerate(chain.steps[:_STEPS], 1):
        where = _stop(Stop(step.file, step.function, "", step.address, step.line))
        yield Line(cut(step.title, _WORDS), str(place), quiet=f"  {where}")
    rest = len(chain.steps) - _STEPS
    if rest > 0:
        yield Line(f"{many(rest, 'more step')} in the documents.")


def _stop(stop: Stop) -> str:
    """'rcS line 4', 'monitor: do_update 0x8f20': short, because the documents have it whole."""
    file = cut(PurePosixPath(stop.file).name or stop.file, _NAME)
    function = f":{cut(stop.function, _NAME)}" if stop.function else ""
    at = f" {stop.address:#x}" if stop.address is not None else f" line {stop.line}" if stop.line else ""
    return f"{file}{function}{at}"


def _measures(chain: Chain) -> Iterator[Line]:
    ordered = sorted(chain.mitigations, key=lambda each: ("does not stop", "cannot tell", "stops").index(each.holds))
    for each in ordered[:_MEASURES]:
        yield Line(
            f"{cut(each.title, _NAME)}: {each.holds}.", state=_STATE[each.holds], quiet=f" {cut(each.why, _WORDS)}"
        )
    rest = len(ordered) - _MEASURES
    if rest > 0:
        yield Line(f"{many(rest, 'more measure')} in the documents.")


def _comparison(comparison: Comparison) -> Block:
    order = ("not-fixed", "unknown", "fixed")
    ordered = sorted(comparison.changes, key=lambda each: order.index(each.verdict))
    lines = [
        Line(
            f"{each.verdict.replace('-', ' ').replace('unknown', 'cannot tell')}  {cut(each.title, _NAME)}.",
            state=_STATE[each.verdict],
            quiet=f" {sentence(cut(each.why, _WORDS))}",
        )
        for each in ordered[:_CHANGES]
    ]
    rest = len(ordered) - _CHANGES
    also = (Line(f"{many(rest, 'more finding')} in the documents."),) if rest > 0 else ()
    return Block("What became of each finding", (*lines, *also))
