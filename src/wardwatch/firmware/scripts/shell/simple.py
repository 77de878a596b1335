"""In: a simple command and the world. Out: the worlds behind it; recorded are the command and what it starts."""

import re
from collections.abc import Callable
from dataclasses import replace
from posixpath import join
from typing import Final, TypeVar

from wardwatch.firmware.scripts.files import WHERE_PROGRAMS_ARE, Files
from wardwatch.firmware.tree import NodeKind
from wardwatch.firmware.words import Guard, Hole, Place, Via

from .builtins import BUILTINS, redirection_words, words_note
from .expand import Expander
from .outputs import content, output
from .parser import parse
from .record import Record
from .runner import Simple
from .syntax import Command, Literal, Node, Redirection, Sequence, Substitution
from .values import NOTHING, Choice, Value, closed, hole, joined, literal, shown_as, text
from .wordreader import HOLE_MARKS
from .world import FILE, FOLDER, World, status_of
from .world import join as join_worlds
from .wrappers import SHELLS, STARTED_BY_OPTION, inner, name_of, option, script_file, shell_text

MOST_ALTERNATIVES: Final = 12
DEEPEST: Final = 8
LARGEST_SCRIPT: Final = 1 << 19
MOST_GIVEN: Final = 64
_DECLARING: Final = frozenset({"export", "readonly", "local", "declare", "typeset"})
_NAMED: Final = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)
_OUT: Final = frozenset({">", ">>", ">|", "&>", "&>>", "1>", "1>>"})
_SUCCEEDS: Final = frozenset({"echo", "printf", "pwd", "basename", "dirname"})
_MARKS: Final = re.compile("[\U000f0000-\U0010ffff]")

T = TypeVar("T")


