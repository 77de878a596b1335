"""In: a flattened device tree. Out: the images a U-Boot FIT holds, or the device tree as a file of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from wardwatch.firmware.image.budget import Budget
from wardwatch.firmware.image.format import Entry, Found, ImageFormat, Inner
from wardwatch.firmware.image.naming import text_of
from wardwatch.firmware.image.source import DamageError, Source
from wardwatch.firmware.tree import NodeKind, Note

# Devicetree Specification 0.4, chapter 5; U-Boot, doc/usage/fit/source_file_format.rst.
_MAGIC: Final = b"\xd0\x0d\xfe\xed"
_HEADER: Final = 40
_BEGIN, _END_NODE, _PROPERTY, _NOP, _END = 1, 2, 3, 4, 9
_VERSIONS: Final = range(16, 32)
_DEEPEST: Final = 64
_LONGEST_NAME: Final = 1024
_MOST_TOKENS: Final = 1 << 20
_IMAGE_LEVEL: Final = 3


def measure(source: Source, offset: int) -> int | None:
    """By version and tables that lie inside; data kept behind the tree belongs to it."""
    total, structure, strings, _, version, compatible = source.unpack(">6I", offset + 4)
    if version not in _VERSIONS or compatible > version or not _HEADER <= structure < total or strings > total:
        return None
    if total > len(source) - offset:
        return None
    inside = source.part(offset)
    try:
        reach = max((at + size for _, at, size in _images(inside)), default=total)
    except DamageError:
        return int(total)
    return int(min(max(total, reach), len(inside)))


@dataclass(slots=True)
class _Node:
    path: tuple[bytes, ...]
    facts: dict[bytes, tuple[int, int]] = field(default_factory=dict)


def _nodes(source: Source) -> Iterator[_Node]:
    """Each node with the places of its properties, once it ends."""
    structure, strings = source.unpack(">II", 8)
    at, open_nodes = structure, list[_Node]()
    for _ in range(_MOST_TOKENS):
        token = source.number(at, 4, "big")
        at += 4
        if token == _BEGIN:
            name = source.some(at, _LONGEST_NAME).partition(b"\0")[0]
            at += (len(name) + 4) & ~3
            open_nodes.append(_Node((*(open_nodes[-1].path if open_nodes else ()), name)))
            if len(open_nodes) > _DEEPEST:
                raise DamageError("the device tree is too deep")
        elif token == _PROPERTY:
            size, name_at = source.unpack(">II", at)
            name = source.some(strings + name_at, 64).partition(b"\0")[0]
            if open_nodes:
                open_nodes[-1].facts[name] = at + 8, size
            at += 8 + ((size + 3) & ~3)
        elif token == _END_NODE and open_nodes:
            yield open_nodes.pop()
        elif token == _END:
            return
        elif token != _NOP:
            raise DamageError(f"the device tree is damaged at {at - 4}")
    raise DamageError("the device tree does not end")


def _images(source: Source) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and size of each image of a FIT."""
    total = source.number(4, 4, "big")
    behind = (total + 3) & ~3
    for node in _nodes(source):
        if len(node.path) != _IMAGE_LEVEL or node.path[1] != b"images":
            continue
        facts = node.facts
        if b"data" in facts:
            yield (node.path[2], *facts[b"data"])
        elif b"data-size" in facts:
            size = source.number(facts[b"data-size"][0], 4, "big")
            if b"data-position" in facts:
                yield node.path[2], source.number(facts[b"data-position"][0], 4, "big"), size
            elif b"data-offset" in facts:
                yield node.path[2], behind + source.number(facts[b"data-offset"][0], 4, "big"), size


def open_image(source: Source, budget: Budget) -> Iterator[Found]:
    """The images, or one file where it is a device tree and no more."""
    found = False
    for name, at, size in _images(source):
        budget.spend("steps")
        found = True
        try:
            yield Inner(text_of(name), source.part(at, size))
        except DamageError as error:
            yield Note("/" + text_of(name), "an image is cut off", str(error))
    if not found:
        whole = len(source)
        yield Entry((b"device-tree.dtb",), NodeKind.FILE, whole, 0o644, pieces=lambda: source.pieces(0, whole))


FORMAT = ImageFormat(
    name="fit",
    title="device tree or U-Boot FIT",
    reference="Devicetree Specification 0.4, chapter 5; U-Boot, doc/usage/fit",
    magics=((_MAGIC, 0),),
    measure=measure,
    open=open_image,
)
