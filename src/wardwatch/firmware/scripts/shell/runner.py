"""In: nothing. Out: what the parts of the evaluator ask of it."""

from typing import NamedTuple, Protocol

from wardwatch.firmware.scripts.files import Files

from .record import Record
from .syntax import Node, Sequence
from .values import Value
from .world import World


class Simple(NamedTuple):
    """A simple command with its words expanded: assignments before it, words, redirections."""

    words: list[Value]
    line: int
    assignments: tuple[tuple[str, Value], ...] = ()
    redirections: tuple[tuple[str, Value], ...] = ()
    loose: tuple[int, ...] = ()

    def inside(self, words: list[Value]) -> "Simple":
        """Another command that this one starts, its redirections kept."""
        return Simple(words, self.line, (), self.redirections)


class Runner(Protocol):
    """The evaluator."""

    files: Files
    record: Record

    def run(self, node: Node, world: World) -> list[World]:
        """Run a node."""

    def sequence(self, node: Sequence, world: World) -> list[World]:
        """Run one after the other."""

    def command(self, simple: Simple, world: World) -> list[World]:
        """Run an expanded command."""

    def run_text(self, text: Value, world: World, line: int) -> list[World]:
        """Run text as commands."""

    def source(self, path: Value, arguments: list[Value], world: World, line: int) -> list[World]:
        """Run a file in the same shell."""

    def call(self, name: str, simple: Simple, world: World) -> list[World]:
        """Run a function."""

    def joined(self, worlds: list[World]) -> list[World]:
        """The worlds as few."""
