"""In: a parsed script. Out: its commands in running order, both sides of what is not known taken; bounded in steps.

A world is one way to have come to a place. Where two ways meet again they become one, whose variables may be one of
several values; a command with such words is then recorded once for each of them, with the conditions that go with it.
"""

from collections.abc import Callable
from typing import Any, Final

from wardwatch.firmware.scripts.files import Files
from wardwatch.firmware.words import Guard, Place, Via

from .branches import Branches
from .record import Record
from .runner import Simple
from .structure import expands, plain_words, set_in
from .syntax import (
    AndOr,
    Background,
    Case,
    Command,
    Definition,
    For,
    If,
    Loop,
    Node,
    Parameter,
    Pipeline,
    Redirected,
    Sequence,
    Subshell,
    Word,
)
from .values import Value, hole, one_of, text
from .world import Function, World, status_of

DEEPEST: Final = 44
MOST_TURNS: Final = 64
UNREACHED: Final = " (no way leads here)"
"""Commands that no way through their script leads to stand in a function of their own that nothing calls."""
_UNREACHED: Final = "no way through the script leads here"
_TOO_DEEP: Final = "commands within commands"


class Interpreter(Branches):
    """Runs nodes of a script."""

    def __init__(self, files: Files, record: Record) -> None:
        super().__init__(files, record)
        self.depth = 0
        self.visited: set[Node] = set()
        self.defined: dict[tuple[str, str, int], Function] = {}
        self.called: set[Node] = set()
        self.unfollowed: dict[Node, Function] = {}
        self.swept: set[Node] = set()

    def run(self, node: Node, world: World) -> list[World]:
        """The worlds behind `node`."""
        if world.flow:
            return [world]
        if self.depth >= DEEPEST:
            self.record.gap(world, world.place.line or 0, _TOO_DEEP, "they are nested too deeply to be followed")
            return [world]
        self.record.step()
        self.visited.add(node)
        self.depth += 1
        try:
            return self._bounded(_RUNS[type(node)](self, node, world))
        finally:
            self.depth -= 1

    def run_for(self, node: For, world: World) -> list[World]:
        """One turn an item, as far as items are counted."""
        done: list[World] = []
        words = (Word((Parameter("@", quoted=True),)),) if node.words is None else node.words
        for start, fields in self.alternatives(world, lambda expander: expander.fields(words)):
            fork = start
            if node.name == "" and node.words:
                fork = self._forget(node.body, fork)
            items = [field.value for field in fields]
            if self.record.is_coarse and len(items) > 1:
                fork = self._forget(node.body, fork)
                items = [(one_of(items),)]
            if len(items) > MOST_TURNS:
                rest = hole(f"one of {len(items) - MOST_TURNS} further words")
                items = [*items[:MOST_TURNS], rest]
            if not items:
                self._pass(node.body, fork)
            done += self._turns(node, items, fork)
        return done

    def _turns(self, node: For, items: list[Value], world: World) -> list[World]:
        going, done = [world.fork(status=0)], []
        for item in items:
            turned: list[World] = []
            for each in self.joined(going):
                fork = each.fork()
                fork.set(node.name, item)
                turned += self.run(node.body, fork)
            going, left = _turned(turned)
            done += left
            if not going:
                break
        return [*done, *going]

    def run_loop(self, node: Loop, world: World) -> list[World]:
        """As many turns as the condition is known for; then once more with what the loop changes unknown."""
        going, done = [world], []
        constant = self.record.is_coarse or not expands(node.condition)
        for turn in range(MOST_TURNS + 1):
            if constant or turn == MOST_TURNS:
                going = [self._forget(node.body, each) for each in going]
            asked = [after for each in self.joined(going) for after in self.run(node.condition, each)]
            true, false, left = self._sides(asked)
            if node.negated:
                true, false = false, true
            is_open = any(isinstance(each.status, Guard) for each in asked) or len(asked) > 1
            done += [*left, *(each.fork(status=0) for each in false)]
            if is_open and not constant and turn < MOST_TURNS:
                true = [self._forget(node.body, each) for each in true]
            going, left = _turned(self._each(node.body, true, world))
            done += left
            if not going or constant or is_open:
                break
        return [*done, *(each.fork(status=0) for each in going if not constant or is_open)] or self._endless(world)

    @staticmethod
    def _endless(world: World) -> list[World]:
        return [world.fork(flow="exit")]

    def _forget(self, node: Node, world: World) -> World:
        """The world with every variable unknown that `node` sets: what the last turn left in it is not known."""
        names = {name for name in set_in(node) if name in world.variables}
        holes = {name: hole(f"variable {name}, which is changed again", f"variable:{name}") for name in names}
        return world.fork(variables={**world.variables, **holes})

    def run_redirected(self, node: Redirected, world: World) -> list[World]:
        """A compound command with its redirections."""
        done: list[World] = []
        read = self.redirections(node.redirections)
        for fork, found in self.alternatives(world, read):
            inside = self.opened(found, fork, node.line)
            after = [each.fork(stdin=fork.stdin, redirected=fork.redirected) for each in self.run(node.body, inside)]
            done += after
        return done

    def run_definition(self, node: Definition, world: World) -> list[World]:
        """A function is known from here on."""
        function = Function(node, world.place.file)
        self.defined.setdefault((world.place.file, node.name, node.first), function)
        return [world.fork(status=0, functions={**world.functions, node.name: function})]

    def run_simple(self, node: Command, world: World) -> list[World]:
        """A simple command, once for each way its words may be."""
        if plain := plain_words(node):
            return self.command(Simple([text(word) for word in plain], node.line), world.fork())
        done: list[World] = []
        for fork, simple in self.alternatives(world, lambda expander: self.expanded(node, expander)):
            if simple.words:
                done += self.command(simple, fork)
            else:
                done += self.assigned(simple, fork, node)
        return done

    def call(self, name: str, simple: Simple, world: World) -> list[World]:
        """Run a function with its arguments; its guards begin anew for what is recorded inside."""
        function = world.functions[name]
        place = Place(function.file, name)
        self.record.edge(world, place, Via.CALL, simple.line)
        self.called.add(function.definition)
        if self.record.is_coarse:
            return self._not_followed(function, world)
        site = world.at(simple.line)
        inside = self.opened(simple.redirections, world, simple.line)
        inside = inside.fork(
            place=place, arguments=tuple(simple.words[1:]), made_by=(*world.made_by, site), guards=(), saved={}
        )
        after = self.run(function.definition.body, inside)
        return [self._returned(each, world) for each in self._bounded(after)]

    def _not_followed(self, function: Function, world: World) -> list[World]:
        """A call of which only what it may change is taken: its body is followed once, with any arguments."""
        self.unfollowed.setdefault(function.definition, function)
        left = self._forget(function.definition.body, world)
        return [left.fork(status=status_of(function.definition.name))]

    @staticmethod
    def _returned(after: World, world: World) -> World:
        variables = {**after.variables, **{name: old for name, old in after.saved.items() if old is not None}}
        for name, old in after.saved.items():
            if old is None:
                variables.pop(name, None)
        return after.fork(
            place=world.place,
            arguments=world.arguments,
            made_by=world.made_by,
            saved=world.saved,
            guards=(*world.guards, *after.guards),
            variables=variables,
            stdin=world.stdin,
            redirected=world.redirected,
            flow="" if after.flow in {"return", "break", "continue"} else after.flow,
        )

    def sweep(self, world: World) -> None:
        """Functions nobody called, then what no way led to: recorded last, the latter with a note."""
        while self._sweep_functions(world) or self._sweep_passed():
            pass

    def _sweep_functions(self, world: World) -> bool:
        uncalled = [each for each in self.defined.values() if each.definition not in self.called]
        rest = [each for each in (*self.unfollowed.values(), *uncalled) if each.definition not in self.swept]
        for function in rest:
            self.swept.add(function.definition)
            if function.file == world.place.file or function.definition in self.unfollowed:
                place = Place(function.file, function.definition.name)
                self.run(function.definition.body, world.fork(place=place, arguments=None, guards=()))
        return bool(rest)

    def _sweep_passed(self) -> bool:
        rest = [pair for pair in self.passed.items() if pair[0] not in self.visited]
        for node, world in rest:
            if node not in self.visited:
                place = Place(world.place.file, f"{world.place.function or 'top level'}{UNREACHED}")
                self.run(node, world.fork(place=place, notes={**world.notes, "unreached": _UNREACHED}))
        return bool(rest)


def _turned(worlds: list[World]) -> tuple[list[World], list[World]]:
    """After one turn of a loop: the worlds that take another, and those that leave it."""
    going: list[World] = []
    left: list[World] = []
    for world in worlds:
        if world.flow in {"break", "continue"} and world.levels > 1:
            left.append(world.fork(levels=world.levels - 1))
        elif world.flow == "break":
            left.append(world.fork(flow=""))
        elif world.flow == "continue" or not world.flow:
            going.append(world.fork(flow=""))
        else:
            left.append(world)
    return going, left


_RUNS: Final[dict[type, Callable[[Interpreter, Any, World], list[World]]]] = {
    Command: Interpreter.run_simple,
    Pipeline: Interpreter.run_pipeline,
    AndOr: Interpreter.run_and_or,
    Background: Interpreter.run_background,
    Sequence: Interpreter.sequence,
    If: Interpreter.run_if,
    Loop: Interpreter.run_loop,
    For: Interpreter.run_for,
    Case: Interpreter.run_case,
    Subshell: Interpreter.run_subshell,
    Redirected: Interpreter.run_redirected,
    Definition: Interpreter.run_definition,
}
