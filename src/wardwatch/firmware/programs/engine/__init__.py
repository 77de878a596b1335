"""In: a loaded program. Out: the calls that matter with their arguments, recovered by running its machine code.

Functions are run from their start with nothing known; both sides of unknown conditions are tried; what is not known
keeps where it comes from. A call whose arguments come from the function's own arguments is looked at again from the
callers (docs/adr/0007).
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from wardwatch.firmware.programs.binary import Binary, Machine
from wardwatch.firmware.programs.starting import started
from wardwatch.firmware.words import Call, Data, Edge, Hole, Peer, Place, Text, Unread, Value

from .calls import Namer, bindings, calls, conditions
from .events import Event, Passage, Stored, events, handing_on
from .kernel import CARRIER, LEADS, LISTENS, Bounds, Kernel
from .named import named
from .origins import FUNCTION, Kind, Origins
from .passages import edges
from .probed import probed
from .program import SCRATCH, Caller, Prepared
from .reaching import Reaching
from .rules import MATTERS, plain_name
from .selection import Selection, callers_of, near, select
from .told import Marks, Told, told
from .values import Reader

__all__ = ["SCRATCH", "Bounds", "Caller", "Result", "Stored", "run"]

WRAPPERS: Final = 5
"""How many functions deep an argument is followed to those who give it."""
SMALL: Final = 100_000
"""Bytes of code up to which a program's functions are followed as far as the bounds go."""
LEAST_STEPS: Final = 4_000
CALLERS: Final = 400
"""How many callers are run in one round."""


@dataclass(frozen=True, slots=True)
class Result:
    """What running yields. `sites` counts call sites of what matters, `visited` those that were reached.

    `complete`, `partial` and `bare` count calls whose arguments are known, known in part, or not known at all. `counts`
    are the kernel's figures. `stores` are descriptors kept in the program's data. `edges` are calls between functions
    of the program behind a condition.
    """

    calls: tuple[Call, ...]
    unread: tuple[Unread, ...]
    sites: int
    visited: int
    complete: int
    partial: int
    bare: int
    counts: dict[str, int]
    stores: tuple[Stored, ...] = ()
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ran:
    """What was written down. `answered`: functions that hand arguments on, seen called by those who give them."""

    events: tuple[Event | Stored | Passage, ...]
    origins: Origins
    counts: dict[str, int]
    answered: frozenset[int]


def run(binary: Binary, file: str = "", bounds: Bounds | None = None) -> Result:
    """The calls that matter of one program, in the order of their addresses."""
    binary = replace(binary, names={**named(binary), **binary.names})
    uses = np.zeros(len(binary.functions), np.uint32)
    if binary.statically_linked:
        names, uses = _named(binary)
        binary = replace(binary, names=names)
    prepared = Prepared(binary)
    wanted = {name for name, plain in zip(prepared.names, prepared.plain, strict=True) if plain in MATTERS}
    ran = _run(prepared, wanted, uses, bounds or _bounds(binary))
    namer = _namer(prepared, file)
    happened = [event for event in ran.events if isinstance(event, Event)]
    stores = tuple(event for event in ran.events if isinstance(event, Stored))
    passed = [event for event in ran.events if isinstance(event, Passage)]
    reader = _reader(ran.origins, binary, happened, stores, namer)
    kept = [event for event in happened if not _is_answered(event, ran)]
    found = calls(kept, reader, namer)
    found = tuple(sorted(found, key=lambda call: (call.at.address or 0, call.order, call.made_by)))
    known = [sum(_is_known(value) for value in call.arguments) for call in found]
    full = sum(count == len(call.arguments) for count, call in zip(known, found, strict=True))
    bare = sum(not count and bool(call.arguments) for count, call in zip(known, found, strict=True))
    places = _sites(binary, wanted)
    visited = places & {event.site for event in happened}
    missed = places - visited
    return Result(
        found,
        (*_unread(file, ran.counts), *_missed(missed, namer)),
        len(places),
        len(visited),
        full,
        len(found) - full - bare,
        bare,
        ran.counts,
        stores,
        tuple(edges(passed, binary, conditions(reader), file)),
    )


