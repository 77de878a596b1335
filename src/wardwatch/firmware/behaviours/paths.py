"""In: paths with holes. Out: whether one may lie below another, on both sides of the hole; names and folders."""

import posixpath
from fnmatch import fnmatchcase
from typing import Final

from wardwatch.firmware.words import Text

GLOB_SIGNS: Final = frozenset("*?[")


def stem(path: Text) -> str:
    """The literal beginning, up to the first hole or glob sign."""
    first = path.parts[0] if path.parts and isinstance(path.parts[0], str) else ""
    cut = min((first.find(sign) for sign in GLOB_SIGNS if sign in first), default=len(first))
    return first[:cut]


def is_exact(path: Text) -> bool:
    """Whether the path is known whole, without hole or glob."""
    literal = path.literal
    return literal is not None and bool(literal) and not GLOB_SIGNS.intersection(literal)


def absolute(path: Text, folder: str) -> Text:
    """`path` seen from `folder`; unchanged where its beginning is a hole or the folder is not known."""
    first = path.parts[0] if path.parts else ""
    if not isinstance(first, str) or not first or first.startswith(("/", "$", "~", "|")) or not folder:
        return path
    joined = posixpath.join(folder, first.removeprefix("./"))
    return Text((joined, *path.parts[1:]))


def clean(text: str) -> str:
    """A path without doubled or trailing slashes."""
    return posixpath.normpath(text).replace("//", "/") if text else ""


def below(path: Text, folder: Text) -> bool | None:
    """Whether `path` is `folder` or lies in it; None where a hole leaves that open."""
    if is_exact(folder):
        return _below_known(path, clean(folder.literal or ""))
    if folder.parts == path.parts and folder.parts:
        return True
    known = stem(folder)
    mine = stem(path)
    return None if not known or not mine or mine.startswith(known) or known.startswith(mine) else False


def _below_known(path: Text, folder: str) -> bool | None:
    known = stem(path)
    whole = path.literal is not None and known == path.literal
    shown = clean(known) if known else ""
    if shown == folder or (known and (shown + "/").startswith(folder.rstrip("/") + "/")):
        return True
    if whole:
        return False
    return None if not known or folder.startswith(known) else False


def same(one: Text, other: Text) -> bool | None:
    """Whether both name one file; None where a hole or a glob leaves that open."""
    if one.parts and one.parts == other.parts:
        return True
    if is_exact(one) and is_exact(other):
        return clean(one.literal or "") == clean(other.literal or "")
    return None if _may_meet(one, other) else False


def _may_meet(one: Text, other: Text) -> bool:
    a, b = pattern(one), pattern(other)
    if not a or not b:
        return False
    if is_exact(other):
        return fnmatchcase(b, a)
    if is_exact(one):
        return fnmatchcase(a, b)
    left, right = stem(one), stem(other)
    return left.startswith(right) or right.startswith(left)


def pattern(path: Text) -> str:
    """The path as a glob: every hole is a star."""
    return "".join(part if isinstance(part, str) else "*" for part in path.parts)


def name(path: Text) -> str:
    """The last part of a path, holes as stars; '' where the path ends in a slash or nothing is known."""
    return pattern(path).rpartition("/")[2]
