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
NETWORK: Final = ("central.c", "results.c", "requests.c")


def build(personality: Personality) -> bytes:
    """The image of a personality."""
    return cramfs.image(tree(personality), f"smart3250-{personality.version}")


def tree(personality: Personality) -> Mapping[str, Entry]:
    """All entries of a personality's root file system."""
    entries = {f"/bin/{name}": cramfs.link("toolbox") for name in LINKS}
    entries |= {f"/sbin/{name}": cramfs.link("../bin/toolbox") for name in ("ifconfig", "init")}
    entries |= {f"/{name}": cramfs.folder() for name in ("mnt", "proc", "tmp", "var")}
    entries |= {
        "/dev/console": cramfs.character_device(5, 1),
        "/dev/null": cramfs.character_device(1, 3, 0o666),
        "/bin/toolbox": _program(TOOLBOX, ()),
        "/etc/inittab": cramfs.plain(b"::sysinit:/etc/init.d/rcS\n::respawn:/opt/bin/monitor\n"),
        "/etc/init.d/rcS": cramfs.plain(start_up(personality).encode(), 0o755),
        "/etc/version": cramfs.plain(f"smart3250-2.6.27 {personality.version}\n".encode()),
        "/opt/share/waves": cramfs.plain(waves()),
    }
    with_update = ("-DWITH_UPDATE",) if personality.fetch else ()
    defines = (f'-DTWIN_VERSION="{personality.version}"', *with_update)
    network = NETWORK if personality.network else ()
    entries["/opt/bin/monitor"] = _program(
        ("monitor.c", "patient.c", *network, *personality.fetch),
        (*defines, *(("-DWITH_NETWORK",) if network else ())),
    )
    entries["/opt/bin/update"] = _program(("update.c", *personality.fetch), defines)
    return entries


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
        done = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=False)
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
