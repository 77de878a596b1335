"""In: the nodes of a tree. Out: files by path as a running system would find them, links followed within bounds."""

from collections.abc import Iterable, Iterator
from fnmatch import translate
from posixpath import dirname, join, normpath, split
from re import compile as compiled
from typing import TYPE_CHECKING, Final

from wardwatch.firmware.tree import Node, NodeKind

if TYPE_CHECKING:
    from wardwatch.firmware.words import CodeFacts

MOST_LINKS: Final = 16
MOST_MATCHES: Final = 512
WHERE_PROGRAMS_ARE: Final = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


def absolute(path: str) -> str:
    """`path` without `.`, `..` and doubled slashes; never outside the root."""
    return normpath("/" + path.lstrip("/"))


class Files:
    """A tree as a running system sees it. `remembered`: what was read of its scripts, by path and content."""

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        self._by_path = {node.path: node for node in nodes}
        self._paths = sorted(self._by_path)
        self.remembered: dict[tuple[str, bytes], CodeFacts] = {}
        self._folders: dict[str, list[str]] = {}
        self._names = {path.rpartition("/")[2] for path in self._paths}

    def __iter__(self) -> Iterator[Node]:
        """Every node, in the order of paths."""
        return (self._by_path[path] for path in self._paths)

    def __len__(self) -> int:
        """How many nodes there are."""
        return len(self._paths)

    def entry(self, path: str) -> Node | None:
        """What stands at `path` itself, a link not followed; links in the folders above are."""
        path = absolute(path)
        return self._by_path.get(path) or self._by_path.get(self._real(path, last=False) or "")

    def find(self, path: str) -> Node | None:
        """What `path` leads to, links followed; None where that is nothing or a loop."""
        path = absolute(path)
        node = self._by_path.get(path)
        if node and node.kind is not NodeKind.LINK:
            return node
        real = self._real(path) if path.rpartition("/")[2] in self._names else None
        return self._by_path.get(real) if real else None

    def program(self, name: str, path: Iterable[str] = WHERE_PROGRAMS_ARE) -> Node | None:
        """The file a shell would start for `name`."""
        if name.rpartition("/")[2] not in self._names:
            return None
        places = (name,) if "/" in name else tuple(join(folder, name) for folder in path)
        found = (self.find(place) for place in places)
        return next((node for node in found if node and node.kind is NodeKind.FILE), None)

    def inside(self, folder: str) -> tuple[str, ...]:
        """The paths directly inside `folder`, as seen through it, in order."""
        names = self._children().get(self._real(absolute(folder)) or "", ())
        return tuple(join(absolute(folder), name) for name in names)

    def _children(self) -> dict[str, list[str]]:
        """The names in each folder, in order; folders that have no entry of their own among them."""
        if not self._folders:
            names: dict[str, dict[str, None]] = {"/": {}}
            for path in self._paths:
                folder, name = split(path)
                while name and name not in names.setdefault(folder, {}):
                    names[folder][name] = None
                    folder, name = split(folder)
            self._folders = {folder: sorted(found) for folder, found in names.items()}
        return self._folders

    def matching(self, pattern: str) -> tuple[str, ...]:
        """The paths that a shell's pattern stands for, in order; a leading dot is not matched by a sign."""
        found: tuple[str, ...] = ("/",)
        for piece in absolute(pattern).strip("/").split("/"):
            found = tuple(path for folder in found for path in self._step(folder, piece))[:MOST_MATCHES]
        return tuple(path for path in found if self.entry(path) or self.inside(path))

    def _step(self, folder: str, piece: str) -> tuple[str, ...]:
        if not any(sign in piece for sign in "*?["):
            return (join(folder, piece),)
        match = compiled(translate(piece)).match
        names = ((path, path.rpartition("/")[2]) for path in self.inside(folder))
        return tuple(path for path, name in names if match(name) and name.startswith(".") <= piece.startswith("."))

    def _real(self, path: str, *, last: bool = True) -> str | None:
        """`path` with its links followed, as in path_resolution(7)."""
        done, left, links = "/", path.strip("/").split("/"), 0
        while left:
            piece = left.pop(0)
            done = dirname(done) if piece == ".." else normpath(join(done, piece))
            node = self._by_path.get(done)
            if node and node.kind is NodeKind.LINK and (left or last):
                links += 1
                if links > MOST_LINKS:
                    return None
                left = [part for part in node.target.split("/") if part] + left
                done = "/" if node.target.startswith("/") else dirname(done)
        return done
