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
    (root / "opt/bin/monitor").write_bytes(b"".join(b"line %06d of the monitor\n" % number for number in range(1500)))
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


def squashfs(maker: Maker) -> None:
    common = ("-noappend", "-quiet", "-no-progress", "-all-root", "-nopad")
    for codec in ("gzip", "xz", "lzo", "lz4", "zstd", "lzma"):
        more = ("-b", "16384") if codec in {"xz", "zstd"} else ("-b", "4096") if codec == "gzip" else ()
        made = maker.made("mksquashfs", maker.root, "OUT", "-comp", codec, *more, *common)
        maker.keep("squashfs", f"{codec}.img", made)
    stored = maker.made("mksquashfs", maker.root, "OUT", "-noI", "-noF", "-no-fragments", *common)
    maker.keep("squashfs", "no-fragments.img", stored)


def names(maker: Maker) -> bytes:
    """The paths of everything below the root, one a line, in order."""
    return "".join(f"{path.relative_to(maker.root)}\n" for path in sorted(maker.root.rglob("*"))).encode()


def tar(maker: Maker) -> None:
    for form in ("gnu", "pax", "ustar"):
        common = ("--sort=name", "--owner=0", "--group=0", f"--format={form}", "-C", maker.root, ".")
        maker.keep("tar", f"{form}.tar", maker.made("tar", "-cf", "OUT", *common))


def cpio(maker: Maker) -> None:
    for form in ("newc", "crc", "odc"):
        made = subprocess.run(
            ["cpio", "-o", "--quiet", "-R", "0:0", "-H", form],
            input=names(maker),
            cwd=maker.root,
            stdout=subprocess.PIPE,
            check=True,
        )
        maker.keep("cpio", f"{form}.cpio", made.stdout)


def zip_(maker: Maker) -> None:
    for path in (maker.root / "dev").iterdir():
        path.unlink()
    out = maker.scratch / "made.zip"
    run("zip", "-qryX", out, ".", cwd=maker.root)
    maker.keep("zip", "plain.zip", out.read_bytes(), no_devices=True)


def streams(maker: Maker) -> None:
    """Each stream around the same cpio archive."""
    cpio(maker)
    plain = maker.scratch / "plain"
    plain.write_bytes((HERE / "cpio/newc.cpio").read_bytes())
    commands = {
        "gzip": ("gzip", "-9nk"),
        "xz": ("xz", "-9k"),
        "bzip2": ("bzip2", "-9k"),
        "lzma": ("xz", "--format=lzma", "-9k"),
        "zstd": ("zstd", "-q", "-19"),
        "lz4": ("lz4", "-q", "-9"),
    }
    for form, command in commands.items():
        made = subprocess.run([*command, "-c", plain], stdout=subprocess.PIPE, check=True).stdout
        maker.keep(form, "initramfs.img", made)


def packages(maker: Maker) -> None:
    """A Debian package and an ar archive of it."""
    shutil.rmtree(maker.root / "dev")
    (maker.root / "dev").mkdir()
    (maker.root / "DEBIAN").mkdir()
    (maker.root / "DEBIAN/control").write_text(
        "Package: monitor\nVersion: 1\nArchitecture: armel\nMaintainer: Nobody <nobody@example.org>\nDescription: x\n"
    )
    made = maker.made("dpkg-deb", "--root-owner-group", "-Zxz", "-b", maker.root, "OUT")
    maker.keep("ar", "monitor.deb", made, no_devices=True)


def uboot(maker: Maker) -> None:
    streams(maker)
    archive = HERE / "gzip/initramfs.img"
    common = ("-q", "-A", "arm", "-O", "linux", "-T", "ramdisk", "-C", "gzip", "-n", "initramfs")
    made = maker.made("mkimage", *common, "-d", archive, "OUT")
    maker.keep("uimage", "ramdisk.uimage", made)
    tree = maker.scratch / "fit.its"
    tree.write_text(
        '/dts-v1/;\n/ { description = "x"; #address-cells = <1>; images { ramdisk-1 { description = "x";'
        f' data = /incbin/("{archive}"); type = "ramdisk"; arch = "arm"; os = "linux"; compression = "none";'
        ' hash-1 { algo = "crc32"; }; }; }; configurations { default = "c"; c { ramdisk = "ramdisk-1"; }; }; };\n'
    )
    for name, more in (("inside.itb", ()), ("behind.itb", ("-E",))):
        maker.keep("fit", name, maker.made("mkimage", "-q", *more, "-f", tree, "OUT"))


