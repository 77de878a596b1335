"""In: commands as they are run. Out: each once, in running order, with what it starts; bounded in number."""

from dataclasses import dataclass, field, replace
from typing import Final

from wardwatch.firmware.words import Call, Edge, Place, Text, Unread, Via

from .values import Value, closed
from .world import World, shared

MOST_STEPS: Final = 20_000
MOST_FINE_STEPS: Final = 1_000
"""Steps in which loops are unrolled and choices enumerated; behind them one turn and one value have to do."""
MOST_CALLS: Final = 4_000
MOST_EDGES: Final = 4_000
EVERYTHING: Final = ("*",)


class Enough(Exception):  # noqa: N818  # not an error: the bound of one script's examination
    """The steps one script is given are used up."""


@dataclass(slots=True)
class Record:
    """What one script does, as far as it was followed."""

    through_shell: Text | None = None
    calls: dict[tuple[object, ...], Call] = field(default_factory=dict)
    edges: dict[tuple[object, ...], Edge] = field(default_factory=dict)
    unread: dict[Unread, None] = field(default_factory=dict)
    steps: int = 0
    keys: int = 0

    @property
    def is_coarse(self) -> bool:
        """Whether so much was followed that the rest is taken more roughly: holes instead of choices and turns."""
        return self.steps > MOST_FINE_STEPS

    def step(self, count: int = 1) -> None:
        """One command more was run, or something as costly."""
        self.steps += count
        if self.steps > MOST_STEPS or len(self.calls) > MOST_CALLS:
            raise Enough

    def key(self) -> int:
        """A number not given before, for a choice."""
        self.keys += 1
        return self.keys

    def call(self, world: World, words: list[Value], line: int, notes: dict[str, str]) -> None:
        """`words` are run as a command."""
        at = world.at(line)
        arguments = tuple(closed(word) for word in words)
        known = self.calls.get((at, arguments))
        if known:
            self.calls[at, arguments] = _again(known, world)
            return
        notes = {**world.notes, **notes}
        self.calls[at, arguments] = Call(
            "command", arguments, at, world.made_by, len(self.calls) + 1, world.guards, self.through_shell, notes
        )

    def edge(self, world: World, callee: Place, via: Via, line: int, label: str = "") -> None:
        """Control passes from where the world is to `callee`."""
        caller = replace(world.place, line=None)
        key = (caller, callee, via, line)
        sure = "unreached" not in world.notes
        known = self.edges.get(key)
        if known:
            common = shared((known.guards, world.guards))
            self.edges[key] = replace(known, guards=common, sure=known.sure or sure)
        elif len(self.edges) < MOST_EDGES:
            site = world.at(line)
            self.edges[key] = Edge(caller, callee, via, sure, label, world.guards, site)

    def gap(self, world: World, line: int, what: str, why: str, bears_on: tuple[str, ...] = EVERYTHING) -> None:
        """Something could not be followed."""
        self.unread[Unread(world.at(line), what, why, bears_on)] = None


def _again(known: Call, world: World) -> Call:
    notes = known.notes
    if "unreached" in notes and "unreached" not in world.notes:
        notes = {name: note for name, note in notes.items() if name != "unreached"}
    return replace(known, guards=shared((known.guards, world.guards)), notes=notes)
