"""In: a path. Out: whether it is something this domain examines: an image, a program, a script, a root file system.

Only a look at the first bytes: what an image really holds is found out by opening it.
"""

import os
from pathlib import Path
from typing import Final

HEAD: Final = 4096
MARKS: Final = (
    (0, b"\x7fELF"),
    (0, b"\x45\x3d\xcd\x28"),  # cramfs
    (0, b"\x28\xcd\x3d\x45"),
    (0, b"hsqs"),  # squashfs
    (0, b"sqsh"),
    (0, b"shsq"),
    (0, b"qshs"),
    (0, b"\x27\x05\x19\x56"),  # U-Boot legacy image
    (0, b"\xd0\x0d\xfe\xed"),  # flattened device tree, FIT
    (0, b"\x85\x19"),  # jffs2
    (0, b"\x19\x85"),
    (0, b"UBI#"),
    (0, b"\x31\x18\x10\x06"),  # ubifs
    (0, b"-rom1fs-"),
    (0, b"070701"),  # cpio
    (0, b"070702"),
    (0, b"070707"),
    (0, b"!<arch>\n"),
    (0, b"ANDROID!"),
    (0, b"HDR0"),
    (16, b"Compressed ROMFS"),
    (257, b"ustar"),
    (1080, b"\x53\xef"),  # ext2, 3, 4
)
"""Signatures that nothing but an image or a program begins with."""
PACKED: Final = (
    b"\x1f\x8b",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"BZh",
    b"PK\x03\x04",
    b"\x5d\0\0",
    b"\x89LZO",
    b"\x04\x22\x4d\x18",
)
"""Archives and compressed files, which may hold anything."""
SCRIPT: Final = b"#!"
ROOT_FOLDERS: Final = frozenset(("bin", "sbin", "usr", "etc", "lib", "opt", "var", "root", "dev", "proc", "sys", "mnt"))
FOLDERS_OF_A_ROOT: Final = 2


def is_marked(path: Path) -> bool:
    """Whether the file begins like an image or a program: enough for one found in a folder."""
    head = head_of(path)
    return any(head[place : place + len(mark)] == mark for place, mark in MARKS)


def may_be(path: Path) -> bool:
    """Whether a file that somebody named is worth opening as an image: any that is no plain text, and scripts."""
    head = head_of(path)
    return bool(head) and (head.startswith((SCRIPT, *PACKED)) or b"\0" in head or is_marked(path))


def is_root(folder: Path) -> bool:
    """Whether a folder is the root of a file system as devices have it."""
    try:
        names = {entry.name for entry in os.scandir(folder) if entry.is_dir()}
    except OSError:
        return False
    return len(names & ROOT_FOLDERS) >= FOLDERS_OF_A_ROOT


def head_of(path: Path) -> bytes:
    """The first bytes; none where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD)
    except OSError:
        return b""
