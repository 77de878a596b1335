"""In: a personality. Out: its image, built from the sources in this package with the compiler package `ziglang`.

Needed only by `make firmware` and by the test that builds the images anew. Programs are linked statically with musl,
so that the image is complete and runs in the lab as it is: with a shared C library it would be larger, since that
library alone takes more than the three programs together.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from . import cramfs
from .cramfs import Entry
from .personalities import PERSONALITIES, Personality
from .signing import public_key
from .waves import waves

SOURCES: Final = Path(__file__).resolve().parent / "sources"
IMAGES: Final = Path(__file__).resolve().parent / "images"
COMPILER: Final = (
    sys.executable, "-m", "ziglang", "cc", "-target", "arm-linux-musleabi", "-mcpu=arm926ej_s", "-std=gnu11", "-Os",
    "-g0", "-s", "-static", "-no-pie", "-fno-ident", "-fno-sanitize=undefined", "-fno-stack-protector",
    "-ffunction-sections", "-fdata-sections", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables",
    "-Wl,--gc-sections", "-Wl,--build-id=none", "-Wall", "-Wextra", "-Werror",
)  # fmt: skip
TOOLBOX: Final = ("toolbox.c", "toolbox_cp.c", "toolbox_sh.c", "toolbox_system.c")
LINKS: Final = ("cp", "echo", "mount", "sh", "sleep", "sync", "true", "umount")
VERSION_TEXT: Final = "smart3250-2.6.27 {}\n"
KEY_SEED: Final = b"the twin's key: published, so that anybody can sign for the lab"


def build(personality: Personality) -> bytes:
    """The image of a personality."""
    return cramfs.image(tree(personality), f"smart3250-{personality.version}")


def tree(personality: Personality) -> Mapping[str, Entry]:
    """All entries of a personality's root file system."""
    network = ("-DWITH_NETWORK",) if personality.network else ()
    configured = ("-DCONFIGURED",) if personality.configured else ()
    fetch = (personality.fetch,) if personality.fetch else ()
    update = ("-DWITH_UPDATE",) if fetch else ()
    defines = (f'-DTWIN_VERSION="{personality.version}"', *update, *network, *configured)
    return {
        **_furniture(personality),
        **_toolbox(personality),
        "/opt/bin/monitor": _program(("monitor.c", "patient.c", *_network_sources(personality), *fetch), defines),
        "/opt/bin/update": _program(("update.c", *fetch), defines),
    }


def _furniture(personality: Personality) -> Mapping[str, Entry]:
    """Folders, devices, scripts, settings and data."""
    settings = {
        "/etc/central.conf": cramfs.plain(b"192.168.1.2\n"),
        "/etc/update.conf": cramfs.plain(b"192.168.1.3\n"),
        "/etc/update.pub": cramfs.plain(public_key(KEY_SEED).encode()),
    }
    return {
        **{f"/{name}": cramfs.folder() for name in ("mnt", "proc", "tmp", "var/log")},
        "/dev/adc": cramfs.link("../opt/share/waves"),  # stands in for the converter that the sensors hang on
        "/dev/console": cramfs.character_device(5, 1),
        "/dev/null": cramfs.character_device(1, 3, 0o666),
        "/etc/inittab": cramfs.plain(b"::sysinit:/etc/init.d/rcS\n"),
        "/etc/init.d/rcS": cramfs.plain(start_up(personality).encode(), 0o755),
        "/etc/version": cramfs.plain(VERSION_TEXT.format(personality.version).encode()),
        "/opt/share/waves": cramfs.plain(waves()),
        **(settings if personality.configured else {}),
    }


def _toolbox(personality: Personality) -> Mapping[str, Entry]:
    """The commands that scripts and programs call, one program with many names."""
    network = (("toolbox_ifconfig.c",), ("-DWITH_NETWORK",)) if personality.network else ((), ())
    usign = (("toolbox_usign.c",), ("-DWITH_USIGN",)) if personality.configured else ((), ())
    entries = {f"/bin/{name}": cramfs.link("toolbox") for name in LINKS}
    entries["/bin/toolbox"] = _program((*TOOLBOX, *network[0], *usign[0]), (*network[1], *usign[1]))
    names = ("init", *(("ifconfig",) if network[0] else ()), *(("usign",) if usign[0] else ()))
    return entries | {f"/sbin/{name}": cramfs.link("../bin/toolbox") for name in names}


def _network_sources(personality: Personality) -> tuple[str, ...]:
    if not personality.network:
        return ()
    return ("central.c", "requests.c") if personality.configured else ("central.c", "requests.c", "results.c")


def start_up(personality: Personality) -> str:
    """The start-up script."""
    lines = ["#!/bin/sh", "# start-up of the twin", "mount -t proc proc /proc"]
    if personality.network:
        lines.append("ifconfig lo 127.0.0.1 up")
        lines.append("ifconfig eth0 down" if personality.eth0_down else "ifconfig eth0 192.168.1.10")
    lines += ["/opt/bin/update", "/opt/bin/monitor"]
    return "\n".join(lines) + "\n"


def _program(sources: tuple[str, ...], defines: tuple[str, ...]) -> Entry:
    """Compiled in the sources' own folder, so that no path of a machine gets into it."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "program"
        command = [*COMPILER, *defines, *sources, "atomics.c", "-o", str(out)]
        done = subprocess.run(  # noqa: S603  # our own compiler and sources, no word from outside
            command, cwd=SOURCES, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{sources[0]}: {done.stderr[-2000:]}")
        return cramfs.plain(out.read_bytes(), 0o755)


def main() -> None:
    """Build every image anew, into the package."""
    IMAGES.mkdir(exist_ok=True)
    for personality in PERSONALITIES.values():
        image = build(personality)
        (IMAGES / personality.file).write_bytes(image)
        sys.stdout.write(f"{personality.file}: {len(image):,} bytes\n")


if __name__ == "__main__":
    main()
