"""In: the files of an image. Out: what inetd and xinetd start when somebody connects: inetd.conf(5), xinetd.conf(5)."""

import re
from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, lines
from wardwatch.firmware.words import Trigger

_FIELDS: Final = 6
_SERVICE: Final = re.compile(r"service\s+(\S+)")
_SETTING: Final = re.compile(r"(\w+)\s*[-+]?=\s*(.*)")


def find(files: Files) -> Iterator[Started]:
    """One a service."""
    for path in ("/etc/inetd.conf", *files.inside("/etc/inetd.d")):
        yield from _inetd(files, path)
    for path in ("/etc/xinetd.conf", *files.inside("/etc/xinetd.d")):
        yield from _xinetd(files, path)


def _inetd(files: Files, path: str) -> Iterator[Started]:
    for number, line in lines(files, path):
        fields = line.split(None, _FIELDS)
        if len(fields) < _FIELDS:
            yield Started(path, number, line, "", Stage.CONNECTIONS, missing="it has fewer than six fields")
            continue
        service, _, protocol, _, _, program, *arguments = fields
        if program == "internal":
            continue
        rest = arguments[0].split(None, 1)[1:] if arguments else []
        wrapped = arguments[0] if arguments and program.endswith("/tcpd") else ""
        command = wrapped or " ".join((program, *rest))
        yield Started(
            path, number, command, f"a connection to {service}/{protocol}", Stage.CONNECTIONS, Trigger.NETWORK
        )


def _xinetd(files: Files, path: str) -> Iterator[Started]:
    service, settings, began = "", dict[str, str](), 0
    for number, line in lines(files, path):
        if found := _SERVICE.match(line):
            service, settings, began = found[1], {}, number
        elif setting := _SETTING.fullmatch(line):
            settings[setting[1]] = setting[2]
        elif line == "}" and "server" in settings:
            command = f"{settings['server']} {settings.get('server_args', '')}".strip()
            off = settings.get("disable", "no") == "yes"
            when = f"a connection to {service}" + (", which is switched off" if off else "")
            yield Started(path, began, command, when, Stage.CONNECTIONS, Trigger.NETWORK, sure=not off)
            settings = {}


MECHANISM: Final = Mechanism("inetd", "inetd and xinetd", "inetd.conf(5), xinetd.conf(5)", find)
