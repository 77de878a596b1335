"""In: the files of an image. Out: what cron and anacron start: crontab(5), anacrontab(5), BusyBox's crontabs."""

import re
from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, lines, scripts_in
from wardwatch.firmware.words import Trigger

_USERS: Final = ("/var/spool/cron/crontabs", "/etc/crontabs", "/var/spool/cron", "/etc/cron/crontabs")
_TIMES: Final = r"(@\w+|(?:[-\d*,/A-Za-z]+\s+){4}[-\d*,/A-Za-z]+)"
_OWN: Final = re.compile(rf"{_TIMES}\s+(.*)")
_WITH_USER: Final = re.compile(rf"{_TIMES}\s+(\S+)\s+(.*)")
_ANACRON: Final = re.compile(r"(\d+|@\w+)\s+\d+\s+\S+\s+(.*)")
_SETTING: Final = re.compile(r"\w+\s*=")


def find(files: Files) -> Iterator[Started]:
    """Tables of the system, tables of users, folders that are run as a whole, anacron's table."""
    for path in ("/etc/crontab", *files.inside("/etc/cron.d")):
        yield from _table(files, path, _WITH_USER)
    for folder in _USERS:
        for path in files.inside(folder):
            yield from _table(files, path, _OWN)
    for period in ("hourly", "daily", "weekly", "monthly"):
        for path in scripts_in(files, f"/etc/cron.{period}"):
            yield Started(path, 0, path, f"cron, {period}", Stage.TIMERS, Trigger.TIMER)
    for path in (
        path
        for period in ("15min", "hourly", "daily", "weekly", "monthly")
        for path in scripts_in(files, f"/etc/periodic/{period}")
    ):
        yield Started(path, 0, path, f"cron, {path.split('/')[3]}", Stage.TIMERS, Trigger.TIMER)
    for number, line in lines(files, "/etc/anacrontab"):
        if (found := _ANACRON.fullmatch(line)) and not _SETTING.match(line):
            yield Started(
                "/etc/anacrontab", number, found[2], f"anacron, every {found[1]} days", Stage.TIMERS, Trigger.TIMER
            )


def _table(files: Files, path: str, form: re.Pattern[str]) -> Iterator[Started]:
    for number, line in lines(files, path):
        if _SETTING.match(line):
            continue
        found = form.fullmatch(line)
        if not found:
            yield Started(path, number, line, "", Stage.TIMERS, missing="it is no line of a crontab")
            continue
        command = found[found.re.groups].split("%")[0]
        when = "as the system starts" if found[1] == "@reboot" else f"at {' '.join(found[1].split())}"
        yield Started(path, number, command, f"cron, {when}", Stage.TIMERS, Trigger.TIMER)


MECHANISM: Final = Mechanism("cron", "cron and anacron", "crontab(5), anacrontab(5)", find)
