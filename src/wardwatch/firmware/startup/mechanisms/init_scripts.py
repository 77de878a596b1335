"""In: the files of an image. Out: start scripts that init's own first script runs by custom.

BusyBox systems (Buildroot) run /etc/init.d/S??* from rcS; /etc/rc.local, /etc/rc and /etc/rc.d/rc.sysinit, rc.M of
older ones are run by name. Where rcS says so itself its edges say the same; here it is said where it is only custom.
"""

from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, is_program

_BY_NAME: Final = (
    "/etc/rc",
    "/etc/rc.sysinit",
    "/etc/rc.d/rc.sysinit",
    "/etc/rc.d/rc.S",
    "/etc/rc.d/rc.M",
    "/etc/rc.d/rc.local",
    "/etc/rc.local",
    "/etc/init.d/rc.local",
    "/etc/rc.boot",
    "/etc/preinit",
    "/etc/rcS",
)


def find(files: Files) -> Iterator[Started]:
    """Numbered scripts of Buildroot's kind, then those with a customary name."""
    for path in files.matching("/etc/init.d/S[0-9][0-9]*"):
        if is_program(files, path):
            yield Started(path, 0, f"{path} start", "by custom, from /etc/init.d/rcS", Stage.RUN_LEVEL, sure=False)
    for path in _BY_NAME:
        if is_program(files, path):
            yield Started(path, 0, path, "by custom, as the system starts", Stage.LOCAL, sure=False)


MECHANISM: Final = Mechanism("init_scripts", "start scripts by custom", "Buildroot, /etc/init.d/rcS; rc(8)", find)
