"""In: the files of an image. Out: what runs as somebody logs in: profiles, and programs that passwd names as shells."""

from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, is_program, lines, scripts_in
from wardwatch.firmware.words import Trigger

_PROFILES: Final = (".profile", ".bash_profile", ".bash_login", ".bashrc", ".ashrc", ".login")
_ORDINARY: Final = frozenset({"sh", "ash", "bash", "dash", "false", "nologin", "sync", "halt", "shutdown", ""})
_FIELDS: Final = 7


def find(files: Files) -> Iterator[Started]:
    """Profiles of the system, of each user, and shells that are none."""
    for path in ("/etc/profile", *scripts_in(files, "/etc/profile.d")):
        if is_program(files, path):
            yield Started(path, 0, f". {path}", "somebody logs in", Stage.LOG_IN, Trigger.KEY)
    homes = ["/root"]
    for number, line in lines(files, "/etc/passwd"):
        fields = line.split(":")
        if len(fields) < _FIELDS:
            yield Started("/etc/passwd", number, "a line", "", Stage.LOG_IN, missing="it has fewer than seven fields")
            continue
        homes.append(fields[5])
        if fields[6].rpartition("/")[2] not in _ORDINARY:
            yield Started("/etc/passwd", number, fields[6], f"user {fields[0]} logs in", Stage.LOG_IN, Trigger.KEY)
    for path in dict.fromkeys(f"{home.rstrip('/')}/{name}" for home in homes for name in _PROFILES):
        if is_program(files, path):
            yield Started(path, 0, f". {path}", "a user logs in", Stage.LOG_IN, Trigger.KEY)


MECHANISM: Final = Mechanism("log_in", "at log-in", "sh(1), passwd(5)", find)
