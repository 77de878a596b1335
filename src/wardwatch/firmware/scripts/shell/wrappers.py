"""In: the words of a command that starts another. Out: the words of that other; which option names what is started."""

import re
from collections.abc import Callable, Sequence
from posixpath import basename
from typing import Final, NamedTuple

from wardwatch.firmware.words import SHELLS

from .values import Value, joined, literal, shown_as, text


class Prefix(NamedTuple):
    """How a command stands before another: options that take a value, and words of its own before the other begins."""

    valued: frozenset[str] = frozenset()
    own: int = 0
    assignments: bool = False


def _prefix(valued: str = "", own: int = 0, *, assignments: bool = False) -> Prefix:
    return Prefix(frozenset(valued.split()), own, assignments)


PREFIXES: Final = {
    "nohup": _prefix(),
    "setsid": _prefix(),
    "command": _prefix(),
    "builtin": _prefix(),
    "exec": _prefix("-a"),
    "busybox": _prefix(),
    "toybox": _prefix(),
    "time": _prefix("-f -o"),
    "unbuffer": _prefix(),
    "stdbuf": _prefix("-i -o -e"),
    "nice": _prefix("-n"),
    "ionice": _prefix("-c -n"),
    "chrt": _prefix("-T -P -D", 1),
    "taskset": _prefix("", 1),
    "timeout": _prefix("-s -k -t", 1),
    "env": _prefix("-u -C", assignments=True),
    "sudo": _prefix("-u -g -h -p -C -T -r -t", assignments=True),
    "doas": _prefix("-u -C"),
    "chroot": _prefix("", 1),
    "switch_root": _prefix("-c", 1),
    "pivot_root": _prefix("", 2),
    "nsenter": _prefix("-t -S -G"),
    "unshare": _prefix("-S -G -R -w"),
    "ip-netns-exec": _prefix("", 1),
    "setuidgid": _prefix("", 1),
    "envuidgid": _prefix("", 1),
    "softlimit": _prefix("-a -c -d -f -l -m -o -p -r -s -t"),
    "chpst": _prefix("-u -U -b -e -/ -n -l -L -m -d -o -p -f -c -t -r"),
    "s6-setuidgid": _prefix("", 1),
    "exec-helper": _prefix(),
    "xargs": _prefix("-I -n -P -L -s -d -E -a"),
    "watch": _prefix("-n --interval"),
    "cttyhack": _prefix(),
    "tini": _prefix("-p -e"),
    "runuser": _prefix("-u -g -G"),
    "daemon": _prefix("--user --pidfile"),
    "catchsegv": _prefix(),
    "strace": _prefix("-o -e -p -s"),
    "tcpsvd": _prefix("-c -C -b -u -l -x -i", 2),
    "udpsvd": _prefix("-c -C -b -u -l", 2),
    "service_start": _prefix(),
    "start_daemon": _prefix("-n -p"),
    "respawn": _prefix(),
}
WITH_TEXT: Final = {"su": "-c", "flock": "-c", "script": "-c", "runuser": "-c"}
"""Commands of which one option holds text for a shell."""
STARTED_BY_OPTION: Final = {
    "start-stop-daemon": ("--startas", "-a", "--exec", "-x"),
    "udhcpc": ("-s", "--script"),
    "udhcpc6": ("-s", "--script"),
    "wpa_cli": ("-a",),
    "ifplugd": ("-r",),
    "telnetd": ("-l",),
    "getty": ("-l",),
    "zcip": (),
    "crond": (),
    "nc": ("-e",),
    "pppd": ("connect", "disconnect"),
    "dhclient": ("-sf",),
    "hostapd_cli": ("-a",),
}
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=")


def name_of(words: Sequence[Value]) -> str:
    """The command's name without folder; '' where it is not known."""
    known = literal(words[0]) if words else None
    return basename(known) if known else ""


