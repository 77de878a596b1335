"""In: events of one program. Out: `Call`s, each once, with the guards that all ways to it share."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from wardwatch.firmware.words import Call, Guard, Peer, Place, Value

from .events import Event, Passage
from .origins import Kind
from .values import SIOCSIFFLAGS, Reader, bound, lists

RELATIONS: Final = ("==", "!=", "<", "<=", ">", ">=")
GUARDS_MAX: Final = 12
_T = TypeVar("_T")
_FAILED: Final = ((0xFFFFFFFF,), (0xFFFFFFFFFFFFFFFF,))
_TOLD: Final = {Kind.ARGUMENT, Kind.RETURN, Kind.GLOBAL, Kind.READ, Kind.DEREF}


@dataclass(frozen=True, slots=True)
class Namer:
    """Names for what events number: `imported` functions, the program's own by number, and places by address."""

    imported: Callable[[int], str]
    function: Callable[[int], str]
    place: Callable[[int], Place]
    file: str


class _Numbered:
    """Guards and argument lists, each different one put into words once and called by a number from then on."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.guards: list[Guard] = []
        self._guard: dict[Guard, int] = {}
        self._told: dict[tuple[int, int, int], int | None] = {}
        self.values: list[tuple[Value, ...]] = []
        self._value: dict[tuple[Value, ...], int] = {}
        self._written: dict[bytes, int] = {}

    def guards_of(self, event: Event | Passage) -> tuple[int, ...]:
        """The conditions of one way, first one first; each subject and relation once."""
        told = self._told
        for guard in event.guards:
            if guard not in told:
                told[guard] = self._guard_number(*guard)
        found = dict.fromkeys(told[guard] for guard in reversed(event.guards))
        return tuple(number for number in found if number is not None)

    def _guard_number(self, tag: int, relation: int, constant: int) -> int | None:
        origins = self._reader.origins
        if not tag or relation >= len(RELATIONS) or origins.kind(origins.leaf(tag)) not in _TOLD:
            return None
        subject = origins.hole(tag)
        if subject.sources == ("unknown",):
            return None
        return _number(Guard(subject, RELATIONS[relation], constant), self.guards, self._guard)

    def values_of(self, event: Event) -> int:
        """The number of its arguments."""
        found = self._written.get(event.written)
        if found is None:
            found = _number(tuple(_values(event, self._reader)), self.values, self._value)
            self._written[event.written] = found
        return found


def _number(one: _T, every: list[_T], numbers: dict[_T, int]) -> int:
    found = numbers.setdefault(one, len(every))
    if found == len(every):
        every.append(one)
    return found


def _values(event: Event, reader: Reader) -> Iterator[Value]:
    """The arguments, an array of texts as its members."""
    transport = ""
    for argument in event.arguments:
        if argument.code in {"v", "l"}:
            yield from lists(argument, reader.origins)
            continue
        if argument.code == "f":
            peer = reader.peers.get(reader.link(argument))
            transport = peer.transport if peer else ""
        yield reader.value(argument, transport)


def _notes(name: str, event: Event, reader: Reader) -> dict[str, str]:
    notes = {}
    if name == "ioctl" and len(event.arguments) == 3 and event.arguments[1].value == SIOCSIFFLAGS:  # noqa: PLR2004  # ioctl(2)
        up = reader.is_up(event.arguments[2])
        notes["up"] = "unknown" if up is None else "set" if up else "cleared"
    if any(held.writable for argument in event.arguments for held in argument.held):
        notes["initial"] = "a text is the initial value of data that the program may change"
    if any(held.cut for argument in event.arguments if argument.code in {"s", "v", "l"} for held in argument.held):
        notes["cut"] = "a text may go on beyond what was recovered"
    return notes


@dataclass(slots=True)
class _Way:
    """One call by one way: its first event, the place in the order, and what all events that are alike share."""

    event: Event
    values: int
    order: int
    guards: tuple[int, ...]


def _call(way: _Way, known: _Numbered, reader: Reader, namer: Namer) -> Call:
    event = way.event
    name = namer.imported(event.name)
    places = (Place(namer.file, namer.function(event.root)), *(namer.place(site) for site in event.chain))
    return Call(
        name,
        known.values[way.values],
        namer.place(event.site),
        places,
        way.order,
        tuple(known.guards[number] for number in way.guards[-GUARDS_MAX:]),
        notes=_notes(name, event, reader),
    )


def conditions(reader: Reader) -> Callable[[Passage], tuple[Guard, ...]]:
    """Gives the words for the conditions of a call, the first one first."""
    known = _Numbered(reader)
    return lambda passed: tuple(known.guards[number] for number in known.guards_of(passed)[-GUARDS_MAX:])


def bindings(events: Iterable[Event], reader: Reader, namer: Namer) -> Iterator[tuple[int, Peer]]:
    """What socket() and connect() say of descriptors, by the number of the event."""
    for event in events:
        if namer.imported(event.name) in {"socket", "connect"}:
            peer = bound(event, reader, namer.place(event.site))
            if peer is not None:
                yield event.number, peer


def calls(events: Iterable[Event], reader: Reader, namer: Namer) -> tuple[Call, ...]:
    """Each different call once, as made from nearest, none on a descriptor that is -1.

    A guard stays where every way to that call has it.
    """
    known = _Numbered(reader)
    nearest: dict[tuple[str, int, int], _Way] = {}
    for way in _ways(events, known, namer):
        key = (namer.imported(way.event.name), way.event.site, way.values)
        before = nearest.get(key)
        if before is None or len(way.event.chain) < len(before.event.chain):
            nearest[key] = way
    return tuple(
        _call(way, known, reader, namer) for way in nearest.values() if known.values[way.values][:1] not in _FAILED
    )


def _ways(events: Iterable[Event], known: _Numbered, namer: Namer) -> Iterable[_Way]:
    """Calls that are made from different places, each once."""
    merged: dict[tuple[str, int, int, int, tuple[int, ...]], _Way] = {}
    for event in events:
        values, guards = known.values_of(event), known.guards_of(event)
        key = (namer.imported(event.name), event.site, values, event.root, event.chain)
        way = merged.get(key)
        if way is None:
            merged[key] = _Way(event, values, event.order, guards)
        else:
            way.order = min(way.order, event.order)
            way.guards = tuple(number for number in way.guards if number in guards)
    return merged.values()
