"""In: images that were damaged, lie, or are bombs. Out: whether a tree with notes comes, within the bounds, always."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zlib
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wardwatch.errors import InputError
from wardwatch.firmware.image import Limits, open_image, recognise_image
from wardwatch.firmware.image.carving import formats, measured
from wardwatch.firmware.image.source import DamageError, whole
from wardwatch.firmware.tree import NodeKind, SpanState, Tree, resolve
from wardwatch.printable import printable

SAMPLES = Path(__file__).resolve().parent / "samples"
PACKED = {".xz": lzma.decompress, ".gz": gzip.decompress}
LARGEST = 2 << 20
ALL = {
    f"{path.parent.name}/{path.name}": PACKED.get(path.suffix, bytes)(path.read_bytes())
    for path in sorted(SAMPLES.glob("*/*"))
    if path.suffix not in {".json", ".pyc"}
}
IMAGES = {name: data for name, data in ALL.items() if len(data) <= LARGEST}
NAMES = sorted(IMAGES)
SMALL = Limits(nodes=2000, parts=50, steps=60_000, held=8 << 20, worked=16 << 20, notes=100)
READ = 1 << 16


def sound(tree: Tree, data: bytes) -> None:
    """What holds of every tree, whatever the image."""
    reached = 0
    for span in tree.spans:
        assert span.offset == reached
        assert span.size > 0
        assert 0.0 <= span.entropy <= 8.0
        reached += span.size
    assert reached == tree.total == len(data)
    paths = [node.path for node in tree.nodes]
    assert paths == sorted(set(paths))
    for node in tree.nodes:
        steps = node.path.split("/")[1:]
        assert printable(node.path, 1 << 20) == node.path
        assert not {"", ".", ".."}.intersection(steps)
        read = node.read(READ)
        assert len(read) <= min(READ, node.size)
        if node.kind is NodeKind.LINK:
            resolve(tree, node.path)
    assert len(tree.notes) <= SMALL.notes
    assert all(note.where.startswith("/") for note in tree.all_notes)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sample with a few bytes changed, numbers replaced by extreme ones, cut, or shifted."""
    data = bytearray(IMAGES[draw(st.sampled_from(NAMES))])
    for _ in range(draw(st.integers(0, 6))):
        near = draw(st.booleans())
        at = draw(st.integers(0, min(len(data), 512) - 1 if near else len(data) - 1))
        lie = draw(
            st.sampled_from(
                [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\1", b"\x80"]
            )
        )
        change = draw(st.one_of(st.just(lie), st.binary(min_size=1, max_size=8)))
        data[at : at + len(change)] = change
    if draw(st.booleans()):
        del data[draw(st.integers(1, len(data))) :]
    front = draw(st.sampled_from([b"", b"", bytes(512), b"\xff" * 100, b"boot loader" * 7]))
    return front + bytes(data)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged())
def test_a_damaged_image_gives_a_tree(data: bytes) -> None:
    sound(open_image(data, SMALL), data)


@pytest.mark.long
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged())
def test_many_damaged_images_give_a_tree(data: bytes) -> None:
    sound(open_image(data, SMALL), data)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_give_a_tree(data: bytes) -> None:
    sound(open_image(data, SMALL), data)
    recognise_image(data)


@pytest.mark.parametrize("name", NAMES)
def test_every_cut_of_the_header_is_borne(name: str) -> None:
    for size in [*range(130), 512, 1024, 1100, 2000]:
        data = IMAGES[name][:size]
        sound(open_image(data, SMALL), data)
        recognise_image(data)


@pytest.mark.parametrize("name", NAMES)
def test_measuring_raises_nothing_but_damage(name: str) -> None:
    source = whole(IMAGES[name][:3000])
    for form in formats():
        for offset in range(0, len(source), 7):
            size = measured(form, source, offset)
            assert size is None or 0 < size <= len(source) - offset


def gaps(tree: Tree) -> list[str]:
    return [f"{note.what}: {note.why}" for note in tree.notes if note.is_gap]


