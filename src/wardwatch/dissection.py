"""In: what was found inside an image or program. Out: the common words for it that documents draw, as frozen values.

They show; they do not judge. The verdict rests on findings and gaps (`vocabulary.judge`) alone.
"""

from dataclasses import dataclass, fields
from typing import ClassVar, Final

from .printable import printable

TRIGGERS: Final = ("start-up", "menu", "key", "timer", "signal", "network", "none-found")
"""What may set code going, by the contract."""


class _Shown:
    """Makes every text of a frozen value printable when it is built, and refuses a state that does not exist."""

    __slots__ = ()
    _states: ClassVar[tuple[str, tuple[str, ...]]] = ("", ())

    def __post_init__(self) -> None:
        name, allowed = self._states
        if name and getattr(self, name) not in allowed:
            raise ValueError(f"{name} is one of {', '.join(allowed)}, not {getattr(self, name)!r}")
        for entry in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, entry.name)
            if isinstance(value, str):
                object.__setattr__(self, entry.name, printable(value))
            elif isinstance(value, tuple) and any(isinstance(part, str) for part in value):
                shown = tuple(printable(part) if isinstance(part, str) else part for part in value)
                object.__setattr__(self, entry.name, shown)


@dataclass(frozen=True, slots=True)
class Instruction(_Shown):
    """One line of a disassembly; `marked` is the call that matters."""

    address: int
    encoded: str
    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Recovered(_Shown):
    """One argument of a call as far as it was recovered: its name in the manual, and its value with holes in braces."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Step(_Shown):
    """One behaviour of a chain: what the code does, where, and how that is known.

    `behaviour` is the kind ('interface-up', 'remote-mount', ...), `rule` the rule it belongs to, `detail` the command
    or call as recovered. `needs` and `changes` say in words what must be so before and what is so after.
    """

    title: str
    behaviour: str
    rule: str
    file: str
    function: str = ""
    address: int | None = None
    line: int | None = None
    detail: str = ""
    needs: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    recovered: tuple[Recovered, ...] = ()
    disassembly: tuple[Instruction, ...] = ()
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Stop(_Shown):
    """One place on the path from outside to a step: a script, a program, a function; `how` control comes there.

    `address` or `line` is where control leaves the stop before this one.
    """

    file: str
    function: str = ""
    how: str = ""
    address: int | None = None
    line: int | None = None
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Mitigation(_Shown):
    """Whether a measure stops the chain. `holds` is 'stops', 'does not stop' or 'cannot tell'; `step` by which step."""

    _states: ClassVar[tuple[str, tuple[str, ...]]] = ("holds", ("stops", "does not stop", "cannot tell"))

    name: str
    title: str
    holds: str
    step: str
    why: str


@dataclass(frozen=True, slots=True)
class Chain(_Shown):
    """Steps that follow on one another, what sets them going, and the path from there to the first of them.

    `trigger` is one of the contract's. `completes` is None where that could not be told; `why` says what it rests on.
    """

    _states: ClassVar[tuple[str, tuple[str, ...]]] = ("trigger", TRIGGERS)

    title: str
    trigger: str
    steps: tuple[Step, ...]
    path: tuple[Stop, ...] = ()
    completes: bool | None = None
    why: str = ""
    mitigations: tuple[Mitigation, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch(_Shown):
    """`size` bytes of an image from `offset`: 'examined', 'padding' or 'not understood'; entropy in bits a byte."""

    _states: ClassVar[tuple[str, tuple[str, ...]]] = ("state", ("examined", "padding", "not understood"))

    offset: int
    size: int
    state: str
    what: str
    entropy: float = 0.0


@dataclass(frozen=True, slots=True)
class StartUp(_Shown):
    """One thing that runs by itself: in which order, because of which file and line, under which condition."""

    order: int
    source: str
    line: int
    runs: str
    when: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Component(_Shown):
    """One part of an image for the bill of materials: a program, a library, the kernel, a script.

    `properties` are pairs in one text each, 'name: value' (architecture, linking, hardening, build id).
    """

    kind: str
    name: str
    path: str
    sha256: str
    size: int = 0
    version: str = ""
    properties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audited(_Shown):
    """One property of an update path (integrity, authenticity, log, version record, rollback protection).

    `state` is 'present', 'absent' or 'cannot tell'; `seen` says where that was seen, or what was searched.
    """

    _states: ClassVar[tuple[str, tuple[str, ...]]] = ("state", ("present", "absent", "cannot tell"))

    name: str
    state: str
    seen: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Dissection(_Shown):
    """Everything there is to show of one image or program; `subject` is the subject's id in the report."""

    subject: str
    chains: tuple[Chain, ...] = ()
    coverage: tuple[Stretch, ...] = ()
    start_up: tuple[StartUp, ...] = ()
    components: tuple[Component, ...] = ()
    audit: tuple[Audited, ...] = ()
    layers: tuple[str, ...] = ()
    code_bytes: int = 0
    functions: int = 0


@dataclass(frozen=True, slots=True)
class Change(_Shown):
    """What became of one finding of the old version: 'fixed', 'not-fixed' or 'unknown', why, and what was checked."""

    _states: ClassVar[tuple[str, tuple[str, ...]]] = ("verdict", ("fixed", "not-fixed", "unknown"))

    rule: str
    title: str
    verdict: str
    why: str
    before: Chain | None = None
    after: Chain | None = None
    checked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved(_Shown):
    """A file or function of two versions: 'appeared', 'vanished', 'changed' or 'moved'; `old` and `new` name it."""

    _states: ClassVar[tuple[str, tuple[str, ...]]] = ("state", ("appeared", "vanished", "changed", "moved"))

    kind: str
    state: str
    old: str
    new: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Comparison(_Shown):
    """Two versions beside each other: what became of each finding, and what else changed."""

    old: str
    new: str
    changes: tuple[Change, ...] = ()
    moved: tuple[Moved, ...] = ()
    unchanged_files: int = 0
    unchanged_functions: int = 0
