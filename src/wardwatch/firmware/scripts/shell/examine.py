"""In: a shell script, or text handed to a shell, with the image's files. Out: what is known of what it runs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from wardwatch.firmware.scripts.files import Files
from wardwatch.firmware.words import Call, CodeFacts, Edge, Place, Text, Unread

from .interpreter import Interpreter
from .parser import parse
from .record import Enough, Record
from .starting import LARGEST_SCRIPT, decoded
from .world import World

_EVERYTHING: Final = ("*",)
_CONTROLS: Final = 0.05


def examined(file: str, data: bytes, files: Files) -> CodeFacts:
    """The commands of the script `file`, run with any arguments."""
    code, unread = _readable(file, data)
    script = parse(decoded(code))
    record = Record()
    interpreter = Interpreter(files, record)
    for problem in script.problems:
        at = Place(file, line=problem.line)
        record.unread[Unread(at, "a part of the script", problem.why, _EVERYTHING)] = None
    world = World(Place(file), sources=(file,))
    stopped = _followed(interpreter, world, lambda: interpreter.sequence(script.body, world))
    functions = {
        name: (each.definition.first, each.definition.last)
        for (where, name, _), each in interpreter.defined.items()
        if where == file
    }
    return CodeFacts(
        file=file,
        language="shell",
        calls=tuple(record.calls.values()),
        edges=tuple(record.edges.values()),
        unread=(*unread, *stopped, *record.unread),
        functions=functions,
        code_bytes=len(code),
    )


def commands_of(text: Text, at: Place, files: Files | None = None) -> tuple[Call, ...]:
    """The commands that a shell runs when a program at `at` hands it `text`; holes of the text stay holes."""
    calls, _, _ = handed(text, at, files)
    return calls


def handed(
    text: Text, at: Place, files: Files | None = None
) -> tuple[tuple[Call, ...], tuple[Edge, ...], tuple[Unread, ...]]:
    """As `commands_of`, and what of the image the text starts, and what of it was not followed."""
    record = Record(through_shell=text)
    interpreter = Interpreter(files or Files(), record)
    value = tuple(part for part in text.parts if part != "")
    world = World(at, arguments=())
    stopped = _followed(interpreter, world, lambda: interpreter.run_text(value, world, 1))
    own = replace(at, address=None, line=None)
    calls = tuple(replace(call, at=at) if _is_in(call.at, own) else call for call in record.calls.values())
    edges = tuple(
        replace(edge, caller=own, site=at) if _is_in(edge.caller, own) else edge for edge in record.edges.values()
    )
    return calls, edges, (*stopped, *(replace(each, at=at) for each in record.unread))


def _is_in(place: Place, own: Place) -> bool:
    """Whether it is the text itself that was there, not a function it defines or a file it reads in."""
    return (place.file, place.function) == (own.file, own.function)


def _followed(interpreter: Interpreter, world: World, run: Callable[[], object]) -> tuple[Unread, ...]:
    """Run, then look at what no way led to; says so where that had to stop."""
    try:
        run()
        interpreter.sweep(world)
    except Enough:
        why = "it runs more commands than are followed for one script"
    except RecursionError:
        why = "its commands are nested too deeply to be followed"
    else:
        return ()
    return (Unread(world.place, "the rest of the script", why, _EVERYTHING),)


def _readable(file: str, data: bytes) -> tuple[bytes, tuple[Unread, ...]]:
    """The part of a file that is script: what a self-extracting one carries behind it is not."""
    code, found = data[:LARGEST_SCRIPT], []
    if len(data) > LARGEST_SCRIPT:
        why = f"only the first {LARGEST_SCRIPT} bytes of a script are read"
        found.append(Unread(Place(file), f"{len(data) - LARGEST_SCRIPT} bytes at the end", why, _EVERYTHING))
    zero = code.find(b"\0")
    if zero >= 0 and not _is_text(code[zero:]):
        end = code.rfind(b"\n", 0, zero) + 1
        why = "they are no text: data that the script carries"
        found.append(Unread(Place(file), f"{len(code) - end} bytes behind the script", why, _EVERYTHING))
        code = code[:end]
    return code, tuple(found)


def _is_text(data: bytes) -> bool:
    """Whether it reads like text with a stray zero in it, which shells pass over, rather than like data."""
    sample = data[:4096]
    controls = sum((byte < 0x20 and byte not in b"\t\n\r") or byte == 0x7F for byte in sample)  # noqa: PLR2004  # C0 and DEL
    return controls <= 1 + _CONTROLS * len(sample)
