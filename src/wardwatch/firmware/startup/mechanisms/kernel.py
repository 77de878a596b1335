"""In: the files of an image. Out: what the kernel starts: `init=` of a command line, else `/init`, `/linuxrc`, init.

Order as in Linux' init/main.c (kernel_init) and init/do_mounts_initrd.c.
"""

import re
from collections.abc import Iterator
from typing import Final

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup.mechanism import Mechanism, Stage, Started, is_program, lines

_COMMAND_LINES: Final = (
    "/boot/cmdline.txt",
    "/boot/extlinux/extlinux.conf",
    "/boot/grub/grub.cfg",
    "/boot/uEnv.txt",
    "/uEnv.txt",
    "/boot/boot.cmd",
    "/cmdline.txt",
    "/etc/fw_env",
    "/boot/armbianEnv.txt",
    "/proc/cmdline",
)
_INIT: Final = re.compile(r"(?:^|[\s\"'])(rd)?init=(/[^\s\"';]*)")
_TRIED: Final = ("/sbin/init", "/etc/init", "/bin/init", "/bin/sh")


def find(files: Files) -> Iterator[Started]:
    """The programs the kernel starts first."""
    named = list(_named(files))
    yield from named
    for path in ("/init", "/linuxrc"):
        if is_program(files, path):
            yield Started(path, 0, path, "the kernel's first program, from the initial RAM disk", Stage.KERNEL)
    tried = next((path for path in _TRIED if is_program(files, path)), None)
    if tried and not named:
        yield Started(tried, 0, tried, "the kernel's first program", Stage.KERNEL)


def _named(files: Files) -> Iterator[Started]:
    for path in _COMMAND_LINES:
        for number, line in lines(files, path):
            for found in _INIT.finditer(line):
                yield Started(path, number, found[2], "named by init= of the kernel's command line", Stage.KERNEL)


MECHANISM: Final = Mechanism("kernel", "the kernel's first program", "Linux, init/main.c", find)
