"""In: a mapping file (TOML) that says how some firewall writes its log. Out: a frozen mapping, checked as a whole.

Bundled mappings lie in `knowledge/log-mappings`; `like = "NAME"` lets a user's file change only what differs from one
of them. The form is described for users in `docs/flow-logs.md`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from wardwatch.errors import InputError

LAYOUTS: Final = ("table", "pairs", "pattern")
FIELDS: Final = (
    "start", "end", "duration", "src", "dst", "sport", "dport", "protocol", "packets_sent", "packets_received",
    "bytes_sent", "bytes_received", "payload_sent", "payload_received", "tcp_flags", "service", "action", "direction",
)  # fmt: skip
REQUIRED: Final = ("src", "dst")
"""And one of `start` and `end`: a log written at a session's end gives its start as the end less the duration."""
DURATIONS: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_TABLES: Final = {
    "fields": set(FIELDS),
    "time": {"formats", "zone", "duration"},
    "protocols": None,
    "actions": {"unanswered"},
    "direction": {"swapped"},
    "leave_out": None,
}
_PLAIN: Final = {"title", "reference", "like", "layout", "needs", "delimiter", "skip_rows", "pattern", "one_way"}
_LARGEST: Final = 1 << 20
_CURE: Final = "docs/flow-logs.md describes mapping files, with an example."

Names = tuple[tuple[str, ...], ...]
"""Where a field stands: the first alternative that holds something; its columns are joined by a blank."""


@dataclass(frozen=True, slots=True)
class LogMapping:
    """How one kind of log is to be read. Words are compared in lower case."""

    name: str
    title: str
    reference: str
    layout: str
    needs: tuple[str, ...]
    fields: Mapping[str, Names]
    formats: tuple[str, ...]
    delimiter: str = ","
    skip_rows: int = 0
    pattern: str = ""
    one_way: bool = False
    zone: str = "UTC"
    zone_given: bool = False
    per_second: int = 1
    protocols: Mapping[str, int] = field(default_factory=dict)
    unanswered: tuple[str, ...] = ()
    swapped: tuple[str, ...] = ()
    leave_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the log that is looked at."""
        used = [name for names in self.fields.values() for group in names for name in group]
        return tuple(dict.fromkeys([*used, *self.leave_out]))


@cache
def bundled() -> tuple[LogMapping, ...]:
    """The mappings that come with wardwatch, sorted by name."""
    entries = sorted(_folder().iterdir(), key=lambda entry: entry.name)
    return tuple(
        parse(entry.read_bytes(), entry.name.removesuffix(".toml"), entry.name)
        for entry in entries
        if entry.name.endswith(".toml")
    )


def _folder() -> Any:  # noqa: ANN401  # importlib's Traversable moved between Python versions
    return files("wardwatch") / "knowledge" / "log-mappings"


def load(path: Path) -> LogMapping:
    """The mapping in the file at `path`; InputError where it cannot be used."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), cure="Check the path.") from error
    return parse(data, path.stem, str(path))


def parse(data: bytes, name: str, where: str) -> LogMapping:
    """The mapping that the TOML text `data` holds."""
    return _build(_content(data, where), name, _Complaint(where))


def _content(data: bytes, where: str) -> dict[str, Any]:
    if len(data) > _LARGEST:
        raise InputError("larger than any mapping file", where=where, cure=_CURE)
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"not TOML: {str(error)[:200]}", where=where, cure=_CURE) from error
    like = content.pop("like", None)
    return content if like is None else _over(_base(like, where), content)


