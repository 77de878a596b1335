"""In: a folder. Out: a squashfs 3 image of it, in either byte order. Today's mksquashfs writes version 4 only.

unsquashfs still reads version 3, and is the judge of what this writes (test_oracles.py).
"""

import os
import stat
import zlib
from pathlib import Path
from typing import Literal

Order = Literal["little", "big"]
BLOCK = 4096
NO_FRAGMENT = 0xFFFFFFFF


def fields(order: Order, *pairs: tuple[int, int]) -> int:
    """Bit fields (value, width) in the order they are declared."""
    total, value, above = sum(width for _, width in pairs), 0, 0
    for content, width in pairs:
        value |= content << (above if order == "little" else total - above - width)
        above += width
    return value


class Writer:
    """Tables that grow while the folder is walked, children before their folder."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.data = bytearray(119)
        self.inodes = bytearray()
        self.folders = bytearray()
        self.fragments = [bytearray()]
        self.count = 0

    def n(self, value: int, size: int) -> bytes:
        return value.to_bytes(size, self.order)

    def base(self, kind: int, mode: int) -> tuple[int, bytes]:
        """Where the next inode begins, and its first fields."""
        self.count += 1
        word = fields(self.order, (kind, 4), (mode & 0o7777, 12))
        return len(self.inodes), self.n(word, 2) + b"\0\0" + self.n(1_700_000_000, 4) + self.n(self.count, 4)

    def file(self, content: bytes, mode: int) -> int:
        at, head = self.base(2, mode)
        start, words = len(self.data), b""
        tail = len(content) % BLOCK
        for place in range(0, len(content) - tail, BLOCK):
            block = content[place : place + BLOCK]
            packed = zlib.compress(block, 9)
            stored = len(packed) >= len(block)
            self.data += block if stored else packed
            words += self.n(len(block) | 1 << 24 if stored else len(packed), 4)
        if len(self.fragments[-1]) + tail > BLOCK:
            self.fragments.append(bytearray())
        fragment = len(self.fragments) - 1 if tail else NO_FRAGMENT
        offset = len(self.fragments[-1]) if tail else 0
        self.fragments[-1] += content[len(content) - tail :]
        self.inodes += (
            head + self.n(start, 8) + self.n(fragment, 4) + self.n(offset, 4) + self.n(len(content), 4) + words
        )
        return at

    def node(self, path: Path) -> tuple[int, int]:
        """Type and place of the inode of one entry."""
        about = path.lstat()
        if path.is_symlink():
            at, head = self.base(3, about.st_mode)
            target = os.fsencode(os.readlink(path))  # noqa: PTH115  # Path would tidy the text up
            self.inodes += head + self.n(1, 4) + self.n(len(target), 2) + target
            return 3, at
        if path.is_dir():
            return 1, self.folder(path)
        if path.is_file():
            return 2, self.file(path.read_bytes(), about.st_mode)
        kind = 4 if stat.S_ISBLK(about.st_mode) else 5
        at, head = self.base(kind, about.st_mode)
        self.inodes += head + self.n(1, 4) + self.n(os.major(about.st_rdev) << 8 | os.minor(about.st_rdev), 2)
        return kind, at

    def folder(self, path: Path) -> int:
        entries = [(os.fsencode(child.name), *self.node(child)) for child in sorted(path.iterdir())]
        at, head = self.base(1, path.stat().st_mode)
        listing, number = b"", self.count
        if entries:
            listing = self.n(len(entries) - 1, 1) + self.n(0, 4) + self.n(number, 4)
        for name, kind, inode in entries:
            word = fields(self.order, (inode, 13), (kind, 3), (len(name) - 1, 8))
            listing += self.n(word, 3) + self.n(0, 2) + name
        word = fields(self.order, (len(listing) + 3, 19), (len(self.folders), 13))
        self.inodes += head + self.n(2, 4) + self.n(word, 4) + self.n(0, 4) + self.n(0, 4)
        self.folders += listing
        return at

    def metadata(self, content: bytes) -> int:
        """One block of metadata; the samples' tables fit into one."""
        assert len(content) <= 8192
        at = len(self.data)
        packed = zlib.compress(content, 9)
        self.data += self.n(len(packed), 2) + packed
        return at

    def image(self, root: Path) -> bytes:
        top = self.folder(root)
        table = b""
        for fragment in self.fragments:
            packed = zlib.compress(bytes(fragment), 9)
            table += self.n(len(self.data), 8) + self.n(len(packed), 4) + self.n(0, 4)
            self.data += packed
        inodes, folders = self.metadata(bytes(self.inodes)), self.metadata(bytes(self.folders))
        block = self.metadata(table)
        fragments = len(self.data)
        self.data += self.n(block, 8)
        uids = len(self.data)
        self.data += self.n(0, 4) + self.n(0, 4)
        starts = (len(self.data), uids, uids + 4, inodes, folders, fragments, (1 << 64) - 1)
        self.data[:119] = (
            (b"hsqs" if self.order == "little" else b"sqsh")
            + self.n(self.count, 4)
            + bytes(20)
            + b"".join(self.n(value, 2) for value in (3, 1, BLOCK, 12))
            + bytes([0, 1, 1])
            + self.n(1_700_000_000, 4)
            + self.n(top, 8)
            + self.n(BLOCK, 4)
            + self.n(len(self.fragments), 4)
            + bytes(4)
            + b"".join(self.n(value, 8) for value in starts)
        )
        return bytes(self.data)
