"""In: an image, a folder, a program or a script. Out: what it does, how that is reached, what could not be seen.

This is the one module of the domain that joins reading (I/O) to understanding (pure).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from wardwatch.dissection import Component, Dissection, Instruction, Stretch
from wardwatch.errors import InputError
from wardwatch.vocabulary import EVERYTHING, Examined, Finding, Gap, Subject, SubjectKind, judge

from .behaviours.measures import Measure
from .drawing import audits_drawn, chain_drawn
from .gaps import gaps_of
from .image import open_image
from .inventory import Match as Known
from .inventory import components, matched
from .judging import Code, findings_of, scene_of
from .libraries import loading
from .machine_code import analyse
from .programs.binary import Binary
from .programs.load import load
from .reading import Progress, Read, read_code
from .scene import Match, Scene
from .scripts import Files, commands_of
from .startup import StartUpMap, map_of
from .tree import Node, SpanState, Tree
from .words import Call, CodeFacts, Edge, Place, Text, Unread

PROGRAM, IMAGE = "program", "firmware image"
KERNEL_FOLDER: Final = "/kernel/"
LAYERS_OF_ONE: Final = 1
PROGRAMS_OPEN: Final = 4


@dataclass(frozen=True, slots=True)
class Question:
    """How to look: which measures to judge, which YARA rules to apply, whether to show the code around each call."""

    measures: tuple[Measure, ...] = ()
    yara: Path | None = None
    progress: Progress | None = None
    show_code: bool = True


@dataclass(frozen=True)
class Answer:
    """Everything seen of one image. `content` reads one of its files."""

    examined: Examined
    subject: Subject
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    dissection: Dissection
    scene: Scene
    hashes: Mapping[str, str]
    content: Callable[[str], bytes]


def examine_image(source: Path, question: Question) -> Answer:
    """What the image holds; InputError where it cannot be read at all."""
    tree = open_image(source)
    files = Files(tree.nodes)
    read = read_code(tree, files, analyse, question.progress)
    alone = is_alone(tree)
    if alone:
        _readable(source, read)
    started = map_of(files)
    known = matched(files, question.yara)
    found = tuple(map(_match, known.found))
    parts = tuple(components(files))
    loads = tuple(loading(parts, read.same))
    code = code_of(source.name, read, started, found, loads, alone=alone)
    scene = scene_of(code, _reader(files), resolver(files, read))
    findings = findings_of(scene)
    gaps = (
        *gaps_of(scene), *_gaps_of_tree(source.name, tree), *_modules(source.name, read),
        *_not_compared(source.name, known.unread),
    )  # fmt: skip
    kind = SubjectKind.PROGRAM if alone else SubjectKind.IMAGE
    subject = Subject(source.name, kind, source.name, judge(findings, gaps))
    drawn = dissection(scene, tree, started, parts, question, _code_shower(files, question))
    return Answer(
        examined(source, tree, alone=alone), subject, findings, gaps, drawn, scene, read.hashes, reader(files)
    )


def is_alone(tree: Tree) -> bool:
    """Whether the input is one program or script by itself."""
    return len(tree.nodes) == 1 and len(tree.layers) <= LAYERS_OF_ONE


def _readable(source: Path, read: Read) -> None:
    """InputError where the one program given could not be loaded at all."""
    for facts in read.facts.values():
        if not facts.functions and not facts.calls and any(each.what == "the program" for each in facts.unread):
            raise InputError(
                f"a Linux program that cannot be read: {facts.unread[0].why}", where=str(source),
                cure="Give the whole file, as it lies in the image.",
            )  # fmt: skip


def code_of(  # noqa: PLR0913  # what the code of an image is made of
    name: str, read: Read, started: StartUpMap, found: tuple[Match, ...], loads: tuple[Edge, ...], *, alone: bool
) -> Code:
    """All code of an image: its programs and scripts, and the commands that stand in its configuration."""
    facts = dict(read.facts)
    for file, extra in _configured(started).items():
        known = facts.get(file)
        facts[file] = _joined(known, extra) if known else extra
    return Code(name, facts, (*started.edges, *loads), read.programs, found, alone, started.roots)


def _configured(started: StartUpMap) -> Mapping[str, CodeFacts]:
    """Commands that stand in configurations themselves (inittab, crontab, fstab), as code of these files."""
    files = {call.at.file for call in started.calls} | {unread.at.file for unread in started.unread}
    return {
        file: CodeFacts(
            file, "configuration", tuple(call for call in started.calls if call.at.file == file),
            unread=tuple(unread for unread in started.unread if unread.at.file == file),
        )
        for file in sorted(files)
    }  # fmt: skip


def _joined(known: CodeFacts, extra: CodeFacts) -> CodeFacts:
    return replace(known, calls=(*known.calls, *extra.calls), unread=(*known.unread, *extra.unread))


def _reader(files: Files) -> Callable[[Text, Place], Iterable[Call]]:
    """`commands_of`, each text read once."""

    @cache
    def read(text: Text, at: Place) -> tuple[Call, ...]:
        return tuple(commands_of(text, at, files))

    return read


def resolver(files: Files, read: Read) -> Callable[[Text], tuple[str, ...]]:
    """Files of the image that the name of a program leads to, links followed, identical ones as the first of them."""

    @cache
    def resolve(target: Text) -> tuple[str, ...]:
        literal = target.literal
        if not literal:
            return ()
        node = files.program(literal)
        path = node.path if node else ""
        found = read.same.get(path, path)
        return (found,) if found in read.facts else ()

    return resolve


def reader(files: Files) -> Callable[[str], bytes]:
    """The content of a file by its path."""
    return lambda path: _content(files, path)


def _content(files: Files, path: str) -> bytes:
    node = files.find(path)
    return node.read(node.size) if node else b""


def _match(known: Known) -> Match:
    name = known.name or f"sha256:{known.sha256}"
    return Match(known.path, name, known.about or f"it fits the rule {known.name}", known.source, f"by {known.by}")


def _not_compared(subject: str, unread: Iterable[Unread]) -> Iterator[Gap]:
    for each in unread:
        yield Gap(subject, f"{each.at.file}: {each.what}", each.why, each.bears_on, {"file": each.at.file})


def _gaps_of_tree(subject: str, tree: Tree) -> Iterator[Gap]:
    for note in tree.all_notes:
        yield Gap(subject, f"{note.where}: {note.what}", note.why, (EVERYTHING,) if note.is_gap else ())
    for span in tree.spans:
        if span.state is SpanState.NOT_UNDERSTOOD:
            what = f"{span.size} bytes at 0x{span.offset:x}"
            why = f"{span.what or 'no known format'}; {span.entropy:.1f} bits of entropy a byte"
            where = {"offset": span.offset, "size": span.size, "entropy": round(span.entropy, 2)}
            yield Gap(subject, what, why, (EVERYTHING,), where)


def _modules(subject: str, read: Read) -> Iterator[Gap]:
    """Kernel modules: those beside the kernel's own folder leave every question open, its own are a remark."""
    groups: dict[bool, list[str]] = defaultdict(list)
    for path in read.modules:
        groups[KERNEL_FOLDER in path].append(path)
    for own, paths in sorted(groups.items()):
        what = f"{len(paths)} kernel modules ({', '.join(paths[:3])}{', …' if len(paths) > 3 else ''})"  # noqa: PLR2004  # shown
        yield Gap(
            subject, what, "kernel modules are named, not analysed", () if own else (EVERYTHING,), {"file": paths[0]}
        )


