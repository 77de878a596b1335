"""In: nothing. Out: a file tree as it was found in an image, whatever held it: the value every later step reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class NodeKind(StrEnum):
    """What kind of entry a file system or archive holds."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    DEVICE = "device"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Node:
    """One entry. `path` is absolute inside its tree, normalised, and cannot leave it; `target` is a link's text.

    `read(limit)` gives at most `limit` bytes of a file's content and never raises: holes are zeros, and what could not
    be read is zeros as well and an entry of the tree's `late` notes. `mode` holds the permissions with setuid, setgid
    and sticky; `device` is the major and minor number of a device; `hard_links` is the number of names, where known.
    """

    path: str
    kind: NodeKind
    size: int = 0
    mode: int = 0
    target: str = ""
    read: Callable[[int], bytes] = field(default=lambda _limit: b"", hash=False, compare=False, repr=False)
    device: tuple[int, int] | None = None
    hard_links: int = 1


class SpanState(StrEnum):
    """What became of a stretch of an image."""

    EXAMINED = "examined"
    PADDING = "padding"
    NOT_UNDERSTOOD = "not understood"


@dataclass(frozen=True, slots=True)
class Span:
    """`size` bytes from `offset` of the outermost file. `what` names the format; `entropy` is in bits a byte."""

    offset: int
    size: int
    state: SpanState
    what: str
    entropy: float = 0.0


@dataclass(frozen=True, slots=True)
class Note:
    """Something about the image that a person must know: damage, an odd name, a bound that was reached.

    `is_gap`: something was not seen because of it.
    """

    where: str
    what: str
    why: str
    is_gap: bool = True


@dataclass(frozen=True, slots=True)
class Tree:
    """What an image holds: nodes by path, in path order. Nested file systems stand below the path of what held them.

    The root file system's files keep their own paths ('/opt/bin/monitor'); those of further parts are below a folder
    named after the part ('/@0x140000-jffs2/...'). `spans` account for every byte of the image, in order, without
    overlap. `roots` are the paths at which a file system or archive begins: an absolute link stays below its own.
    `late` grows while contents are read: what turned out to be damaged only then.
    """

    nodes: tuple[Node, ...]
    spans: tuple[Span, ...]
    notes: tuple[Note, ...] = ()
    layers: tuple[str, ...] = ()
    total: int = 0
    roots: tuple[str, ...] = ("/",)
    late: list[Note] = field(default_factory=list, hash=False, compare=False, repr=False)
    index: Mapping[str, Node] = field(init=False, hash=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        index = MappingProxyType({node.path: node for node in self.nodes})
        object.__setattr__(self, "index", index)  # the one way to finish a frozen value

    @property
    def all_notes(self) -> tuple[Note, ...]:
        """Those of opening and those that came while contents were read, each once; in an order that is always so."""
        return (*self.notes, *sorted(set(self.late) - set(self.notes), key=lambda one: (one.where, one.what, one.why)))


LONGEST_CHAIN = 40
"""Links followed on one way, as Linux does (MAXSYMLINKS)."""
_LONGEST_WAY = 4096


def lookup(tree: Tree, path: str) -> Node | None:
    """The entry that stands at exactly this path; no link is followed."""
    return tree.index.get(path if path == "/" else "/" + path.strip("/"))


def root_of(tree: Tree, path: str) -> str:
    """The beginning of the file system or archive that `path` lies in: '/' or a path without a slash at its end."""
    holding = (root for root in tree.roots if root in {"/", path} or path.startswith(root + "/"))
    return max(holding, key=len, default="/")


def resolve(tree: Tree, path: str, *, last: bool = True) -> Node | None:
    """The entry that `path` leads to when links are followed as Linux does, inside the file system it lies in.

    None where nothing is there, or where links run in a circle. `last=False` leaves a link at the end as it is.
    """
    root = root_of(tree, path)
    base = "" if root == "/" else root
    ahead = _words(path[len(base) :])
    at, hops = "", 0
    while ahead:
        word = ahead.pop()
        if word == "..":
            at = at.rpartition("/")[0]
            continue
        node = tree.index.get(f"{base}{at}/{word}")
        if node is None:
            return None
        if node.kind is not NodeKind.LINK or not (ahead or last):
            at = f"{at}/{word}"
            continue
        hops += 1
        ahead += _words(node.target)
        if hops > LONGEST_CHAIN or len(ahead) > _LONGEST_WAY:
            return None
        at = "" if node.target.startswith("/") else at
    return tree.index.get(base + at or "/")


def _words(path: str) -> list[str]:
    """The steps of a path, the first one last."""
    return [word for word in reversed(path.split("/")) if word not in {"", "."}]
