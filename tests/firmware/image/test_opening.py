"""In: folders, programs, flash images, odd names. Out: whether the tree shows what is there, and nothing leads out."""

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.firmware.image import Limits, open_image, recognise_image
from wardwatch.firmware.image.naming import Paths, name_of
from wardwatch.firmware.tree import Node, NodeKind, Span, SpanState, Tree, lookup, resolve, root_of
from wardwatch.printable import printable

SAMPLES = Path(__file__).resolve().parent / "samples"
CRAMFS = (SAMPLES / "cramfs/little.img").read_bytes()
JFFS2 = (SAMPLES / "jffs2/big.img").read_bytes()
SQUASHFS = (SAMPLES / "squashfs/lzo.img").read_bytes()
EXAMINED, PADDING, UNKNOWN = SpanState.EXAMINED, SpanState.PADDING, SpanState.NOT_UNDERSTOOD


def paths(tree: Tree) -> list[str]:
    return [node.path for node in tree.nodes]


def states(tree: Tree) -> list[tuple[int, int, SpanState, str]]:
    return [(span.offset, span.size, span.state, span.what) for span in tree.spans]


def tar(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in entries:
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return out.getvalue()


def test_parts_of_a_flash_image_at_odd_offsets() -> None:
    loader = bytes(range(1, 255)) * 3
    data = loader + b"\xff" * 301 + SQUASHFS + bytes(33) + CRAMFS + b"\xff" * 17 + JFFS2 + b"the end"
    tree = open_image(data)
    assert tree.layers == ("flash", "squashfs")
    at = len(loader)
    one, two = at + 301, at + 301 + len(SQUASHFS) + 33
    three = two + len(CRAMFS) + 17
    assert states(tree)[:6] == [
        (0, at, UNKNOWN, "data"),
        (at, 301, PADDING, "padding"),
        (one, len(SQUASHFS), EXAMINED, "squashfs"),
        (one + len(SQUASHFS), 33, PADDING, "padding"),
        (two, len(CRAMFS), EXAMINED, "cramfs"),
        (two + len(CRAMFS), 17, PADDING, "padding"),
    ]
    assert states(tree)[6][0] == three
    assert tree.spans[0].entropy == pytest.approx(7.99, abs=0.01)
    assert tree.index["/bin/sh"].target == "busybox"
    assert f"/@0x{two:x}-cramfs/bin/busybox" in tree.index
    assert f"/@0x{three:x}-jffs2/etc/inittab" in tree.index
    assert tree.roots == ("/", f"/@0x{two:x}-cramfs", f"/@0x{three:x}-jffs2")


def test_a_signature_inside_another_image_is_no_part_of_its_own() -> None:
    data = tar(("firmware.bin", CRAMFS), ("other", b"x"))
    assert states(open_image(data)) == [(0, len(data), EXAMINED, "tar")]


def test_the_root_file_system_stands_at_the_top_wherever_it_was() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", "how to update")
        archive.writestr("update/firmware.bin", bytes(100) + b"head" * 30 + CRAMFS)
    tree = open_image(out.getvalue())
    assert tree.layers == ("zip", "flash", "cramfs")
    assert "/opt/bin/monitor" in tree.index
    assert "/@0x0-zip/readme.txt" in tree.index
    assert [note.what for note in tree.notes] == ["120 bytes at offset 0x64 were not understood"]


@pytest.mark.parametrize(("head", "what"), [(b"\x7fELF" + bytes(60), "program"), (b"#!/bin/sh\nmount\n", "script")])
def test_a_program_or_script_alone(tmp_path: Path, head: bytes, what: str) -> None:
    (tmp_path / "monitor").write_bytes(head)
    tree = open_image(tmp_path / "monitor")
    assert paths(tree) == ["/monitor"]
    assert tree.nodes[0].read(1000) == head
    assert states(tree) == [(0, len(head), EXAMINED, what)]
    assert recognise_image(tmp_path / "monitor") == what
    assert recognise_image(head) == what


def test_what_no_format_knows_is_a_file_and_not_understood() -> None:
    data = b"nothing that anybody knows " * 20
    tree = open_image(data)
    assert paths(tree) == ["/image"]
    assert states(tree) == [(0, len(data), UNKNOWN, "data")]
    assert recognise_image(data) is None


def test_nothing_at_all() -> None:
    tree = open_image(b"")
    assert (tree.total, tree.spans) == (0, ())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in ("etc", "bin", "lib"):
        (root / name).mkdir(parents=True)
    (root / "etc/inittab").write_text("::sysinit:/bin/sh\n")
    (root / "etc/inittab").chmod(0o640)
    (root / "bin/su").write_bytes(b"\x7fELF")
    (root / "bin/su").chmod(0o4755)
    (tmp_path / "secret").write_text("outside")
    (root / "etc/leak").symlink_to(tmp_path / "secret")
    (root / "lib/up").symlink_to(tmp_path)
    os.mkfifo(root / "etc/fifo")
    return root


def test_a_folder_is_read_and_its_links_are_not_followed(folder: Path) -> None:
    tree = open_image(folder)
    assert paths(tree) == [
        "/bin", "/bin/su", "/etc", "/etc/fifo", "/etc/inittab", "/etc/leak", "/lib", "/lib/up",
    ]  # fmt: skip
    assert tree.index["/bin/su"].mode == 0o4755
    assert tree.index["/etc/inittab"].read(100) == b"::sysinit:/bin/sh\n"
    assert tree.index["/etc/leak"].kind is NodeKind.LINK
    assert tree.index["/etc/leak"].read(100) == b""
    assert tree.index["/etc/fifo"].kind is NodeKind.OTHER
    assert resolve(tree, "/etc/leak") is None
    assert tree.total == sum(span.size for span in tree.spans) == 18 + 4
    assert recognise_image(folder) == "folder"


def test_a_file_that_became_a_link_is_not_followed(folder: Path) -> None:
    tree = open_image(folder)
    (folder / "etc/inittab").unlink()
    (folder / "etc/inittab").symlink_to(folder.parent / "secret")
    assert tree.index["/etc/inittab"].read(100) == b""
    assert [note.where for note in tree.all_notes] == ["/etc/inittab"]


def test_an_image_in_a_folder_is_opened(folder: Path) -> None:
    (folder / "etc/update.img").write_bytes(CRAMFS)
    tree = open_image(folder)
    assert tree.index["/etc/update.img"].size == len(CRAMFS)
    assert tree.index["/etc/update.img/bin/sh"].target == "busybox"
    found = resolve(tree, "/etc/update.img/bin/sh")
    assert found
    assert found.path == "/etc/update.img/bin/busybox"


def test_any_other_folder_is_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / "capture.pcap").write_bytes(b"\xd4\xc3\xb2\xa1")
    assert recognise_image(tmp_path) is None
    assert recognise_image(tmp_path / "capture.pcap") is None


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex("d4c3b2a102000400") + bytes(100),
        bytes.fromhex("0a0d0d0a1c000000") + bytes(100),
        b'{"ts": 1, "id.orig_h": "192.0.2.1"}\n' * 50,
        b"#fields\tts\tuid\n" * 9,
        b"date=2026-11-25 srcip=192.0.2.1\n" * 50,
    ],
)
def test_captures_and_logs_are_none_of_ours(data: bytes) -> None:
    import gzip  # noqa: PLC0415  # used here only

    assert recognise_image(data) is None
    assert recognise_image(gzip.compress(data)) is None


