"""In: nothing. Out: a file tree as it was found in an image, whatever held it: the value every later step reads."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


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
    be read is an entry of the image's notes.
    """

    path: str
    kind: NodeKind
    size: int = 0
    mode: int = 0
    target: str = ""
    read: Callable[[int], bytes] = field(default=lambda _limit: b"", hash=False, compare=False, repr=False)


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
    overlap.
    """

    nodes: tuple[Node, ...]
    spans: tuple[Span, ...]
    notes: tuple[Note, ...] = ()
    layers: tuple[str, ...] = ()
    total: int = 0
