"""In: nothing. Out: one way a script may have come to a place: variables, conditions, the last status."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from wardwatch.firmware.words import Guard, Hole, Place

from .syntax import Definition
from .values import NOTHING, Choice, Value, hole, joined

OUTPUT: Final = "\0output"
FOLDER: Final = "PWD"
FILE: Final = "\0file:"
"""Names no script can give a variable: what was printed so far, and what was written to a file."""

_OPPOSITE: Final = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def opposite(guard: Guard) -> Guard:
    """The guard that holds where `guard` does not."""
    return replace(guard, relation=_OPPOSITE[guard.relation])


def status_of(command: str) -> Guard:
    """The question whether `command` succeeds."""
    return Guard(Hole(f"exit status of {command}", ("return:command", f"return:{command}")), "==", 0)


class Function(NamedTuple):
    """A shell function and the file that defines it."""

    definition: Definition
    file: str


@dataclass
class World:
    """One way to have come here. Mappings are replaced, never changed, so that forks share them.

    `status` is what the last command ended with; a Guard asks for it where it is not known. `flow` is '' while
    commands follow on one another, else what interrupted that: exit, return, break, continue (`levels` deep).
    """

    place: Place
    variables: Mapping[str, Value] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    arguments: tuple[Value, ...] | None = None
    guards: tuple[Guard, ...] = ()
    status: int | Guard = 0
    flow: str = ""
    levels: int = 0
    stdin: Value | None = None
    redirected: tuple[tuple[str, Value], ...] = ()
    made_by: tuple[Place, ...] = ()
    fixed: Mapping[Hashable, int] = field(default_factory=dict)
    saved: Mapping[str, Value | None] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    depth: int = 0

    def fork(self, **changes: Any) -> "World":  # noqa: ANN401  # fields by name, as dataclasses.replace takes them
        """The same with some fields changed; dataclasses.replace takes ten times as long."""
        other = World.__new__(World)
        other.__dict__.update(self.__dict__)
        other.__dict__.update(changes)
        return other

    def at(self, line: int) -> Place:
        """The place of a command in this world."""
        return Place(self.place.file, self.place.function, self.place.address, line)

    def get(self, name: str) -> Value:
        """The variable's value; a hole where nothing has set it."""
        found = self.variables.get(name)
        return hole(f"variable {name}", f"variable:{name}") if found is None else found

    def set(self, name: str, value: Value) -> None:
        """Give a variable its value."""
        self.variables = {**self.variables, name: value}

    def unset(self, name: str) -> None:
        """The variable is empty from here on."""
        self.set(name, NOTHING)

    def argument(self, number: int) -> Value:
        """`$number`."""
        if self.arguments is None:
            return hole(f"argument {number} of {self.place.function or 'the script'}", f"argument:{number}")
        return self.arguments[number - 1] if 0 < number <= len(self.arguments) else NOTHING

    def say(self, value: Value) -> None:
        """Print `value`, where somebody listens."""
        if OUTPUT in self.variables:
            self.set(OUTPUT, joined((self.variables[OUTPUT], value)))

    def under(self, *guards: Guard, status: int | Guard | None = None) -> "World":
        """A fork in which `guards` hold as well; one that holds already is not said twice."""
        new = tuple(guard for guard in guards if guard not in self.guards)
        return self.fork(guards=(*self.guards, *new), status=self.status if status is None else status)

    def sides(self) -> tuple[list["World"], list["World"]]:
        """The world where the last command succeeded, and that where it failed."""
        if isinstance(self.status, Guard):
            return [self.under(self.status, status=0)], [self.under(opposite(self.status), status=1)]
        return ([], [self]) if self.status else ([self], [])


def join(worlds: Sequence[World], key: Hashable) -> list[World]:
    """The worlds as few: those that go on become one, in which a variable may be one of several values."""
    going = [world for world in worlds if not world.flow]
    others = [world for world in worlds if world.flow]
    return ([_one(going, key)] if going else []) + _by_flow(others, key)


def _by_flow(worlds: list[World], key: Hashable) -> list[World]:
    groups: dict[Hashable, list[World]] = {}
    for world in worlds:
        groups.setdefault((world.flow, world.levels, world.status), []).append(world)
    return [_one(group, (key, kind)) for kind, group in groups.items()]


def _one(worlds: list[World], key: Hashable) -> World:
    if len(worlds) == 1:
        return worlds[0]
    first = worlds[0]
    common = shared([world.guards for world in worlds])
    status = first.status if all(world.status == first.status for world in worlds) else _asked(worlds)
    return first.fork(
        guards=common,
        status=status,
        variables=_variables(worlds, common, key),
        functions=_united([world.functions for world in worlds]),
        fixed=_shared([world.fixed for world in worlds]),
    )


def shared(guards: Sequence[tuple[Guard, ...]]) -> tuple[Guard, ...]:
    """The guards that hold whichever way was taken, in their order."""
    first, *others = guards
    same = 0  # what was shared before the ways parted is the same value in all of them
    while same < min(map(len, guards)) and all(other[same] is first[same] for other in others):
        same += 1
    rests = [other[same:] for other in others]
    return first[:same] + tuple(guard for guard in first[same:] if all(guard in rest for rest in rests))


def _asked(worlds: list[World]) -> Guard:
    asked = next((world.status for world in worlds if isinstance(world.status, Guard)), None)
    return asked or Guard(Hole("exit status of what ran before", ("return:command",)), "==", 0)


def _united(mappings: list[Mapping[str, Function]]) -> Mapping[str, Function]:
    if all(mapping is mappings[0] for mapping in mappings):
        return mappings[0]
    return {name: function for mapping in mappings for name, function in mapping.items()}


def _shared(mappings: list[Mapping[Hashable, int]]) -> Mapping[Hashable, int]:
    if all(mapping is mappings[0] for mapping in mappings):
        return mappings[0]
    return {key: option for key, option in mappings[0].items() if all(each.get(key) == option for each in mappings)}


def _variables(worlds: list[World], common: tuple[Guard, ...], key: Hashable) -> Mapping[str, Value]:
    if all(world.variables is worlds[0].variables for world in worlds):
        return worlds[0].variables
    kept = set(common)
    guards = [tuple(guard for guard in world.guards if guard not in kept) for world in worlds]
    names = dict.fromkeys(name for world in worlds for name in world.variables)
    return {
        name: _either([(own, world.get(name)) for own, world in zip(guards, worlds, strict=True)], key)
        for name in names
    }


def _either(options: list[tuple[tuple[Guard, ...], Value]], key: Hashable) -> Value:
    if all(value == options[0][1] for _, value in options):
        return options[0][1]
    return joined([(Choice(key, tuple(options)),)])
