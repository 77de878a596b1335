"""In: a playbook, code told in lines. Out: the facts it stands for, and what the rules say of them.

    fires critical trigger=key peer=203.0.113.5     what the rule of the folder must find
    program /opt/bin/update                          a program; `script PATH` is a shell script
    root main start-up                               what something outside sets going
    edge main > menu table label=Update              control passes; key=C and maybe may stand behind it
    unread menu "an indirect call" "no target known"
    in do_update                                     calls of a function, with addresses (or lines of a script)
    0x8f20 sh ifconfig eth0 up && mount -t nfs 203.0.113.5:/pm /mnt
    0x8f30 connect peer:203.0.113.5:515/tcp
    0x8f40 send peer:203.0.113.5:515/tcp data:HR=%d<device:/dev/ttyS1>
    boot /etc/init.d/rcS                             what the start-up runs
    alone                                            the program was given by itself

A hole stands in braces: {network}, {file:/etc/peer}, {argument:0}.
"""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest

from wardwatch.firmware.judging import Code, findings_of, scene_of
from wardwatch.firmware.scene import Match, Scene
from wardwatch.firmware.words import (
    Call,
    CodeFacts,
    Data,
    Edge,
    Guard,
    Hole,
    Peer,
    Place,
    Root,
    Text,
    Trigger,
    Unread,
    Value,
    Via,
)
from wardwatch.vocabulary import Finding

HOLE = re.compile(r"\{([^}]*)\}")
KEYBOARD = Hole("read from /dev/input/event0", ("device:/dev/input/event0",))


@dataclass
class Playbook:
    fires: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    facts: dict[str, CodeFacts] = field(default_factory=dict)
    boot: list[Edge] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    also: list[str] = field(default_factory=list)
    alone: bool = False

    @property
    def scene(self) -> Scene:
        programs = frozenset((*self.facts, *self.also))
        code = Code("image", self.facts, self.boot, programs, tuple(self.matches), self.alone)
        return scene_of(code, commands_of, self.resolve)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return findings_of(self.scene)

    def resolve(self, target: Text) -> tuple[str, ...]:
        name = target.literal or ""
        return tuple(path for path in self.facts if path == name or path.rpartition("/")[2] == name)


@dataclass
class Part:
    """One program or script as it is read."""

    file: str
    language: str
    calls: list[Call] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    roots: list[Root] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    function: str = ""

    def facts(self) -> CodeFacts:
        names = {e.callee.function for e in self.edges} | {e.caller.function for e in self.edges}
        names |= {call.at.function for call in self.calls} | {root.at.function for root in self.roots}
        functions = {name: (0x1000 * n, 0x1000 * n + 0xFFF) for n, name in enumerate(sorted(names), 1) if name}
        shapes = {name: f"shape of {name}" for name in functions}
        return CodeFacts(
            self.file, self.language, tuple(self.calls), tuple(self.edges), tuple(self.roots), tuple(self.unread),
            functions, shapes, 1000,
        )  # fmt: skip


def read_playbook(text: str) -> Playbook:
    play, part = Playbook(), None
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        head, rest = words[0], words[1:]
        if head == "fires":
            play.fires.append((rest[0], dict(word.split("=", 1) for word in rest[1:])))
        elif head == "boot":
            play.boot.append(Edge(Place("", "boot"), Place(rest[0]), Via.BOOT, label="started by /etc/inittab"))
        elif head == "alone":
            play.alone = True
        elif head in {"also", "file"}:
            play.also += rest
        elif head == "match":
            play.matches.append(Match(rest[0], rest[1], rest[2], rest[3]))
        elif head in {"program", "script"}:
            part = Part(rest[0], "machine code" if head == "program" else "shell")
        else:
            assert part, f"{line!r} stands before any program"
            _in_part(part, head, rest, line)
        if part:
            play.facts[part.file] = part.facts()
    return play


