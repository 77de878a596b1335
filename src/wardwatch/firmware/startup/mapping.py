"""In: what the mechanisms find in a tree. Out: one ordered map, its roots and edges, and what could not be followed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from wardwatch.dissection import StartUp
from wardwatch.firmware.scripts import Files, analyse, handed, language_of
from wardwatch.firmware.tree import NodeKind, Tree
from wardwatch.firmware.words import Call, CodeFacts, Edge, Place, Root, Text, Trigger, Unread, Via
from wardwatch.plugins import modules

from .mechanism import Started

MOST_ENTRIES: Final = 2000
DEEPEST: Final = 8
LARGEST_SCRIPT: Final = 1 << 20
_EVERYTHING: Final = ("*",)

BOOT: Final = Place("", "boot")
"""Where everything begins: each root is led to from here, by the clock or a signal where that sets it going."""

_VIAS: Final = {Trigger.TIMER: Via.TIMER, Trigger.SIGNAL: Via.SIGNAL}

Reader = Callable[[str, bytes, Files], CodeFacts]


@dataclass(frozen=True, slots=True)
class StartUpMap:
    """What runs by itself: `entries` to show, `roots` and `edges` for the graph of the image, `calls` for behaviours.

    `calls` are the commands that stand in configurations themselves (inittab, crontab, interfaces).
    """

    entries: tuple[StartUp, ...] = ()
    roots: tuple[Root, ...] = ()
    edges: tuple[Edge, ...] = ()
    unread: tuple[Unread, ...] = ()
    calls: tuple[Call, ...] = ()


class _Builder:
    def __init__(self, files: Files, read: Reader) -> None:
        self.files = files
        self.read = read
        self.entries: list[StartUp] = []
        self.roots: dict[tuple[Place, str], Root] = {}
        self.edges: dict[Edge, None] = {}
        self.unread: dict[Unread, None] = {}
        self.calls: list[Call] = []
        self.facts: dict[str, CodeFacts | None] = {}
        self.shown: set[str] = set()

    def add(self, started: Started) -> None:
        """One thing that runs, and what it starts in turn."""
        at = Place(started.source, line=started.line)
        if started.missing:
            self.unread[Unread(at, started.command or "a line", started.missing)] = None
            return
        if not started.sure and started.trigger is Trigger.START_UP and started.source in self.shown:
            return  # what may run by custom was seen to be started already
        self._entry(started.source, started.line, started.command, started.when, 0)
        caller = Place(started.source, "" if started.trigger is Trigger.START_UP else started.when)
        at = replace(caller, line=started.line)
        root = Root(caller, started.trigger, f"{started.source}, line {started.line}: {started.when}", started.sure)
        self.roots.setdefault((caller, started.trigger), root)
        self.edges[Edge(BOOT, caller, _VIAS.get(started.trigger, Via.BOOT), started.sure, started.when)] = None
        calls, edges, unread = handed(Text((started.command,)), at, self.files)
        self.calls += calls
        self.unread.update(dict.fromkeys(unread))
        for edge in edges:
            if edge.caller == caller:
                edge = Edge(caller, edge.callee, Via.BOOT, started.sure, started.when, edge.guards, at)  # noqa: PLW2901  # the same, told as the boot
            self.edges[edge] = None
            self._follow(edge.callee.file, 1)
        self._absent(started, at, bool(edges))

    def _absent(self, started: Started, at: Place, found: bool) -> None:  # noqa: FBT001  # private, one caller
        program = started.command.split()[0] if started.command.split() else ""
        if not found and program.startswith("/") and not self.files.find(program):
            why = "the image does not hold it, or its link leads nowhere"
            self.unread[Unread(at, f"{program}, started by {started.source}", why)] = None

    def _entry(self, source: str, line: int, runs: str, when: str, depth: int) -> None:
        if len(self.entries) < MOST_ENTRIES:
            self.entries.append(StartUp(len(self.entries) + 1, source, line, runs, when, depth))

    def _facts(self, path: str) -> CodeFacts | None:
        if path not in self.facts:
            node = self.files.find(path)
            data = (
                node.read(LARGEST_SCRIPT)
                if node and node.kind is NodeKind.FILE and node.size <= LARGEST_SCRIPT
                else b""
            )
            self.facts[path] = self.read(path, data, self.files) if data and language_of(path, data) else None
        return self.facts[path]

    def _follow(self, path: str, depth: int) -> None:
        """The programs and scripts that `path` starts, each once."""
        if path in self.shown or depth > DEEPEST:
            return
        self.shown.add(path)
        facts = self._facts(path)
        if not facts:
            return
        seen = set()
        for edge in facts.edges:
            if edge.via not in {Via.EXEC, Via.SOURCE} or edge.callee.file in seen:
                continue
            seen.add(edge.callee.file)
            site = edge.site or edge.caller
            self._entry(site.file, site.line or 0, edge.label or edge.callee.file, _when(edge), depth)
            self._follow(edge.callee.file, depth + 1)


def _when(edge: Edge) -> str:
    how = "read into it" if edge.via is Via.SOURCE else "started"
    conditions = [f"{guard.subject.origin} {guard.relation} {guard.constant}" for guard in edge.guards]
    return f"{how} where {' and '.join(conditions)}" if conditions else how


def map_of(tree: Tree | Files, read: Reader = analyse) -> StartUpMap:
    """What runs by itself in the image. `read` analyses scripts: one that remembers saves doing it twice."""
    files = tree if isinstance(tree, Files) else Files(tree.nodes)
    builder = _Builder(files, read)
    for started in sorted(_found(files), key=lambda each: each.stage):
        builder.add(started)
    if len(builder.entries) >= MOST_ENTRIES:
        gap = Unread(Place("/"), "the start-up map", f"only its first {MOST_ENTRIES} entries are kept", _EVERYTHING)
        builder.unread[gap] = None
    return StartUpMap(
        tuple(builder.entries),
        tuple(builder.roots.values()),
        tuple(builder.edges),
        tuple(builder.unread),
        tuple(builder.calls),
    )


def _found(files: Files) -> Iterator[Started]:
    for module in modules("wardwatch.firmware.startup.mechanisms", "MECHANISM"):
        found: Iterable[Started] = module.MECHANISM.find(files)
        yield from found