def test_flash_is_recognised_by_what_is_inside(tmp_path: Path) -> None:
    (tmp_path / "dump").write_bytes(b"boot" * 1000 + CRAMFS)
    assert recognise_image(tmp_path / "dump") == "flash"


def test_names_that_would_lead_out_are_kept_and_made_harmless() -> None:
    odd = ["../../etc/passwd", "a/../../b", "/abs", "\x1b[2Jx", "line\nfeed", "..", "with\\x41"]
    tree = open_image(tar(*((name, name.encode()) for name in odd)))
    assert len([node for node in tree.nodes if node.kind is NodeKind.FILE]) == len(odd)
    for node in tree.nodes:
        assert not {"..", ".", ""}.intersection(node.path.split("/")[1:])
        assert printable(node.path) == node.path
    assert "/\\x2e\\x2e/\\x2e\\x2e/etc/passwd" in tree.index
    assert any("would lead elsewhere" in note.what for note in tree.notes)


def test_two_entries_of_one_path_are_both_kept() -> None:
    tree = open_image(tar(("etc/passwd", b"first"), ("etc/passwd", b"second"), ("etc/passwd/x", b"below a file")))
    assert tree.index["/etc/passwd"].read(9) == b"first"
    assert tree.index["/etc/passwd~2"].read(9) == b"second"
    assert [(note.where, note.is_gap) for note in tree.notes] == [("/etc/passwd", False)]
    assert tree.index["/etc/passwd~2/x"].read(20) == b"below a file"


