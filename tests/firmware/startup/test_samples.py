"""In: small root file systems written by hand, with their start-up maps. Out: whether the map is that."""

import tomllib
from pathlib import Path

import pytest

from wardwatch.firmware.scripts import Files
from wardwatch.firmware.startup import StartUpMap, map_of
from wardwatch.firmware.tree import Node, NodeKind

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*/*.toml"))


def files_of(sample: dict[str, dict[str, str]]) -> Files:
    nodes = [
        Node(path, NodeKind.FILE, len(text.encode()), read=lambda limit, text=text: text.encode()[:limit])
        for path, text in sample.get("files", {}).items()
    ]
    nodes += [Node(path, NodeKind.LINK, target=target) for path, target in sample.get("links", {}).items()]
    return Files(nodes)


def as_lines(found: StartUpMap) -> dict[str, list[str]]:
    triggers = {
        (root.at.file, root.at.function): f"{root.trigger}{'' if root.sure else ', perhaps'}" for root in found.roots
    }
    return {
        "entries": [
            f"{'  ' * each.depth}{each.source}:{each.line} {each.runs} | {each.when}" for each in found.entries
        ],
        "roots": [
            f"{file}{' (' + section + ')' if section else ''}: {what}" for (file, section), what in triggers.items()
        ],
        "boot": [f"{edge.caller.file} -> {edge.callee.file}" for edge in found.edges if edge.caller.file],
        "unread": [f"{each.at.file}:{each.at.line} {each.what}" for each in found.unread],
    }


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_map_is_as_the_sample_says(path: Path) -> None:
    sample = tomllib.loads(path.read_text(encoding="utf-8"))
    found = map_of(files_of(sample))
    assert as_lines(found) == {key: sample.get(key, []) for key in ("entries", "roots", "boot", "unread")}
    assert [entry.order for entry in found.entries] == list(range(1, len(found.entries) + 1))


def test_every_root_is_led_to_from_the_boot() -> None:
    for path in SAMPLES:
        found = map_of(files_of(tomllib.loads(path.read_text(encoding="utf-8"))))
        led = {(edge.callee.file, edge.callee.function) for edge in found.edges if edge.caller.file == ""}
        assert {(root.at.file, root.at.function) for root in found.roots} == led
