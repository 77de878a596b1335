"""In: a command that starts something, and the world. Out: what it starts: programs, scripts, text for a shell."""

import re
from collections.abc import Callable, Hashable
from dataclasses import replace
from posixpath import join
from typing import Final, TypeVar

from wardwatch.firmware.scripts.files import WHERE_PROGRAMS_ARE, Files
from wardwatch.firmware.tree import NodeKind
from wardwatch.firmware.words import SHELLS, Guard, Hole, Place, Text, Via

from .expand import Expander
from .outputs import content
from .parser import parse
from .record import Record
from .runner import Simple
from .syntax import Node, Sequence
from .values import Choice, Value, closed, hole, joined, literal, shown_as, text
from .wordreader import HOLE_MARKS
from .world import FILE, FOLDER, World, status_of
from .world import join as join_worlds
from .wrappers import STARTED_BY_OPTION, inner, name_of, option, script_file, shell_text

MOST_ALTERNATIVES: Final = 12
DEEPEST: Final = 8
LARGEST_SCRIPT: Final = 1 << 19
MOST_GIVEN: Final = 64
_MARKS: Final = re.compile("[\U000f0000-\U0010ffff]")

_STRAY_BYTE: Final = re.compile("[\udc80-\udcff]")

T = TypeVar("T")


class Starting:
    """Follows what commands start."""

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

    def command(self, simple: Simple, world: World) -> list[World]:
        """Run an expanded command."""
        raise NotImplementedError

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
            asked = Guard(
                Hole(f"what {plain} does", tuple(source for each in plain.holes for source in each.sources)), "==", 0
            )
            return [self._unsettled(world, asked).fork(status=status_of("text that is not known"))]
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
            sources = (
                (f"file:{place}",) if place else tuple(source for each in closed(path).holes for source in each.sources)
            )
            return [self._unsettled(after, Guard(Hole(f"file {shown_as(path)}", sources), "==", "exists"))]
        self.record.edge(world, Place(node.path), Via.SOURCE, line)
        if node.path in world.sources or len(world.sources) >= DEEPEST:
            return [after]
        script = parse(decoded(node.read(LARGEST_SCRIPT)))
        site = world.at(line)
        inside = world.fork(
            place=Place(node.path),
            made_by=(*world.made_by, site),
            guards=(),
            sources=(*world.sources, node.path),
            arguments=tuple(arguments) if arguments else world.arguments,
        )
        return [
            replace(
                each,
                place=world.place,
                made_by=world.made_by,
                sources=world.sources,
                arguments=world.arguments,
                guards=(*world.guards, *each.guards),
                flow="" if each.flow == "return" else each.flow,
            )
            for each in self.joined(self.sequence(script.body, inside))
        ]

    def _unsettled(self, world: World, changed: Guard) -> World:
        """The world in which every variable may have been set anew, by something that was not read: `changed`."""
        key = ("unsettled", self.record.key())
        variables = {name: _unsettled(name, value, key, changed) for name, value in world.variables.items()}
        return world.fork(variables=variables)


def _unsettled(name: str, value: Value, key: Hashable, changed: Guard) -> Value:
    if name.startswith("\0") or name == FOLDER:
        return value
    other = hole(f"variable {name}, which may be set by what was not read", f"variable:{name}")
    return joined([(Choice((key, name), (((), value), ((changed,), other))),)])


def _sources(text_: Text) -> tuple[str, ...]:
    return tuple(source for each in text_.holes for source in each.sources)


def decoded(data: bytes) -> str:
    r"""A script's bytes as text. A byte that is no UTF-8 is `\\xff`, which the script's own quoting makes `\xff`."""
    text = data.decode("utf-8", "surrogateescape")
    return text if text.isascii() else _STRAY_BYTE.sub(lambda found: f"\\\\x{ord(found[0]) & 0xFF:02x}", text)


def _forks(world: World, choice: Choice) -> list[World]:
    """The world once for each way to make the choice."""
    return [
        world.under(*guards).fork(fixed={**world.fixed, choice.key: number})
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
