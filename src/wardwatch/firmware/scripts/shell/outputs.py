"""In: a command's words. Out: what it prints, where that follows from them and from the files of the image."""

import re
from collections.abc import Callable, Sequence
from posixpath import basename, dirname
from typing import Final

from wardwatch.firmware.scripts.files import Files
from wardwatch.firmware.tree import NodeKind

from .values import NOTHING, Value, closed, hole, joined, literal, shown_as, text
from .wordreader import ansi

MOST_READ: Final = 4096
MOST_COUNTED: Final = 64
_DEVICES: Final = ("/dev/",)
_OUTSIDE: Final = ("/proc/", "/sys/", "/dev/", "/tmp/", "/var/", "/run/", "/mnt/", "/media/")  # noqa: S108  # places of the image, not of this machine
_FORMAT: Final = re.compile(r"%(%|[-+ 0#]*\d*(?:\.\d+)?([sdiouxXcb]))")
_WITHOUT_OUTPUT: Final = frozenset(
    [
        "cd",
        "mount",
        "umount",
        "cp",
        "mv",
        "rm",
        "ln",
        "mkdir",
        "rmdir",
        "touch",
        "chmod",
        "chown",
        "kill",
        "killall",
        "sleep",
        "usleep",
        "sync",
        "insmod",
        "rmmod",
        "modprobe",
        "export",
        "set",
        "shift",
        "unset",
        "trap",
        "wait",
        "umask",
        "ulimit",
        "logger",
        "mknod",
        "true",
        "false",
        ":",
        "test",
        "[",
        "[[",
        "local",
        "readonly",
        "reboot",
        "halt",
    ]
)


def read_from(path: Value) -> Value:
    """The hole for what is read from a file that the image does not settle."""
    known = literal(path)
    if known is None:
        return hole(f"read from {shown_as(path)}", *(s for part in closed(path).holes for s in part.sources))
    kind = "device" if known.startswith(_DEVICES) else "file"
    return hole(f"read from {known}", f"{kind}:{known}")


def content(path: Value, files: Files) -> Value:
    """What a file of the image holds, where that does not change as the device runs, as far as its place tells."""
    known = literal(path)
    if known is None or known.startswith(_OUTSIDE):
        return read_from(path)
    node = files.find(known)
    if not node or node.kind is not NodeKind.FILE or node.size > MOST_READ:
        return read_from(path)
    data = node.read(MOST_READ)
    return read_from(path) if b"\0" in data else text(data.decode("utf-8", "backslashreplace"))


def output(words: Sequence[Value], stdin: Value | None, read: Callable[[Value], Value]) -> Value:
    """What the command prints. `read` gives what a file holds."""
    name = basename(literal(words[0]) or "") if words else ""
    if name in _PRINTERS:
        return _PRINTERS[name](words[1:])
    if name == "cat":
        return _cat(words[1:], stdin, read)
    if name in _WITHOUT_OUTPUT:
        return NOTHING
    return _unknown(words, stdin)


def _unknown(words: Sequence[Value], stdin: Value | None) -> Value:
    paths = (known for word in words[1:] if (known := literal(word)) and known.startswith("/"))
    tags = [f"{'device' if path.startswith(_DEVICES) else 'file'}:{path}" for path in paths]
    tags += [source for part in closed(joined(words[1:])).holes for source in part.sources]
    tags += [source for part in closed(stdin or NOTHING).holes for source in part.sources]
    shown = " ".join(shown_as(word) for word in words)[:200]
    return hole(f"output of {shown}", *dict.fromkeys(("return:command", *tags)))


def _echo(arguments: Sequence[Value]) -> Value:
    rest, signs = list(arguments), ""
    while rest and re.fullmatch(r"-[neE]+", literal(rest[0]) or ""):
        signs += literal(rest.pop(0)) or ""
    spaced = joined(part for number, word in enumerate(rest) for part in ((text(" "),) if number else ()) + (word,))
    if "e" in signs:
        spaced = joined((ansi(part),) if isinstance(part, str) else (part,) for part in spaced)
    return spaced if "n" in signs else joined((spaced, text("\n")))


