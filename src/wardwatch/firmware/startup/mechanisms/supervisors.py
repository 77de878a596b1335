"""In: the files of an image. Out: what runit, daemontools and s6 keep running: the `run` files of service folders."""

from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, is_program, scripts_in
from wardwatch.firmware.words import Trigger

_FOLDERS: Final = (
    "/etc/service",
    "/service",
    "/var/service",
    "/etc/runit/runsvdir/default",
    "/etc/services.d",
    "/run/service",
    "/etc/s6/services",
    "/etc/s6-overlay/s6-rc.d",
)


def find(files: Files) -> Iterator[Started]:
    """Runit's stages, s6's preparations, then each service."""
    for number, stage in (("1", Stage.SYSTEM), ("2", Stage.RUN_LEVEL), ("3", Stage.SHUTDOWN)):
        path = f"/etc/runit/{number}"
        if is_program(files, path):
            trigger = Trigger.SIGNAL if stage is Stage.SHUTDOWN else Trigger.START_UP
            yield Started(path, 0, path, f"runit, stage {number}", stage, trigger)
    for path in scripts_in(files, "/etc/cont-init.d"):
        yield Started(path, 0, path, "s6, before services", Stage.LOCAL)
    for folder in _FOLDERS:
        for service in files.inside(folder):
            name = service.rpartition("/")[2]
            for run in (f"{service}/run", f"{service}/log/run", f"{service}/up"):
                if is_program(files, run):
                    yield Started(run, 0, run, f"kept running as service {name}", Stage.SERVICES)


MECHANISM: Final = Mechanism("supervisors", "runit, daemontools, s6", "runsv(8), s6-supervise", find)
