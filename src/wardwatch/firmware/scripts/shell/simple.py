"""In: a simple command and the world. Out: the worlds behind it; recorded are the command and what it starts."""

import re
from collections.abc import Callable
from typing import Final

from .builtins import BUILTINS, redirection_words, words_note
from .expand import Expander
from .outputs import output
from .runner import Simple
from .starting import DEEPEST, Starting
from .syntax import Command, Literal, Redirection, Substitution, Word
from .values import NOTHING, Value, joined, literal, shown_as, text
from .world import FILE, World, status_of
from .wrappers import name_of

_DECLARING: Final = frozenset({"export", "readonly", "local", "declare", "typeset"})
_NAMED: Final = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)
_OUT: Final = frozenset({">", ">>", ">|", "&>", "&>>", "1>", "1>>"})
_COPIED: Final = 64
"""Variables whose copying counts as a step."""
_SUCCEEDS: Final = frozenset({"echo", "printf", "pwd", "basename", "dirname"})


class Simples(Starting):
    """Runs simple commands; control structures are added by the interpreter."""

    def expanded(self, node: Command, expander: Expander) -> Simple:
        """The command with its words expanded."""
        assignments = []
        for assignment in node.assignments:
            value = expander.one(assignment.value)
            if assignment.appends:
                value = joined((expander.lookup(assignment.name), value))
            if not node.words:
                self.record.step(len(expander.world.variables) // _COPIED)
                expander.world.set(assignment.name, value)
            assignments.append((assignment.name, value))
        declares = bool(node.words) and node.words[0].bare in _DECLARING
        fields = expander.fields(node.words, _is_assignment if declares else lambda _: False)
        found = tuple(self._redirection(each, expander) for each in node.redirections)
        loose = tuple(number for number, field in enumerate(fields) if field.loose)
        return Simple([field.value for field in fields], node.line, tuple(assignments), found, loose)

    @staticmethod
    def _redirection(each: Redirection, expander: Expander) -> tuple[str, Value]:
        return each.descriptor + each.operator, expander.one(each.target)

    def redirections(self, found: tuple[Redirection, ...]) -> Callable[[Expander], tuple[tuple[str, Value], ...]]:
        """What reads redirections."""
        return lambda expander: tuple(self._redirection(each, expander) for each in found)

    def opened(self, found: tuple[tuple[str, Value], ...], world: World, line: int) -> World:
        """The world inside a compound command with redirections."""
        world = self._with_input(found, world)
        out = tuple(each for each in found if each[0].lstrip("0123456789").startswith((">", "&>")))
        del line
        return world.fork(redirected=out) if out else world.fork()

    def assigned(self, simple: Simple, world: World, node: Command) -> list[World]:
        """A command of assignments and redirections only; its status is that of the last `$(...)`."""
        substitutes = any(isinstance(part, Substitution) for each in node.assignments for part in each.value.parts)
        if simple.redirections:
            self.record.call(world, redirection_words(simple), simple.line, {"words": "0"})
        return [world.fork(status=self.last if substitutes else 0)]

    def command(self, simple: Simple, world: World) -> list[World]:
        """An expanded command: a function, what the shell itself does, or a program."""
        if world.depth > DEEPEST:
            self.record.gap(
                world, simple.line, "a command that starts commands", "it is nested too deeply to be followed"
            )
            return [world.fork(status=status_of("a command"))]
        name = literal(simple.words[0])
        if name is None:
            self.record.gap(
                world, simple.line, "a command whose name is not known", f"it is {shown_as(simple.words[0])}"
            )
            return self._external(simple, world)
        if name in world.functions:
            return self.call(name, simple, self._with_environment(simple, world))
        builtin = BUILTINS.get(name)
        if not builtin:
            return self._external(simple, world)
        if name in _QUIET and any(">" in operator for operator, _ in simple.redirections):
            self.record.call(world, simple.words + redirection_words(simple), simple.line, words_note(simple))
        inside = self._with_input(simple.redirections, world).fork(depth=world.depth + 1)
        keeps = not simple.redirections
        return [
            after.fork(depth=world.depth, stdin=after.stdin if keeps else world.stdin)
            for after in builtin(self, simple, inside)
        ]

    @staticmethod
    def _with_environment(simple: Simple, world: World) -> World:
        return world.fork(variables={**world.variables, **dict(simple.assignments)}) if simple.assignments else world

    def _external(self, simple: Simple, world: World) -> list[World]:
        name = name_of(simple.words)
        notes = words_note(simple)
        if world.stdin is not None and name not in _IGNORING_INPUT:
            notes["stdin"] = shown_as(world.stdin)[:2000]
        own = any(operator in _OUT for operator, _ in simple.redirections)
        inherited = [] if own else [part for operator, target in world.redirected for part in (text(operator), target)]
        if inherited:
            notes["words"] = str(len(simple.words))
        self.record.call(world, simple.words + redirection_words(simple) + inherited, simple.line, notes)
        after = world.fork(status=0 if name in _SUCCEEDS else status_of(name or "a command"))
        self._printed(simple, after, own=own)
        self._started(simple, world)
        return [after]

    def _printed(self, simple: Simple, world: World, *, own: bool) -> None:
        inside = self._with_input(simple.redirections, world)
        printed = output(simple.words, inside.stdin, lambda path: self._content(path, world))
        if not own and not world.redirected:
            world.say(printed)
        for operator, target in simple.redirections:
            path = self._absolute(target, world) if operator in _OUT else None
            if path:
                before = world.variables.get(FILE + path, NOTHING) if ">>" in operator else NOTHING
                world.set(FILE + path, joined((before, printed)))


def _is_assignment(word: Word) -> bool:
    first = word.parts[0] if word.parts else None
    return isinstance(first, Literal) and bool(_NAMED.match(first.text))


_QUIET: Final = frozenset(BUILTINS) - {"cd", "chdir", "eval", ".", "source", "trap", "exec", "pwd"}
_IGNORING_INPUT: Final = frozenset(
    {"echo", "printf", "sleep", "true", "kill", "mount", "umount", "mkdir", "rm", "ifconfig"}
)
