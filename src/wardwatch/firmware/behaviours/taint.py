"""In: one run. Out: what came from another machine in it, and where that went: mounted, fetched, copied, run.

The state is small: which path holds files of which source. A copy from there marks its target, a mount over it or an
unmount takes the mark away from the folder, never from what was copied.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from wardwatch.firmware.words import Text

from .order import Run
from .paths import below, name, same, stem
from .places import Places
from .words import Behaviour, Kind

SOURCES = frozenset({Kind.REMOTE_MOUNT, Kind.REMOTE_FETCH, Kind.RECEIVE})
LOOK_UP = "!look-up"
CHECKS = frozenset({Kind.VERIFY_SIGNATURE, Kind.VERIFY_HASH, Kind.COMPARE_VERSION, Kind.WRITE_LOG, Kind.WRITE_VERSION})
_LOCAL = ("argument:", "return:", "unknown")
NETWORK = frozenset({Kind.INTERFACE_UP, Kind.ADDRESS_SET, Kind.ROUTE_SET})


@dataclass(frozen=True, slots=True)
class Held:
    """A path that holds what came from `source`; `by` are the behaviours that brought it there, in order."""

    path: Text
    source: Behaviour
    by: tuple[int, ...]
    mounted: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """What became of one source in a run: the numbers of the behaviours that overwrite programs, and that run it."""

    source: int
    brought: tuple[int, ...]
    overwrites: tuple[int, ...] = ()
    runs: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


@dataclass
class _State:
    """What is where, while a run is read from its beginning."""

    run: Run
    places: Places
    held: list[Held] = field(default_factory=list)
    uses: dict[int, Use] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)

    def read(self, number: int, behaviour: Behaviour) -> None:
        if behaviour.kind in SOURCES:
            self._source(number, behaviour)
        elif behaviour.kind is Kind.COPY:
            self._copy(number, behaviour)
        elif behaviour.kind is Kind.WRITE:
            self._write(number, behaviour)
        elif behaviour.kind in {Kind.RUN, Kind.MAKE_EXECUTABLE}:
            self._run(number, behaviour)
        elif behaviour.kind in {Kind.UNMOUNT, Kind.LOCAL_MOUNT}:
            self._unmount(number, behaviour)

    def _source(self, number: int, behaviour: Behaviour) -> None:
        """A second source for the same path is a second try: what is there may come from either."""
        self.uses[number] = Use(number, (number,))
        if behaviour.target.parts:
            self.held.append(Held(behaviour.target, behaviour, (number,), behaviour.kind is Kind.REMOTE_MOUNT))
        if behaviour.kind is not Kind.REMOTE_MOUNT and self.places.holds_programs(behaviour.target):
            self._note(number, number, overwrites=True)

    def _copy(self, number: int, behaviour: Behaviour) -> None:
        for held in self._holding(behaviour.source, behaviour):
            self.held.append(Held(_inside(behaviour.target, behaviour.source), held.source, (*held.by, number)))
            self._brought(held.by[0], held.by)
            if self.places.holds_programs(behaviour.target):
                self._note(held.by[0], number, overwrites=True)
            else:
                self.held.append(Held(behaviour.target, held.source, (*held.by, number)))

    def _write(self, number: int, behaviour: Behaviour) -> None:
        """A file written by the program itself: what it received before may go into it."""
        source = self._received(number, behaviour)
        if source is None:
            return
        self.uses.setdefault(source, Use(source, (source,)))
        self.held.append(Held(behaviour.target, self.run.behaviours[source], (source, number)))
        self._brought(source, (source, number))
        if self.places.holds_programs(behaviour.target):
            self._note(source, number, overwrites=True)

    def _received(self, number: int, behaviour: Behaviour) -> int | None:
        """Where the data came from: the last peer before it; of one function, where it is not known to be received."""
        known = any(source.startswith("network") for source in behaviour.sources)
        kinds = (Kind.RECEIVE, Kind.CONNECT) if known else (Kind.RECEIVE,)
        for before in range(number - 1, -1, -1):
            other = self.run.behaviours[before]
            near = (other.owner.file, other.owner.function) == (behaviour.owner.file, behaviour.owner.function)
            if other.kind in kinds and other.end is not None and (known or near) and LOOK_UP not in other.labels:
                return before
        return None

    def _run(self, number: int, behaviour: Behaviour) -> None:
        for held in self._holding(behaviour.target, behaviour):
            if held.mounted and held.path.parts == behaviour.target.parts:
                continue  # a folder is not run: two holes that read alike
            self._brought(held.by[0], held.by)
            if behaviour.kind is Kind.RUN:
                self._note(held.by[0], number, overwrites=False)

    def _unmount(self, number: int, behaviour: Behaviour) -> None:
        for held in self.held:
            if held.mounted and same(held.path, behaviour.target):
                use = self.uses[held.by[0]]
                self.uses[held.by[0]] = replace(use, ends=(*use.ends, number))
        self.held = [held for held in self.held if not (held.mounted and same(held.path, behaviour.target))]

    def _holding(self, path: Text, user: Behaviour) -> list[Held]:
        """The latest that holds `path`, and others that hold the same; over a hole only within one function."""
        latest = next((held for held in reversed(self.held) if self._holds(held, path, user)), None)
        if latest is None:
            return []
        by_source: dict[int, Held] = {}
        for held in reversed(self.held):
            if held.path.parts == latest.path.parts:
                by_source.setdefault(held.by[0], held)
        return list(by_source.values())

    def _holds(self, held: Held, path: Text, user: Behaviour) -> bool:
        if not path.parts or not held.path.parts:
            return False
        lies = below(path, held.path)
        near = (held.source.owner.file, held.source.owner.function) == (user.owner.file, user.owner.function)
        if lies and _is_local(held.path) and not near:
            return False
        return bool(lies) or (lies is None and near and len(stem(path)) > 1 and len(stem(held.path)) > 1)

    def _brought(self, source: int, by: tuple[int, ...]) -> None:
        use = self.uses[source]
        self.uses[source] = replace(use, brought=tuple(sorted({*use.brought, *by})))

    def _note(self, source: int, number: int, *, overwrites: bool) -> None:
        use = self.uses[source]
        if overwrites:
            self.uses[source] = replace(use, overwrites=(*use.overwrites, number))
        else:
            self.uses[source] = replace(use, runs=(*use.runs, number))


def _is_local(path: Text) -> bool:
    """It begins with a hole that names another thing in each function: the first argument of one is not another's."""
    first = path.parts[0]
    return not isinstance(first, str) and any(source.startswith(_LOCAL) for source in first.sources)


def _inside(target: Text, source: Text) -> Text:
    """Where a file copied into a folder ends up; the folder itself where the source's name is not known."""
    last = name(source)
    known = target.literal or ""
    return Text((f"{known.rstrip('/')}/{last}",)) if known.endswith("/") and last and "*" not in last else target


def uses_of(run: Run, places: Places) -> Iterator[Use]:
    """What became of each source in this run, in the order of the sources."""
    state = _State(run, places)
    for number, behaviour in enumerate(run.behaviours):
        state.read(number, behaviour)
    yield from (use for _, use in sorted(state.uses.items()))