def examined(source: Path, tree: Tree, *, alone: bool) -> Examined:
    """The input as it was read."""
    size = source.stat().st_size if source.is_file() else sum(node.size for node in tree.nodes)
    digest = _digest(source) if source.is_file() else None
    total = tree.total or size
    lost = sum(span.size for span in tree.spans if span.state is SpanState.NOT_UNDERSTOOD)
    return Examined(str(source), PROGRAM if alone else IMAGE, size, max(0, total - lost), total, "bytes", digest)


def _digest(source: Path) -> str:
    hasher = sha256()
    with source.open("rb") as stream:
        while block := stream.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()


def _code_shower(files: Files, question: Question) -> Callable[[Place], tuple[Instruction, ...]]:
    if not question.show_code:
        return lambda _place: ()
    from .programs.disassembly import around  # noqa: PLC0415  # only where code is shown

    @lru_cache(maxsize=PROGRAMS_OPEN)
    def opened(path: str) -> Binary | None:
        try:
            return load(_content(files, path))
        except InputError:
            return None

    def show(place: Place) -> tuple[Instruction, ...]:
        binary = opened(place.file) if place.address is not None else None
        return around(binary, place.address) if binary is not None and place.address is not None else ()

    return show


def dissection(  # noqa: PLR0913, PLR0917  # the parts of a dissection
    scene: Scene, tree: Tree, started: StartUpMap, parts: Sequence[Component], question: Question,
    disassemble: Callable[[Place], tuple[Instruction, ...]],
) -> Dissection:  # fmt: skip
    """Everything there is to show."""
    whole = [chain for chain in scene.chains if chain.is_whole]
    return Dissection(
        scene.subject,
        tuple(chain_drawn(scene, chain, question.measures, disassemble) for chain in whole),
        tuple(Stretch(span.offset, span.size, span.state.value, span.what, span.entropy) for span in tree.spans),
        started.entries,
        tuple(parts),
        tuple(audits_drawn(scene, whole)),
        tree.layers,
        sum(facts.code_bytes for facts in scene.facts.values()),
        sum(len(facts.functions) for facts in scene.facts.values()),
    )


def of_tree(nodes: Iterable[Node]) -> Tree:
    """A tree of these nodes alone, for tests and for what is no image."""
    return Tree(tuple(nodes), ())
