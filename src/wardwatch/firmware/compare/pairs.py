"""In: two versions. Out: which file and function of one is which of the other, though addresses moved."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from wardwatch.dissection import Moved
from wardwatch.firmware.words import CodeFacts

from .side import Side

Signature = tuple[str, ...]
_ADDRESS: Final = re.compile(r"0x[0-9a-f]+|sub_[0-9a-f]+| \(\d+ (?:places|times)\)")


@dataclass(frozen=True, slots=True)
class Pairs:
    """`files` leads from old paths to new ones; `same` are those with the same content."""

    files: Mapping[str, str]
    same: frozenset[str]
    moved: tuple[Moved, ...]
    unchanged_functions: int = 0


def pairs_of(old: Side, new: Side) -> Pairs:
    """Files by name, then by content, then programs by what their functions look like."""
    files = {path: path for path in old.hashes if path in new.hashes}
    files |= _by_content(old, new, files)
    files |= _by_shape(old, new, files)
    same = frozenset(path for path, other in files.items() if old.hashes[path] == new.hashes[other])
    functions = list(_functions(old, new, files, same))
    unchanged = sum(len(old.scene.facts[path].functions) for path in same if path in old.scene.facts)
    unchanged += sum(1 for move in functions if move is None)
    moved = (*_file_moves(old, new, files, same), *(move for move in functions if move is not None))
    return Pairs(files, same, tuple(moved), unchanged)


def are_versions(old: Side, new: Side, pairs: Pairs) -> bool:
    """Whether one looks like a version of the other: some program or script of the old has its like in the new.

    Two files of code, each by itself, are taken to be what the user says they are.
    """
    if old.scene.graph.alone and new.scene.graph.alone:
        return bool(old.scene.facts and new.scene.facts)
    return any(path in old.scene.facts and other in new.scene.facts for path, other in pairs.files.items())


def _by_content(old: Side, new: Side, files: Mapping[str, str]) -> dict[str, str]:
    taken = set(files.values())
    free: dict[str, list[str]] = defaultdict(list)
    for path in sorted(new.hashes):
        if path not in taken:
            free[new.hashes[path]].append(path)
    found = {}
    for path in sorted(old.hashes):
        if path not in files and free.get(old.hashes[path]):
            found[path] = free[old.hashes[path]].pop(0)
    return found


def _by_shape(old: Side, new: Side, files: Mapping[str, str]) -> dict[str, str]:
    """Programs that were renamed: most of the smaller one's functions have their like in the other."""
    taken = set(files.values())
    found: dict[str, str] = {}
    for path in sorted(set(old.scene.facts) - set(files)):
        mine = set(signatures(old.scene.facts[path]).values())
        best = max(
            ((len(mine & set(signatures(new.scene.facts[other]).values())), other)
             for other in sorted(new.scene.facts) if other not in taken),
            default=(0, ""),
        )  # fmt: skip
        if mine and best[0] * 2 > len(mine):
            found[path] = best[1]
            taken.add(best[1])
    return found


def signatures(facts: CodeFacts) -> dict[str, Signature]:
    """What a function looks like whatever its address: its fingerprint, else the calls it makes with their texts."""
    calls: dict[str, list[str]] = defaultdict(list)
    for call in facts.calls:
        calls[call.at.function].append(plain(f"{call.name}({', '.join(map(str, call.arguments))})"))
    return {name: (facts.shapes.get(name, ""), *calls.get(name, ())) for name in facts.functions}


def plain(text: str) -> str:
    """Text without what changes when addresses move."""
    return _ADDRESS.sub("", text)


def function_pairs(old: CodeFacts, new: CodeFacts) -> dict[str, str]:
    """Functions of two versions of a file: by name where it is a symbol, then by what they look like."""
    found = {name: name for name in old.functions if name in new.functions and not _is_address(name)}
    taken = set(found.values())
    free: dict[Signature, list[str]] = defaultdict(list)
    theirs = signatures(new)
    for name in sorted(theirs, key=lambda each: new.functions[each]):
        if name not in taken and any(theirs[name]):
            free[theirs[name]].append(name)
    mine = signatures(old)
    for name in sorted(mine, key=lambda each: old.functions[each]):
        if name not in found and free.get(mine[name]):
            found[name] = free[mine[name]].pop(0)
    return found


def _is_address(name: str) -> bool:
    return name.startswith("sub_")


def _file_moves(old: Side, new: Side, files: Mapping[str, str], same: frozenset[str]) -> Iterator[Moved]:
    for path in sorted(old.hashes):
        other = files.get(path)
        kind = "program" if path in old.scene.facts else "file"
        if other is None:
            yield Moved(kind, "vanished", path, "")
        elif other != path:
            yield Moved(kind, "moved", path, other, "same content" if path in same else "alike by its functions")
        elif path not in same:
            yield Moved(kind, "changed", path, other)
    for path in sorted(set(new.hashes) - set(files.values())):
        yield Moved("program" if path in new.scene.facts else "file", "appeared", "", path)


def _functions(old: Side, new: Side, files: Mapping[str, str], same: Iterable[str]) -> Iterator[Moved | None]:
    """Functions of changed programs; None stands for one that did not change."""
    for path in sorted(set(old.scene.facts) - set(same)):
        other = files.get(path)
        if other is None or other not in new.scene.facts:
            continue
        before, after = old.scene.facts[path], new.scene.facts[other]
        pairs = function_pairs(before, after)
        mine, theirs = signatures(before), signatures(after)
        for name in sorted(before.functions):
            names = (f"{path}: {name}", f"{other}: {pairs.get(name, '')}")
            yield _function(names, mine[name], theirs.get(pairs.get(name, "")))
        for name in sorted(set(after.functions) - set(pairs.values())):
            yield Moved("function", "appeared", "", f"{other}: {name}", _calls(theirs[name]))


def _function(names: tuple[str, str], mine: Signature, theirs: Signature | None) -> Moved | None:
    if theirs is None:
        return Moved("function", "vanished", names[0], "", _calls(mine))
    if mine != theirs:
        return Moved("function", "changed", *names, _calls(theirs))
    return Moved("function", "moved", *names) if names[0].rpartition(": ")[2] != names[1].rpartition(": ")[2] else None


def _calls(signature: Signature) -> str:
    return "; ".join(signature[1:4])
