"""In: an image's path and what to run of it, inside a lab. Out: what was seen, as JSON.

The image is opened here, where nothing can be written outside and no network is reached, and laid out in memory.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from wardwatch.firmware.image import open_image
from wardwatch.firmware.tree import Node, NodeKind
from wardwatch.lab.root import Entry
from wardwatch.lab.watch import Job, watch
from wardwatch.twin import firmware as twin

_TOOLBOX_OF: Final = "2.0.6"
_HEAD: Final = 64


def answer(payload: bytes) -> bytes:
    """The run of one program."""
    asked = json.loads(payload)
    nodes = open_image(Path(asked["image"])).nodes
    entries = list(entries_of(nodes))
    if asked["alone"]:
        entries = [replace(entry, mode=entry.mode | 0o500) for entry in entries]  # it came without its mode
        entries += _toolbox({entry.path for entry in entries})
    heads = (asked["head"].encode("latin-1"), *_heads(nodes))
    share = {name: text.encode() for name, text in asked["share"].items()}
    return json.dumps(watch(entries, _job(asked, heads, share)).to_json()).encode()


def _job(asked: dict[str, Any], heads: tuple[bytes, ...], share: dict[str, bytes]) -> Job:
    waits = {"until": asked.get("until", ""), "patience": asked.get("patience", 0.0)}
    return Job(asked["program"], asked["seconds"], asked["keys"], tuple(asked["arguments"]), heads, share, **waits)


def entries_of(nodes: tuple[Node, ...]) -> Iterator[Entry]:
    """Folders, links and files, as a root lays them out."""
    for node in nodes:
        if node.kind is NodeKind.FOLDER:
            yield Entry(node.path, node.mode)
        elif node.kind is NodeKind.LINK and node.target:
            yield Entry(node.path, node.mode, target=node.target)
        elif node.kind is NodeKind.FILE:
            yield Entry(node.path, node.mode, size=node.size, content=partial(node.read, node.size))


def _heads(nodes: tuple[Node, ...]) -> Iterator[bytes]:
    for node in nodes:
        if node.kind is NodeKind.FILE and node.size > _HEAD:
            head = node.read(_HEAD)[:20]
            if head[:4] == b"\x7fELF":
                yield head


def _toolbox(there: set[str]) -> list[Entry]:
    """The commands of the twin, for a program that comes without an image: a shell, mount, ifconfig, cp and so on."""
    nodes = open_image(twin.image(_TOOLBOX_OF)).nodes
    tools = [each for each in entries_of(nodes) if each.path.startswith(("/bin/", "/sbin/"))]
    folders = [each for each in entries_of(nodes) if not each.content and not each.target]
    return [each for each in (*folders, *tools) if each.path not in there]