def _in_part(part: Part, head: str, rest: list[str], line: str) -> None:
    if head == "in":
        part.function = "" if rest[0] == "-" else rest[0]
    elif head == "root":
        sure = "maybe" not in rest
        part.roots.append(Root(Place(part.file, rest[0]), Trigger(rest[1]), " ".join(rest[2:]) or "seen", sure))
    elif head == "edge":
        part.edges.append(_edge(part, rest))
    elif head == "unread":
        part.unread.append(Unread(Place(part.file, rest[0].strip("-")), rest[1], rest[2], ("*",)))
    else:
        part.calls += _calls(part, int(head, 0), rest, line)


def _edge(part: Part, rest: list[str]) -> Edge:
    caller, callee = Place(part.file, rest[0].strip("-")), Place(part.file, rest[2].strip("-"))
    options = dict(word.split("=", 1) for word in rest[3:] if "=" in word)
    vias = [word.replace("-", " ") for word in rest[3:] if word.replace("-", " ") in set(Via)]
    guards = (Guard(KEYBOARD, "==", ord(options["key"])),) if "key" in options else ()
    at = int(options.get("at", "0x0"), 0) or None
    site = Place(
        part.file,
        rest[0].strip("-"),
        at if part.language == "machine code" else None,
        None if part.language == "machine code" else at,
    )
    return Edge(
        caller, callee, Via(vias[0]) if vias else Via.CALL, "maybe" not in rest, options.get("label", ""), guards,
        site if at else None,
    )  # fmt: skip


def _calls(part: Part, at: int, rest: list[str], line: str) -> list[Call]:
    binary = part.language == "machine code"
    place = Place(part.file, part.function, at if binary else None, None if binary else at)
    guards: tuple[Guard, ...] = ()
    if rest[0].startswith("key="):
        guards = (Guard(KEYBOARD, "==", ord(rest[0][4:])),)
        rest = rest[1:]
    order = len(part.calls)
    if rest[0] == "sh":
        text = Text(parts(line.split(" sh ", 1)[1]))
        if binary:
            return [Call("system", (text,), place, (place,), order, guards)]
        return [replace(c, at=place, order=order + n, guards=guards) for n, c in enumerate(commands_of(text, place))]
    return [Call(rest[0], tuple(map(_value, rest[1:])), place, (place,), order, guards)]


def _value(word: str) -> Value:
    if word.startswith("peer:"):
        address, _, transport = word.removeprefix("peer:").partition("/")
        host, _, port = address.rpartition(":") if ":" in address and "}" not in address[-1:] else (address, "", "")
        return Peer(Text(parts(host)), int(port) if port else None, transport)
    if word.startswith("hole:"):
        return Hole("not known", (word.removeprefix("hole:"),))
    if word.startswith("data:"):
        labels, _, sources = word.removeprefix("data:").partition("<")
        return Data(Text(), tuple(filter(None, sources.rstrip(">").split(","))), tuple(filter(None, labels.split(","))))
    if re.fullmatch(r"-?\d+|0x[0-9a-f]+", word):
        return int(word, 0)
    return Text(parts(word))


def parts(text: str) -> tuple[str | Hole, ...]:
    found: list[str | Hole] = []
    for number, piece in enumerate(HOLE.split(text)):
        if number % 2:
            found.append(Hole(f"{piece} of the script" if "argument" in piece else f"from {piece}", (piece,)))
        elif piece:
            found.append(piece)
    return tuple(found)


def commands_of(text: Text, at: Place) -> Iterable[Call]:
    """A shell for playbooks: words, quotes, `;`, `&&`, `||`, `|` and `&`; no variables."""
    shown = "".join(part if isinstance(part, str) else "{" + part.sources[0] + "}" for part in text.parts)
    lexer = shlex.shlex(shown, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    notes: dict[str, str] = {}
    for piece in [*lexer, ";"]:
        if set(piece) <= set(";&|"):
            if words:
                yield Call("command", tuple(Text(parts(word)) for word in words), at, notes=notes)
            notes = {"stdin": "{output of a command}"} if piece == "|" else {}
            words = []
        else:
            words.append(piece)


@pytest.fixture
def play() -> type[Playbook]:
    return read_playbook  # type: ignore[return-value]  # a function is what tests call
