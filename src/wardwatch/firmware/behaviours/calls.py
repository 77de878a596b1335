"""In: one call with its recovered arguments. Out: what it does, by the table `knowledge/firmware/calls.toml`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final

from wardwatch.firmware.words import Call, Data, Hole, Peer, Text, Value
from wardwatch.knowledge.catalogue import firmware_table

from .commands import written
from .paths import absolute
from .peers import end_of, end_of_peer, end_of_url
from .words import Behaviour, End, Kind, Known

Entry = Mapping[str, Any]
_O_ACCMODE: Final = 0x3
_ENCRYPTED: Final = frozenset({"https", "ftps", "sftp", "wss"})
_OPTIONS_WITH_PEER: Final = ("addr=", "ip=", "trans=tcp,addr=")


def in_call(call: Call, shared: Behaviour, folder: str) -> Iterator[Behaviour]:
    """What this call of a library or of the kernel does."""
    for entry in _entries().get(call.name, ()):
        if (fits := _fits(entry, call)) is not False:
            if not entry["does"]:
                return
            yield from _behaviours(entry, call, replace(shared, sure=shared.sure and fits is True), folder)
            return


def arguments_of(call: Call) -> tuple[str, ...]:
    """The names of the call's arguments in the manual, as far as the table knows them."""
    for entry in _entries().get(call.name, ()):
        return tuple(entry["arguments"])
    return ()


def matters(call: Call) -> bool:
    """Whether the table knows the call."""
    return call.name in _entries()


def text_of(value: Value | None) -> Text:
    """A value as text; a hole stays one."""
    if isinstance(value, Data):
        return value.text
    if isinstance(value, Hole):
        return Text((value,))
    if isinstance(value, Peer):
        return value.host
    return value if isinstance(value, Text) else Text() if value is None else Text((str(value),))


@cache
def _entries() -> Mapping[str, tuple[Entry, ...]]:
    by_name: dict[str, list[Entry]] = {}
    for entry in firmware_table("calls")["call"]:
        for title in entry["names"]:
            by_name.setdefault(title, []).append(entry)
    return {title: tuple(entries) for title, entries in by_name.items()}


def _value(call: Call, place: int | None) -> Value | None:
    return call.arguments[place] if place is not None and place < len(call.arguments) else None


def _fits(entry: Entry, call: Call) -> bool | None:
    """Whether the call's arguments are such as the entry speaks of; None where a hole leaves that open."""
    if entry.get("from_network"):
        return _from_network(call) and bool(_open_file(call).parts)
    if entry.get("with_data"):
        return any(isinstance(value, Data) for value in call.arguments)
    if entry.get("needs_peer"):
        return any(isinstance(value, Peer) for value in call.arguments)
    if "open_in" in entry:
        return None if any(text_of(_value(call, place)).holes for place in entry["open_in"]) else False
    answers = [_is_one_of(_value(call, int(place)), wanted) for place, wanted in entry.get("when", {}).items()]
    if "reads" in entry:
        answers.append(_reads(call, entry["reads"]))
    if flag := entry.get("flag"):
        answers.append(_has_flag(_value(call, flag["argument"]), flag["set"], flag["clear"]))
    if "flag_read" in entry:
        writes = _writes(_value(call, entry["flag_read"]))
        answers.append(None if writes is None else not writes)
    if "flag_write" in entry:
        answers.append(_writes(_value(call, entry["flag_write"])))
    if False in answers or (None in answers and ("flag_read" in entry or call.name not in {"open", "fopen"})):
        return False
    return None if None in answers else True


def _is_one_of(value: Value | None, wanted: object) -> bool | None:
    if isinstance(wanted, list):
        return value in wanted if isinstance(value, int) else None
    text = text_of(value)
    if text.literal is None:
        shown = "".join(part if isinstance(part, str) else "*" for part in text.parts)
        return any(fnmatchcase(shown, choice) for choice in str(wanted).split("|")) or None
    return any(fnmatchcase(text.literal, choice) for choice in str(wanted).split("|"))


