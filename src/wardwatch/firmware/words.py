"""In: nothing. Out: the words the parts of the firmware domain share: places, texts with holes, calls, edges, roots.

The parts meet here and nowhere else: `image` opens, `programs` and `scripts` read code and yield `Calls`, `startup`
says what runs when, `behaviours` turns calls into what happens. All values are frozen and hashable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from wardwatch.printable import printable


class Trigger(StrEnum):
    """What sets a piece of code going, as the contract names it."""

    START_UP = "start-up"
    MENU = "menu"
    KEY = "key"
    TIMER = "timer"
    SIGNAL = "signal"
    NETWORK = "network"
    NONE_FOUND = "none-found"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in code: a file of the image and, in it, a function (of a program or script), an address or a line.

    `file` is the absolute path inside the image ('/opt/bin/monitor'), also for a program given alone. `function` is
    a symbol, or `sub_` and the address where there is none; '' is the top level of a script.
    """

    file: str
    function: str = ""
    address: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        """`/opt/bin/monitor: do_update at 0x8f20`, for people."""
        where = f" at 0x{self.address:x}" if self.address is not None else f", line {self.line}" if self.line else ""
        return printable(f"{self.file}: {self.function or 'top level'}{where}")


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of a value that could not be recovered; `origin` says in words where it comes from.

    For instance 'argument 1 of sub_8f20', 'returned by getenv', 'received from the network', 'read from /etc/peer'.
    `sources` names the same for programs: `argument:N`, `return:NAME`, `network`, `file:PATH`, `device:PATH`,
    `variable:NAME`, `global:0xADDRESS`, `unknown`.
    """

    origin: str
    sources: tuple[str, ...] = ("unknown",)


@dataclass(frozen=True, slots=True)
class Text:
    """A string as far as it was recovered: literal parts and holes, in order. Never two literal parts side by side."""

    parts: tuple[str | Hole, ...] = ()

    @property
    def literal(self) -> str | None:
        """The whole string, where it holds no hole."""
        return None if self.holes else "".join(part for part in self.parts if isinstance(part, str))

    @property
    def holes(self) -> tuple[Hole, ...]:
        """The parts that are not known."""
        return tuple(part for part in self.parts if isinstance(part, Hole))

    def __str__(self) -> str:
        """The string with each hole shown as `{origin}`."""
        return "".join(part if isinstance(part, str) else f"{{{part.origin}}}" for part in self.parts)


@dataclass(frozen=True, slots=True)
class Peer:
    """The far end of a connection, from a sockaddr or a call that takes host and port.

    `host` is an address or a name. `connected_at` is where a descriptor was bound to it, where that is another place.
    """

    host: Text
    port: int | None = None
    transport: str = ""
    connected_at: Place | None = None


@dataclass(frozen=True, slots=True)
class Data:
    """A buffer handed to a call: what is known of its content and where its parts come from.

    `sources` uses the tags of `Hole`, and `device:PATH` or `return:NAME` for what was read from a sensor; `labels` are
    literal field names or formats that were written into it ('patient', 'HR=%d').
    """

    text: Text = Text()
    sources: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


Value = Text | Peer | Data | int | Hole
"""One recovered argument."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition on the way from the function's start to the call: `subject` `relation` `constant`.

    `subject` is a Hole (what was compared, with its origin), `relation` one of == != < <= > >=.
    """

    subject: Hole
    relation: str
    constant: int | str


@dataclass(frozen=True, slots=True)
class Call:
    """One call that matters, with its arguments as far as they were recovered.

    `name` is the libc, system or library name in lower case without decoration (`system`, `execve`, `mount`, `ioctl`,
    `connect`, `send`, `rename`, `curl_easy_setopt`), or for scripts and for text given to a shell `command` with one
    Text a word (`mount`, `-t`, `nfs`, ...), redirections as further words `>`, `FILE`. `at` is the call site.
    `made_by` are the places that built the arguments, outermost function first, wrappers included. `order` numbers
    calls in the sequence in which one run through their function makes them. `through_shell` holds the text handed to
    system() or popen() where a `command` came out of it. `count` paths led here.
    """

    name: str
    arguments: tuple[Value, ...]
    at: Place
    made_by: tuple[Place, ...] = ()
    order: int = 0
    guards: tuple[Guard, ...] = ()
    through_shell: Text | None = None
    notes: Mapping[str, str] = field(default_factory=dict, hash=False)


class Via(StrEnum):
    """How control passes along an edge."""

    CALL = "call"
    TAIL_CALL = "tail call"
    TABLE = "table"
    THREAD = "thread"
    TIMER = "timer"
    SIGNAL = "signal"
    CALLBACK = "callback"
    EXEC = "exec"
    SOURCE = "source"
    BOOT = "boot"


@dataclass(frozen=True, slots=True)
class Edge:
    """Control passes from `caller` to `callee`. `sure`: proven by code, not only possible.

    `label` is what a person would read beside it: the menu's text, the key, the timer's period. `guards` as in Call.
    Places of edges carry file and function, no address, so that they compare equal; `site` has the address or line.
    """

    caller: Place
    callee: Place
    via: Via = Via.CALL
    sure: bool = True
    label: str = ""
    guards: tuple[Guard, ...] = ()
    site: Place | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """A place where something from outside sets code going, and why that is known.

    `sure` is False where it is only possible: a function whose address is taken and never seen called.
    """

    at: Place
    trigger: Trigger
    why: str
    sure: bool = True
    label: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be examined, for a gap: `what`, `why`, and which behaviours it might hide (rule names, or '*')."""

    at: Place
    what: str
    why: str
    bears_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What one program or script yields.

    `functions` maps each function's name to its (start, end) addresses, or lines in a script. `strings` are those
    literals of a program that calls or tables refer to. `shape` maps a function's name to a fingerprint that does not
    change when addresses move, for comparing versions. `code_bytes` is what was examined.
    """

    file: str
    language: str
    calls: tuple[Call, ...] = ()
    edges: tuple[Edge, ...] = ()
    roots: tuple[Root, ...] = ()
    unread: tuple[Unread, ...] = ()
    functions: Mapping[str, tuple[int, int]] = field(default_factory=dict, hash=False)
    shapes: Mapping[str, str] = field(default_factory=dict, hash=False)
    code_bytes: int = 0


SHELL_CALLS: Final = frozenset({"system", "popen"})
"""Calls whose first argument is text for a shell."""
SHELLS: Final = frozenset({"sh", "ash", "bash", "dash", "ksh", "mksh", "hush", "lash", "msh", "zsh"})
"""Programs that take text for a shell behind '-c'."""
