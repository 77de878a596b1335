"""In: a scenario as TOML, ours by its name or anybody's by its path. Out: the same as values, checked.

It says who starts, which keys are pressed, for how long, which fault the line outside has, and, as ground truth, what
an examination of each capture must find.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

from wardwatch.errors import InputError, UsageError

MONITOR, WORKPLACE, STRANGER = "monitor", "workplace", "stranger"
CAPTURES: Final = ("gateway", "outside")
STATIONS: Final = ("none", "own", "documented")
DUTIES: Final = ("print", "nfs", "hl7", "udp")
SEVERITIES: Final = ("critical", "high", "medium", "low", "info")
MOST_MACHINES: Final = 40
_LONGEST: Final = 3600.0
_LARGEST: Final = 64 << 10
_PARTS: Final = 3
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Machine:
    """Who starts. A monitor: `firmware` and `program` of it, `keys` from second `at` on, `until` which thing is seen.

    Others do their `does` one after another, from second `at` on. `name` is also its node's.
    """

    name: str
    role: str = MONITOR
    firmware: str = "2.0.6"
    program: str = "/opt/bin/monitor"
    keys: str = ""
    at: float = 1.0
    until: str = ""
    does: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hospital:
    """`station`: none, its own at a private address, or its own at the documented one. `contained`: by the gateway."""

    station: str = "none"
    contained: bool = False


@dataclass(frozen=True, slots=True)
class Outside:
    """`answers`: whether anybody does there. The line to it loses a share of packets, delays them, or is cut."""

    answers: bool = True
    loss: float = 0.0
    delay: float = 0.0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Truth:
    """What an examination of a capture must say: no finding less, none more. `findings`: severity, rule, machine."""

    verdict: str
    findings: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """All of it. It lasts at least `seconds`; a truth for each capture that was thought about."""

    name: str
    about: str
    seconds: float = 5.0
    machines: tuple[Machine, ...] = ()
    hospital: Hospital = field(default_factory=Hospital)
    outside: Outside = field(default_factory=Outside)
    truth: Mapping[str, Truth] = field(default_factory=dict)


def names() -> tuple[str, ...]:
    """Of the scenarios that come with wardwatch."""
    folder = files(__package__).joinpath("scenarios")
    return tuple(sorted(path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml")))


def text_of(which: str) -> tuple[str, str]:
    """The text and the name of one of ours, or of a file; UsageError where it is neither."""
    if which in names():
        return files(__package__).joinpath("scenarios", f"{which}.toml").read_text(encoding="utf-8"), which
    path = Path(which)
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        cure = f"Ours are {', '.join(names())}; or name a TOML file."
        raise UsageError("is no scenario", where=which, cure=cure) from error
    if len(data) > _LARGEST:
        raise InputError("is larger than 64 kB", where=which, cure="Name a scenario file; docs/lab.md describes it.")
    if not data.strip():
        raise InputError("is an empty file", where=which, cure="Name a scenario file; docs/lab.md describes it.")
    return data.decode("utf-8", "replace"), path.stem


def load(which: str) -> Scenario:
    """That scenario."""
    return read(*text_of(which))


def read(text: str, name: str) -> Scenario:
    """The scenario that a text says."""
    try:
        told = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"is no TOML: {error}", where=name, cure="See docs/lab.md for the form.") from error
    try:
        return _scenario(told, name)
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"is no scenario: {error}", where=name, cure="See docs/lab.md for the form.") from error


def _scenario(told: dict[str, Any], name: str) -> Scenario:
    told = dict(told)
    machines = tuple(_machine(each) for each in told.pop("machine", ()))
    hospital = _made(Hospital, told.pop("hospital", {}), "hospital")
    outside = _made(Outside, told.pop("outside", {}), "outside")
    truth = {str(key): _truth(key, each, machines) for key, each in told.pop("truth", {}).items()}
    about, seconds = str(told.pop("about")) if "about" in told else "", float(told.pop("seconds", 5.0))
    _none_left(told, "the scenario")
    _checked(hospital, outside, machines, seconds)
    return Scenario(name, about, seconds, machines, hospital, outside, truth)


def _checked(hospital: Hospital, outside: Outside, machines: tuple[Machine, ...], seconds: float) -> None:
    _one_of("station", hospital.station, STATIONS)
    _within("seconds", seconds, 0.5, _LONGEST)
    _within("loss", outside.loss, 0.0, 1.0)
    _within("delay", outside.delay, 0.0, 10.0)
    _within("the number of machines", len(machines), 0, MOST_MACHINES)
    if taken := {each.name for each in machines} & _NODES:
        raise ValueError(f"{min(taken)} is a server's name")
    if len({each.name for each in machines}) < len(machines):
        raise ValueError("two machines have one name")


def _machine(told: dict[str, Any]) -> Machine:
    machine = _made(Machine, told, "machine")
    _one_of("role", machine.role, (MONITOR, WORKPLACE, STRANGER))
    _within("at", machine.at, 0.0, _LONGEST)
    for duty in machine.does:
        _one_of("does", duty, DUTIES)
    if not machine.name.replace("-", "").isalnum() or not machine.name.isascii() or len(machine.name) > 15:  # noqa: PLR2004  # short enough for any table
        raise ValueError(f"a machine's name is up to 15 letters, digits and hyphens, not {machine.name[:40]!r}")
    return machine


def _truth(capture: str, told: dict[str, Any], machines: tuple[Machine, ...]) -> Truth:
    _one_of("truth", capture, CAPTURES)
    told = dict(told)
    verdict, lines = str(told.pop("verdict")), told.pop("findings", [])
    _none_left(told, f"truth.{capture}")
    _one_of("verdict", verdict, ("clear", "found", "unknown"))
    return Truth(verdict, tuple(_finding(str(line), machines) for line in lines))


def _finding(line: str, machines: tuple[Machine, ...]) -> tuple[str, str, str]:
    words = line.split()
    if len(words) != _PARTS:
        raise ValueError(f"a finding is 'severity rule machine', not {line[:80]!r}")
    severity, rule, subject = words
    _one_of("severity", severity, SEVERITIES)
    _one_of("machine", subject, (*(each.name for each in machines), *SERVERS))
    return severity, rule, subject


SERVERS: Final = ("gateway", "printer", "interface", "folders", "station", "central", "results")
"""Machines that are always there, by what they are."""
_NODES: Final = frozenset({*SERVERS, "servers", "line", "outside", "switch"})


def _made(kind: type[T], told: object, where: str) -> T:
    if not isinstance(told, dict):
        raise TypeError(f"{where} is no table")
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]  # ours are dataclasses
    _none_left({key: 0 for key in told if key not in known}, where)
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}
    for key, value in values.items():
        default = known[key].default
        is_number = isinstance(default, float) and isinstance(value, int | float) and not isinstance(value, bool)
        wanted = type(default) if isinstance(default, str | bool | float | tuple) else str
        if not is_number and type(value) is not wanted:
            raise TypeError(f"{where}.{key} is no {wanted.__name__}")
    return kind(**values)


def _none_left(told: Mapping[str, object], where: str) -> None:
    if told:
        raise ValueError(f"{where} has no {', '.join(sorted(map(str, told)))[:80]}")


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{what} is one of {', '.join(known)}, not {str(value)[:40]!r}")


def _within(what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{what} lies between {least:g} and {most:g}, not at {value:g}")