@given(st.lists(st.sampled_from(["/a", "/a~2", "/a~3", "/b"]), max_size=12))
def test_a_path_is_given_out_once(wished: list[str]) -> None:
    taken = Paths()
    given_out = [taken.take(path) for path in wished]
    assert len(set(given_out)) == len(wished)


@given(st.binary(max_size=300))
def test_no_name_leads_anywhere(raw: bytes) -> None:
    name = name_of(raw)
    assert name not in {"", ".", ".."}
    assert "/" not in name
    assert printable(name, 1 << 20) == name


def tree_of(*nodes: Node, roots: tuple[str, ...] = ("/",)) -> Tree:
    return Tree(nodes, (Span(0, 1, EXAMINED, "test"),), total=1, roots=roots)


def link(path: str, target: str) -> Node:
    return Node(path, NodeKind.LINK, target=target)


def file(path: str) -> Node:
    return Node(path, NodeKind.FILE)


def folder_at(path: str) -> Node:
    return Node(path, NodeKind.FOLDER)


TREE = tree_of(
    folder_at("/usr"),
    folder_at("/usr/lib"),
    folder_at("/usr/bin"),
    file("/usr/bin/busybox"),
    file("/usr/lib/libc.so.0"),
    link("/lib", "usr/lib"),
    link("/bin", "/usr/bin"),
    link("/usr/bin/sh", "busybox"),
    link("/usr/lib/libc.so", "./libc.so.0"),
    link("/usr/bin/up", "../../../../usr/bin/sh"),
    link("/usr/lib/program", "/usr/bin/sh"),
    link("/loop", "loop"),
    link("/one", "two"),
    link("/two", "/one"),
    folder_at("/part"),
    folder_at("/part/bin"),
    file("/part/bin/sh"),
    link("/part/absolute", "/bin/sh"),
    link("/part/out", "../../usr/bin/busybox"),
    link("/wide", "/wide/wide/wide"),
    roots=("/", "/part"),
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/bin/sh", "/usr/bin/busybox"),
        ("/lib/libc.so", "/usr/lib/libc.so.0"),
        ("bin/../bin/./sh", "/usr/bin/busybox"),
        ("/usr/bin/up", "/usr/bin/busybox"),
        ("/usr/lib/program", "/usr/bin/busybox"),
        ("/loop", None),
        ("/one", None),
        ("/wide", None),
        ("/nothing", None),
        ("/bin/sh/x", None),
        ("/part/absolute", "/part/bin/sh"),
        ("/part/out", None),
        ("/bin", "/usr/bin"),
    ],
)
def test_links_are_followed_inside_their_tree(path: str, found: str | None) -> None:
    node = resolve(TREE, path)
    assert (node.path if node else None) == found


def test_a_link_at_the_end_can_be_left_as_it_is() -> None:
    node = resolve(TREE, "/bin/sh", last=False)
    assert node
    assert node.path == "/usr/bin/sh"


def test_lookup_follows_nothing() -> None:
    node = lookup(TREE, "/bin")
    assert node
    assert node.kind is NodeKind.LINK
    assert lookup(TREE, "/bin/sh") is None
    assert root_of(TREE, "/part/bin") == "/part"
    assert root_of(TREE, "/partial") == "/"


@pytest.mark.parametrize("cut", [lambda data: data, lambda data: data[: len(data) // 2]])
def test_the_same_bytes_give_the_same_tree(cut: Callable[[bytes], bytes]) -> None:
    for image in (CRAMFS, JFFS2, SQUASHFS):
        data = cut(image)
        assert open_image(data) == open_image(data)


def test_an_image_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(100))
    with pytest.raises(Exception, match="larger than the 10 bytes"):
        open_image(tmp_path / "x", Limits(image=10))
