"""In: the files of an image. Out: what init starts by /etc/inittab, in sysvinit's form or BusyBox's.

`id:runlevels:action:process`, inittab(5); BusyBox takes id for a terminal and passes over the run levels. Without the
file BusyBox runs /etc/init.d/rcS (init/init.c, parse_inittab). procd reads the same form.
"""

from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, is_program, lines
from wardwatch.firmware.words import Trigger

_FIELDS: Final = 4
_ACTIONS: Final = {
    "sysinit": ("as the system starts", Stage.SYSTEM, Trigger.START_UP),
    "boot": ("as the system starts", Stage.SYSTEM, Trigger.START_UP),
    "bootwait": ("as the system starts", Stage.SYSTEM, Trigger.START_UP),
    "initdefault": ("", Stage.SYSTEM, Trigger.START_UP),
    "wait": ("once, waited for", Stage.RUN_LEVEL, Trigger.START_UP),
    "once": ("once", Stage.RUN_LEVEL, Trigger.START_UP),
    "respawn": ("always, again when it ends", Stage.CONSOLE, Trigger.START_UP),
    "respawnlate": ("always, again when it ends", Stage.CONSOLE, Trigger.START_UP),
    "askfirst": ("after a key was pressed on the console", Stage.CONSOLE, Trigger.KEY),
    "askconsole": ("after a key was pressed on the console", Stage.CONSOLE, Trigger.KEY),
    "askconsolelate": ("after a key was pressed on the console", Stage.CONSOLE, Trigger.KEY),
    "ctrlaltdel": ("when Ctrl-Alt-Del is pressed", Stage.SHUTDOWN, Trigger.KEY),
    "kbrequest": ("when a special key is pressed", Stage.SHUTDOWN, Trigger.KEY),
    "shutdown": ("as the system shuts down", Stage.SHUTDOWN, Trigger.SIGNAL),
    "restart": ("when init starts anew", Stage.SHUTDOWN, Trigger.SIGNAL),
    "powerfail": ("when power fails", Stage.SHUTDOWN, Trigger.SIGNAL),
    "powerwait": ("when power fails", Stage.SHUTDOWN, Trigger.SIGNAL),
    "powerfailnow": ("when power fails", Stage.SHUTDOWN, Trigger.SIGNAL),
    "powerokwait": ("when power returns", Stage.SHUTDOWN, Trigger.SIGNAL),
    "ondemand": ("on demand", Stage.SERVICES, Trigger.SIGNAL),
}
_OFF: Final = frozenset({"initdefault", "off"})


def find(files: Files) -> Iterator[Started]:
    """Every line that starts something."""
    if not is_program(files, "/etc/inittab"):
        if is_program(files, "/etc/init.d/rcS"):
            when = "as the system starts: init without inittab"
            yield Started("/etc/init.d/rcS", 0, "/etc/init.d/rcS", when, Stage.SYSTEM)
        return
    for number, line in lines(files, "/etc/inittab"):
        started = _line(number, line)
        if started:
            yield started


def _line(number: int, line: str) -> Started | None:
    fields = line.split(":", _FIELDS - 1)
    if len(fields) < _FIELDS:
        return Started("/etc/inittab", number, line, "", Stage.SYSTEM, missing="it has fewer than four fields")
    _, levels, action, process = (field.strip() for field in fields)
    if action in _OFF:
        return None
    if action not in _ACTIONS:
        return Started("/etc/inittab", number, line, "", Stage.SYSTEM, missing=f"its action '{action}' is not known")
    if not process:
        return None
    when, stage, trigger = _ACTIONS[action]
    shown = f"{action}: {when}" + (f", run levels {levels}" if levels else "")
    return Started("/etc/inittab", number, process.lstrip("+-"), shown, stage, trigger)


MECHANISM: Final = Mechanism("inittab", "init's table", "inittab(5); BusyBox, init/init.c", find)
