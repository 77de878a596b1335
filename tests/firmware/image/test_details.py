"""In: small images written by hand after the formats' descriptions. Out: what the samples of the tools do not show."""

import io
import struct
import tarfile
import zlib
from pathlib import Path

from wardwatch.firmware.image import Limits, open_image
from wardwatch.firmware.tree import SpanState

SAMPLES = Path(__file__).resolve().parent / "samples"
CRAMFS = (SAMPLES / "cramfs/little.img").read_bytes()


def kernel_crc(data: bytes) -> int:
    """Linux's crc32(0, ...): from 0, and not inverted at the end."""
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF


def log_node(kind: int, body: bytes) -> bytes:
    """A JFFS2 node, padded to four bytes."""
    head = struct.pack("<HHI", 0x1985, kind, 12 + len(body))
    whole = head + struct.pack("<I", kernel_crc(head)) + body
    return whole + b"\xff" * (-len(whole) % 4)


def name_node(parent: int, version: int, inode: int, name: bytes) -> bytes:
    head = struct.pack("<HHI", 0x1985, 0xE001, 40 + len(name))
    front = struct.pack("<IIII", parent, version, inode, 0) + bytes([len(name), 8, 0, 0])
    crc = kernel_crc(head + struct.pack("<I", kernel_crc(head)) + front)
    return log_node(0xE001, front + struct.pack("<II", crc, kernel_crc(name)) + name)


def data_node(inode: int, version: int, content: bytes) -> bytes:
    front = struct.pack(
        "<IIIHHIIIIIIIBBH",
        inode,
        version,
        0o100644,
        0,
        0,
        len(content),
        0,
        0,
        0,
        0,
        len(content),
        len(content),
        0,
        0,
        0,
    )
    head = struct.pack("<HHI", 0x1985, 0xE002, 68 + len(content))
    crc = kernel_crc((head + struct.pack("<I", kernel_crc(head)) + front)[:60])
    return log_node(0xE002, front + struct.pack("<II", kernel_crc(content), crc) + content)


def test_of_a_log_the_newest_counts_wherever_it_stands() -> None:
    image = (
        data_node(2, 2, b"middle")
        + data_node(2, 3, b"new")
        + data_node(2, 1, b"old!")
        + name_node(1, 1, 2, b"kept")
        + name_node(1, 3, 0, b"gone")
        + name_node(1, 2, 2, b"gone")
    )
    tree = open_image(image)
    assert tree.layers == ("jffs2",)
    assert {node.path: node.read(9) for node in tree.nodes} == {"/kept": b"new"}


def test_a_long_path_of_a_ustar_archive() -> None:
    name = "/".join(["folder-of-some-length"] * 6) + "/program"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo(name))
    assert "/" + name in open_image(out.getvalue()).index


def test_members_of_an_ar_archive_stand_at_even_offsets() -> None:
    def member(name: bytes, content: bytes) -> bytes:
        head = name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) + b"0".ljust(6) + b"100644".ljust(8)
        return head + str(len(content)).encode().ljust(10) + b"`\n" + content + b"\n" * (len(content) % 2)

    data = b"!<arch>\n" + member(b"odd/", b"abc") + member(b"even/", b"abcd")
    assert {node.path: node.read(9) for node in open_image(data).nodes} == {"/odd": b"abc", "/even": b"abcd"}


def test_a_multi_file_image_of_u_boot() -> None:
    first, second = b"kernel that nobody reads " * 5, CRAMFS
    payload = struct.pack(">III", len(first), len(second), 0) + first + bytes(-len(first) % 4) + second
    head = struct.pack(">IIIIIIIBBBB32s", 0x27051956, 0, 0, len(payload), 0, 0, zlib.crc32(payload), 5, 2, 4, 0, b"x")
    head = head[:4] + struct.pack(">I", zlib.crc32(head)) + head[8:]
    tree = open_image(head + payload)
    assert tree.layers == ("uimage", "cramfs")
    assert "/opt/bin/monitor" in tree.index
    assert tree.index["/@0x0-uimage/payload-0"].read(1000) == first
    assert [note.is_gap for note in tree.notes] == [True]


def test_a_few_equal_bytes_are_no_padding() -> None:
    spans = open_image(b"\xff" * 15 + b"unknown" + bytes(15) + CRAMFS).spans
    assert [(span.offset, span.size, span.state) for span in spans][:1] == [(0, 37, SpanState.NOT_UNDERSTOOD)]


def test_what_was_searched_in_vain_costs_no_room() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in range(10):
            about = tarfile.TarInfo(f"{number}.bin")
            about.size = 5000
            archive.addfile(about, io.BytesIO(b"unknown " * 625))
    tree = open_image(out.getvalue(), Limits(held=12_000))
    assert [note for note in tree.notes if "bound" in note.why] == []