def inner(words: Sequence[Value]) -> Sequence[Value]:
    """The words of the command that this one starts; none where it starts none."""
    name = name_of(words)
    if name == "find":
        return _executed(words)
    if name == "start-stop-daemon":
        return _daemon(words)
    if name == "procd_set_param":
        return words[2:] if literal(words[1] if len(words) > 1 else ()) == "command" else ()
    prefix = PREFIXES.get(name)
    return words[_behind(words, prefix, name) :] if prefix else ()


def _behind(words: Sequence[Value], prefix: Prefix, name: str) -> int:
    """Where the other command begins."""
    at, own = 1, prefix.own
    while at < len(words):
        word = literal(words[at])
        if word is None:
            break
        if word == "--":
            at += 1
            break
        if word.startswith("-") and len(word) > 1:
            if name == "timeout" and word == "-t":
                own = 0  # BusyBox before 1.30
            at += 2 if word in prefix.valued else 1
        elif prefix.assignments and _ASSIGNMENT.match(word):
            at += 1
        else:
            break
    return at + own


def _executed(words: Sequence[Value]) -> Sequence[Value]:
    """What `find -exec` starts; the name found stays a hole through its `{}`."""
    known = [literal(word) for word in words]
    start = next((at + 1 for at, word in enumerate(known) if word in {"-exec", "-execdir", "-ok"}), len(words))
    end = next((at for at in range(start, len(words)) if known[at] in {";", "+"}), len(words))
    return words[start:end]


def _daemon(words: Sequence[Value]) -> Sequence[Value]:
    program = option(words, STARTED_BY_OPTION["start-stop-daemon"])
    known = [literal(word) for word in words]
    if program is None or (
        not {"-S", "--start"} & {*known} and not any(re.match(r"-[a-zA-Z]*S", word or "") for word in known)
    ):
        return ()
    behind = known.index("--") + 1 if "--" in known else len(words)
    return (program, *words[behind:])


def option(words: Sequence[Value], names: Sequence[str]) -> Value | None:
    """The value of the first of `names` that is given, as `-x VALUE`, `-xVALUE` or `--exec=VALUE`."""
    for name in names:
        for at, word in enumerate(words[1:], 1):
            known = literal(word)
            if known == name or (known and len(name) == 2 and re.fullmatch(rf"-[A-Za-z]*{name[1]}", known)):  # noqa: PLR2004  # -x
                return words[at + 1] if at + 1 < len(words) else None
            if known and known.startswith(name) and known != name and not known.startswith("--"):
                return text(known[len(name) :])
            if known and name.startswith("--") and known.startswith(name + "="):
                return text(known[len(name) + 1 :])
    return None


def shell_text(words: Sequence[Value]) -> tuple[Value, Sequence[Value]] | None:
    """The text a shell is given with `-c`, and its arguments from `$0` on; None where the command is no such."""
    name = name_of(words)
    if name in WITH_TEXT:
        found = option(words, (WITH_TEXT[name],))
        return (found, ()) if found is not None else None
    if name not in SHELLS:
        return None
    for at, word in enumerate(words[1:], 1):
        known = literal(word)
        if known and re.fullmatch(r"-[a-z]*c[a-z]*", known):
            return (words[at + 1], words[at + 2 :]) if at + 1 < len(words) else None
        if not known or not known.startswith("-"):
            break
    return None


def script_file(words: Sequence[Value]) -> tuple[Value, Sequence[Value]] | None:
    """The file a shell or interpreter is given, and its arguments."""
    if name_of(words) not in INTERPRETERS:
        return None
    for at, word in enumerate(words[1:], 1):
        known = literal(word)
        if known is None or not known.startswith(("-", "+")):
            return word, words[at + 1 :]
    return None


INTERPRETERS: Final = SHELLS | {"python", "python2", "python3", "lua", "perl", "php", "node", "tclsh", "awk"}


def spaced(words: Sequence[Value]) -> Value:
    """The words as one text, a blank between two."""
    return joined(part for number, word in enumerate(words) for part in ((text(" "),) if number else ()) + (word,))


def shown(words: Sequence[Value]) -> str:
    """The words for people."""
    return " ".join(shown_as(word) for word in words)


Runs = Callable[[Sequence[Value]], None]
