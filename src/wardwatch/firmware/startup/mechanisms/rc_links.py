"""In: the files of an image. Out: the scripts that rc?.d link to, in the order their names give.

`S##name` starts and `K##name` stops (System V, update-rc.d(8)); the default run level is inittab's `initdefault`.
OpenWrt keeps its links in /etc/rc.d and starts them with `boot`.
"""

import re
from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, is_program, lines
from wardwatch.firmware.words import Trigger

_LINK: Final = re.compile(r"([SK])(\d{2,3})?(\S+)")
_FOLDERS: Final = ("/etc/rc{}.d", "/etc/rc.d/rc{}.d", "/etc/init.d/rc{}.d")
_LEVELS: Final = "S123456"


def find(files: Files) -> Iterator[Started]:
    """rcS.d first, then the run levels; which of these is entered is said where inittab tells."""
    default = _default(files)
    for level in _LEVELS:
        for folder in _FOLDERS:
            yield from _linked(files, folder.format(level), level, default)
    yield from _openwrt(files)


def _default(files: Files) -> str:
    for _, line in lines(files, "/etc/inittab"):
        fields = line.split(":")
        if len(fields) > 2 and fields[2].strip() == "initdefault":  # noqa: PLR2004  # id:runlevels:action:process
            return fields[1].strip()
    return ""


def _linked(files: Files, folder: str, level: str, default: str) -> Iterator[Started]:
    for path in files.inside(folder):
        found = _LINK.fullmatch(path.rpartition("/")[2])
        if not found or found[1] != "S":
            continue
        if not is_program(files, path):
            yield Started(path, 0, path, "", Stage.RUN_LEVEL, missing="the link leads nowhere, or in a loop")
            continue
        stops = level == "6"
        stage = Stage.SYSTEM if level == "S" else Stage.SHUTDOWN if stops else Stage.RUN_LEVEL
        sure = level == "S" or not default or level == default
        when = (
            "as the system starts"
            if level == "S"
            else f"run level {level}" + ("" if sure else f"; the default is {default}")
        )
        yield Started(path, 0, f"{path} start", when, stage, Trigger.SIGNAL if stops else Trigger.START_UP, sure)


def _openwrt(files: Files) -> Iterator[Started]:
    for path in files.inside("/etc/rc.d"):
        found = _LINK.fullmatch(path.rpartition("/")[2])
        if not found or found[1] != "S":
            continue
        if is_program(files, path):
            yield Started(path, 0, f"{path} boot", "as the system starts", Stage.RUN_LEVEL)
        else:
            yield Started(path, 0, path, "", Stage.RUN_LEVEL, missing="the link leads nowhere, or in a loop")


MECHANISM: Final = Mechanism("rc_links", "links in rc?.d", "update-rc.d(8); OpenWrt, /etc/rc.common", find)
