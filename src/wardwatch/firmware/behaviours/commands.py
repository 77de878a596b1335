"""In: a command with its words. Out: what it does, by the table `knowledge/firmware/commands.toml`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final, NamedTuple

from wardwatch.firmware.words import Call, Text
from wardwatch.knowledge.catalogue import firmware_table

from .paths import absolute, name, stem
from .patterns import Captured, Options, match, match_unordered, split_options
from .peers import end_of, end_of_url
from .shellwords import PIPE, Command, command_of
from .words import Behaviour, End, Kind, Known

Entry = Mapping[str, Any]
_NOTHING: Final = Text()
_CERTAIN_LOCAL: Final = ("/dev/null", "/dev/console", "/dev/stdout", "/dev/stderr", "/dev/tty")


class _Fit(NamedTuple):
    """An entry of the table that fits a command."""

    entry: Entry
    options: Options
    found: Captured


def in_command(call: Call, owner: Behaviour, folder: str) -> Iterator[Behaviour]:
    """What the command does; `owner` carries what every behaviour of this call shares, `folder` where it runs."""
    command = command_of(call)
    title = name(command.name) if command.name.literal else ""
    fit = _fit(title, command)
    if fit and fit.entry["does"]:
        yield _behaviour(fit, command, owner, folder)
    elif not _is_ordinary(command.name, title) and command.name.parts:
        yield from _run(command, owner, folder)
    yield from _written(command, fit, owner, folder)


@cache
def _entries() -> Mapping[str, tuple[Entry, ...]]:
    """Entries by command name, in the table's order."""
    by_name: dict[str, list[Entry]] = {}
    for entry in firmware_table("commands")["command"]:
        for title in entry["names"]:
            by_name.setdefault(title, []).append(entry)
    return {title: tuple(entries) for title, entries in by_name.items()}


@cache
def _named() -> frozenset[str]:
    """Names that are no program of the image's own: those of the table, and of the shell."""
    return frozenset((*_entries(), *firmware_table("commands").get("harmless", ())))


def _is_ordinary(program: Text, title: str) -> bool:
    """Whether it is a command everybody knows, from where such commands lie."""
    folder = (program.literal or "").rpartition("/")[0]
    return title in _named() and folder in {"", "/bin", "/sbin", "/usr/bin", "/usr/sbin"}


def _fit(title: str, command: Command) -> _Fit | None:
    for entry in _entries().get(title, ()):
        words = _dashed(command.words) if entry.get("dashless") else command.words
        options = split_options(words, entry.get("valued", ()))
        if not _allowed(entry, options) or (entry.get("redirected") and not command.out):
            continue
        found = _captured(entry, options)
        if found is not None and _remote_where_it_must_be(entry, found):
            return _Fit(entry, options, found)
    return None


def _dashed(words: tuple[Text, ...]) -> tuple[Text, ...]:
    """`tar xzf FILE` as `tar -xzf FILE`."""
    first = stem(words[0]) if words else ""
    return (Text((f"-{first}",)), *words[1:]) if first.isalpha() and len(words[0].parts) == 1 else words


def _allowed(entry: Entry, options: Options) -> bool:
    if any(option in options.given for option in entry.get("without", ())):
        return False
    wanted = entry.get("options", ())
    return not wanted or any(_has(condition, options) for condition in wanted)


def _has(condition: str, options: Options) -> bool:
    option, equals, pattern = condition.partition("=")
    values = options.given.get(option)
    if values is None:
        return False
    return not equals or any(
        fnmatchcase(value.literal, choice)
        for value in values
        if value.literal is not None
        for choice in pattern.split("|")
    )


def _captured(entry: Entry, options: Options) -> Captured | None:
    words = list(options.others)
    pattern: str = entry["words"]
    if entry.get("unordered"):
        return match_unordered(pattern, words)
    if prefer := entry.get("prefer"):
        role, _, form = prefer.partition("=")
        for word in words:
            if fnmatchcase(stem(word), form):
                return {role: (word,)}
    found = match(pattern, words)
    return {**found, "#0": tuple(words[:1])} if found is not None else None


def _remote_where_it_must_be(entry: Entry, found: Captured) -> bool:
    """Whether the words that must name another machine do (`host:path`, `rsync://host/path`)."""
    role = entry.get("remote")
    return not role or any(_is_remote(word) for word in found.get(role, ()))


def _is_remote(word: Text) -> bool:
    shown = "".join(part if isinstance(part, str) else "{}" for part in word.parts)
    before, colon, _ = shown.partition(":")
    return bool(colon) and "/" not in before and bool(before)


def _behaviour(fit: _Fit, command: Command, owner: Behaviour, folder: str) -> Behaviour:
    entry = fit.entry
    source, target = _source(fit, command, folder), _target(fit, command, folder)
    end = _end(fit)
    subject = _first(fit, entry.get("subject", "")).literal
    return replace(
        owner,
        kind=Kind(entry["does"]),
        end=end,
        subject=entry.get("named") or (subject or "" if entry.get("subject") else ""),
        source=source,
        target=target,
        encrypted=bool(entry.get("encrypted")) or bool(end and end.transport in {"https", "ftps", "sftp", "ssh"}),
        sure=owner.sure and not (entry.get("subject") and subject is None),
        labels=(*owner.labels, *(f"!{mark}" for mark in ("client", "unpacks", "remote_shell") if entry.get(mark))),
    )


