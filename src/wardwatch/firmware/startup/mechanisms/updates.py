"""In: the files of an image. Out: scripts and programs that carry out a firmware update or run from a medium.

Recognised by their customary places and names (OpenWrt's sysupgrade, SWUpdate, recovery scripts, USB auto-run hooks):
that something asks for them is possible, not known.
"""

import re
from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, is_program
from wardwatch.firmware.words import Trigger

_FOLDERS: Final = (
    "/sbin",
    "/usr/sbin",
    "/bin",
    "/usr/bin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/opt",
    "/opt/bin",
    "/etc",
    "/etc/init.d",
    "/lib/upgrade",
    "/usr/share/update",
    "/home",
    "/root",
    "/mnt",
    "/app",
    "/",
    "/usr/lib/swupdate",
)
_NAME: Final = re.compile(
    r"(?:(?:sys|fw|firmware|soft|app|usb|sd|do|run|auto)?[-_]?(?:upgrade|update|upd|flash|recovery|recover)|sysupgrade|swupdate|autorun"
    r"|auto[-_]?run|usb[-_]?auto\w*|fwup|fw_update|install)(?:[-_]\w+)?(?:\.sh|\.bin)?",
    re.IGNORECASE,
)


def find(files: Files) -> Iterator[Started]:
    """One for each file with such a name."""
    for folder in _FOLDERS:
        for path in files.inside(folder):
            if _NAME.fullmatch(path.rpartition("/")[2]) and is_program(files, path):
                medium = "auto" in path.lower() or "usb" in path.lower()
                when = (
                    "by its name: when a medium is plugged in" if medium else "by its name: when an update is asked for"
                )
                yield Started(path, 0, path, when, Stage.UPDATE, Trigger.MENU, sure=False)


MECHANISM: Final = Mechanism("updates", "firmware-update scripts", "OpenWrt, sysupgrade; SWUpdate", find)
