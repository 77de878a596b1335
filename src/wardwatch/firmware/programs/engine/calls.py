"""In: events of one program. Out: `Call`s, each once, with the guards that all ways to it share."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from wardwatch.firmware.words import Call, Guard, Peer, Place, Value

from .events import Event
from .origins import Kind
from .values import SIOCSIFFLAGS, Reader, bound, lists

RELATIONS: Final = ("==", "!=", "<", "<=", ">", ">=")
GUARDS_MAX: Final = 12
_FAILED: Final = ((0xFFFFFFFF,), (0xFFFFFFFFFFFFFFFF,))
_TOLD: Final = {Kind.ARGUMENT, Kind.RETURN, Kind.GLOBAL, Kind.READ, Kind.DEREF}


@dataclass(frozen=True, slots=True)
class Namer:
    """Names for what events number: `imported` functions, the program's own by number, and places by address."""

    imported: Callable[[int], str]
    function: Callable[[int], str]
    place: Callable[[int], Place]
    file: str


def _guards(event: Event, reader: Reader) -> tuple[Guard, ...]:
    """The conditions of one way, first one first; each subject and relation once."""
    found: dict[Guard, None] = {}
    for tag, relation, number in reversed(event.guards):
        origin = reader.origins
        if tag and relation < len(RELATIONS) and origin.kind(origin.leaf(tag)) in _TOLD:
            subject = origin.hole(tag)
            if subject.sources != ("unknown",):
                found.setdefault(Guard(subject, RELATIONS[relation], number))
    return tuple(found)


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


def _call(event: Event, reader: Reader, namer: Namer) -> Call:
    name = namer.imported(event.name)
    places = (Place(namer.file, namer.function(event.root)), *(namer.place(site) for site in event.chain))
    return Call(
        name,
        tuple(_values(event, reader)),
        namer.place(event.site),
        places,
        event.order,
        _guards(event, reader),
        notes=_notes(name, event, reader),
    )


def bindings(events: Iterable[Event], reader: Reader, namer: Namer) -> Iterator[tuple[int, Peer]]:
    """What socket() and connect() say of descriptors, by the number of the event."""
    for event in events:
        if namer.imported(event.name) in {"socket", "connect"}:
            peer = bound(event, reader, namer.place(event.site))
            if peer is not None:
                yield event.number, peer


def calls(events: Iterable[Event], reader: Reader, namer: Namer) -> tuple[Call, ...]:
    """Each different call once. A guard stays where every way to that call has it."""
    merged: dict[tuple[object, ...], Call] = {}
    for event in events:
        call = _call(event, reader, namer)
        key = (call.name, call.arguments, call.at, call.made_by)
        before = merged.get(key)
        if before is not None:
            shared = tuple(guard for guard in before.guards if guard in call.guards)
            call = replace(before, guards=shared, order=min(before.order, call.order))
        merged[key] = call
    return tuple(replace(call, guards=call.guards[-GUARDS_MAX:]) for call in _nearest(merged.values()))


def _nearest(found: Iterable[Call]) -> Iterator[Call]:
    """Of calls that differ only in who was run, the one that was run from nearest; none on a descriptor that is -1."""
    shortest: dict[tuple[object, ...], Call] = {}
    for call in found:
        key = (call.name, call.arguments, call.at)
        before = shortest.get(key)
        if before is None or len(call.made_by) < len(before.made_by):
            shortest[key] = call
    return (call for call in shortest.values() if call.arguments[:1] not in _FAILED)
