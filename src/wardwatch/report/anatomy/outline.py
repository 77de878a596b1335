"""In: the facts of a report. Out: the gravest chain, or what became of each finding, as headed lines for a terminal."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from wardwatch.dissection import Chain, Comparison
from wardwatch.report.anatomy.sentences import gravest_first
from wardwatch.report.facts import Facts
from wardwatch.report.units import cut, many, sentence
from wardwatch.vocabulary import Verdict

_STEPS: Final = 7
_MEASURES: Final = 4
_CHANGES: Final = 7
_STOPS: Final = 8
_WORDS: Final = 200
_NAME: Final = 48
_TITLE: Final = 110
_SPOKEN: Final = {"not-fixed": "not fixed", "unknown": "cannot tell"}
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
        yield Line(" → ".join(_way(chain)), quiet=" → …" * (len(chain.path) > _STOPS))
    for place, step in enumerate(chain.steps[:_STEPS], 1):
        at = f" {step.address:#x}" if step.address is not None else f" line {step.line}" if step.line else ""
        yield Line(cut(step.title, _WORDS), str(place), quiet=f"  {_short(step.file, step.function)}{at}")
    rest = len(chain.steps) - _STEPS
    if rest > 0:
        yield Line(f"{many(rest, 'more step')} in the documents.")


def _way(chain: Chain) -> Iterator[str]:
    """'inittab → rcS → monitor → menu → do_update': a function of the file before by its name alone."""
    before = ""
    for stop in chain.path[:_STOPS]:
        yield cut(stop.function, _NAME) if stop.function and stop.file == before else _short(stop.file, stop.function)
        before = stop.file


def _short(file: str, function: str) -> str:
    """'monitor:do_update': short, because the documents have it whole."""
    name = cut(PurePosixPath(file).name or file, _NAME)
    return f"{name}:{cut(function, _NAME)}" if function else name


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
    """A line for findings of one title, the unrepaired first, of those the whole chain before its parts."""
    alike = Counter((each.verdict, each.title) for each in gravest_first(comparison.changes))
    lines = [_outcome(*which, count) for which, count in list(alike.items())[:_CHANGES]]
    rest = alike.total() - sum(list(alike.values())[:_CHANGES])
    also = (Line(f"{many(rest, 'more finding')} in the documents."),) if rest > 0 else ()
    return Block("What became of each finding", (*lines, *also))


def _outcome(verdict: str, title: str, count: int) -> Line:
    """'not fixed  Fixed peer in the code (192.0.2.1), at 2 places'."""
    places = f", at {count} places" if count > 1 else ""
    return Line(f"{_SPOKEN.get(verdict, verdict)}  {cut(title, _TITLE)}{places}", state=_STATE[verdict])
