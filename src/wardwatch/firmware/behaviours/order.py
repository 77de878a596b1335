"""In: behaviours and the graph. Out: runs: the behaviours of one start of a program, in the order they happen.

Within a function the sequence of its calls holds, across functions the place of the call between them. Both sides of
a condition follow on one another; a function is entered a few times at most, so that loops end.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from .graph import BOOT, Graph, Node
from .words import Behaviour

EVENTS_AT_MOST: Final = 5_000
DEPTH_AT_MOST: Final = 60
VISITS_AT_MOST: Final = 3
END: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Run:
    """What happens from `start` on, in order. `whole` is False where the bound of events was reached."""

    start: Node
    behaviours: tuple[Behaviour, ...]
    whole: bool = True


@dataclass
class _Walk:
    """One run as it is written down."""

    own: Mapping[Node, list[Behaviour]]
    out: Mapping[Node, list[tuple[int, Node]]]
    events: list[Behaviour] = field(default_factory=list)
    visits: dict[Node, int] = field(default_factory=lambda: defaultdict(int))
    on_stack: set[Node] = field(default_factory=set)

    def enter(self, node: Node, depth: int = 0) -> None:
        if node in self.on_stack or depth > DEPTH_AT_MOST or self.visits[node] >= VISITS_AT_MOST:
            return
        self.visits[node] += 1
        self.on_stack.add(node)
        for step in _merged(self.own.get(node, []), self.out.get(node, [])):
            if len(self.events) >= EVENTS_AT_MOST:
                break
            if isinstance(step, Behaviour):
                self.events.append(step)
            else:
                self.enter(step, depth + 1)
        self.on_stack.discard(node)


def runs_of(graph: Graph, behaviours: Iterable[Behaviour]) -> tuple[Run, ...]:
    """One run for each file's start, one for the boot, and one for each function that nothing was seen to call."""
    own: dict[Node, list[Behaviour]] = defaultdict(list)
    for behaviour in behaviours:
        own[behaviour.owner.file, behaviour.owner.function].append(behaviour)
    leads = _leading(graph, own)
    out = {node: [(at, to) for at, to in ways if to in leads] for node, ways in _sites(graph).items() if node in leads}
    starts = sorted({node for node in leads if not node[1]} | _uncalled(own, out))
    runs = [_run(start, own, out) for start in starts]
    return (*runs, _run((BOOT.file, BOOT.function), own, out))


def _run(start: Node, own: Mapping[Node, list[Behaviour]], out: Mapping[Node, list[tuple[int, Node]]]) -> Run:
    walk = _Walk(own, out)
    walk.enter(start)
    return Run(start, tuple(walk.events), len(walk.events) < EVENTS_AT_MOST)


def _sites(graph: Graph) -> Mapping[Node, list[tuple[int, Node]]]:
    sites: dict[Node, list[tuple[int, Node]]] = {}
    for node, ways in graph.out.items():
        entries: list[tuple[int, Node]] = []
        for number, way in enumerate(ways):
            site = way.edge.site
            at = (site.address if site.address is not None else site.line) if site else None
            insort(entries, (number if at is None and not node[0] else END if at is None else at, way.to))
        sites[node] = entries
    return sites


def _leading(graph: Graph, own: Mapping[Node, list[Behaviour]]) -> set[Node]:
    """Nodes from which a behaviour can be reached: no other is worth entering."""
    back: dict[Node, list[Node]] = defaultdict(list)
    for node, ways in graph.out.items():
        for way in ways:
            back[way.to].append(node)
    leads, waiting = set(own), list(own)
    while waiting:
        for node in back.get(waiting.pop(), ()):
            if node not in leads:
                leads.add(node)
                waiting.append(node)
    return leads


def _uncalled(own: Mapping[Node, list[Behaviour]], out: Mapping[Node, list[tuple[int, Node]]]) -> set[Node]:
    called = {to for ways in out.values() for _, to in ways}
    return {node for node in (*own, *out) if node not in called and node[1] and node != (BOOT.file, BOOT.function)}


def _merged(own: list[Behaviour], out: list[tuple[int, Node]]) -> Iterator[Behaviour | Node]:
    """The function's own behaviours in their order, calls to others before the first behaviour behind their site."""
    waiting = list(out)
    for behaviour in own:
        at = _position(behaviour)
        while waiting and at is not None and waiting[0][0] < at:
            yield waiting.pop(0)[1]
        yield behaviour
    yield from (to for _, to in waiting)


def _position(behaviour: Behaviour) -> int | None:
    """Address or line of the behaviour in the function it belongs to; None where that is another's."""
    for place in (behaviour.owner, behaviour.place):
        if place.function == behaviour.owner.function and place.file == behaviour.owner.file:
            at = place.address if place.address is not None else place.line
            if at is not None:
                return at
    return None
