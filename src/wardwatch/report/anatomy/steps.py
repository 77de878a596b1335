"""In: chains and comparisons of a report. Out: what to do now about a firmware, the one that protects a patient first.

The advice is that of CISA (ICSMA-25-030-01 Update A) and the FDA (safety communication of January 2025, updated July
2025), in our words; which measure helps follows from the chain itself.
"""

from collections.abc import Iterator
from typing import Final

from wardwatch.dissection import Mitigation
from wardwatch.report.context import Context
from wardwatch.report.facts import Facts
from wardwatch.report.units import clause, cut, listed, sentence
from wardwatch.vocabulary import Verdict

_NAME: Final = 60
_LONGEST: Final = 300
HOLDS: Final = "stops"
FAILS: Final = "does not stop"


def not_repaired(facts: Facts, _context: Context) -> Iterator[str]:
    """A version that repairs nothing must not calm anybody."""
    comparison = facts.report.comparison
    if comparison and any(change.verdict == "not-fixed" for change in comparison.changes):
        yield (
            f"Do not count {cut(comparison.new, _NAME)} as a repair: treat monitors that run it like those that run "
            f"{cut(comparison.old, _NAME)}."
        )


def repaired(facts: Facts, _context: Context) -> Iterator[str]:
    """A repair helps where it runs, and may take remote watching away: the vendor's of July 2025 does (FDA)."""
    comparison = facts.report.comparison
    if comparison and comparison.changes and facts.report.judgement.verdict is Verdict.FIXED:
        old, new = cut(comparison.old, _NAME), cut(comparison.new, _NAME)
        yield (
            f"Before {new} is installed, find out whether it still lets a monitor be watched from another room. Where "
            "it does not, first put somebody at the bedside."
        )
        yield (
            f"Install on every monitor that runs {old} only the file whose SHA-256 stands in this document. Until it "
            "runs there, that monitor does what it did."
        )


def disconnect(facts: Facts, _context: Context) -> Iterator[str]:
    """A chain that can complete needs a network: take it away, after somebody stands at the bedside."""
    if any(chain.completes is not False for _, chain in facts.chains):
        yield (
            "Find the monitors that run this firmware. Where they are watched from another room, first put somebody at "
            "the bedside; then unplug the network cable and switch wireless off."
        )


def useless(facts: Facts, _context: Context) -> Iterator[str]:
    """Measures that look like a repair and are none, with the step that undoes them."""
    for each in _measures(facts, FAILS):
        yield sentence(cut(f"Do not rely on '{each.title}': {clause(each.why)}", _LONGEST))
        return


def useful(facts: Facts, _context: Context) -> Iterator[str]:
    """Measures that stop the chain."""
    titles = list(dict.fromkeys(f"'{cut(each.title, _NAME)}'" for each in _measures(facts, HOLDS)))
    if titles:
        yield f"By the examined code these measures stop it: {listed(titles, most=4)}. Keep the proof that they hold."


def _measures(facts: Facts, holds: str) -> Iterator[Mitigation]:
    for _, chain in facts.chains:
        yield from (each for each in chain.mitigations if each.holds == holds)


def report_it(facts: Facts, _context: Context) -> Iterator[str]:
    """Whoever finds it should not be the only one to know."""
    if facts.chains:
        yield "Report the finding with this document to the manufacturer, to CISA and to the FDA (MedWatch)."


CHOICES: Final = (not_repaired, repaired, disconnect, useless, useful, report_it)