class Simples:
    """Runs simple commands; control structures are added by the interpreter."""

    def __init__(self, files: Files, record: Record) -> None:
        self.files = files
        self.record = record
        self.last: int | Guard = 0

    def run(self, node: Node, world: World) -> list[World]:
        """The worlds behind `node`."""
        raise NotImplementedError

    def sequence(self, node: Sequence, world: World) -> list[World]:
        """One after the other."""
        raise NotImplementedError

    def call(self, name: str, simple: Simple, world: World) -> list[World]:
        """Run a function."""
        raise NotImplementedError

    def substituted(self, node: Sequence, world: World) -> Value:
        """The text of `$(...)`."""
        raise NotImplementedError

    def joined(self, worlds: list[World]) -> list[World]:
        """The worlds as few."""
        return join_worlds(worlds, self.record.key()) if len(worlds) > 1 else worlds

    def expander(self, world: World, *, closes: bool = False) -> Expander:
        """What expands words in `world`; `closes`: choices become holes."""
        return Expander(world, self.files, self.substituted, self.record.step, closes=closes)

    def alternatives(self, world: World, read: Callable[[Expander], T]) -> list[tuple[World, T]]:
        """What `read` yields for each way to make the choices it meets, and the world in which it does."""
        out: list[tuple[World, T]] = []
        todo = [world.fork()]
        while todo:
            fork = todo.pop()
            full = self.record.is_coarse or len(out) + len(todo) >= MOST_ALTERNATIVES
            expander = self.expander(fork, closes=full)
            result = read(expander)
            choice = next(iter(expander.asked.values()), None)
            if choice is None:
                out.append((fork, result))
            else:
                todo += reversed(_forks(fork, choice))
        return out

    def expanded(self, node: Command, expander: Expander) -> Simple:
        """The command with its words expanded."""
        assignments = []
        for assignment in node.assignments:
            value = expander.one(assignment.value)
            if assignment.appends:
                value = joined((expander.lookup(assignment.name), value))
            if not node.words:
                expander.world.set(assignment.name, value)
            assignments.append((assignment.name, value))
        declares = bool(node.words) and node.words[0].bare in _DECLARING
        fields = []
        for word in node.words:
            whole = declares and word.parts and isinstance(word.parts[0], Literal) and _NAMED.match(word.parts[0].text)
            fields += [(expander.one(word), False)] if whole else expander.fields((word,))
        found = tuple(self._redirection(each, expander) for each in node.redirections)
        loose = tuple(number for number, field in enumerate(fields) if field[1])
        return Simple([field[0] for field in fields], node.line, tuple(assignments), found, loose)

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

    def _with_input(self, found: tuple[tuple[str, Value], ...], world: World) -> World:
        for operator, target in found:
            if operator == "<":
                world = world.fork(stdin=self._content(target, world))
            elif operator in {"<<", "<<-"}:
                world = world.fork(stdin=target)
            elif operator == "<<<":
                world = world.fork(stdin=joined((target, text("\n"))))
        return world

    def _content(self, path: Value, world: World) -> Value:
        known = self._absolute(path, world)
        written = world.variables.get(FILE + known) if known else None
        return content(text(known) if known else path, self.files) if written is None else written

    @staticmethod
    def _absolute(path: Value, world: World) -> str | None:
        known = literal(path)
        if known is None or known.startswith("/"):
            return known
        folder = literal(world.variables.get(FOLDER, ("/",)))
        return None if folder is None else join(folder, known)

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
        if simple.redirections and name in _QUIET:
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

    def _started(self, simple: Simple, world: World) -> None:
        """What the command starts in turn: a program, a script, text for a shell, another command."""
        words, line = simple.words, simple.line
        self.starts(words[0], world, line)
        name = name_of(words)
        inside = replace(self._with_input(simple.redirections, world), depth=world.depth + 1, flow="")
        if option_names := STARTED_BY_OPTION.get(name):
            started = option(words, option_names)
            if started is not None and name != "start-stop-daemon":
                self.starts(started, world, line, label=f"{name} runs it")
        if given := shell_text(words):
            notes = {**inside.notes, "through": f"{name} -c"}
            shell = inside.fork(notes=notes, arguments=tuple(given[1][1:]))
            self.run_text(given[0], shell, line)
        elif script := script_file(words):
            self._script(script[0], tuple(script[1]), inside, line)
        elif name in SHELLS and inside.stdin is not None:
            self.run_text(inside.stdin, inside.fork(notes={**inside.notes, "through": f"text piped to {name}"}), line)
        elif (other := list(inner(words))) and name != "exec":
            self.command(simple.inside(other + _given(name, inside.stdin)), inside.fork(functions={}))

    def _script(self, path: Value, arguments: tuple[Value, ...], world: World, line: int) -> None:
        known = self._absolute(path, world)
        written = world.variables.get(FILE + known) if known else None
        if written is not None:
            self.run_text(written, world.fork(arguments=arguments, notes={**world.notes, "through": known or ""}), line)
        else:
            self.starts(path, world, line, places=())

    def starts(
        self, path: Value, world: World, line: int, *, label: str = "", places: tuple[str, ...] | None = None
    ) -> None:
        """An edge to what `path` names, where the image holds that."""
        known = literal(path)
        if not known:
            return
        if places is None:
            search = literal(world.variables.get("PATH", ()))
            places = (*(search or "").split(":"), *WHERE_PROGRAMS_ARE) if search else WHERE_PROGRAMS_ARE
        if places and "/" not in known:
            node = self.files.program(known, (place for place in places if place))
        else:
            node = self.files.find(self._absolute(path, world) or known)
        if node and node.kind is NodeKind.FILE:
            self.record.edge(
                world, Place(node.path), Via.EXEC, line, label or (known if not node.path.endswith(known) else "")
            )

    def run_text(self, given: Value, world: World, line: int) -> list[World]:
        """Run text as commands; its holes stay holes."""
        if world.depth > DEEPEST:
            self.record.gap(world, line, "text for a shell", "it is nested too deeply to be followed")
            return [world]
        if any(isinstance(part, Choice) for part in given):
            forks = self.alternatives(world, lambda expander: expander.settled(given))
            return [after for fork, value in forks for after in self.run_text(value, fork, line)]
        plain = closed(given)
        if plain.holes and not any(isinstance(part, str) and part.strip() for part in plain.parts):
            self.record.gap(world, line, "text for a shell", f"it is not known: {plain}")
            return [world.fork(status=status_of("text that is not known"))]
        holes = plain.holes
        numbers = iter(range(len(holes)))
        marked = "".join(
            _MARKS.sub("\ufffd", part) if isinstance(part, str) else chr(HOLE_MARKS + next(numbers))
            for part in plain.parts
        )
        script = parse(marked[:LARGEST_SCRIPT], holes, line)
        for problem in script.problems:
            self.record.gap(world, problem.line, "text for a shell", problem.why)
        deeper = world.fork(depth=world.depth + 1)
        return [after.fork(depth=world.depth) for after in self.joined(self.sequence(script.body, deeper))]

    def source(self, path: Value, arguments: list[Value], world: World, line: int) -> list[World]:
        """Run a file in the same shell; a file that is being read already is not read again."""
        known = literal(path)
        place = known if known is None or "/" not in known else self._absolute(path, world)
        node = self.files.program(place, (literal(world.get(FOLDER)) or "/", *WHERE_PROGRAMS_ARE)) if place else None
        after = world.fork(status=status_of("."))
        if place and (written := world.variables.get(FILE + place)) is not None:
            return self.run_text(written, world, line)
        if node is None:
            why = "the image does not hold it" if known else "its name is not known"
            self.record.gap(world, line, f"sourced file {shown_as(path)}", why, () if known else ("*",))
            return [after]
        self.record.edge(world, Place(node.path), Via.SOURCE, line)
        if node.path in world.sources or len(world.sources) >= DEEPEST:
            return [after]
        script = parse(decoded(node.read(LARGEST_SCRIPT)))
        site = replace(world.place, line=line)
        inside = world.fork(
                place=Place(node.path), made_by=(*world.made_by, site), guards=(), sources=(*world.sources, node.path),
            arguments=tuple(arguments) if arguments else world.arguments,
        )  # fmt: skip
        return [
            replace(
                each,
                place=world.place,
                made_by=world.made_by,
                sources=world.sources,
                arguments=world.arguments,
                guards=(*world.guards, *each.guards),
                flow="" if each.flow == "return" else each.flow,
            )  # fmt: skip
            for each in self.joined(self.sequence(script.body, inside))
        ]


def decoded(data: bytes) -> str:
    """A script's bytes as text; bytes that are no UTF-8 show as escapes."""
    return data.decode("utf-8", "backslashreplace")


def _forks(world: World, choice: Choice) -> list[World]:
    """The world once for each way to make the choice."""
    return [
        world.fork(fixed={**world.fixed, choice.key: number}, guards=(*world.guards, *guards))
        for number, (guards, _) in enumerate(choice.options)
    ]


def _given(name: str, stdin: Value | None) -> list[Value]:
    """What xargs adds to the words of the command it starts."""
    if name != "xargs":
        return []
    known = None if stdin is None else literal(stdin)
    if known is None:
        return [(Hole(f"words read from {shown_as(stdin or hole('standard input'))}", ("input",)),)]
    return [text(word) for word in known.split()[:MOST_GIVEN]]


_QUIET: Final = frozenset(BUILTINS) - {"cd", "chdir", "eval", ".", "source", "trap", "exec", "pwd"}
_IGNORING_INPUT: Final = frozenset(
    {"echo", "printf", "sleep", "true", "kill", "mount", "umount", "mkdir", "rm", "ifconfig"}
)
