"""In: what a program that was run asked of its machine. Out: the same as values, with times, to and from JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing a program did. `seconds` since it was started; `by`: programs, the first one first, that led to it.

    `kind`: 'command' (what: its words, joined), 'connect' and 'send' (what: ADDRESS:PORT/tcp or /udp), 'mount' (what:
    source, to: mount point, how: type and options), 'unmount', 'interface' (what: its name, to: 'up', 'down' or an
    address), 'write', 'rename' (what: old, to: new), 'restart', 'module'. `count` times in all, the first time then.
    `fails`: why it was not done, in words.
    """

    kind: str
    what: str
    to: str = ""
    how: str = ""
    seconds: float = 0.0
    by: tuple[str, ...] = ()
    count: int = 1
    fails: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """What came to one address and port: calls, bytes, and the first of them, which show its form."""

    address: str
    port: int
    transport: str
    sessions: int
    received: int
    head: bytes = b""


@dataclass(frozen=True, slots=True)
class Run:
    """All that was seen of one program. `taken`: files that now hold what the lab's share offered; `notes`: limits.

    `output` is what it printed, the first of it; `ended`: its exit status, None where it still ran at the end.
    """

    program: str
    keys: str
    limit: float
    took: float
    seen: tuple[Seen, ...] = ()
    sessions: tuple[Session, ...] = ()
    taken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    output: str = ""
    ended: int | None = None
    dropped: int = 0

    def to_json(self) -> dict[str, Any]:
        """For the way out of the lab, and for files."""
        told = asdict(self)
        for session in told["sessions"]:
            session["head"] = session["head"].hex()
        return told


def run_from_json(told: Mapping[str, Any]) -> Run:
    """The value again."""
    rest = dict(told)
    seen = tuple(Seen(**{**each, "by": tuple(each["by"])}) for each in rest.pop("seen"))
    sessions = tuple(Session(**{**each, "head": bytes.fromhex(each["head"])}) for each in rest.pop("sessions"))
    taken, notes = tuple(rest.pop("taken")), tuple(rest.pop("notes"))
    return Run(seen=seen, sessions=sessions, taken=taken, notes=notes, **rest)


def lines(run: Run) -> str:
    """One JSON object a line: the run, then each thing seen. Not what was sent or shown: it may name people."""
    head = {key: value for key, value in run.to_json().items() if key not in {"seen", "output"}}
    for session in head["sessions"]:
        del session["head"]
    return "".join(json.dumps(each, ensure_ascii=True) + "\n" for each in (head, *(asdict(one) for one in run.seen)))