def _printf(arguments: Sequence[Value]) -> Value:
    form = literal(arguments[0]) if arguments else ""
    if form is None:
        return _unknown([text("printf"), *arguments], None)
    left = list(arguments[1:])
    out: list[Value] = []
    for _ in range(MOST_COUNTED):
        at = 0
        before = len(left)
        for found in _FORMAT.finditer(form):
            out += [text(ansi(form[at : found.start()])), _formatted(found, left)]
            at = found.end()
        out.append(text(ansi(form[at:])))
        if not left or len(left) == before:
            break
    return joined(out)


def _formatted(found: re.Match[str], left: list[Value]) -> Value:
    if found[1] == "%":
        return text("%")
    value = left.pop(0) if left else NOTHING
    known = literal(value)
    if found[1] in {"s", "b"}:
        return value if known is None or found[1] == "s" else text(ansi(known))
    if known is None or re.search(r"\d{3}", found[1]):
        return hole(f"{shown_as(value)} as {found[0]}", *(s for part in closed(value).holes for s in part.sources))
    if found[2] == "s":
        return text(f"%{found[1]}" % known)
    if found[2] == "c":
        return text(known[:1])
    number = int(known, 0) if re.fullmatch(r"-?(0x[0-9a-fA-F]{1,16}|[1-9]\d{0,17}|0)", known) else None
    kind = found[0].replace("u", "d").replace("i", "d")
    return hole(f"{known} as {found[0]}") if number is None else text(kind % number)


def _cat(arguments: Sequence[Value], stdin: Value | None, read: Callable[[Value], Value]) -> Value:
    names = [word for word in arguments if not (literal(word) or "").startswith("-") or literal(word) == "-"]
    if not names:
        return hole("standard input") if stdin is None else stdin
    return joined(
        (hole("standard input") if stdin is None else stdin) if literal(name) == "-" else read(name) for name in names
    )


def _basename(arguments: Sequence[Value]) -> Value:
    known = [literal(word) for word in arguments]
    if not known or None in known:
        return _unknown([text("basename"), *arguments], None)
    name = basename((known[0] or "").rstrip("/")) or "/"
    ending = (known[1] or "") if len(known) > 1 else ""
    return text((name.removesuffix(ending) if name != ending else name) + "\n")


def _dirname(arguments: Sequence[Value]) -> Value:
    known = literal(arguments[0]) if arguments else None
    if known is None:
        return _unknown([text("dirname"), *arguments], None)
    return text((dirname(known.rstrip("/")) or ("/" if known.startswith("/") else ".")) + "\n")


def _seq(arguments: Sequence[Value]) -> Value:
    numbers = [known for word in arguments if re.fullmatch(r"-?\d{1,9}", known := literal(word) or "")]
    if len(numbers) != len(arguments) or not 1 <= len(numbers) <= 3:  # noqa: PLR2004  # seq LAST, FIRST LAST, FIRST STEP LAST
        return _unknown([text("seq"), *arguments], None)
    first, step = (int(numbers[0]) if len(numbers) > 1 else 1), (int(numbers[1]) if len(numbers) > 2 else 1)  # noqa: PLR2004  # as above
    counted = range(first, int(numbers[-1]) + (1 if step > 0 else -1), step or 1)
    if len(counted) > MOST_COUNTED:
        return hole(f"one of {first} to {numbers[-1]}")
    return text("".join(f"{number}\n" for number in counted))


_PRINTERS: Final[dict[str, Callable[[Sequence[Value]], Value]]] = {
    "echo": _echo,
    "printf": _printf,
    "basename": _basename,
    "dirname": _dirname,
    "seq": _seq,
}
