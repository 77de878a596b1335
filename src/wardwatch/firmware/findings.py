"""In: what a rule saw in code. Out: a finding in the rule's words, with evidence that says where and by which path."""

import re
from collections.abc import Iterable
from typing import Final

from wardwatch.knowledge.catalogue import rules
from wardwatch.vocabulary import Evidence, EvidenceKind, Finding, Scalar, Severity

from .behaviours.words import Behaviour, Known, Route
from .scene import Scene
from .words import Trigger

EVIDENCE_KEPT: Final = 12
_RUN: Final = re.compile(r"(\\x[0-9a-f]{2}|[\x00-\x1f\x7f])\1{3,}")
SURE, POSSIBLE, UNREACHED = 0.97, 0.85, 0.6
"""Confidence where the way to the code is proven, only possible, or not found."""


def found(  # noqa: PLR0913, PLR0917  # these are a finding's own parts; `Finding` takes as many
    rule: str, subject: str, severity: Severity, confidence: float, summary: str, evidence: Iterable[Evidence]
) -> Finding:
    """A finding of `rule`; of its evidence the first pieces, one for each place before a second one for any."""
    text = rules()[rule]
    every = tuple(dict.fromkeys(_comparable(each) for each in evidence))
    first = {each.place: each for each in reversed(every)}
    kept = sorted(every, key=lambda each: first[each.place] is not each)[:EVIDENCE_KEPT]
    return Finding(
        rule, subject, text.title, severity, round(confidence, 3), brief(summary),
        tuple(each.evidence for each in kept), text.references, text.remedy,
    )  # fmt: skip


class _comparable:  # noqa: N801  # a helper that only makes evidence hashable by its place
    """Evidence that is the same where it says the same."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.place = tuple(evidence.where.get(part) for part in ("file", "name", "address", "line"))
        self._said = (evidence.kind, tuple(sorted(map(str, evidence.where.items()))), evidence.excerpt)

    def __hash__(self) -> int:
        return hash(self._said)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _comparable) and other._said == self._said


def evidence_of(scene: Scene, behaviour: Behaviour, route: Route | None = None) -> Evidence:
    """Where the behaviour is, what sets it going, by which path, and which peer it names."""
    way = route or scene.route(behaviour)
    place = behaviour.place
    where: dict[str, Scalar | tuple[str, ...]] = {"file": place.file}
    if place.address is not None:
        where |= {"address": f"0x{place.address:x}", "name": place.function or "?"}
    else:
        where |= {"line": place.line or 0, "name": place.function}
    where |= {"trigger": way.trigger.value, "call_path": call_path(way, behaviour)}
    if behaviour.end and behaviour.end.known is Known.HARD_CODED and behaviour.end.name:
        where["peer"] = behaviour.end.name
    kind = EvidenceKind.FUNCTION if place.address is not None else EvidenceKind.LINE
    return Evidence(kind, where, brief(behaviour.detail))


def call_path(route: Route, behaviour: Behaviour) -> tuple[str, ...]:
    """The scripts, programs and functions from the trigger to the call."""
    hops = [f"{hop.at.file}:{hop.at.function}" if hop.at.function else hop.at.file for hop in route.hops]
    place = behaviour.place
    own = f"{place.file}:{place.function}" if place.function else place.file
    return tuple(dict.fromkeys((*hops, own)))


def confidence_of(route: Route, *, sure: bool = True) -> float:
    """How sure a finding is, by the way to its code and by how much of its arguments was recovered."""
    by_way = SURE if route.sure else POSSIBLE if route.found else UNREACHED
    return by_way if sure else by_way * 0.8


def by_which_way(route: Route) -> str:
    """A sentence about what sets the code going."""
    certain = "" if route.sure else " (some steps of the way are only possible)"
    if not route.found:
        open_ends = f", but {len(route.open_ends)} open ends remain" if route.open_ends else ""
        return f"No way that leads there was found{open_ends}."
    label = f" ({route.label})" if route.label else ""
    if route.trigger is Trigger.NONE_FOUND:
        named = f"No trigger was found{label or ' (nothing was seen that starts its program)'}; it can be reached"
    else:
        named = f"Reached from {route.trigger.value}{label}"
    return f"{named}, by way of {_through(route)}{certain}."


def _through(route: Route) -> str:
    every = [hop.at.function or hop.at.file for hop in route.hops]
    stops = [stop for number, stop in enumerate(every) if not number or stop != every[number - 1]]
    shown = stops if len(stops) <= 6 else [*stops[:3], "…", *stops[-2:]]  # noqa: PLR2004  # a line's worth
    return " → ".join(shown)


def brief(text: str) -> str:
    """The text with each run of one unprintable byte said once: records of fixed width are mostly padding."""
    return _RUN.sub(lambda run: f"{run[1]} (×{len(run[0]) // len(run[1])}) ", text)


def listed(words: Iterable[str], most: int = 6) -> str:
    """`a, b and c`; beyond `most` words how many more there are."""
    every = list(words)
    shown = every[:most]
    if len(every) > most:
        return f"{', '.join(shown)} and {len(every) - most} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""
