"""In: a parsed script. Out: its commands in running order, both sides of what is not known taken; bounded in steps.

A world is one way to have come to a place. Where two ways meet again they become one, whose variables may be one of
several values; a command with such words is then recorded once for each of them, with the conditions that go with it.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from wardwatch.firmware.scripts.files import Files
from wardwatch.firmware.words import Guard, Hole, Place, Via

from .expand import matches
from .record import Record
from .runner import Simple
from .simple import Simples
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
from .values import NOTHING, Value, closed, hole, joined, literal, one_of, shown_as, text
from .world import OUTPUT, Function, World, join, opposite, status_of

DEEPEST: Final = 44
MOST_TURNS: Final = 64
MOST_WORLDS: Final = 12
_UNREACHED: Final = "no way through the script leads here"
_TOO_DEEP: Final = "commands within commands"


class Interpreter(Simples):
    """Runs nodes of a script."""

    def __init__(self, files: Files, record: Record) -> None:
        super().__init__(files, record)
        self.depth = 0
        self.visited: set[Node] = set()
        self.passed: dict[Node, World] = {}
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

    def joined(self, worlds: list[World]) -> list[World]:
        """The worlds as few."""
        return join(worlds, self.record.key()) if len(worlds) > 1 else worlds

    def _bounded(self, worlds: list[World]) -> list[World]:
        return worlds if len(worlds) <= MOST_WORLDS else self.joined(worlds)

    def sequence(self, node: Sequence, world: World) -> list[World]:
        """One after the other; ways that meet become one before the next begins."""
        worlds = [world]
        for item in node.items:
            worlds = self.joined(worlds)
            if not any(not each.flow for each in worlds):
                self._pass(item, worlds[0] if worlds else world)
                continue
            worlds = [after for each in worlds for after in self.run(item, each)]
        return worlds

    def _pass(self, node: Node, world: World) -> None:
        """`node` is not reached from here; it is looked at in the end if nothing else reaches it."""
        if node not in self.passed and not (isinstance(node, Sequence) and not node.items):
            self.passed[node] = world.fork(flow="")

    def _sides(self, worlds: Iterable[World]) -> tuple[list[World], list[World], list[World]]:
        """Where the last command succeeded, where it failed, and where something interrupted."""
        true: list[World] = []
        false: list[World] = []
        left: list[World] = []
        for world in worlds:
            if world.flow:
                left.append(world)
                continue
            succeeded, failed = world.sides()
            true += succeeded
            false += failed
        return true, false, left

    def _each(self, node: Node, worlds: list[World], otherwise: World) -> list[World]:
        """`node` in each world; passed over where there is none."""
        if not worlds:
            self._pass(node, otherwise)
        return [after for world in self.joined(worlds) for after in self.run(node, world)]

    def _and_or(self, node: AndOr, world: World) -> list[World]:
        worlds = self.run(node.first, world)
        for operator, following in node.rest:
            true, false, left = self._sides(worlds)
            go, stay = (true, false) if operator == "&&" else (false, true)
            worlds = self._bounded([*self._each(following, go, world), *stay, *left])
        return worlds

    def _pipeline(self, node: Pipeline, world: World) -> list[World]:
        if len(node.parts) == 1:
            return [self._negated(after) for after in self.run(node.parts[0], world)]
        stdin, worlds = world.stdin, [world]
        for number, part in enumerate(node.parts):
            fork = world.fork(stdin=stdin, redirected=() if number + 1 < len(node.parts) else world.redirected)
            if number + 1 < len(node.parts):
                stdin = self._captured(part, fork)
            else:
                worlds = self._apart(part, fork, world)
        return [self._negated(after) for after in worlds] if node.negated else worlds

    @staticmethod
    def _negated(world: World) -> World:
        if world.flow:
            return world
        if isinstance(world.status, Guard):
            return world.fork(status=opposite(world.status))
        return world.fork(status=int(not world.status))

    def _apart(self, node: Node, fork: World, world: World) -> list[World]:
        """`node` in a shell of its own: of what it changes, only status and output remain."""
        out = []
        for after in self.run(node, fork):
            left = world.fork(status=after.status, guards=after.guards)
            if OUTPUT in after.variables:
                left.set(OUTPUT, after.variables[OUTPUT])
            out.append(left)
        return out

    def _captured(self, node: Node, world: World) -> Value:
        """What `node` prints, run in a shell of its own."""
        fork = world.fork(redirected=())
        fork.set(OUTPUT, NOTHING)
        worlds = self.joined([after.fork(flow="") for after in self.run(node, fork)])
        self.last = worlds[0].status if worlds else 0
        return worlds[0].variables[OUTPUT] if worlds else NOTHING

    def substituted(self, node: Sequence, world: World) -> Value:
        """The text of `$(...)`, trailing newlines removed."""
        value = self._captured(node, world)
        if value and isinstance(value[-1], str):
            return joined((value[:-1], (value[-1].rstrip("\n"),)))
        return value

    def _background(self, node: Background, world: World) -> list[World]:
        self.run(node.body, world.fork(notes={**world.notes, "background": "yes"}))
        return [world.fork(status=0)]

    def _subshell(self, node: Subshell, world: World) -> list[World]:
        return self._apart(node.body, world, world)

    def _if(self, node: If, world: World) -> list[World]:
        done: list[World] = []
        open_worlds = [world]
        for condition, body in node.arms:
            asked = self._each(condition, open_worlds, world)
            true, open_worlds, left = self._sides(asked)
            done += [*left, *self._each(body, true, world)]
        if node.otherwise.items:
            return [*done, *self._each(node.otherwise, open_worlds, world)]
        return [*done, *(each.fork(status=0) for each in open_worlds)]

    def _case(self, node: Case, world: World) -> list[World]:
        done: list[World] = []
        for fork, subject in self.alternatives(world, lambda expander: expander.one(node.subject)):
            done += self._arms(node, fork, subject)
        return done

    def _arms(self, node: Case, world: World, subject: Value) -> list[World]:
        done: list[World] = []
        falling: list[World] = []
        rest: list[World] = [world]
        for patterns, body, end in node.arms:
            taken: list[World] = []
            for each in rest:
                true, rest = self._matched(patterns, subject, each)
                taken += true
            going = self._each(body, [*taken, *falling], world)
            falling = [each for each in going if not each.flow] if end == ";&" else []
            done += [each for each in going if each.flow] if end == ";&" else going
        return [*done, *falling, *(each.fork(status=0) for each in rest)]

    def _matched(self, patterns: tuple[Word, ...], subject: Value, world: World) -> tuple[list[World], list[World]]:
        """The worlds where one of `patterns` matches, and those where none does."""
        known = literal(subject)
        texts = [self.expander(world).pattern(pattern) for pattern in patterns]
        if known is not None and None not in texts:
            hit = any(matches(pattern or "", known) for pattern in texts)
            return ([world], []) if hit else ([], [world])
        if "*" in texts:
            return [world], []
        asked = closed(subject).holes
        hole_ = (
            asked[0]
            if len(subject) == 1 and asked
            else Hole(shown_as(subject), asked[0].sources if asked else ("unknown",))
        )
        constant = " | ".join("?" if pattern is None else pattern for pattern in texts)
        return [world.under(Guard(hole_, "==", constant))], [world.under(Guard(hole_, "!=", constant))]

    def _for(self, node: For, world: World) -> list[World]:
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

    def _loop(self, node: Loop, world: World) -> list[World]:
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

    def _redirected(self, node: Redirected, world: World) -> list[World]:
        done: list[World] = []
        read = self.redirections(node.redirections)
        for fork, found in self.alternatives(world, read):
            inside = self.opened(found, fork, node.line)
            after = [each.fork(stdin=fork.stdin, redirected=fork.redirected) for each in self.run(node.body, inside)]
            done += after
        return done

    def _definition(self, node: Definition, world: World) -> list[World]:
        function = Function(node, world.place.file)
        self.defined.setdefault((world.place.file, node.name, node.first), function)
        return [world.fork(status=0, functions={**world.functions, node.name: function})]

    def _simple(self, node: Command, world: World) -> list[World]:
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
        site = replace(world.place, line=simple.line)
        inside = self.opened(simple.redirections, world, simple.line)
        inside = inside.fork(
                place=place, arguments=tuple(simple.words[1:]), made_by=(*world.made_by, site), guards=(), saved={}
        )  # fmt: skip
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
                place=world.place, arguments=world.arguments, made_by=world.made_by, saved=world.saved,
            guards=(*world.guards, *after.guards), variables=variables, stdin=world.stdin, redirected=world.redirected,
            flow="" if after.flow in {"return", "break", "continue"} else after.flow,
        )  # fmt: skip

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
                self.run(node, world.fork(notes={**world.notes, "unreached": _UNREACHED}))
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


_RUNS: Final = {
    Command: Interpreter._simple,
    Pipeline: Interpreter._pipeline,
    AndOr: Interpreter._and_or,
    Background: Interpreter._background,
    Sequence: Interpreter.sequence,
    If: Interpreter._if,
    Loop: Interpreter._loop,
    For: Interpreter._for,
    Case: Interpreter._case,
    Subshell: Interpreter._subshell,
    Redirected: Interpreter._redirected,
    Definition: Interpreter._definition,
}
