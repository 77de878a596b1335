"""In: a scene. Out: what in its code could not be read, and which rules that leaves open.

A gap that only asks whether something is reached ('an indirect call') bears on nothing where the file holds nothing to
be reached.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from wardwatch.knowledge.catalogue import firmware_table
from wardwatch.vocabulary import Gap

from .behaviours.peers import known_of
from .behaviours.words import Behaviour, Kind, Known
from .scene import Scene
from .words import Unread

CHAIN_RULES: Final = (
    "firmware.overwrites-programs",
    "firmware.runs-remote-file",
    "firmware.reverse-backdoor",
    "firmware.unverified-update",
)
_OPEN_ENDS: Final = {
    Kind.REMOTE_MOUNT: ("the peer of a mount", ("firmware.hard-coded-peer", "firmware.remote-mount", *CHAIN_RULES)),
    Kind.REMOTE_FETCH: ("the peer of a download", ("firmware.hard-coded-peer", *CHAIN_RULES)),
    Kind.CONNECT: ("the peer of a connection", ("firmware.hard-coded-peer",)),
    Kind.SEND: ("the peer that data is sent to", ("firmware.hard-coded-peer", "firmware.clear-telemetry")),
}
REACH: Final = "which functions they lead to could not be told, so a way may be missing"
GRAVE: Final = frozenset(
    {Kind.INTERFACE_UP, Kind.REMOTE_MOUNT, Kind.REMOTE_FETCH, Kind.RECEIVE, Kind.CONNECT, Kind.SEND, Kind.RUN}
)


def gaps_of(scene: Scene) -> Iterator[Gap]:
    """Every gap in the code of a scene, like ones of one file counted together."""
    yield from _unread(scene)
    yield from _open_arguments(scene)


def is_about_reach(unread: Unread) -> bool:
    """Whether it leaves open only how control passes, not what the code does."""
    text = f"{unread.what} {unread.why}".lower()
    return any(word in text for word in firmware_table("triggers")["reach_words"])


def grave_in(scene: Scene, file: str) -> bool:
    """Whether a file does anything that a way to it would matter for."""
    return any(each.kind in GRAVE and each.place.file == file for each in scene.behaviours)


def _unread(scene: Scene) -> Iterator[Gap]:
    for file in sorted(scene.facts):
        counted: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
        reach = set()
        for unread in scene.facts[file].unread:
            if is_about_reach(unread):
                reach.add((unread.at.function, unread.bears_on))
            else:
                counted[unread.what, unread.why, unread.bears_on] += 1
        for (what, why, bears), number in sorted(counted.items()):
            yield Gap(scene.subject, f"{file}: {what}{_times(number)}", why, bears, {"file": file})
        if reach:
            bears = tuple(sorted({rule for _, rules in reach for rule in rules})) if grave_in(scene, file) else ()
            what = f"{file}: calls through pointers{_times(len(reach))}"
            yield Gap(scene.subject, what, REACH, bears, {"file": file, "about": "reach"})


def _times(number: int) -> str:
    return f" ({number} places)" if number > 1 else ""


def _open_arguments(scene: Scene) -> Iterator[Gap]:
    """Calls whose decisive argument could not be recovered, counted by file and kind."""
    counted: Counter[tuple[str, str, str, tuple[str, ...]]] = Counter()
    for behaviour in dict.fromkeys(scene.behaviours):
        if said := _open_argument(behaviour):
            what, why, bears = said
            counted[behaviour.place.file, what, why, bears] += 1
    for (file, what, why, bears), number in sorted(counted.items()):
        yield Gap(scene.subject, f"{file}: {what}{_times(number)}", why, bears, {"file": file})


def _open_argument(behaviour: Behaviour) -> tuple[str, str, tuple[str, ...]] | None:
    end = behaviour.end
    if behaviour.kind in _OPEN_ENDS and end is not None and end.known is Known.UNKNOWN:
        what, bears = _OPEN_ENDS[behaviour.kind]
        return what, f"it is {end.origin or 'not recovered'}", bears
    holes = behaviour.target.holes
    if behaviour.kind is Kind.RUN and holes and not _has_name(behaviour) and known_of(holes) is Known.UNKNOWN:
        return "a command that is run", f"it is {holes[0].origin}", ("*",)
    return None


def _has_name(behaviour: Behaviour) -> bool:
    """Whether at least the program's own name is known ('/opt/bin/x {hole}')."""
    first = behaviour.target.parts[0] if behaviour.target.parts else ""
    return isinstance(first, str) and len(first) > 1
