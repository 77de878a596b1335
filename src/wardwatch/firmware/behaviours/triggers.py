"""In: edges and guards on the way to a behaviour. Out: who sets it going: a key, a menu, a timer, the network."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from wardwatch.firmware.words import Edge, Guard, Trigger, Via
from wardwatch.knowledge.catalogue import firmware_table

_BY_VIA: Final = {Via.TIMER: Trigger.TIMER, Via.SIGNAL: Trigger.SIGNAL}
_MENU_VIAS: Final = frozenset({Via.TABLE, Via.CALLBACK})
PRINTABLE: Final = range(0x20, 0x7F)


class Set(NamedTuple):
    """A trigger, and what a person would read beside it ('key 'C'', 'menu 'Update'')."""

    trigger: Trigger
    label: str


def of_edge(edge: Edge) -> Set | None:
    """What sets this edge going, where it says so."""
    if guarded := of_guards(edge.guards):
        return guarded
    if edge.via in _BY_VIA:
        trigger = _BY_VIA[edge.via]
        return Set(trigger, f"{trigger.value} {edge.label}".strip())
    if edge.label and edge.via in _MENU_VIAS:
        return Set(Trigger.MENU, f"menu '{edge.label}'")
    return None


def labelled(trigger: Trigger, label: str) -> str:
    """`menu 'Update'`, `key 'C'`; '' without a label."""
    if not label:
        return ""
    bare = label.removeprefix("key ").strip("'")
    return f"key '{bare}'" if trigger is Trigger.KEY else f"{trigger.value} '{label}'"


def of_guards(guards: Iterable[Guard]) -> Set | None:
    """The key or the network input that is compared on the way."""
    for guard in guards:
        if _is(guard, "key_sources") or (_named(guard) and _is_key(guard.constant)):
            return Set(Trigger.KEY, f"key {_shown(guard.constant)}")
    if any(_is(guard, "network_sources") for guard in guards):
        return Set(Trigger.NETWORK, "data from the network")
    return None


def _is(guard: Guard, table: str) -> bool:
    sources: list[str] = firmware_table("triggers")[table]
    return guard.relation == "==" and any(source.startswith(tuple(sources)) for source in guard.subject.sources)


def _named(guard: Guard) -> bool:
    words: list[str] = firmware_table("triggers")["key_words"]
    return guard.relation == "==" and any(word in guard.subject.origin.lower() for word in words)


def _is_key(constant: int | str) -> bool:
    return (isinstance(constant, str) and len(constant) == 1) or constant in PRINTABLE


def _shown(constant: int | str) -> str:
    if isinstance(constant, int):
        return f"'{chr(constant)}'" if constant in PRINTABLE else f"0x{constant:x}"
    return f"'{constant}'"
