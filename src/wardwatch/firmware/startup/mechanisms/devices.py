"""In: the files of an image. Out: what udev, mdev and the kernel's hotplug start when a device appears.

`RUN+=`, `PROGRAM=` and `IMPORT{program}=` of udev(7); the `@`, `$` and `*` commands of BusyBox's docs/mdev.txt.
"""

import re
from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, is_program, lines, scripts_in

_RULES: Final = ("/etc/udev/rules.d", "/lib/udev/rules.d", "/usr/lib/udev/rules.d", "/run/udev/rules.d")
_RUN: Final = re.compile(r'(RUN(?:\{program\})?|PROGRAM|IMPORT\{program\})\s*[-+:=]?=\s*"((?:[^"\\]|\\.)*)"')
_MATCHED: Final = re.compile(r'(\w+(?:\{[^}]*\})?)\s*(==|!=)\s*"([^"]*)"')
_MDEV: Final = re.compile(r"(\S+)\s+\S+:\S+\s+[0-7]+(?:\s+[=>!]\S*)?\s+([@$*])\s*(.+)")
_MDEV_WHEN: Final = {"@": "appears", "$": "disappears", "*": "appears or disappears"}
_HOTPLUG: Final = ("/sbin/hotplug", "/etc/hotplug2.rules", "/sbin/hotplug-call")


def find(files: Files) -> Iterator[Started]:
    """Rules of udev, lines of mdev, the program the kernel calls, the folders it hands on to."""
    for folder in _RULES:
        for path in files.inside(folder):
            if path.endswith(".rules"):
                yield from _udev(files, path)
    for number, line in lines(files, "/etc/mdev.conf"):
        if found := _MDEV.match(line):
            when = f"mdev, when {found[1].lstrip('-')} {_MDEV_WHEN[found[2]]}"
            yield Started("/etc/mdev.conf", number, found[3], when, Stage.DEVICES)
    for path in _HOTPLUG:
        if is_program(files, path) and not path.endswith(".rules"):
            yield Started(path, 0, path, "the kernel, when a device appears", Stage.DEVICES)
    for folder in files.matching("/etc/hotplug.d/*"):
        for path in scripts_in(files, folder):
            yield Started(path, 0, path, f"hotplug, {folder.rpartition('/')[2]}", Stage.DEVICES)


def _udev(files: Files, path: str) -> Iterator[Started]:
    for number, line in _whole(files, path):
        for found in _RUN.finditer(line):
            matched = " ".join(f"{key}{sign}{value}" for key, sign, value in _MATCHED.findall(line))[:200]
            command = found[2].replace('\\"', '"')
            if " " not in command and not command.startswith("/"):
                command = f"/lib/udev/{command}"
            yield Started(
                path, number, command, f"udev, when a device has {matched or 'any properties'}", Stage.DEVICES
            )


def _whole(files: Files, path: str) -> Iterator[tuple[int, str]]:
    """Lines with those joined that end in a backslash; the first one's number."""
    began, text = 0, ""
    for number, line in lines(files, path):
        began = began if text else number
        text += line
        if text.endswith("\\"):
            text = text[:-1] + " "
            continue
        yield began, text
        text = ""
    if text:
        yield began, text


MECHANISM: Final = Mechanism("devices", "udev, mdev and hotplug", "udev(7); BusyBox, docs/mdev.txt", find)
