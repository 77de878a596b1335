"""In: a configuration (TOML). Out: everything a station is told, checked, with defaults that are safe.

Unknown names are refused: a misspelt bound that silently does not hold is worse than an error.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar, get_args, get_origin

from wardwatch.errors import InputError

from . import admission
from .admission import BedRule
from .bounds import Bounds
from .keeping.retention import Retention
from .keeping.writer import Policy
from .live import Settings as LiveSettings
from .watching import PORTS as WATCHED

STREAM_PORTS: Final = (515, 516, 517, 518, 519, 520)
HL7_PORTS: Final = (511,)
UNPRIVILEGED: Final = 10_000
"""Added to a port that this user may not open."""
T = TypeVar("T")
_LARGEST: Final = 1 << 20
_SECTIONS: Final = frozenset(("listen", "bed", "bounds", "keeping", "retention", "live", "forward", "alarms"))


@dataclass(frozen=True, slots=True)
class Listen:
    """Where monitors are received. `fallback`: a port that may not be opened is tried 10,000 higher."""

    addresses: tuple[str, ...] = ("0.0.0.0",)  # noqa: S104  # monitors come from the ward; the web page binds to loopback
    stream: tuple[int, ...] = STREAM_PORTS
    hl7: tuple[int, ...] = HL7_PORTS
    watch: tuple[int, ...] = WATCHED
    """Ports nothing is offered at: who knocks there calls out."""
    fallback: bool = True


@dataclass(frozen=True, slots=True)
class Forward:
    """One receiver of what the station knows. `kind`: 'hl7' (MLLP) or 'fhir' (R4 over HTTP)."""

    name: str
    kind: str
    to: str
    """HOST:PORT for hl7, a base URL for fhir."""
    every: float = 60.0
    tls: bool = True
    """For hl7. What goes to another machine goes encrypted unless this is switched off by hand."""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    token_file: str = ""
    identify: bool = False
    """Whether patient number and name go along."""
    most: int = 100_000
    """Messages kept while the receiver does not answer; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A station."""

    listen: Listen = field(default_factory=Listen)
    beds: tuple[BedRule, ...] = ()
    bounds: Bounds = field(default_factory=Bounds)
    keeping: Policy = field(default_factory=Policy)
    retention: Retention = field(default_factory=Retention)
    live: LiveSettings = field(default_factory=LiveSettings)
    forward: tuple[Forward, ...] = ()
    alarms: str = ""
    """Text of a table of priorities in place of the station's own."""


def load(path: Path) -> Settings:
    """The configuration at `path`; InputError that names what is wrong in it."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), cure="Name the file.") from error
    if len(text) > _LARGEST:
        raise InputError("is too large for a configuration", where=str(path), cure="See docs/station.md for the form.")
    try:
        return parse(text.decode("utf-8"), path.parent)
    except (UnicodeDecodeError, InputError) as error:
        cure = error.cure if isinstance(error, InputError) else "Save it as UTF-8."
        raise InputError(f"not a configuration: {error}", where=str(path), cure=cure) from error


def parse(text: str, folder: Path = Path()) -> Settings:
    """The configuration in `text`; names of other files count from `folder`."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not TOML: {error}") from error
    if unknown := set(told) - _SECTIONS:
        raise InputError(f"nobody knows [{min(unknown)}]", cure=f"There are: {', '.join(sorted(_SECTIONS))}.")
    return Settings(
        listen=_read(Listen, "listen", told.get("listen", {})),
        beds=admission.rules(told.get("bed", [])),
        bounds=_read(Bounds, "bounds", told.get("bounds", {})),
        keeping=_read(Policy, "keeping", told.get("keeping", {})),
        retention=_read(Retention, "retention", told.get("retention", {})),
        live=_read(LiveSettings, "live", told.get("live", {})),
        forward=tuple(_forward(entry) for entry in _list(told.get("forward", []))),
        alarms=_alarms(told.get("alarms", {}), folder),
    )


def _forward(entry: object) -> Forward:
    made = _read(Forward, "forward", entry)
    if made.kind not in {"hl7", "fhir"}:
        raise InputError(f"[[forward]] {made.name}: no kind {made.kind!r}", cure="Write hl7 or fhir.")
    return made


def _alarms(told: object, folder: Path) -> str:
    if not isinstance(told, dict) or set(told) - {"file"}:
        raise InputError("[alarms] has one entry, file", cure='Write file = "alarms.toml".')
    if "file" not in told:
        return ""
    try:
        return (folder / str(told["file"])).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the table of alarms cannot be read", where=str(told["file"])) from error


def _list(told: object) -> list[object]:
    if isinstance(told, list):
        return told
    raise InputError("[[forward]] is a list", cure="Write [[forward]] with two brackets.")


def _read(kind: type[T], section: str, told: object) -> T:
    """The dataclass `kind` from a table: names with '-' for '_', each value of the field's type and not negative."""
    if not isinstance(told, Mapping):
        raise InputError(f"[{section}] is a table")
    known = {entry.name.replace("_", "-"): entry for entry in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    values: dict[str, Any] = {}
    for name, value in told.items():
        if name not in known:
            raise InputError(f"[{section}] has no {name!r}", cure=f"There are: {', '.join(sorted(known))}.")
        values[known[name].name] = _value(value, known[name].type, f"[{section}] {name}")
    try:
        return kind(**values)
    except TypeError as error:
        raise InputError(f"[{section}] lacks something: {error}") from error


def _value(value: object, wanted: Any, where: str) -> object:  # noqa: ANN401  # the type of a dataclass's field
    if get_origin(wanted) is tuple and isinstance(value, list):
        return tuple(_value(each, get_args(wanted)[0], where) for each in value)
    if wanted is float and type(value) in (int, float):
        value = float(value)  # type: ignore[arg-type]  # one of the two
    if type(value) is not wanted or (isinstance(value, int | float) and not 0 <= value < 1 << 60):
        raise InputError(f"{where} cannot be {value!r}")
    return value