def _base(like: object, where: str) -> dict[str, Any]:
    names = [entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml")]
    if like not in names:
        raise InputError(
            f"'like' names no bundled mapping; there are {', '.join(sorted(names))}", where=where, cure=_CURE
        )
    return tomllib.loads((_folder() / f"{like}.toml").read_text("utf-8"))


def _over(base: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in content.items():
        old = merged.get(key)
        merged[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


@dataclass(frozen=True, slots=True)
class _Complaint:
    """Raises in the name of one mapping file."""

    where: str

    def unless(self, condition: object, what: str) -> None:
        """An InputError saying `what` unless `condition` holds."""
        if not condition:
            raise InputError(f"not a usable mapping: {what}", where=self.where, cure=_CURE)


def _build(content: dict[str, Any], name: str, complain: _Complaint) -> LogMapping:
    _check_keys(content, complain)
    layout = content.get("layout", "table")
    complain.unless(layout in LAYOUTS, f"'layout' is one of {', '.join(LAYOUTS)}")
    fields = _fields(content.get("fields", {}), complain)
    time = content.get("time", {})
    needs = _words(content.get("needs", [fields[key][0][0] for key in REQUIRED]), "needs", complain)
    return LogMapping(
        name=name,
        title=_text(content.get("title", name), "title", complain),
        reference=_text(content.get("reference", ""), "reference", complain),
        layout=layout,
        needs=needs,
        fields=fields,
        formats=_words(time.get("formats", ["epoch-s"]), "formats", complain),
        delimiter=_delimiter(content.get("delimiter", ","), complain),
        skip_rows=_number(content.get("skip_rows", 0), "skip_rows", complain),
        pattern=_pattern(content, layout, complain),
        one_way=_flag(content.get("one_way", False), "one_way", complain),
        zone=_text(time.get("zone", "UTC"), "zone", complain),
        zone_given="zone" in time,
        per_second=_duration(time.get("duration", "s"), complain),
        protocols=_protocols(content.get("protocols", {}), complain),
        unanswered=_lower(content.get("actions", {}).get("unanswered", []), "unanswered", complain),
        swapped=_lower(content.get("direction", {}).get("swapped", []), "swapped", complain),
        leave_out={
            _text(key, "leave_out", complain): _lower(value, "leave_out", complain)
            for key, value in content.get("leave_out", {}).items()
        },
    )


def _check_keys(content: dict[str, Any], complain: _Complaint) -> None:
    for key, value in content.items():
        complain.unless(key in _PLAIN or key in _TABLES, f"'{key}' has no meaning here")
        if key in _TABLES:
            complain.unless(isinstance(value, dict), f"'{key}' is a table")
            known = _TABLES[key]
            for name in value if known else ():
                complain.unless(known is None or name in known, f"'{name}' has no meaning in [{key}]")


def _fields(content: dict[str, Any], complain: _Complaint) -> dict[str, Names]:
    fields = {name: _names(value, name, complain) for name, value in content.items()}
    for name in REQUIRED:
        complain.unless(fields.get(name), f"[fields] does not say where '{name}' stands")
    complain.unless({"start", "end"} & set(fields), "[fields] says neither where 'start' nor where 'end' stands")
    return fields


def _names(value: object, name: str, complain: _Complaint) -> Names:
    entries = value if isinstance(value, list) else [value]
    groups = tuple(_group(entry, name, complain) for entry in entries)
    complain.unless(groups, f"'{name}' names no column")
    return groups


def _group(entry: object, name: str, complain: _Complaint) -> tuple[str, ...]:
    if isinstance(entry, dict):
        complain.unless(set(entry) == {"join"}, f"'{name}' is a column, a list of columns, or {{ join = [...] }}")
        return _words(entry["join"], name, complain)
    return (_text(entry, name, complain),)


def _text(value: object, name: str, complain: _Complaint) -> str:
    complain.unless(isinstance(value, str) and value, f"'{name}' is a text") if name != "reference" else None
    return str(value)


def _words(value: object, name: str, complain: _Complaint) -> tuple[str, ...]:
    complain.unless(isinstance(value, list) and value, f"'{name}' is a list of texts")
    return tuple(_text(entry, name, complain) for entry in _list(value))


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _lower(value: object, name: str, complain: _Complaint) -> tuple[str, ...]:
    complain.unless(isinstance(value, list), f"'{name}' is a list of texts")
    return tuple(_text(entry, name, complain).lower() for entry in _list(value))


def _delimiter(value: object, complain: _Complaint) -> str:
    good = isinstance(value, str) and len(value.encode("utf-8", "replace")) == 1 and value not in '"\r\n'
    complain.unless(good, "'delimiter' is one ASCII character, and no quotation mark")
    return str(value)


def _number(value: object, name: str, complain: _Complaint) -> int:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000  # noqa: PLR2004  # rows of a preamble
    complain.unless(good, f"'{name}' is a number from 0 to 1000")
    return int(str(value))


def _flag(value: object, name: str, complain: _Complaint) -> bool:
    complain.unless(isinstance(value, bool), f"'{name}' is true or false")
    return bool(value)


def _pattern(content: dict[str, Any], layout: str, complain: _Complaint) -> str:
    pattern = content.get("pattern", "")
    complain.unless((layout == "pattern") == bool(pattern), "'pattern' belongs to layout \"pattern\", and only there")
    complain.unless(isinstance(pattern, str), "'pattern' is a text")
    return str(pattern)


def _duration(value: object, complain: _Complaint) -> int:
    complain.unless(isinstance(value, str) and value in DURATIONS, f"'duration' is one of {', '.join(DURATIONS)}")
    return DURATIONS[str(value)]


def _protocols(content: dict[str, Any], complain: _Complaint) -> dict[str, int]:
    for name, number in content.items():
        good = isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= 255  # noqa: PLR2004  # one byte
        complain.unless(good, f"protocol '{name}' has a number from 0 to 255")
    return {name.lower(): int(number) for name, number in content.items()}