def jffs2(maker: Maker) -> None:
    common = ("-d", maker.root, "-o", "OUT", "-e", "16KiB", "--squash-uids")
    maker.keep("jffs2", "little.img", maker.made("mkfs.jffs2", "-l", *common))
    maker.keep("jffs2", "big.img", maker.made("mkfs.jffs2", "-b", "-p", *common))
    maker.keep(
        "jffs2", "lzo.img", maker.made("mkfs.jffs2", "-l", "-n", "-X", "lzo", "-x", "zlib", "-x", "rtime", *common)
    )
    maker.keep("jffs2", "rtime.img", maker.made("mkfs.jffs2", "-l", "-x", "zlib", "-x", "lzo", *common))


def romfs(maker: Maker) -> None:
    """romfs keeps no permissions but the one to run."""
    maker.keep(
        "romfs", "plain.img", maker.made("genromfs", "-d", maker.root, "-f", "OUT", "-V", "sample"), no_modes=True
    )


def ext(maker: Maker) -> None:
    """File systems of the three kinds, with blocks of different sizes."""
    kinds = {
        "ext2": ("-t", "ext2", "-b", "1024"),
        "ext3": ("-t", "ext3", "-b", "1024", "-O", "^resize_inode", "-J", "size=1"),
        "ext4": ("-t", "ext4", "-b", "4096", "-O", "^has_journal,64bit"),
    }
    for name, words in kinds.items():
        out = maker.scratch / name
        out.write_bytes(bytes((4 << 20) if name == "ext3" else (512 << 10)))
        fixed = (
            "-q",
            "-F",
            "-U",
            "00000000-0000-0000-0000-000000000001",
            "-E",
            "hash_seed=00000000-0000-0000-0000-000000000001,root_owner=0:0",
        )
        run("mke2fs", *words, *fixed, "-N", "64", "-d", maker.root, out)
        maker.all |= {"/lost+found": {"kind": "folder", "mode": 0o700}}
        packed = maker.scratch / f"{name}.img.gz"
        packed.write_bytes(subprocess.run(["gzip", "-9nc", out], stdout=subprocess.PIPE, check=True).stdout)
        maker.keep("ext", f"{name}.img.gz", packed.read_bytes())


def ubi(maker: Maker) -> None:
    """UBIFS volumes in UBI, with small eraseblocks; and each volume alone."""
    for codec in ("lzo", "zlib", "zstd", "none"):
        sizes = ("-m", "512", "-e", "15360", "-c", "64", "-j", "64KiB")
        volume = maker.scratch / "volume"
        volume.write_bytes(maker.made("mkfs.ubifs", "-r", maker.root, *sizes, "-x", codec, "-o", "OUT"))
        keep = _packed(maker, volume.read_bytes())
        maker.keep("ubifs", f"{codec}.img.xz", keep)
        if codec == "lzo":
            plan = maker.scratch / "ubi.ini"
            plan.write_text(
                f"[rootfs]\nmode=ubi\nimage={volume}\nvol_id=0\nvol_type=dynamic\nvol_name=rootfs\nvol_size=900KiB\n"
            )
            made = maker.made("ubinize", "-o", "OUT", "-p", "16KiB", "-m", "512", "-s", "512", "-Q", "7", plan)
            maker.keep("ubi", "rootfs.img.xz", _packed(maker, made))


def _packed(maker: Maker, image: bytes) -> bytes:
    plain = maker.scratch / "plain"
    plain.write_bytes(image)
    return subprocess.run(["xz", "-9c", plain], stdout=subprocess.PIPE, check=True).stdout


def squashfs3(maker: Maker) -> None:
    """Small files only, so that the tables of the plain writer fit into one block each."""
    sys.path.insert(0, str(HERE))
    from old_squashfs import Writer  # noqa: PLC0415  # beside this file, which is a script

    (maker.root / "etc/sparse").unlink()
    maker.all = listing(maker.root)
    for order in ("little", "big"):
        maker.keep("squashfs3", f"{order}.img", Writer(order).image(maker.root))


MAKERS: dict[str, Callable[[Maker], None]] = {
    "cramfs": cramfs,
    "squashfs": squashfs,
    "tar": tar,
    "zip": zip_,
    "streams": streams,
    "packages": packages,
    "uboot": uboot,
    "jffs2": jffs2,
    "romfs": romfs,
    "ext": ext,
    "ubi": ubi,
    "squashfs3": squashfs3,
}


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
