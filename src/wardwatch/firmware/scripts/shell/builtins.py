"""In: a command the shell itself carries out, and the world. Out: the worlds behind it (POSIX.1-2024, section 2.15)."""

import re
from collections.abc import Callable
from posixpath import join, normpath
from typing import Final

from wardwatch.firmware.words import Guard, Hole

from .conditions import outcomes
from .runner import Runner, Simple
from .values import NOTHING, Value, hole, joined, literal, shown_as, text
from .world import FOLDER, World, status_of
from .wrappers import spaced

Builtin = Callable[[Runner, Simple, World], list[World]]
_NAMED: Final = re.compile(r"([A-Za-z_]\w*)(\+?=)", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_MOST_LEVELS: Final = 99


def _test(runner: Runner, simple: Simple, world: World) -> list[World]:
    name, *arguments = simple.words
    closing = {"[": "]", "[[": "]]"}.get(literal(name) or "")
    if closing and arguments and literal(arguments[-1]) == closing:
        arguments = arguments[:-1]
    del runner
    found = outcomes(arguments, patterns=closing == "]]")
    return [world.under(*guards, status=0 if holds else 1) for guards, holds in found]


def _status(value: int) -> Builtin:
    return lambda _runner, _simple, world: [world.fork(status=value)]


def _declare(runner: Runner, simple: Simple, world: World) -> list[World]:
    """`export`, `readonly`, `local` and kin: assignments as arguments."""
    del runner
    world = world.fork(status=0)
    is_local = literal(simple.words[0]) in {"local", "declare", "typeset"}
    for word in simple.words[1:]:
        first = word[0] if word and isinstance(word[0], str) else ""
        found = _NAMED.match(first)
        name = found[1] if found else first if len(word) == 1 and _NAME.match(first) else ""
        if not name:
            continue
        if is_local and name not in world.saved:
            world.saved = {**world.saved, name: world.variables.get(name)}
        if found:
            value = joined((text(first[found.end() :]), word[1:]))
            world.set(name, joined((world.get(name), value)) if found[2] == "+=" else value)
        elif is_local:
            world.set(name, NOTHING)
    return [world]


def _unset(runner: Runner, simple: Simple, world: World) -> list[World]:
    del runner
    world = world.fork(status=0)
    for word in simple.words[1:]:
        name = literal(word) or ""
        if _NAME.match(name):
            world.unset(name)
    return [world]


def _set(runner: Runner, simple: Simple, world: World) -> list[World]:
    """`set -- words` gives new arguments; options change nothing that is followed here."""
    del runner
    world = world.fork(status=0)
    words = simple.words[1:]
    while words and re.match(r"[-+][A-Za-z]", literal(words[0]) or ""):
        words = words[2:] if (literal(words[0]) or "")[1:] == "o" else words[1:]
    if not words:
        return [world]
    given = words[1:] if literal(words[0]) == "--" else words
    return [world.fork(arguments=tuple(given))]


def _shift(runner: Runner, simple: Simple, world: World) -> list[World]:
    del runner
    count = literal(simple.words[1]) if len(simple.words) > 1 else "1"
    if world.arguments is None or not count or not re.fullmatch(r"\d{1,4}", count):
        return [_shifted(world).fork(status=0)]
    if int(count) > len(world.arguments):
        return [world.fork(status=1)]
    return [world.fork(status=0, arguments=world.arguments[int(count) :])]


def _shifted(world: World) -> World:
    """Where the arguments are not known, what was shifted is not known either; nine are as many as `$1` to `$9`."""
    if world.arguments is not None:
        return world
    moved = tuple(
        hole(f"argument {n} of {world.place.function or 'the script'}", f"argument:{n}") for n in range(2, 10)
    )
    return world.fork(arguments=(*moved, hole("more arguments of the script", "argument:@")))


def _cd(runner: Runner, simple: Simple, world: World) -> list[World]:
    runner.record.call(world, simple.words, simple.line, {})
    known = literal(simple.words[1]) if len(simple.words) > 1 else None
    here = literal(world.variables.get(FOLDER, ("/",)))
    world = world.fork(status=status_of("cd"))
    if known is None or (here is None and not known.startswith("/")) or known == "-":
        world.set(FOLDER, hole("the working folder"))
    else:
        world.set(FOLDER, text(normpath(join(here or "/", known))))
    return [world]


def _pwd(runner: Runner, simple: Simple, world: World) -> list[World]:
    del runner, simple
    world = world.fork(status=0)
    world.say(joined((world.variables.get(FOLDER, ("/",)), text("\n"))))
    return [world]


def _number(simple: Simple) -> str | None:
    return literal(simple.words[1]) if len(simple.words) > 1 else ""


def _leave(flow: str) -> Builtin:
    def run(_runner: Runner, simple: Simple, world: World) -> list[World]:
        number = _number(simple)
        status: int | Guard = world.status
        if number and re.fullmatch(r"\d{1,9}", number):
            status = int(number) & 0xFF
        elif number is None:
            status = Guard(Hole(f"value of {shown_as(simple.words[1])}"), "==", 0)
        return [world.fork(flow=flow, status=status)]

    return run


def _jump(flow: str) -> Builtin:
    def run(_runner: Runner, simple: Simple, world: World) -> list[World]:
        number = _number(simple)
        levels = int(number) if number and re.fullmatch(r"[1-9]\d?", number) else 1
        return [world.fork(flow=flow, levels=min(levels, _MOST_LEVELS), status=0)]

    return run


def _read(runner: Runner, simple: Simple, world: World) -> list[World]:
    """`read` takes the next line of standard input apart, where that is known."""
    del runner
    names = [known for word in simple.words[1:] if (known := literal(word)) and _NAME.match(known)] or ["REPLY"]
    line, rest = _line(world.stdin)
    world = world.fork(stdin=rest)
    if line is None:
        source = shown_as(world.stdin)[:60] if world.stdin else "standard input"
        holes = [hole(f"a word read from {source}", "input") for _ in names]
        guard = Guard(Hole(f"whether {source} has another line", ("input",)), "==", 0)
        world = world.fork(status=guard)
        world.variables = {**world.variables, **dict(zip(names, holes, strict=True))}
        return [world]
    words = line.split(None, len(names) - 1)
    for number, name in enumerate(names):
        world.set(name, text(words[number].rstrip() if number < len(words) else ""))
    return [world.fork(status=0 if line.endswith("\n") or line.strip() else 1)]


def _line(stdin: Value | None) -> tuple[str | None, Value | None]:
    known = None if stdin is None else literal(stdin)
    if known is None:
        return None, stdin
    line, end, rest = known.partition("\n")
    return line + end, text(rest)


def _eval(runner: Runner, simple: Simple, world: World) -> list[World]:
    runner.record.call(world, simple.words, simple.line, {})
    return runner.run_text(spaced(simple.words[1:]), world, simple.line)


def _source(runner: Runner, simple: Simple, world: World) -> list[World]:
    runner.record.call(world, simple.words, simple.line, {})
    if len(simple.words) == 1:
        return [world.fork(status=1)]
    return runner.source(simple.words[1], simple.words[2:], world, simple.line)


def _trap(runner: Runner, simple: Simple, world: World) -> list[World]:
    """What runs on a signal is run once, in a fork."""
    runner.record.call(world, simple.words, simple.line, {})
    signals = " ".join(shown_as(word) for word in simple.words[2:])
    if len(simple.words) > 2 and literal(simple.words[1]) not in {"-", "", "-l", "-p", "--"}:  # noqa: PLR2004  # trap TEXT SIGNAL
        runner.run_text(simple.words[1], world.fork(notes={**world.notes, "trap": signals}), simple.line)
    return [world.fork(status=0)]


def _exec(runner: Runner, simple: Simple, world: World) -> list[World]:
    runner.record.call(world, simple.words + redirection_words(simple), simple.line, words_note(simple))
    from_option = 3 if len(simple.words) > 1 and literal(simple.words[1]) == "-a" else 1
    words = simple.words[from_option:]
    if not words:
        return [world.fork(status=0)]
    return [after.fork(flow="exit") for after in runner.command(simple.inside(words), world)]


def _getopts(runner: Runner, simple: Simple, world: World) -> list[World]:
    del runner
    name = literal(simple.words[2]) if len(simple.words) > 2 else ""  # noqa: PLR2004  # getopts OPTIONS NAME
    world = world.fork(status=Guard(Hole("whether options are left", ("argument:@",)), "==", 0))
    if name and _NAME.match(name):
        letter, value = hole("an option of the script", "argument:@"), hole("an option's value", "argument:@")
        world.variables = {**world.variables, name: letter, "OPTARG": value}
    return [world]


def _let(runner: Runner, simple: Simple, world: World) -> list[World]:
    """Arithmetic as a command: what it assigns is not followed, so that the variables become holes."""
    del runner
    shown = " ".join(shown_as(word) for word in simple.words[1:])
    changed = re.findall(r"([A-Za-z_]\w*)\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)|([A-Za-z_]\w*)\s*(?:\+\+|--)", shown)
    world = world.fork(status=Guard(Hole(f"value of (({shown[:80]}))", ("unknown",)), "!=", 0))
    for name in {first or second for first, second in changed}:
        world.set(name, hole(f"value of (({shown[:80]}))"))
    return [world]


def redirection_words(simple: Simple) -> list[Value]:
    """Redirections as words."""
    return [part for operator, target in simple.redirections for part in (text(operator), target)]


def words_note(simple: Simple) -> dict[str, str]:
    """How many words are the command's own, where redirections follow; which may be several words or none."""
    notes = {"words": str(len(simple.words))} if simple.redirections else {}
    if simple.loose:
        notes["loose"] = ",".join(map(str, simple.loose))
    if simple.assignments:
        notes["environment"] = " ".join(f"{name}={shown_as(value)}" for name, value in simple.assignments)
    return notes


BUILTINS: Final[dict[str, Builtin]] = {
    "[": _test, "test": _test, "[[": _test, "true": _status(0), ":": _status(0), "false": _status(1),
    "export": _declare, "readonly": _declare, "local": _declare, "declare": _declare, "typeset": _declare,
    "unset": _unset, "set": _set, "shift": _shift, "cd": _cd, "chdir": _cd, "pwd": _pwd, "exit": _leave("exit"),
    "return": _leave("return"), "break": _jump("break"), "continue": _jump("continue"), "read": _read, "eval": _eval,
    ".": _source, "source": _source, "trap": _trap, "exec": _exec, "getopts": _getopts, "let": _let,
}  # fmt: skip  # a table
