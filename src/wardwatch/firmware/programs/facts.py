"""In: a program's bytes and the engine's calls. Out: `CodeFacts`: what calls what, what sets it going, what is open."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from wardwatch.errors import InputError
from wardwatch.firmware.words import Call, CodeFacts, Edge, Place, Root, Trigger, Unread, Via

from .binary import Binary
from .callbacks import Handed, callbacks
from .load import load
from .packing import packer
from .shapes import shapes
from .starting import entry_of, started
from .tables import Entry, entries

LANGUAGE: Final = "machine code"
_DIRECT: Final = frozenset({Via.CALL, Via.TAIL_CALL})


class Recovered(NamedTuple):
    """What the engine found out: calls with arguments, edges (guards, resolved pointers), and what it could not read.

    `resolved` are the addresses of indirect calls whose targets it knows for certain.
    """

    calls: tuple[Call, ...] = ()
    edges: tuple[Edge, ...] = ()
    unread: tuple[Unread, ...] = ()
    resolved: frozenset[int] = frozenset()


Recover = Callable[[str, Binary], Recovered]
"""The engine as it is called: the program's path in the image, and the program."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A program's edges, roots and open ends, as places of one file."""

    edges: tuple[Edge, ...]
    roots: tuple[Root, ...]
    unread: tuple[Unread, ...]


def analyse(file: str, data: bytes, recover: Recover | None = None) -> CodeFacts:
    """Everything one program yields. Without an engine no call's arguments are known, and that stays open."""
    try:
        binary = load(data)
    except InputError as error:
        return CodeFacts(file, LANGUAGE, unread=(Unread(Place(file), "the program", error.what, ("*",)),))
    missing = Unread(Place(file), "the arguments of its calls", "no engine followed its code", ("*",))
    found = recover(file, binary) if recover else Recovered(unread=(missing,))
    return facts(file, binary, found)


def facts(file: str, binary: Binary, found: Recovered) -> CodeFacts:
    """The graph of a program and what the engine recovered, together."""
    graph = graph_of(file, binary, found.resolved)
    return CodeFacts(
        file,
        LANGUAGE,
        found.calls,
        tuple(_guarded(graph.edges, found.edges)),
        graph.roots,
        (*graph.unread, *found.unread),
        {function.name: (function.start, function.end) for function in binary.functions},
        shapes(binary),
        sum(end - start for start, end in binary.code),
    )


def _guarded(seen: tuple[Edge, ...], found: tuple[Edge, ...]) -> Iterator[Edge]:
    """The graph's edges with the conditions that the engine found on them, then those that only it found."""
    guards = {(edge.caller, edge.callee): edge.guards for edge in found}
    for edge in seen:
        mine = guards.get((edge.caller, edge.callee), ()) if edge.via in _DIRECT else ()
        yield replace(edge, guards=mine) if mine else edge
    known = {(edge.caller, edge.callee) for edge in seen}
    yield from (edge for edge in found if (edge.caller, edge.callee) not in known)


def graph_of(file: str, binary: Binary, resolved: frozenset[int] = frozenset()) -> Graph:
    """Edges of direct calls, tables and callbacks; roots; unread parts."""
    places = tuple(Place(file, function.name) for function in binary.functions)
    through = tuple(entries(binary))
    passed = tuple(callbacks(binary))
    begun = {one.function: one.at for one in started(binary)}
    edges = (
        *_direct(binary, places), *_by_table(binary, places, through), *_handed(binary, places, passed),
        *_begun(binary, places, begun),
    )  # fmt: skip
    reached = {entry.function for entry in through} | {one.function for one in passed} | set(begun)
    roots = (*_roots(binary, places, through, passed), *_possible_roots(binary, places, reached))
    return Graph(edges, roots, tuple(_unread(file, binary, places, {entry.site for entry in through}, resolved)))


def _site(binary: Binary, places: tuple[Place, ...], site: int) -> Place:
    caller = places[int(binary.sites.callers[site])]
    return Place(caller.file, caller.function, int(binary.sites.addresses[site]))


def _direct(binary: Binary, places: tuple[Place, ...]) -> Iterator[Edge]:
    """One edge for each pair of functions, with the first call between them."""
    sites = binary.sites
    inside = np.flatnonzero(sites.callees >= 0)
    pair = sites.callers[inside] * len(places) + sites.callees[inside]
    _, first = np.unique(pair, return_index=True)
    for site in inside[np.sort(first)].tolist():
        via = Via.TAIL_CALL if sites.tails[site] else Via.CALL
        callee = int(sites.callees[site])
        caller = places[int(sites.callers[site])]
        yield Edge(caller, places[callee], via, binary.functions[callee].sure, site=_site(binary, places, site))


