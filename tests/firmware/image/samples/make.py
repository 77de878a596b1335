"""In: the tools that make file systems. Out: one image a format and variant, and the listing of what went into it.

    python tests/firmware/image/samples/make.py [FORMAT...]

Debian: util-linux squashfs-tools mtd-utils genext2fs e2fsprogs genromfs cpio tar zip u-boot-tools device-tree-compiler
binutils dpkg. Run as root, for the device nodes. The listings come from the source folder, never from our own readers.
"""

import hashlib
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
EPOCH = 1_700_000_000
Listing = dict[str, dict[str, object]]


def source(root: Path) -> None:
    """A small root file system with everything that is awkward."""
    chance = random.Random(626)
    for name in ("bin", "etc/init.d", "opt/bin", "mnt", "dev"):
        (root / name).mkdir(parents=True)
    program = (
        bytes(chance.randrange(64) for _ in range(3000)) + bytes(5000) + b"mount -t nfs 203.0.113.9:/pm /mnt\0" * 20
    )
    (root / "bin/busybox").write_bytes(program)
    (root / "bin/busybox").chmod(0o4755)
    (root / "bin/sh").symlink_to("busybox")
    (root / "opt/bin/monitor").write_bytes(b"".join(b"line %06d of the monitor\n" % number for number in range(6000)))
    (root / "opt/bin/monitor").chmod(0o755)
    os.link(root / "opt/bin/monitor", root / "opt/bin/update")
    (root / "etc/inittab").write_text("::sysinit:/etc/init.d/rcS\n")
    (root / "etc/init.d/rcS").write_text("#!/bin/sh\nifconfig eth0 down\n/opt/bin/monitor &\n")
    (root / "etc/init.d/rcS").chmod(0o755)
    (root / "etc/empty").write_bytes(b"")
    (root / "etc/outside").symlink_to("../../../../etc/passwd")
    (root / "etc/with space and é").write_text("UTF-8\n")
    with (root / "etc/sparse").open("wb") as file:
        file.write(b"begin")
        file.seek(40_000)
        file.write(b"end")
    if os.geteuid() == 0:
        os.mknod(root / "dev/console", stat.S_IFCHR | 0o600, os.makedev(5, 1))
        os.mknod(root / "dev/mtdblock3", stat.S_IFBLK | 0o640, os.makedev(31, 3))
    for path in [root, *root.rglob("*")]:
        os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)


def listing(root: Path) -> Listing:
    """Path, kind, mode, size, hash, target, device of everything below `root`."""
    found: Listing = {}
    for path in sorted(root.rglob("*")):
        about = path.lstat()
        row: dict[str, object] = {}
        if path.is_symlink():
            row = {"kind": "link", "target": os.readlink(path)}  # noqa: PTH115  # Path would tidy the text up
        elif path.is_dir():
            row = {"kind": "folder", "mode": stat.S_IMODE(about.st_mode)}
        elif path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            row = {"kind": "file", "mode": stat.S_IMODE(about.st_mode), "size": about.st_size, "sha256": digest}
        else:
            device = [os.major(about.st_rdev), os.minor(about.st_rdev)]
            row = {"kind": "device", "mode": stat.S_IMODE(about.st_mode), "device": device}
        found["/" + path.relative_to(root).as_posix()] = row
    return found


def run(*command: object, **more: object) -> None:
    """A tool; its failure ends everything."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), "TZ": "UTC"}
    subprocess.run([str(word) for word in command], check=True, env=environment, stdout=subprocess.DEVNULL, **more)  # type: ignore[call-overload]  # passed through


class Maker:
    """The source folder, a scratch folder, and where the samples go."""

    def __init__(self, scratch: Path) -> None:
        self.root = scratch / "root"
        self.root.mkdir()
        source(self.root)
        self.scratch = scratch
        self.all = listing(self.root)

    def keep(self, form: str, name: str, image: bytes, **without: bool) -> None:
        """One sample with its listing, less what the format cannot hold."""
        folder = HERE / form
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(image)
        rows = {path: dict(row) for path, row in self.all.items()}
        for path, row in list(rows.items()):
            if without.get("no_devices") and row["kind"] == "device":
                del rows[path]
            if without.get("no_modes"):
                row.pop("mode", None)
        self.write(folder / f"{name}.json", rows)

    def write(self, path: Path, rows: Listing) -> None:
        """A listing."""
        path.write_text(json.dumps(rows, indent=1, sort_keys=True, ensure_ascii=True) + "\n")

    def made(self, *command: object, **more: object) -> bytes:
        """What a tool writes to the file called OUT in its command."""
        out = self.scratch / "out"
        out.unlink(missing_ok=True)
        run(*(out if word == "OUT" else word for word in command), **more)
        return out.read_bytes()


def cramfs(maker: Maker) -> None:
    for order in ("little", "big"):
        maker.keep("cramfs", f"{order}.img", maker.made("mkfs.cramfs", "-N", order, maker.root, "OUT"))
    maker.keep("cramfs", "holes.img", maker.made("mkfs.cramfs", "-N", "little", "-z", maker.root, "OUT"))
    maker.keep("cramfs", "boot-block.img", maker.made("mkfs.cramfs", "-N", "big", "-p", maker.root, "OUT"))


MAKERS: dict[str, Callable[[Maker], None]] = {"cramfs": cramfs}


def main() -> None:
    """The formats named, or all of them."""
    for name in sys.argv[1:] or MAKERS:
        scratch = Path(tempfile.mkdtemp())
        try:
            MAKERS[name](Maker(scratch))
        finally:
            shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
