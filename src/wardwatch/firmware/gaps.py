"""In: a scene. Out: what in its code could not be read, and which rules that leaves open.

A gap that only asks whether something is reached ('an indirect call') bears on nothing where the file holds nothing to
be reached.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from wardwatch.knowledge.catalogue import firmware_table
from wardwatch.vocabulary import Gap, Where

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
FUNCTIONS_NAMED: Final = 64
_Said = tuple[str, str, tuple[str, ...]]
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


def _is_bound(what: str) -> bool:
    """Whether only some ways through code were followed: what is called is known, with which arguments is not."""
    return any(word in what.lower() for word in firmware_table("triggers")["bound_words"])


def grave_in(scene: Scene, file: str) -> bool:
    """Whether a file does anything that a way to it would matter for."""
    return any(each.kind in GRAVE and each.place.file == file for each in scene.behaviours)


def _unread(scene: Scene) -> Iterator[Gap]:
    for file in sorted(scene.facts):
        said: dict[_Said, list[str]] = defaultdict(list)
        reach = set()
        for unread in scene.facts[file].unread:
            if is_about_reach(unread):
                reach.add((unread.at.function, unread.bears_on))
            else:
                said[unread.what, unread.why, unread.bears_on].append(unread.at.function)
        yield from _counted(scene.subject, file, said)
        if reach:
            bears = tuple(sorted({rule for _, rules in reach for rule in rules})) if grave_in(scene, file) else ()
            what = f"{file}: calls through pointers{_times(len(reach))}"
            yield Gap(scene.subject, what, REACH, bears, {"file": file, "about": "reach"})


def _counted(subject: str, file: str, said: Mapping[_Said, list[str]]) -> Iterator[Gap]:
    """Like gaps of one file as one, with the functions they stand in."""
    for (what, why, bears), functions in sorted(said.items()):
        where: Where = {"file": file, "functions": tuple(sorted(set(functions)))[:FUNCTIONS_NAMED]}
        if _is_bound(what):
            where = {**where, "about": "ways"}
        yield Gap(subject, f"{file}: {what}{_times(len(functions))}", why, bears, where)


def _times(number: int) -> str:
    return f" ({number} places)" if number > 1 else ""


def _open_arguments(scene: Scene) -> Iterator[Gap]:
    """Calls whose decisive argument could not be recovered, counted by file and kind."""
    by_file: dict[str, dict[_Said, list[str]]] = defaultdict(lambda: defaultdict(list))
    for behaviour in dict.fromkeys(scene.behaviours):
        if said := _open_argument(behaviour):
            by_file[behaviour.place.file][said].append(behaviour.place.function)
    for file in sorted(by_file):
        yield from _counted(scene.subject, file, by_file[file])


def _open_argument(behaviour: Behaviour) -> _Said | None:
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
