"""In: an image's runs. Out: chains: from the interface that is brought up to the program that was replaced or run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .graph import BOOT, Graph
from .order import Run
from .places import Places
from .taint import CHECKS, NETWORK, Use, uses_of
from .words import Behaviour, Kind, Route

_BEFORE: Final = frozenset({*NETWORK, Kind.REMOUNT_WRITABLE})


@dataclass(frozen=True, slots=True)
class ChainSeen:
    """Steps that follow on one another in one run, around one source.

    `later` are files that the start-up runs and that a step replaces. `checks` are verifications and records between
    the source and the last step, or right behind it. `linked`: one program's own run holds all steps; else several
    programs do, and only their paths connect them.
    """

    source: Behaviour
    steps: tuple[Behaviour, ...]
    overwrites: tuple[Behaviour, ...]
    runs: tuple[Behaviour, ...]
    later: tuple[str, ...]
    checks: tuple[Behaviour, ...]
    route: Route
    linked: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether what came from another machine is kept over programs, or run."""
        return bool(self.overwrites or self.runs)

    def has(self, kind: Kind) -> bool:
        """Whether a check of this kind lies on the chain."""
        return any(check.kind is kind for check in self.checks)


def chains_of(runs: Iterable[Run], graph: Graph, places: Places) -> tuple[ChainSeen, ...]:
    """One chain for each place where something comes from another machine, told by the run that shows most of it."""
    best: dict[tuple[object, str], ChainSeen] = {}
    for run in runs:
        for use in uses_of(run, places):
            chain = _chain(run, use, graph, places)
            key = (chain.source.place, chain.source.detail)
            known = best.get(key)
            if known is None or _worth(chain) > _worth(known):
                best[key] = chain
    return tuple(best[key] for key in sorted(best, key=str))


def _worth(chain: ChainSeen) -> tuple[bool, bool, int, int, int]:
    """A whole chain first, that of one program's own run, then what has more consequences and fewer steps beside."""
    consequences = len(set(chain.overwrites)) + len(set(chain.runs))
    return chain.is_whole, chain.linked, consequences, _network(chain), -len(chain.steps)


def _network(chain: ChainSeen) -> int:
    return sum(step.kind is Kind.INTERFACE_UP for step in chain.steps)


def _chain(run: Run, use: Use, graph: Graph, places: Places) -> ChainSeen:
    said = run.behaviours
    source = said[use.source]
    last = max((*use.overwrites, *use.runs, use.source))
    numbers = sorted(
        {*_before(said, use.source), *use.brought, *use.overwrites, *use.runs, *use.ends, *_made_ready(said, use)}
    )
    steps = _distinct(said[number] for number in numbers)
    overwrites = _distinct(said[number] for number in use.overwrites)
    later = tuple(dict.fromkeys(path for step in overwrites for path in places.started_in(step.target)))
    return ChainSeen(
        source, steps, overwrites, _distinct(said[number] for number in use.runs), later,
        _checks(said, use.source, last), graph.route(source),
        run.start != (BOOT.file, BOOT.function) and len({step.owner.file for step in steps}) <= 1,
    )  # fmt: skip


def _before(said: Sequence[Behaviour], source: int) -> Iterable[int]:
    """What makes the network ready: the nearest of the same file before the source, for each kind and interface."""
    wanted: dict[tuple[Kind, str], int] = {}
    for number in range(source - 1, -1, -1):
        behaviour = said[number]
        if behaviour.kind is Kind.INTERFACE_DOWN and behaviour.owner.file == said[source].owner.file:
            wanted.setdefault((Kind.INTERFACE_UP, behaviour.subject), -1)
        if behaviour.kind in _BEFORE and behaviour.owner.file == said[source].owner.file and behaviour.subject != "lo":
            wanted.setdefault((behaviour.kind, behaviour.subject), number)
    return [number for number in wanted.values() if number >= 0]


def _made_ready(said: Sequence[Behaviour], use: Use) -> Iterable[int]:
    """Remounts between the source and the first overwriting."""
    until = min((*use.overwrites, len(said)))
    return [n for n in range(use.source, until) if said[n].kind is Kind.REMOUNT_WRITABLE and use.overwrites]


def _checks(said: Sequence[Behaviour], source: int, last: int) -> tuple[Behaviour, ...]:
    """Checks from the source on: verifications up to the last step, records also behind it, in the same function."""
    until = last
    files = {said[number].owner.file for number in (source, last)}
    functions = {(said[number].owner.file, said[number].owner.function) for number in (source, last)}
    found = []
    for number in range(len(said)):
        behaviour = said[number]
        inside = source <= number <= until
        nearby = (behaviour.owner.file, behaviour.owner.function) in functions
        recorded = behaviour.kind in {Kind.WRITE_LOG, Kind.WRITE_VERSION, Kind.COMPARE_VERSION} and nearby
        if behaviour.kind in CHECKS and behaviour.owner.file in files and (inside or recorded):
            found.append(behaviour)
    return _distinct(found)


def _distinct(behaviours: Iterable[Behaviour]) -> tuple[Behaviour, ...]:
    return tuple(dict.fromkeys(behaviours))