def _bounds(binary: Binary) -> Bounds:
    """How far each function is followed: less far in a large program, or the whole would cost too much."""
    code = sum(end - start for start, end in binary.code)
    full = Bounds()
    steps = min(full.steps, max(LEAST_STEPS, full.steps * SMALL // max(1, code)))
    return full._replace(steps=steps, path_steps=min(steps, full.path_steps))


def _named(binary: Binary) -> Told:
    """Names of a static program's library functions: by texts, by system calls, by what they do."""
    names, uses = told(binary)
    known = replace(binary, names=names)
    matters = {name for name in names.values() if plain_name(name) in MATTERS}
    return Told({**names, **probed(known, names, near(known, matters))}, uses)


def _run(prepared: Prepared, wanted: set[str], uses: Marks, bounds: Bounds) -> _Ran:
    """Functions with calls that matter, then the callers of those that hand their arguments on."""
    binary = prepared.binary
    chosen = select(binary, wanted)
    prepared.functions["enter"] = chosen.enter
    prepared.functions["marks"] = chosen.leads * LEADS | chosen.listens * LISTENS | uses
    with Kernel(prepared.program, bounds) as kernel:
        for number in _beginning(binary, chosen):
            kernel.begin(number)
        done: set[int] = set()
        covered: set[int] = set()
        left = 0
        reaching = Reaching(binary)
        todo, read = np.union1d(chosen.first, np.flatnonzero(chosen.listens)).tolist(), 0
        for _ in range(WRAPPERS + 1):
            for number in todo:
                kernel.run(number)
            done.update(todo)
            written = kernel.events()
            wrappers = handing_on(written[read:]) - covered
            read = len(written)
            prepared.functions["enter"][sorted(wrappers)] = CARRIER
            makers = reaching.to(wrappers)
            more = makers | callers_of(binary, wrappers | makers)
            covered |= wrappers
            todo, left = sorted(more)[:CALLERS], left + max(0, len(more) - CALLERS)
            if not todo:
                break
        happened = tuple(events(kernel.events()))
        origins = Origins(kernel.origins(), kernel.texts(), _names(prepared))
        counts = {**kernel.counts(), "callers": left}
        return _Ran(happened, origins, counts, frozenset(_answered(binary, covered, happened)))


def _beginning(binary: Binary, chosen: Selection) -> list[int]:
    """Of the functions a program begins with, main among them, those that lead to what matters."""
    first = {one.function for one in started(binary)}
    first |= {number for number, function in enumerate(binary.functions) if function.name == "main"}
    return sorted(first & set(np.union1d(chosen.first, np.flatnonzero(chosen.leads)).tolist()))


def _answered(binary: Binary, wrappers: set[int], written: Iterable[Event | Stored | Passage]) -> set[int]:
    """Wrappers whose caller was seen to make the same calls with its own arguments, and that no pointer reaches."""
    happened = [event for event in written if isinstance(event, Event)]
    resolved = {event.site for event in happened if event.chain and not event.hands_on}
    sites: dict[int, set[int]] = {}
    for event in happened:
        if event.root in wrappers and event.hands_on:
            sites.setdefault(event.root, set()).add(event.site)
    return {
        number
        for number, where in sites.items()
        if where <= resolved and binary.functions[number].start not in binary.referenced
    }


def _is_answered(event: Event, ran: _Ran) -> bool:
    """What callers were seen to hand in says more than 'argument 0'."""
    return event.root in ran.answered and event.hands_on


def _sites(binary: Binary, wanted: set[str]) -> set[int]:
    matters = {place for place, name in enumerate(binary.sites.imported) if name in wanted}
    return {
        int(at)
        for at, name in zip(binary.sites.addresses.tolist(), binary.sites.names.tolist(), strict=True)
        if name in matters
    }


def _names(prepared: Prepared) -> Callable[[int], str]:
    """Names of imported functions, and of the program's own from FUNCTION on."""
    functions = prepared.binary.functions

    def name(number: int) -> str:
        if number >= FUNCTION:
            place = number - FUNCTION
            return functions[place].name if place < len(functions) else "a function"
        return prepared.plain[number] if number < len(prepared.plain) else "a function"

    return name


def _namer(prepared: Prepared, file: str) -> Namer:
    functions = prepared.binary.functions
    starts = [function.start for function in functions]

    def place(address: int) -> Place:
        number = bisect_right(starts, address) - 1
        return Place(file, functions[number].name if number >= 0 else "", address)

    return Namer(lambda number: prepared.plain[number], lambda number: functions[number].name, place, file)


def _reader(
    origins: Origins, binary: Binary, happened: list[Event], stores: tuple[Stored, ...], namer: Namer
) -> Reader:
    """Peers are read in the order of the events, so that socket() comes before connect()."""
    stored = {store.value: store.link for store in stores if not store.tag and store.link}
    peers: dict[int, Peer] = {}
    reader = Reader(origins, not binary.little_endian, binary.machine is Machine.MIPS, peers, stored)
    for number, peer in bindings(happened, reader, namer):
        peers[number] = peer  # noqa: PERF403  # later ones look at those before
    later = _bound_later(happened, origins, peers)
    for store in stores:
        if store.what in later and not store.tag:
            stored[store.value] = later[store.what]
    return reader


def _bound_later(happened: list[Event], origins: Origins, peers: dict[int, Peer]) -> dict[int, int]:
    """The event of connect() by the origin of the descriptor it was given."""
    found: dict[int, int] = {}
    for event in happened:
        if event.number in peers and event.arguments[0].code == "f" and origins.kind(event.arguments[0].tag) in _KEPT:
            found[event.arguments[0].tag] = event.number
    return found


_KEPT: Final = frozenset({Kind.SOCKET})
# Not among them: `cut_tries`, ways that were given up at conditions of which both sides had been tried often enough.
_BOUNDS: Final = {
    "cut_steps": "a way through a function was longer than the bound",
    "cut_paths": "there were more ways through a function than the bound",
    "cut_pages": "a function wrote to more memory than the bound",
    "cut_events": "a call was made in more ways than the bound",
    "callers": "more functions than the bound hand something to those that make calls that matter",
}


def _unread(file: str, counts: dict[str, int]) -> Iterator[Unread]:
    for name, why in _BOUNDS.items():
        if counts[name]:
            yield Unread(
                Place(file), "some ways through the program's functions", f"{why} ({counts[name]} times)", ("*",)
            )


def _missed(sites: set[int], namer: Namer) -> Iterator[Unread]:
    for site in sorted(sites):
        yield Unread(namer.place(site), "a call that matters", "no way that was tried leads to it", ("*",))


def _is_known(value: Value) -> bool:
    """Nothing of it is missing."""
    if isinstance(value, Peer):
        return value.host.literal is not None
    if isinstance(value, Data):
        return not value.text.holes
    return not isinstance(value, Hole) and not (isinstance(value, Text) and value.holes)
