"""In: files, folders, links and devices. Out: a cramfs image of them (Linux, fs/cramfs), the same for the same tree.

The layout follows the kernel's Documentation/filesystems/cramfs and include/uapi/linux/cramfs_fs.h: little-endian,
version 2, folders sorted, blocks of 4096 bytes, each a zlib stream, after a table of where each ends.
"""

import stat
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from .deflate import compressed

MAGIC: Final = 0x28CD3D45
BLOCK: Final = 4096
SUPERBLOCK: Final = 76
CRC_AT: Final = 32
FLAGS: Final = 0x1 | 0x2  # version 2, folders sorted


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an image. `content`: a file's bytes or a link's target; `device`: major and minor number."""

    mode: int
    content: bytes = b""
    device: tuple[int, int] | None = None


@dataclass(slots=True)
class _Node:
    mode: int
    name: bytes = b""
    content: bytes = b""
    size: int = 0
    offset: int = 0
    inside: dict[bytes, "_Node"] = field(default_factory=dict)

    def record(self) -> bytes:
        """The inode as it stands in the folder above."""
        padded = len(_padded(self.name)) // 4
        return struct.pack("<HHII", self.mode, 0, self.size, padded | (self.offset // 4) << 6)


def folder(mode: int = 0o755) -> Entry:
    """A folder, for those that hold nothing."""
    return Entry(stat.S_IFDIR | mode)


def plain(content: bytes, mode: int = 0o644) -> Entry:
    """A file."""
    return Entry(stat.S_IFREG | mode, content)


def link(target: str) -> Entry:
    """A symbolic link."""
    return Entry(stat.S_IFLNK | 0o777, target.encode())


def character_device(major: int, minor: int, mode: int = 0o600) -> Entry:
    """A device node."""
    return Entry(stat.S_IFCHR | mode, device=(major, minor))


def image(entries: Mapping[str, Entry], name: str) -> bytes:
    """The file system. Paths are absolute; folders on the way to a path need not be named."""
    root = _tree(entries)
    body = bytearray(SUPERBLOCK)
    nodes = list(_breadth_first(root))
    _place_folders(nodes, len(body))
    for node in nodes:
        if node.inside:
            body += b"".join(each.record() + _padded(each.name) for each in _sorted(node))
    blocks = 0
    for node in nodes:
        if node.content:
            node.offset = len(body)
            data, count = _data(node.content, node.offset)
            body += _padded(data)
            blocks += count
    _write_records(nodes, body)
    body += bytes(-len(body) % BLOCK)
    return _with_superblock(body, root, name, blocks, len(nodes))


def _tree(entries: Mapping[str, Entry]) -> _Node:
    root = _Node(stat.S_IFDIR | 0o755)
    for path, entry in sorted(entries.items()):
        node = root
        for part in path.strip("/").encode().split(b"/"):
            node = node.inside.setdefault(part, _Node(stat.S_IFDIR | 0o755, part))
        node.mode, node.content, node.size = entry.mode, entry.content, len(entry.content)
        if entry.device:
            node.size = entry.device[0] << 8 | entry.device[1]
    return root


def _sorted(node: _Node) -> list[_Node]:
    return [node.inside[name] for name in sorted(node.inside)]


def _breadth_first(root: _Node) -> Iterator[_Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop(0)
        yield node
        waiting.extend(_sorted(node))


def _place_folders(nodes: list[_Node], offset: int) -> None:
    for node in nodes:
        if node.inside:
            node.offset = offset
            node.size = sum(12 + len(_padded(each.name)) for each in _sorted(node))
            offset += node.size


def _write_records(nodes: list[_Node], body: bytearray) -> None:
    """Once more, now that each knows where its content lies."""
    for node in nodes:
        at = node.offset
        for each in _sorted(node):
            record = each.record() + _padded(each.name)
            body[at : at + len(record)] = record
            at += len(record)


def _data(content: bytes, offset: int) -> tuple[bytes, int]:
    """The table of ends and the blocks; how many blocks."""
    blocks = [compressed(content[at : at + BLOCK]) for at in range(0, len(content), BLOCK)]
    ends, end = [], offset + 4 * len(blocks)
    for block in blocks:
        end += len(block)
        ends.append(end)
    return struct.pack(f"<{len(ends)}I", *ends) + b"".join(blocks), len(blocks)


def _with_superblock(body: bytearray, root: _Node, name: str, blocks: int, nodes: int) -> bytes:
    head = struct.pack("<IIII", MAGIC, len(body), FLAGS, 0) + b"Compressed ROMFS"
    head += struct.pack("<IIII", 0, 0, blocks, nodes) + name.encode()[:16].ljust(16, b"\0") + root.record()
    body[:SUPERBLOCK] = head
    body[CRC_AT : CRC_AT + 4] = struct.pack("<I", crc32(body))
    return bytes(body)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
