"""In: the files of an image. Out: what systemd starts: Exec lines of units that a target, a timer or a socket wants.

systemd.unit(5), systemd.service(5), systemd.timer(5), systemd.path(5), systemd.socket(5).
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, is_program, lines
from wardwatch.firmware.words import Trigger

_FOLDERS: Final = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_EXEC: Final = re.compile(r"(Exec(?:Start|StartPre|StartPost|Condition|Reload|Stop|StopPost))\s*=\s*[-@:+!|]*(.+)")
_SETTING: Final = re.compile(r"(\w+)\s*=\s*(.*)")
_STOPPING: Final = frozenset({"ExecStop", "ExecStopPost", "ExecReload"})
_TIMES: Final = ("OnCalendar", "OnBootSec", "OnUnitActiveSec", "OnUnitInactiveSec", "OnStartupSec", "OnActiveSec")
_WATCHED: Final = ("PathExists", "PathExistsGlob", "PathChanged", "PathModified", "DirectoryNotEmpty")
_HEARD: Final = ("ListenStream", "ListenDatagram", "ListenFIFO", "ListenSequentialPacket")


class _Unit(NamedTuple):
    path: str
    commands: tuple[tuple[int, str, str], ...]
    settings: dict[str, tuple[str, ...]]


def find(files: Files) -> Iterator[Started]:
    """Services, each with what wants it; those nobody wants are only possible."""
    units = {name: _read(files, path) for name, path in _names(files).items()}
    wanted = _wanted(files)
    for name in sorted(units):
        if name.endswith(".service"):
            yield from _service(name, units, wanted)


def _names(files: Files) -> dict[str, str]:
    """Units by name; a folder named first goes before one named later."""
    found: dict[str, str] = {}
    for folder in reversed(_FOLDERS):
        for path in files.inside(folder):
            if is_program(files, path) and re.search(r"\.(service|timer|path|socket)\Z", path):
                found[path.rpartition("/")[2]] = path
    return found


def _wanted(files: Files) -> dict[str, list[str]]:
    """Which targets want a unit, by the links in their `.wants` and `.requires` folders."""
    wanted: dict[str, list[str]] = {}
    for folder in _FOLDERS:
        for inner in files.matching(f"{folder}/*.[wr]*"):
            target, _, kind = inner.rpartition("/")[2].rpartition(".")
            if kind in {"wants", "requires"}:
                for path in files.inside(inner):
                    wanted.setdefault(path.rpartition("/")[2], []).append(target)
    return wanted


def _read(files: Files, path: str) -> _Unit:
    commands: list[tuple[int, str, str]] = []
    settings: dict[str, tuple[str, ...]] = {}
    joined, began = "", 0
    for number, line in lines(files, path, comment="#;"):
        began = began if joined else number
        joined += line
        if joined.endswith("\\"):
            joined = joined[:-1] + " "
            continue
        if found := _EXEC.fullmatch(joined):
            commands.append((began, found[1], found[2]))
        elif setting := _SETTING.fullmatch(joined):
            settings[setting[1]] = (*settings.get(setting[1], ()), setting[2])
        joined = ""
    return _Unit(path, tuple(commands), settings)


def _service(name: str, units: dict[str, _Unit], wanted: dict[str, list[str]]) -> Iterator[Started]:
    unit = units[name]
    trigger, why, sure = _reason(name, units, wanted)
    stage = (
        Stage.TIMERS
        if trigger is Trigger.TIMER
        else Stage.CONNECTIONS
        if trigger is Trigger.NETWORK
        else Stage.SERVICES
    )
    for number, kind, command in unit.commands:
        if kind in _STOPPING:
            yield Started(unit.path, number, command, f"{name}: {kind}", Stage.SHUTDOWN, Trigger.SIGNAL, sure)
        else:
            yield Started(unit.path, number, command, f"{name}: {kind}, {why}", stage, trigger, sure)


def _reason(name: str, units: dict[str, _Unit], wanted: dict[str, list[str]]) -> tuple[Trigger, str, bool]:
    if targets := wanted.get(name):
        return Trigger.START_UP, f"wanted by {', '.join(targets)}", True
    stem = name.rpartition(".")[0]
    for kind, trigger, keys in (
        ("timer", Trigger.TIMER, _TIMES),
        ("socket", Trigger.NETWORK, _HEARD),
        ("path", Trigger.START_UP, _WATCHED),
    ):
        for other, unit in units.items():
            activates = unit.settings.get("Unit", (f"{other.rpartition('.')[0]}.service",))[-1]
            if other.endswith(f".{kind}") and (
                activates == name or (not unit.settings.get("Unit") and other == f"{stem}.{kind}")
            ):
                shown = ", ".join(f"{key}={value}" for key in keys for value in unit.settings.get(key, ()))
                return trigger, f"{other} ({shown})", other in wanted
    if installed := unit_targets(units[name]):
        return Trigger.START_UP, f"would be wanted by {installed}, if it were enabled", False
    return Trigger.START_UP, "nothing in the image wants it", False


def unit_targets(unit: _Unit) -> str:
    """What a unit's [Install] section names."""
    return ", ".join(target for key in ("WantedBy", "RequiredBy") for target in unit.settings.get(key, ()))


MECHANISM: Final = Mechanism("systemd", "systemd's units", "systemd.unit(5), systemd.service(5)", find)
