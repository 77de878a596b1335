"""In: the edges and roots of every script and program of an image. Out: the shortest way from outside to each function.

A node is a file and a function in it; '' is a script's top level or, of a program, its start. Ways that code proves are
preferred to possible ones, then short ones; nothing is called unreachable here (see `Route.open_ends`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Final, NamedTuple

from wardwatch.firmware.words import CodeFacts, Edge, Place, Root, Text, Trigger, Via

from .callers import handed_over
from .triggers import Set, labelled, of_edge, of_guards
from .words import Behaviour, Hop, Kind, Route

Node = tuple[str, str]
Resolve = Callable[[Text], tuple[str, ...]]
"""Files of the image that a command's name or path leads to."""

BOOT: Final = Place("", "boot")
SCRIPT: Final = ("shell", "lua", "python")
UNSURE: Final = 1_000
SOMEBODY: Final = 1_000_000
HANDLING: Final = frozenset({"signal", "sigaction", "sysv_signal", "bsd_signal"})
ALARMS: Final = frozenset({14, 26, 27})
"""SIGALRM, SIGVTALRM, SIGPROF as in signal(7)."""
ENTRIES: Final = ("main", "_start", "__libc_start_main", "start")


class _Way(NamedTuple):
    to: Node
    edge: Edge
    set_by: Set | None


class _Step(NamedTuple):
    cost: int
    back: Node | None
    way: _Way | None


@dataclass(frozen=True)
class Graph:
    """Everything that can follow on something else in an image. `alone`: a program given by itself."""

    facts: Mapping[str, CodeFacts]
    out: Mapping[Node, tuple[_Way, ...]]
    alone: bool = False
    _steps: dict[Node, _Step] = field(default_factory=dict)

    def route(self, behaviour: Behaviour) -> Route:
        """The shortest way to the function in which the behaviour happens."""
        return self._routed(behaviour, (behaviour.owner.file, behaviour.owner.function))

    def is_started(self, file: str) -> bool:
        """Whether the file runs by itself from the image's start-up on."""
        step = self._reached().get((file, ""))
        return step is not None and step.cost < SOMEBODY

    def is_reached(self, node: Node) -> bool:
        """Whether any way leads there, if only from the start of its own program."""
        return node in self._reached()

    def _routed(self, behaviour: Behaviour, node: Node) -> Route:
        open_ends = self._open_ends(behaviour.owner.file)
        if node not in self._reached():
            return Route(Trigger.NONE_FOUND, open_ends=open_ends)
        ways = self._ways(node)
        own = of_guards(behaviour.call.guards) if behaviour.call else None
        sets = [own, *(way.set_by for way in reversed(ways))]
        first = next((each for each in sets if each and each.trigger is not Trigger.START_UP), None)
        started = self._reached()[node].cost < SOMEBODY
        trigger = first.trigger if first else Trigger.START_UP if started else Trigger.NONE_FOUND
        hops = (*(_hop(way) for way in ways), *_last(behaviour, own))
        return Route(trigger, hops, first.label if first else "", () if started else open_ends)

    def _ways(self, node: Node) -> list[_Way]:
        found: list[_Way] = []
        step = self._reached()[node]
        while step.way is not None:
            found.append(step.way)
            if step.back is None:
                break
            step = self._reached()[step.back]
        return found[::-1]

    def _open_ends(self, file: str) -> tuple[str, ...]:
        unread = self.facts[file].unread if file in self.facts else ()
        return tuple(dict.fromkeys(f"{entry.what}: {entry.why}" for entry in unread))

    def _reached(self) -> Mapping[Node, _Step]:
        if not self._steps:
            self._steps.update(self._shortest())
        return self._steps

    def _shortest(self) -> dict[Node, _Step]:
        steps: dict[Node, _Step] = {}
        queue: list[tuple[int, Node, Node | None, int]] = [(0, (BOOT.file, BOOT.function), None, 0)]
        ways: list[_Way] = [_boot_way()]
        for file in sorted(self.facts):
            ways.append(_somebody(file, alone=self.alone))
            queue.append((0 if self.alone else SOMEBODY, (file, ""), None, len(ways) - 1))
        queue.sort()
        while queue:
            cost, node, back, number = heappop(queue)
            if node in steps:
                continue
            steps[node] = _Step(cost, back, ways[number] if number or node[0] else None)
            for way in self.out.get(node, ()):
                if way.to not in steps:
                    ways.append(way)
                    heappush(queue, (cost + (1 if way.edge.sure else UNSURE), way.to, node, len(ways) - 1))
        return steps