def _first(fit: _Fit, roles: str) -> Text:
    """The value of the first of these roles or options that was given."""
    for role in roles.split():
        values = fit.options.given.get(role) if role.startswith("-") else fit.found.get(role)
        for value in values or ():
            return value
    return _NOTHING


def _source(fit: _Fit, command: Command, folder: str) -> Text:
    roles = fit.entry.get("source", "")
    text = _first(fit, roles)
    if command.into and (not text.parts or text.literal == "-"):
        text = command.into[0]
    return text if fit.entry.get("end") else absolute(text, folder)


def _target(fit: _Fit, command: Command, folder: str) -> Text:
    entry = fit.entry
    text = _first(fit, entry.get("target", ""))
    if entry.get("target") == ">" or (not text.parts and command.out and entry.get("end")):
        text = command.out[0][1] if command.out else _NOTHING
    if "named_target" in entry:
        return Text((entry["named_target"],))
    if text.literal == "-" or (not text.parts and _prints(fit)):
        return PIPE
    if not text.parts and entry.get("named_after"):
        text = _named_like(_first(fit, entry["named_after"]), _first(fit, entry.get("folder", "")))
    if not text.parts and entry.get("default_target"):
        text = Text((folder or entry["default_target"],))
    return absolute(text, folder)


def _prints(fit: _Fit) -> bool:
    """Whether it prints what it fetches, unless told otherwise (`curl`)."""
    saving = fit.entry.get("prints_unless", ())
    return bool(saving) and not any(option in fit.options.given for option in saving)


def _named_like(source: Text, folder: Text) -> Text:
    """The file a downloader makes when none is named: the last part of what it fetches."""
    last = source.parts[-1] if source.parts else ""
    if not isinstance(last, str):
        return Text((*_slashed(folder), last))
    own = last.rpartition("/")[2].partition("?")[0]
    return Text(_joined((*_slashed(folder), own))) if own else folder


def _slashed(folder: Text) -> tuple[Any, ...]:
    return (*folder.parts, "/") if folder.parts else ()


def _joined(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """No two literal parts side by side."""
    whole: list[Any] = []
    for part in parts:
        if whole and isinstance(part, str) and isinstance(whole[-1], str):
            whole[-1] += part
        elif part != "":
            whole.append(part)
    return tuple(whole)


def _end(fit: _Fit) -> End | None:
    entry = fit.entry
    if "end" not in entry:
        return None
    words = fit.found.get(entry["end"], ()) if " " not in entry["end"] else ()
    text = next((word for word in words if _is_remote(word)), None) or _first(fit, entry["end"])
    port = _number(_first(fit, entry.get("port", ""))) or entry.get("default_port")
    if entry["end_as"] == "host":
        return end_of(text, port)
    if entry["end_as"] == "remote":
        text = _without_user(text)
    end = end_of_url(text, port)
    return end if end.known is not Known.UNKNOWN or end.origin else replace(end, origin="that could not be recovered")


def _without_user(text: Text) -> Text:
    first = text.parts[0] if text.parts else ""
    if isinstance(first, str) and "@" in first:
        return Text(_joined((first.partition("@")[2], *text.parts[1:])))
    return text


def _number(text: Text) -> int | None:
    literal = text.literal or ""
    return int(literal) if literal.isdecimal() and len(literal) < 6 else None  # noqa: PLR2004  # a port has five digits


def _run(command: Command, owner: Behaviour, folder: str) -> Iterator[Behaviour]:
    """A program of the image, or one from anywhere else, is run; for an interpreter it is the script."""
    title = name(command.name) if command.name.literal else ""
    target, labels = command.name, owner.labels
    if title in firmware_table("commands")["interpreters"]:
        scripts = [word for word in command.words if not stem(word).startswith("-")]
        target = _in_line(command) or (scripts or list(command.into) or [_NOTHING])[0]
        labels = (*labels, "!interpreter")
    if target.parts and (not target.holes or stem(target) or target.holes):
        yield replace(owner, kind=Kind.RUN, target=absolute(target, folder), labels=labels)


def _in_line(command: Command) -> Text | None:
    """What stands behind '-c': read already where it is known, and what is run where it is not."""
    words = list(command.words)
    place = next((at for at, word in enumerate(words) if word.literal == "-c"), None)
    if place is None:
        return None
    text = words[place + 1] if place + 1 < len(words) else _NOTHING
    return text if text.parts and not isinstance(text.parts[0], str) else _NOTHING


def _written(command: Command, fit: _Fit | None, owner: Behaviour, folder: str) -> Iterator[Behaviour]:
    """Files that the command's output goes to."""
    if fit and fit.entry["does"] in {"copy", "remote-fetch"}:
        return
    for _, path in command.out:
        if path.parts and path.literal not in _CERTAIN_LOCAL and not stem(path).startswith("&"):
            yield from written(replace(owner, target=absolute(path, folder)))


def written(write: Behaviour) -> Iterator[Behaviour]:
    """A file is written: by its name it may be a log or a version record."""
    table = firmware_table("paths")
    shown = "".join(part if isinstance(part, str) else "*" for part in write.target.parts)
    if any(fnmatchcase(shown, form) for form in table["logs"]):
        yield replace(write, kind=Kind.WRITE_LOG)
    elif any(fnmatchcase(shown.lower(), form) for form in table["version_records"]):
        yield replace(write, kind=Kind.WRITE_VERSION)
    else:
        yield replace(write, kind=Kind.WRITE)
