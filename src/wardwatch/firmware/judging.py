"""In: the facts of every program and script of an image. Out: its scene, the findings of every rule, and its gaps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, cast

from wardwatch.knowledge.catalogue import indicators
from wardwatch.plugins import modules
from wardwatch.vocabulary import Finding

from .behaviours.arguments import Words, bound, starts_of, takes_arguments
from .behaviours.callers import mains_of, told_by_caller
from .behaviours.chains import chains_of
from .behaviours.graph import Resolve, build
from .behaviours.measures import Around
from .behaviours.order import runs_of
from .behaviours.peers import explained, is_routable
from .behaviours.places import Places
from .behaviours.recognise import Reader, behaviours_of
from .behaviours.words import Behaviour, Known
from .scene import Match, Scene
from .words import CodeFacts, Edge, Root

ROUNDS: Final = 3
"""Scripts that start scripts that start scripts are followed so far."""


class Detector(Protocol):
    """What a module in `rules/` offers."""

    RULE: str

    def detect(self, scene: Scene) -> Iterator[Finding]:
        """Every finding of the rule in the scene."""
        ...


@dataclass(frozen=True)
class Code:
    """All code of one image. `boot`: what its start-up runs; `roots`: what sets it going."""

    subject: str
    facts: Mapping[str, CodeFacts]
    boot: Sequence[Edge] = ()
    programs: frozenset[str] = frozenset()
    matches: tuple[Match, ...] = ()
    alone: bool = False
    roots: Sequence[Root] = ()


def scene_of(code: Code, commands_of: Reader, resolve: Resolve) -> Scene:
    """Everything that follows from the code alone."""
    behaviours = _behaviours(code, commands_of, resolve)
    graph = build(code.facts, behaviours, code.boot, code.roots, resolve, alone=code.alone)
    started = tuple(file for file in sorted(code.facts) if graph.is_started(file) and not code.alone)
    places = Places(code.programs, started)
    chains = chains_of(runs_of(graph, behaviours), graph, places)
    around = Around(behaviours, chains, peers_of(behaviours))
    return Scene(code.subject, code.facts, behaviours, graph, chains, places, around, code.matches, published())


def _behaviours(code: Code, commands_of: Reader, resolve: Resolve) -> tuple[Behaviour, ...]:
    """What all code does; scripts once more with the words that others start them with."""
    found = {file: behaviours_of(facts.calls, commands_of) for file, facts in sorted(code.facts.items())}
    done: Mapping[str, tuple[Words, ...]] = {}
    for _ in range(ROUNDS):
        starts = starts_of((each for several in found.values() for each in several), resolve)
        changed = [file for file, words in starts.items() if done.get(file) != words]
        done = starts
        for file in changed:
            facts = code.facts[file]
            if takes_arguments(facts):
                calls = (call for words in starts[file] for call in bound(facts.calls, words))
                found[file] = tuple(dict.fromkeys(behaviours_of(calls, commands_of)))
    every = dict.fromkeys(each for several in found.values() for each in several)
    return tuple(told_by_caller(every, {file: mains_of(facts) for file, facts in code.facts.items()}))


def peers_of(behaviours: Iterable[Behaviour]) -> tuple[str, ...]:
    """Every routable address in the code that reaches a network call and is not explained."""
    ends = [each.end for each in behaviours if each.end and each.end.known is Known.HARD_CODED]
    return tuple(sorted({end.host for end in ends if is_routable(end.host) and not explained(end)}))


def published() -> Mapping[str, str]:
    """What is published about addresses."""
    return {entry.value: entry.about for entry in indicators() if entry.kind == "address"}


def findings_of(scene: Scene) -> tuple[Finding, ...]:
    """What every rule finds, gravest first."""
    detectors = (cast("Detector", module) for module in modules("wardwatch.firmware.rules", "RULE"))
    found = [finding for detector in detectors for finding in detector.detect(scene)]
    return tuple(sorted(found, key=lambda each: (each.severity.rank, each.rule, each.summary, each.id)))
