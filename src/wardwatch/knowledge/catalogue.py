"""In: the data files beside this module. Out: rules, indicators, device profiles, thresholds, read once and checked."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from wardwatch.vocabulary import Indicator, Rule


@dataclass(frozen=True, slots=True)
class Clue:
    """Something that, once seen of a device, speaks for a profile with `weight` (0 to 1), and why."""

    see: str
    weight: float
    because: str
    protocol: str = ""
    path: str = ""
    contains: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 < self.weight < 1.0:
            raise ValueError(f"a clue's weight lies between 0 and 1, not at {self.weight}")


@dataclass(frozen=True, slots=True)
class Profile:
    """One design of device under all the names it is sold under."""

    name: str
    title: str
    kind: str
    names: tuple[str, ...]
    clues: tuple[Clue, ...]
    advisories: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by its stable name."""
    return {rule.name: rule for rule in map(_rule, _documents("rules"))}


@cache
def indicators() -> tuple[Indicator, ...]:
    """Every published fact, in the order of the file."""
    return tuple(Indicator(**entry) for entry in _document("indicators.toml")["indicator"])


@cache
def profiles() -> tuple[Profile, ...]:
    """Every device profile, sorted by file name."""
    return tuple(_profile(document) for document in _documents("devices"))


@cache
def thresholds(name: str) -> Mapping[str, Any]:
    """The numbers of `thresholds/NAME.toml`."""
    return _document("thresholds", f"{name}.toml")


@cache
def firmware_table(name: str) -> Mapping[str, Any]:
    """What `firmware/NAME.toml` says about commands, calls, peers, paths or measures."""
    return _document("firmware", f"{name}.toml")


@cache
def components() -> tuple[Mapping[str, str], ...]:
    """How software names itself in its programs' strings: name, kind, marker, pattern, cpe and source of each."""
    return tuple(entry for document in _documents("components") for entry in document["component"])


def _rule(document: dict[str, Any]) -> Rule:
    trimmed = {key: value.strip() if isinstance(value, str) else value for key, value in document.items()}
    return Rule(**_tuples(trimmed))


def _profile(document: dict[str, Any]) -> Profile:
    clues = tuple(Clue(**_tuples(clue)) for clue in document.pop("clue"))
    return Profile(**_tuples(document), clues=clues)


def _tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def _documents(folder: str) -> Iterable[dict[str, Any]]:
    for entry in sorted(_root().joinpath(folder).iterdir(), key=lambda found: found.name):
        if entry.name.endswith(".toml"):
            yield tomllib.loads(entry.read_text(encoding="utf-8"))


def _document(*path: str) -> dict[str, Any]:
    return tomllib.loads(_root().joinpath(*path).read_text(encoding="utf-8"))


def _root() -> Traversable:
    return files("wardwatch.knowledge")
