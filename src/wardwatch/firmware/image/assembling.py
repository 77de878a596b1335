"""In: volumes, one inside the other. Out: one tree in which every path stands once and none leads out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from wardwatch.firmware.tree import Node, NodeKind, Note, Span, Tree

from .budget import Limits
from .format import Entry, Pieces
from .naming import Paths, is_odd, name_of, text_of
from .volume import Volume, content, root_volume

_LONGEST_PATH: Final = 4096


@dataclass(slots=True)
class _Assembly:
    root: Volume
    limits: Limits
    nodes: dict[str, Node] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    late: list[Note] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    paths: Paths = field(default_factory=Paths)

    def volume(self, volume: Volume, base: str) -> None:
        """A volume's entries below `base` ('' is the root), then those of the volumes inside it."""
        if volume is self.root and base:
            return
        if volume.entries:
            self.roots.append(base or "/")
        placed: dict[tuple[bytes, ...], str] = {(): base}
        for entry in volume.entries:
            self.entry(entry, base, placed)
        self.links(volume, placed)
        for note in volume.notes:
            self.note(base + note.where.rstrip("/") or "/", note)
        for parts, inner in volume.inside:
            place = placed.get(parts) or base + "".join(f"/{name_of(part)}" for part in parts)
            self.volume(inner, place)

    def note(self, where: str, note: Note) -> None:
        """A note at its place in the tree, as long as there is room for notes."""
        if len(self.notes) < self.limits.notes:
            self.notes.append(Note(where, note.what, note.why, is_gap=note.is_gap))

    def entry(self, entry: Entry, base: str, placed: dict[tuple[bytes, ...], str]) -> None:
        """One entry at a path of its own."""
        if not entry.parts:
            return
        wished = base + "".join(f"/{name_of(part)}" for part in entry.parts)
        above = placed.get(entry.parts[:-1])
        if above is None:
            above = self.folders(wished.rpartition("/")[0], base)
            placed[entry.parts[:-1]] = above
        wished = f"{above}/{name_of(entry.parts[-1])}"
        there = self.nodes.get(wished)
        if there and there.kind is NodeKind.FOLDER and entry.kind is NodeKind.FOLDER:
            placed[entry.parts] = wished
            self.nodes[wished] = _node(wished, entry, self.late)
            return
        path = self.paths.take(wished)
        self.remark(path, wished, entry)
        placed[entry.parts] = path
        self.nodes[path] = _node(path, entry, self.late)

    def remark(self, path: str, wished: str, entry: Entry) -> None:
        """Notes on a name that is not shown as it is."""
        if path != wished:
            what = "two entries have the same path"
            self.note(wished, Note("", what, f"the later one is shown as {path}", is_gap=False))
        if is_odd(entry.parts[-1]):
            what = "a name that is not plain text or would lead elsewhere"
            self.note(path, Note("", what, "it is shown with escapes", is_gap=False))

    def folders(self, path: str, base: str) -> str:
        """The folders on the way to `path`, made up where the image names none."""
        if path in {"", base}:
            return base
        there = self.nodes.get(path)
        if there is None:
            self.folders(path.rpartition("/")[0], base)
            self.paths.take(path)
            self.nodes[path] = Node(path, NodeKind.FOLDER, mode=0o755)
        return path

    def links(self, volume: Volume, placed: dict[tuple[bytes, ...], str]) -> None:
        """Hard links of archives read what they are a second name of."""
        for entry in volume.entries:
            if entry.same_as is None:
                continue
            path, other = placed[entry.parts], placed.get(entry.same_as, "")
            target = self.nodes.get(other)
            if target is None or target.kind is not NodeKind.FILE:
                self.note(path, Note("", "a hard link leads to nothing", f"to {text_of(b'/'.join(entry.same_as))}"))
                continue
            self.nodes[path] = Node(path, NodeKind.FILE, target.size, target.mode, read=target.read, hard_links=2)


def _node(path: str, entry: Entry, late: list[Note]) -> Node:
    read = _reader(path, entry.pieces, entry.size, late) if entry.kind is NodeKind.FILE else _nothing
    target = text_of(entry.target) if entry.kind is NodeKind.LINK else ""
    return Node(path, entry.kind, entry.size, entry.mode, target, read, entry.device, entry.hard_links)


def _nothing(_limit: int) -> bytes:
    return b""


def _reader(path: str, pieces: Pieces, size: int, late: list[Note]) -> Callable[[int], bytes]:
    """Reads a file when asked; what turns out to be damaged is noted."""

    def read(limit: int) -> bytes:
        data, lost = content(pieces, max(0, min(limit, size)))
        if lost:
            why = lost[0] + (f" (and {len(lost) - 1} more)" if len(lost) > 1 else "")
            late.append(Note(path, "a part of the file could not be read and is shown as zeros", why))
        return data

    return read


def assembled(top: Volume, spans: list[Span], total: int, limits: Limits) -> Tree:
    """The tree: the root file system at '/', everything else below the path of what held it."""
    root = root_volume(top)
    assembly = _Assembly(root, limits)
    assembly.volume(root, "")
    if root is not top:
        base = f"/@0x{top.offset or 0:x}-{top.format}" if top.entries else ""
        if base:
            assembly.volume(top, base)
        else:
            _insides(assembly, top)
    nodes = tuple(assembly.nodes[path] for path in sorted(assembly.nodes))
    layers = tuple(volume.format for volume in top.way_to(root))
    roots = tuple(sorted(set(assembly.roots))) or ("/",)
    return Tree(nodes, tuple(spans), tuple(assembly.notes), layers, total, roots, assembly.late)


def _insides(assembly: _Assembly, top: Volume) -> None:
    """The parts of an image that has no names of its own, each below a folder named after it; the root is placed."""
    for note in top.notes:
        assembly.note(note.where, note)
    for parts, inner in top.inside:
        if inner is not assembly.root:
            assembly.volume(inner, "".join(f"/{name_of(part)}" for part in parts))
