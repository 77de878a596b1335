"""In: the tree of an image. Out: every file with its hash and what is known of it, and the software found inside."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from wardwatch.dissection import Component
from wardwatch.firmware.scripts import Files, language_of
from wardwatch.firmware.tree import Node, NodeKind, Tree

from .elf import properties
from .versions import is_kernel, kernel_version, versions

LARGEST: Final = 256 << 20
_SMALLEST_KERNEL: Final = 1 << 16


def components(tree: Tree | Files) -> tuple[Component, ...]:
    """All files in the order of their paths, each followed by the software its strings name."""
    nodes: Iterable[Node] = tree if isinstance(tree, Files) else tree.nodes
    return tuple(part for node in nodes if node.kind is NodeKind.FILE for part in _components(node))


def _components(node: Node) -> Iterator[Component]:
    data = node.read(LARGEST)
    digest = sha256(data).hexdigest()
    name = node.path.rpartition("/")[2]
    notes = () if len(data) >= node.size or node.size <= LARGEST else (f"hash: of the first {LARGEST} bytes",)
    elf = properties(data)
    if elf:
        yield Component(elf.kind, name, node.path, digest, node.size, _built_for(elf.pairs), (*elf.pairs, *notes))
    elif len(data) >= _SMALLEST_KERNEL and is_kernel(data):
        yield Component("kernel", "linux", node.path, digest, node.size, kernel_version(data), notes)
        return
    elif language := language_of(node.path, data[:512]):
        yield Component("script", name, node.path, digest, node.size, "", (f"language: {language.name}", *notes))
    else:
        yield Component("file", name, node.path, digest, node.size, "", notes)
        return
    for software in versions(data) if elf else ():
        pairs = (f"found by: {software.source}", *((f"cpe: {software.cpe}",) if software.cpe else ()))
        yield Component(software.kind, software.name, node.path, digest, node.size, software.version, pairs)


def _built_for(pairs: tuple[str, ...]) -> str:
    """The kernel's version a module was built for."""
    return next((pair.split()[1] for pair in pairs if pair.startswith("vermagic: ")), "")
