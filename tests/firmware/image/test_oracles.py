"""In: generated folders and images of them. Out: whether we see what the tools put in, and what other readers see."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wardwatch.firmware.image import open_image
from wardwatch.firmware.image.format import kind_of
from wardwatch.firmware.tree import NodeKind, Tree

SAMPLES = Path(__file__).resolve().parent / "samples"

NAME = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0", categories=["L", "N", "P", "S"]), min_size=1, max_size=20
)
CONTENT = st.one_of(
    st.binary(max_size=200),
    st.builds(lambda unit, count: unit * count, st.binary(min_size=1, max_size=9), st.integers(0, 3000)),
    st.builds(
        lambda head, hole, tail: head + bytes(hole) + tail,
        st.binary(max_size=9),
        st.integers(0, 9000),
        st.binary(max_size=9),
    ),
)
FOLDER = st.recursive(
    st.dictionaries(NAME, CONTENT, max_size=4),
    lambda inner: st.dictionaries(NAME, st.one_of(CONTENT, st.builds(os.fsdecode, NAME), inner), max_size=5),
    max_leaves=12,
)
Folder = dict[str, "bytes | str | Folder"]


@contextmanager
def on_disk(folder: Folder) -> Iterator[Path]:
    """The folder on disk: bytes are files, text is a link, a dict is a folder. Names that would be too long are cut."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "root"
        root.mkdir()
        fill(root, folder)
        yield root


def fill(place: Path, folder: Folder) -> None:
    for name, content in folder.items():
        path = place / (name if name not in {".", ".."} else "dots")
        if path.exists() or path.is_symlink():
            continue
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.symlink_to(content)
        else:
            path.mkdir()
            fill(path, content)


def facts(tree: Tree) -> dict[str, tuple[str, str]]:
    return {node.path: (str(node.kind), fact(node.kind, node.target, node.read(1 << 24))) for node in tree.nodes}


def fact(kind: NodeKind, target: str, content: bytes) -> str:
    return target if kind is NodeKind.LINK else hashlib.sha256(content).hexdigest() if kind is NodeKind.FILE else ""


def truth(root: Path) -> dict[str, tuple[str, str]]:
    found = {}
    for path in root.rglob("*"):
        kind = kind_of(path.lstat().st_mode)
        target = os.readlink(path) if kind is NodeKind.LINK else ""  # noqa: PTH115  # Path would tidy the text up
        content = path.read_bytes() if kind is NodeKind.FILE else b""
        found["/" + path.relative_to(root).as_posix()] = (str(kind), fact(kind, target, content))
    return found


MAKERS = {
    "cramfs": ["mkfs.cramfs", "-N", "big", "ROOT", "OUT"],
    "squashfs": ["mksquashfs", "ROOT", "OUT", "-noappend", "-quiet", "-no-progress", "-b", "4096", "-comp", "lzo"],
    "jffs2": ["mkfs.jffs2", "-l", "-d", "ROOT", "-o", "OUT"],
    "tar": ["tar", "-C", "ROOT", "-cf", "OUT", "."],
    "romfs": ["genromfs", "-d", "ROOT", "-f", "OUT"],
}


@pytest.mark.parametrize("form", sorted(MAKERS))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(FOLDER)
def test_what_was_put_in_comes_out(form: str, folder: Folder) -> None:
    if not shutil.which(MAKERS[form][0]):
        pytest.skip(f"{MAKERS[form][0]} is not installed")
    with on_disk(folder) as root:
        out = root.parent / "out"
        command = [{"ROOT": str(root), "OUT": str(out)}.get(word, word) for word in MAKERS[form]]
        done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
        if done.returncode or not any(root.iterdir()):
            return  # the tool refused the folder (cramfs: nothing in it), or there is nothing to compare
        tree = open_image(out)
        odd = {note.where for note in tree.notes if "name" in note.what}
        wanted = truth(root)
        seen = facts(tree)
        assert len(seen) == len(wanted)
        if not odd:
            assert seen == wanted
        assert sorted(seen.values()) == sorted(wanted.values())


@pytest.mark.parametrize(
    "path", sorted(SAMPLES.glob("squashfs*/*.img")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_unsquashfs_sees_the_same(path: Path, tmp_path: Path) -> None:
    if not shutil.which("unsquashfs"):
        pytest.skip("unsquashfs is not installed")
    done = subprocess.run(
        ["unsquashfs", "-no-xattrs", "-quiet", "-no-progress", "-ignore-errors", "-d", tmp_path / "out", path],
        capture_output=True,
        check=False,
    )
    if not (tmp_path / "out").is_dir():
        pytest.skip(f"unsquashfs cannot unpack it here: {done.stderr[:80]!r}")
    assert truth(tmp_path / "out") == facts(open_image(path))


@pytest.mark.parametrize("name", ["ext2", "ext3", "ext4"])
def test_debugfs_sees_the_same(name: str, tmp_path: Path) -> None:
    if not shutil.which("debugfs"):
        pytest.skip("debugfs is not installed")
    image, out = tmp_path / "image", tmp_path / "out"
    image.write_bytes(
        subprocess.run(["gzip", "-dc", SAMPLES / f"ext/{name}.img.gz"], capture_output=True, check=True).stdout
    )
    out.mkdir()
    subprocess.run(["debugfs", "-R", f"rdump / {out}", image], capture_output=True, check=True)
    ours = facts(open_image(image))
    theirs = truth(out)
    assert len(theirs) > 10
    assert {path: ours[path] for path in theirs} == theirs
