"""In: images made by the formats' own tools. Out: whether the tree is what was put into them."""

import hashlib
import json
from pathlib import Path

import pytest

from wardwatch.firmware.image import open_image, recognise_image
from wardwatch.firmware.tree import Node, NodeKind, SpanState, Tree

SAMPLES = Path(__file__).resolve().parent / "samples"
IMAGES = sorted(path for path in SAMPLES.glob("*/*") if path.suffix not in {".json", ".pyc"})
LISTED = [path for path in IMAGES if path.with_name(path.name + ".json").exists()]


def seen(node: Node, wanted: dict[str, object]) -> dict[str, object]:
    """Of a node what the listing speaks of."""
    facts: dict[str, object] = {"kind": str(node.kind)}
    if node.kind is NodeKind.FILE:
        facts |= {"size": node.size, "sha256": hashlib.sha256(node.read(node.size)).hexdigest()}
    if node.kind is NodeKind.LINK:
        facts["target"] = node.target
    if node.device:
        facts["device"] = list(node.device)
    facts["mode"] = node.mode
    return {key: value for key, value in facts.items() if key in wanted}


def expected(path: Path) -> dict[str, dict[str, object]]:
    listing: dict[str, dict[str, object]] = json.loads(path.with_name(path.name + ".json").read_text())
    return listing


def check(tree: Tree, wanted: dict[str, dict[str, object]]) -> None:
    nodes = [node for node in tree.nodes if not node.path.startswith("/@")]
    assert sorted(wanted) == [node.path for node in nodes]
    for node in nodes:
        assert (node.path, seen(node, wanted[node.path])) == (node.path, wanted[node.path])


@pytest.mark.parametrize("path", LISTED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_tree_is_what_was_put_in(path: Path) -> None:
    tree = open_image(path)
    check(tree, expected(path))
    assert [note for note in tree.all_notes if note.is_gap] == []
    assert {span.state for span in tree.spans} <= {SpanState.EXAMINED, SpanState.PADDING}


@pytest.mark.parametrize("path", LISTED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_bytes_and_file_are_read_alike(path: Path) -> None:
    assert open_image(path).nodes == open_image(path.read_bytes()).nodes


@pytest.mark.parametrize("path", LISTED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_it_is_recognised(path: Path) -> None:
    assert recognise_image(path) is not None


@pytest.mark.parametrize("path", LISTED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_limit_of_reading_is_kept(path: Path) -> None:
    for node in open_image(path).nodes:
        whole = node.read(1 << 20)
        for limit in (0, 1, 4096, 5000):
            assert node.read(limit) == whole[:limit]