def _reads(call: Call, forms: str) -> bool:
    sources = [source for value in call.arguments for hole in text_of(value).holes for source in hole.sources]
    return any(fnmatchcase(source, form) for source in sources for form in forms.split("|"))


def _has_flag(value: Value | None, wanted: int, unwanted: int) -> bool | None:
    if not isinstance(value, int):
        return None
    return value & wanted == wanted and not value & unwanted


def _writes(value: Value | None) -> bool | None:
    return value & _O_ACCMODE != 0 if isinstance(value, int) else None


def _behaviours(entry: Entry, call: Call, shared: Behaviour, folder: str) -> Iterator[Behaviour]:
    end = _end(entry, call)
    made = replace(
        shared,
        kind=Kind(entry["does"]),
        end=end,
        subject=_subject(entry, call),
        source=absolute(text_of(_value(call, entry.get("source"))), folder if not entry.get("share") else ""),
        target=_open_file(call) if entry.get("from_network") else absolute(_argument(entry, call, "target"), folder),
        encrypted=bool(entry.get("encrypted")) or (end is not None and end.transport in _ENCRYPTED),
        labels=(*_labels(call), *(("!look-up",) if entry.get("look_up") else ())),
        sources=_sources(call),
    )
    if made.kind in {Kind.READ, Kind.WRITE} and _is_sensor(made.target):
        yield replace(made, kind=Kind.READ_SENSOR)
    elif made.kind is Kind.WRITE:
        yield from written(made)
    elif made.kind is Kind.INTERFACE_UP and _takes_down(call):
        yield replace(made, kind=Kind.INTERFACE_DOWN)
    else:
        yield made


def _is_sensor(path: Text) -> bool:
    sources = tuple(source.removeprefix("device:") for source in firmware_table("telemetry")["sources"])
    return (path.literal or "").startswith(tuple(source for source in sources if source.startswith("/dev/")))


def _from_network(call: Call) -> bool:
    return any(source.startswith("network") for source in _sources(call))


def _open_file(call: Call) -> Text:
    """The path of the file that a descriptor or stream among the arguments was opened for."""
    holes = (value for value in call.arguments if isinstance(value, Hole))
    paths = (source.removeprefix("file:") for hole in holes for source in hole.sources if source.startswith("file:/"))
    return Text((path,)) if (path := next(paths, "")) else Text()


def _takes_down(call: Call) -> bool:
    return call.notes.get("up") == "cleared"


def _argument(entry: Entry, call: Call, role: str) -> Text:
    return text_of(_value(call, entry.get(role)))


def _subject(entry: Entry, call: Call) -> str:
    text = text_of(_value(call, entry.get("subject")))
    name = (text.literal or "").partition("\0")[0]
    # 'bnep%d': the kernel chooses the number, so none is named; a bare number is no name but what lay there.
    return "" if "%" in name or name.isdecimal() else name


def _end(entry: Entry, call: Call) -> End | None:
    if "host" in entry:
        return end_of(text_of(_value(call, entry["host"])))
    if "url" in entry:
        return end_of_url(text_of(_value(call, entry["url"])))
    if "share" in entry:
        return _share_end(entry, call)
    return next((end_of_peer(value) for value in call.arguments if isinstance(value, Peer)), None)


def _share_end(entry: Entry, call: Call) -> End:
    """The server of mount(2): in its source, or in its data as nfs(5), mount.cifs(8) and v9fs have it."""
    options = text_of(_value(call, entry.get("share_options")))
    first = options.parts[0] if options.parts and isinstance(options.parts[0], str) else ""
    for word in first.split(","):
        for key in _OPTIONS_WITH_PEER:
            if word.startswith(key) and len(word) > len(key):
                return end_of(Text((word.removeprefix(key),)))
    end = end_of_url(text_of(_value(call, entry["share"])))
    return end if end.known is not Known.UNKNOWN or end.origin else replace(end, origin="that could not be recovered")


def _labels(call: Call) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for value in call.arguments if isinstance(value, Data) for label in value.labels))


def _sources(call: Call) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(source for value in call.arguments if isinstance(value, Data) for source in value.sources)
    )