def zip_of_zeros(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()


ZEROS = 64 << 20


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(lambda: zip_of_zeros(ZEROS), id="gzip"),
        pytest.param(lambda: zstandard.compress(bytes(ZEROS)), id="zstd"),
        pytest.param(lambda: lzma.compress(bytes(ZEROS), preset=0), id="xz"),
        pytest.param(lambda: lzma.compress(bytes(ZEROS), lzma.FORMAT_ALONE, preset=0), id="lzma"),
        pytest.param(lambda: bz2.compress(bytes(ZEROS)), id="bzip2"),
    ],
)
def test_a_bomb_ends_in_a_gap(bomb: "object") -> None:
    assert callable(bomb)
    data = bomb()
    tree = open_image(data, SMALL)
    sound(tree, data)
    assert any("bound" in gap for gap in gaps(tree))


def test_archives_in_archives_end_in_a_gap() -> None:
    data = b"the innermost"
    for number in range(50):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            about = tarfile.TarInfo(f"{number}.tar")
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
        data = out.getvalue()
    tree = open_image(data)
    assert any("deep" in gap for gap in gaps(tree))
    assert len(tree.nodes) <= Limits().depth + 1


def test_streams_in_streams_end_in_a_gap() -> None:
    data = b"the innermost"
    for _ in range(50):
        data = gzip.compress(data)
    tree = open_image(data)
    assert any("deep" in gap for gap in gaps(tree))


def test_a_large_claimed_frame_is_not_believed() -> None:
    frame = zstandard.ZstdCompressor(write_content_size=True).compress(bytes(100))
    claim = frame[:4] + b"\xe0" + (1 << 40).to_bytes(8, "little") + frame[6:]
    sound(open_image(claim, SMALL), claim)


def test_a_cramfs_folder_inside_itself_ends() -> None:
    data = bytearray(IMAGES["cramfs/little.img"])
    root = struct.unpack_from("<3I", data, 64)
    etc = next(at for at in range(76, 400, 4) if data[at + 12 : at + 16] == b"etc\0")
    struct.pack_into("<2I", data, etc + 4, root[1], (root[2] & ~63) | 1)
    tree = open_image(bytes(data), SMALL)
    assert any("part of itself" in gap for gap in gaps(tree))


def test_a_limit_of_nodes_ends_in_a_gap() -> None:
    tree = open_image(IMAGES["tar/gnu.tar"], Limits(nodes=5))
    assert len(tree.nodes) == 5
    assert any("nodes" in gap for gap in gaps(tree))


def test_a_limit_of_steps_ends_in_a_gap() -> None:
    tree = open_image(IMAGES["jffs2/little.img"], Limits(steps=10))
    assert any("steps" in gap for gap in gaps(tree))


def test_nothing_is_read_beyond_the_end() -> None:
    source = whole(b"0123456789").part(2, 4)
    assert source.read(0, 4) == b"2345"
    assert source.some(3, 100) == b"5"
    assert source.find(b"6") == -1
    for offset, size in [(0, 5), (-1, 2), (4, 1), (1 << 70, 1), (0, -1)]:
        with pytest.raises(DamageError):
            source.read(offset, size)
        with pytest.raises(DamageError):
            source.part(offset, size)


def test_a_damaged_file_is_zeros_and_a_late_note() -> None:
    data = bytearray(IMAGES["squashfs/no-fragments.img"])
    whole_tree = open_image(bytes(data))
    content = whole_tree.index["/opt/bin/monitor"].read(1 << 20)
    data[200:220] = bytes(20)
    tree = open_image(bytes(data))
    assert tree.notes == ()
    read = {node.path: node.read(1 << 20) for node in tree.nodes}
    assert len(read["/opt/bin/monitor"]) == len(content)
    assert [note.what for note in tree.all_notes] == ["a part of the file could not be read and is shown as zeros"]
    assert [node.read(1 << 20) for node in tree.nodes] == [read[node.path] for node in tree.nodes]
    assert len(tree.all_notes) == 1


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.startswith(("cramfs", "squashfs", "tar", "cpio", "uimage"))]
)
def test_a_cut_image_says_so(name: str) -> None:
    data = IMAGES[name][: len(IMAGES[name]) * 2 // 3]
    tree = open_image(data)
    for node in tree.nodes:
        node.read(1 << 20)
    assert any(note.is_gap for note in tree.all_notes) or any(s.state is SpanState.NOT_UNDERSTOOD for s in tree.spans)


def test_what_is_no_file_is_refused() -> None:
    with pytest.raises(InputError):
        open_image(Path("/dev/null"))
    with pytest.raises(InputError):
        open_image(SAMPLES / "no-such-file")