def _by_table(binary: Binary, places: tuple[Place, ...], through: tuple[Entry, ...]) -> Iterator[Edge]:
    for entry in through:
        caller = places[int(binary.sites.callers[entry.site])]
        site = _site(binary, places, entry.site)
        yield Edge(caller, places[entry.function], Via.TABLE, sure=False, label=entry.label, site=site)


def _handed(binary: Binary, places: tuple[Place, ...], passed: tuple[Handed, ...]) -> Iterator[Edge]:
    for one in passed:
        caller = places[int(binary.sites.callers[one.site])]
        yield Edge(caller, places[one.function], one.via, one.sure, site=_site(binary, places, one.site))


def _begun(binary: Binary, places: tuple[Place, ...], begun: Mapping[int, int]) -> Iterator[Edge]:
    """What the C library calls from the entry on: main among it."""
    entry = entry_of(binary)
    if entry is not None:
        start = places[entry]
        for function, at in begun.items():
            yield Edge(start, places[function], Via.CALLBACK, site=Place(start.file, start.function, at))


def _roots(
    binary: Binary, places: tuple[Place, ...], through: tuple[Entry, ...], passed: tuple[Handed, ...]
) -> Iterator[Root]:
    number = {function.start: place for place, function in enumerate(binary.functions)}
    entry = number.get(binary.entry & binary.plain)
    if entry is not None:
        yield Root(places[entry], Trigger.START_UP, "the program's entry point")
    for start in dict.fromkeys(binary.constructors):
        if start in number:
            yield Root(places[number[start]], Trigger.START_UP, "a constructor or destructor of the program")
    for one in passed:
        if one.via is Via.SIGNAL:
            yield Root(places[one.function], Trigger.SIGNAL, "handles a signal", one.sure)
        elif one.via is Via.TIMER:
            yield Root(places[one.function], Trigger.TIMER, "called by a timer", one.sure)
    yield from _chosen(places, through)
    for start, name in binary.exported.items():
        if start in number:
            yield Root(places[number[start]], Trigger.NONE_FOUND, f"the library offers it as {name}", sure=False)


def _chosen(places: tuple[Place, ...], through: tuple[Entry, ...]) -> Iterator[Root]:
    """What a menu or a key may choose: functions in tables whose records say something."""
    seen: set[tuple[int, str]] = set()
    for choice in through:
        if choice.label and (choice.function, choice.label) not in seen:
            seen.add((choice.function, choice.label))
            trigger = Trigger.KEY if choice.key else Trigger.MENU
            yield Root(
                places[choice.function], trigger, "in a table that code calls through", sure=False, label=choice.label
            )


def _possible_roots(binary: Binary, places: tuple[Place, ...], reached: set[int]) -> Iterator[Root]:
    """Functions whose address is taken and that nothing is seen to call through it."""
    constructors = set(binary.constructors)
    for number, function in enumerate(binary.functions):
        where = binary.referenced.get(function.start, ())
        if where and number not in reached and function.start not in constructors:
            why = f"its address is taken at 0x{where[0]:x}, and no call through it was found"
            yield Root(places[number], Trigger.NONE_FOUND, why, sure=False)


def _unread(
    file: str, binary: Binary, places: tuple[Place, ...], through: set[int], resolved: frozenset[int]
) -> Iterator[Unread]:
    name = packer(binary)
    if name:
        yield Unread(
            Place(file), "the program's own code", f"it is packed ({name}): what it unpacks was not seen", ("*",)
        )
    if not binary.functions:
        yield Unread(Place(file), "the program's code", "no function was found in it", ("*",))
    for note in binary.notes:
        yield Unread(Place(file), "a part of the program", note, ("*",))
    for function, count in _unresolved(binary, through, resolved).items():
        what = "a call through a pointer" if count == 1 else f"{count} calls through pointers"
        yield Unread(places[function], what, "what the pointer holds could not be told", ("*",))


def _unresolved(binary: Binary, through: set[int], resolved: frozenset[int]) -> Mapping[int, int]:
    """Number of indirect calls with no possible callee, by function."""
    sites = binary.sites
    open_ends = (sites.callees < 0) & (sites.names < 0) & ~np.isin(sites.addresses, sorted(resolved))
    open_ends[sorted(through)] = False
    functions, counts = np.unique(sites.callers[open_ends], return_counts=True)
    return dict(zip(functions.tolist(), counts.tolist(), strict=True))