def build(  # noqa: PLR0913  # what an image's graph is made of
    facts: Mapping[str, CodeFacts],
    behaviours: Iterable[Behaviour],
    boot: Iterable[Edge],
    roots: Iterable[Root],
    resolve: Resolve,
    *,
    alone: bool = False,
) -> Graph:
    """The graph of an image: edges of its code, what its start-up runs, and what programs start by name."""
    edges = [*boot, *(edge for each in facts.values() for edge in each.edges)]
    edges += [edge for behaviour in behaviours for edge in _executions(behaviour, resolve)]
    named = {_key(root): root for each in facts.values() for root in each.roots if root.trigger in _BY_EDGE}
    led = [_Way((edge.callee.file, edge.callee.function), edge, _set_by(edge, named)) for edge in edges]
    shown = {_edge_key(edge) for edge in edges}
    led += [way for each in facts.values() for way in _entries(each, shown)]
    led += [_from_root(BOOT, root) for root in roots]
    out: dict[Node, dict[tuple[Node, Via, str], _Way]] = {}
    for way in led:
        edge = way.edge
        ways = out.setdefault((edge.caller.file, edge.caller.function), {})
        known = ways.get((way.to, edge.via, edge.label))
        if known is None or (edge.sure and not known.edge.sure):
            ways[way.to, edge.via, edge.label] = way
    return Graph(facts, {node: tuple(ways.values()) for node, ways in out.items()}, alone)


_BY_EDGE: Final = frozenset({Trigger.MENU, Trigger.KEY, Trigger.TIMER, Trigger.SIGNAL})
_Key = tuple[str, str, str]


def _key(root: Root) -> _Key:
    return (root.at.file, root.at.function, root.label or root.trigger.value)


def _edge_key(edge: Edge) -> _Key:
    return (edge.callee.file, edge.callee.function, edge.label or edge.via.value)


def _set_by(edge: Edge, named: Mapping[_Key, Root]) -> Set | None:
    """What sets the edge going; a root that says the same of its target knows whether it is a key or a menu."""
    root = named.get(_edge_key(edge))
    if root is not None and not edge.guards:
        return Set(root.trigger, labelled(root.trigger, root.label))
    return of_edge(edge)


def _entries(facts: CodeFacts, shown: Collection[_Key]) -> Iterable[_Way]:
    """From a program's start to the functions that something outside of its code sets going.

    Where an edge shows from which function that is, the edge is the better way.
    """
    start = Place(facts.file)
    by_alarm, is_handed = _by_alarm(facts), handed_over(facts)
    for given in facts.roots:
        alarmed = by_alarm and given.trigger is Trigger.SIGNAL
        root = replace(given, trigger=Trigger.TIMER) if alarmed else given
        if is_handed(root):
            yield _from_root(start, replace(root, trigger=Trigger.START_UP, sure=True))
        elif root.at.function and not (root.trigger in _BY_EDGE and _key(root) in shown):
            yield _from_root(start, root)
    if not any(root.trigger is Trigger.START_UP for root in facts.roots):
        for name in ENTRIES:
            if name in facts.functions:
                yield _Way((facts.file, name), Edge(start, Place(facts.file, name)), None)


_VIAS: Final = {Trigger.TIMER: Via.TIMER, Trigger.SIGNAL: Via.SIGNAL, Trigger.START_UP: Via.CALL}


def _by_alarm(facts: CodeFacts) -> bool:
    """Whether every signal that the program handles is one of its own timers (SIGALRM, SIGVTALRM, SIGPROF)."""
    numbers = [call.arguments[0] for call in facts.calls if call.name in HANDLING and call.arguments]
    return bool(numbers) and all(number in ALARMS for number in numbers)


def _from_root(start: Place, root: Root) -> _Way:
    label = labelled(root.trigger, root.label) or root.why
    offered = root.trigger is Trigger.NONE_FOUND and "offers it" in root.why  # whoever loads the library sets it going
    set_by = None if offered or root.trigger is Trigger.START_UP else Set(root.trigger, label)
    at = Place(root.at.file, root.at.function)
    via = _VIAS.get(root.trigger, Via.CALLBACK)
    sure = root.sure and root.trigger is not Trigger.NONE_FOUND
    if start == BOOT:
        via = Via.BOOT
    return _Way((at.file, at.function), Edge(start, at, via, sure, root.label or root.why, site=root.at), set_by)


def _executions(behaviour: Behaviour, resolve: Resolve) -> Iterable[Edge]:
    if behaviour.kind is not Kind.RUN or not behaviour.target.parts:
        return
    caller = Place(behaviour.owner.file, behaviour.owner.function)
    guards = behaviour.call.guards if behaviour.call else ()
    for file in resolve(behaviour.target):
        sure = behaviour.target.literal is not None
        yield Edge(caller, Place(file), Via.EXEC, sure, guards=guards, site=behaviour.place)


def _boot_way() -> _Way:
    return _Way((BOOT.file, BOOT.function), Edge(BOOT, BOOT, Via.BOOT), None)


def _somebody(file: str, *, alone: bool) -> _Way:
    label = "the program starts" if alone else "nothing was seen that starts it"
    return _Way((file, ""), Edge(BOOT, Place(file), Via.EXEC, alone, label), None)


def _hop(way: _Way) -> Hop:
    edge = way.edge
    at = Place(*way.to)
    if way.set_by and way.set_by.label:
        how = way.set_by.label
    elif edge.via is Via.BOOT:
        how = edge.label or "at start-up"
    else:
        how = edge.label if edge.label and edge.via is Via.EXEC else edge.via.value
    return Hop(at, how, edge.sure, edge.site)


def _last(behaviour: Behaviour, own: Set | None) -> tuple[Hop, ...]:
    """Where the behaviour's own call stands behind a key, that is one more hop."""
    return (Hop(behaviour.owner, own.label, sure=True, site=behaviour.place),) if own else ()
