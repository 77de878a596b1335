"""In: an image or a program, keys and a time. Out: what it does by its code and by being watched, as one report."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from wardwatch.errors import UsageError
from wardwatch.firmware.examine import Answer
from wardwatch.firmware.image import open_image
from wardwatch.firmware.tree import Node, NodeKind, Tree, resolve
from wardwatch.lab import session
from wardwatch.lab.emulator import architecture, emulator
from wardwatch.lab.seen import Run, run_from_json
from wardwatch.vocabulary import EVERYTHING, Gap, Report, SubjectKind, judge

from .firmware import FirmwareRequest, examine
from .firmware_seen import Act, acts, joined, unseen

ENTRY: Final = "wardwatch.workflows.firmware_inside:answer"
FIRST_PROGRAMS: Final = ("/sbin/init", "/init", "/linuxrc", "/etc/init.d/rcS")
MOST_PROGRAMS: Final = 6
_MARGIN: Final = 60.0
_HEAD: Final = 64
_NAMES: Final = 64
_SETTINGS: Final = 64 << 10
_STAND_IN: Final = "#!/bin/sh\n# wardwatch's stand-in for a remote {}\necho stand-in\n"
_VERSION: Final = "~ wardwatch's stand-in\n"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What to run. `programs` none: those in which the code analysis found something, else the image's first one.

    `until`: go on, after `seconds` and up to `patience`, until that kind of thing was seen.
    """

    programs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    keys: str = ""
    seconds: float = 8.0
    documents: bool = False
    progress: Callable[[int], None] | None = None
    until: str = ""
    patience: float = 0.0


@dataclass(frozen=True, slots=True)
class Watched:
    """The report with what was seen in it, each run by itself, and what a rule speaks of in them."""

    report: Report
    runs: tuple[Run, ...]
    acts: tuple[Act, ...]
    read: Answer


def run(path: Path, request: RunRequest) -> Watched:
    """InputError where the image cannot be read, UsageError for a program that is not in it."""
    read = examine(path, FirmwareRequest(documents=request.documents, progress=request.progress))
    tree = open_image(path)
    alone = read.subject.kind is SubjectKind.PROGRAM
    programs = tuple(_programs(tree, read, request, alone=alone))
    gaps: list[Gap] = []
    runs = [_run(path, tree, program, request, alone=alone) for program in programs if _runs(tree, program, read, gaps)]
    is_configured = _configured(tree, request.arguments)
    seen = tuple(act for each in runs for act in acts(each, is_configured))
    return Watched(_report(read, runs, seen, gaps), tuple(runs), seen, read)


def _report(read: Answer, runs: list[Run], seen: tuple[Act, ...], gaps: list[Gap]) -> Report:
    name = read.subject.id
    findings = joined(name, read.findings, seen)
    remarks = [Gap(name, f"{each.program}: the run", note) for each in runs for note in _notes(each)]
    if runs:
        remarks += unseen(name, read.findings, seen, runs)
    judgement = judge(
        sorted(findings, key=lambda f: (f.severity.rank, f.rule, f.subject, f.id)), (*read.gaps, *gaps, *remarks)
    )
    subject = replace(read.subject, judgement=judgement)
    return Report(judgement, (read.examined,), (subject,), dissections=(read.dissection,))


def _notes(each: Run) -> Iterator[str]:
    yield from each.notes
    if each.dropped:
        yield f"{each.dropped} further things it did were not kept"


def _programs(tree: Tree, read: Answer, request: RunRequest, *, alone: bool) -> Iterator[str]:
    if alone:
        yield next(node.path for node in tree.nodes)
        return
    if request.programs:
        for program in request.programs:
            if _file(tree, program) is None:
                raise UsageError("is not in the image", where=program, cure="Name a program by its path in the image.")
            yield program
        return
    named = dict.fromkeys(
        str(evidence.where["file"]) for finding in read.findings for evidence in finding.evidence
        if evidence.where.get("address")
    )  # fmt: skip
    chosen = [path for path in named if _file(tree, path) is not None][:MOST_PROGRAMS]
    first = [path for path in FIRST_PROGRAMS if _file(tree, path) is not None][:1]
    if not chosen and not first:
        raise UsageError("no program to begin with was found", where=read.subject.name, cure="Name one with --program.")
    yield from chosen or first


def _file(tree: Tree, path: str) -> Node | None:
    node = resolve(tree, path)
    return node if node and node.kind is NodeKind.FILE else None


def _head(tree: Tree, path: str) -> bytes:
    """The first bytes of the machine code that runs: of a script, those of its interpreter."""
    node = _file(tree, path)
    head = node.read(_HEAD) if node else b""
    if head[:2] == b"#!":
        words = head[2:].split(b"\n")[0].split()
        node = _file(tree, words[0].decode("utf-8", "replace")) if words else None
        head = node.read(_HEAD) if node else b""
    return head[:20]


def _runs(tree: Tree, program: str, read: Answer, gaps: list[Gap]) -> bool:
    """Whether this machine can run it; if not, that is a gap."""
    head = _head(tree, program)
    if emulator(head):
        return True
    kind = architecture(head)
    why = f"no static qemu-{kind} is installed (Debian: qemu-user-static)" if kind else "it is no program for Linux"
    gaps.append(Gap(read.subject.id, f"{program}: a run", why, (EVERYTHING,), {"file": program}))
    return False


def _run(path: Path, tree: Tree, program: str, request: RunRequest, *, alone: bool) -> Run:
    question = {
        "image": str(path.resolve()), "alone": alone, "program": program, "arguments": request.arguments,
        "keys": request.keys, "seconds": request.seconds, "head": _head(tree, program).decode("latin-1"),
        "share": share(tree.nodes), "until": request.until, "patience": request.patience,
    }  # fmt: skip
    answer = session.call(
        ENTRY, json.dumps(question).encode(), seconds=max(request.seconds, request.patience) + _MARGIN
    )
    return run_from_json(json.loads(answer))


def share(nodes: Iterable[Node]) -> dict[str, str]:
    """What every remote share offers: a harmless script under each name that a program of the image has."""
    names = sorted({node.path.rpartition("/")[2] for node in nodes if node.kind is NodeKind.FILE and node.mode & 0o111})
    return stand_ins(names[:_NAMES])


def stand_ins(names: Iterable[str]) -> dict[str, str]:
    """A harmless script under each name, and the version they are."""
    return {name: _STAND_IN.format(name) for name in names} | {"version": _VERSION}


def _configured(tree: Tree, arguments: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a peer stands in a settings file of the image, so that the site may change it, or was given."""
    settings = [
        node for node in tree.nodes
        if node.kind is NodeKind.FILE and not node.mode & 0o111 and 0 < node.size <= _SETTINGS
        and node.path.startswith("/etc/")
    ]  # fmt: skip

    @cache
    def is_configured(host: str) -> bool:
        given = any(host in each for each in arguments)
        return bool(host) and (given or any(host.encode() in node.read(node.size) for node in settings))

    return is_configured
