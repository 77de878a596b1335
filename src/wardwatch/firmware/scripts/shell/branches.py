"""In: branches, pipelines and lists of commands, and the world before them. Out: the worlds behind them."""

from collections.abc import Iterable
from typing import Final

from wardwatch.firmware.scripts.files import Files
from wardwatch.firmware.words import Guard, Hole

from .patterns import matches
from .record import Record
from .simple import Simples
from .syntax import AndOr, Background, Case, If, Node, Pipeline, Sequence, Subshell, Word
from .values import NOTHING, Value, closed, joined, literal, shown_as
from .world import OUTPUT, World, join, opposite

MOST_WORLDS: Final = 12
_COPIED: Final = 64
"""Variables whose comparing counts as a step."""


class Branches(Simples):
    """Takes both sides of what is not known."""

    def __init__(self, files: Files, record: Record) -> None:
        super().__init__(files, record)
        self.passed: dict[Node, World] = {}

    def joined(self, worlds: list[World]) -> list[World]:
        """The worlds as few."""
        if len(worlds) > 1:
            self.record.step(len(worlds[0].variables) // _COPIED)
            return join(worlds, self.record.key())
        return worlds

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

    def run_and_or(self, node: AndOr, world: World) -> list[World]:
        """`&&` and `||`."""
        worlds = self.run(node.first, world)
        for operator, following in node.rest:
            true, false, left = self._sides(worlds)
            go, stay = (true, false) if operator == "&&" else (false, true)
            worlds = self._bounded([*self._each(following, go, world), *stay, *left])
        return worlds

    def run_pipeline(self, node: Pipeline, world: World) -> list[World]:
        """`|`: what one part prints is what the next reads."""
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

    def run_background(self, node: Background, world: World) -> list[World]:
        """`&`: followed in a fork."""
        self.run(node.body, world.fork(notes={**world.notes, "background": "yes"}))
        return [world.fork(status=0)]

    def run_subshell(self, node: Subshell, world: World) -> list[World]:
        """`( )`: of what it changes, nothing stays."""
        return self._apart(node.body, world, world)

    def run_if(self, node: If, world: World) -> list[World]:
        """Each arm where its condition may hold."""
        done: list[World] = []
        open_worlds = [world]
        for condition, body in node.arms:
            asked = self._each(condition, open_worlds, world)
            true, open_worlds, left = self._sides(asked)
            done += [*left, *self._each(body, true, world)]
        if node.otherwise.items:
            return [*done, *self._each(node.otherwise, open_worlds, world)]
        return [*done, *(each.fork(status=0) for each in open_worlds)]

    def run_case(self, node: Case, world: World) -> list[World]:
        """Each arm whose pattern may match."""
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
