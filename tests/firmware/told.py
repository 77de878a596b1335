"""In: playbooks of two versions. Out: the report a comparison makes of them, for tests of documents."""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from wardwatch.dissection import Dissection
from wardwatch.firmware.behaviours.measures import measures
from wardwatch.firmware.compare.changes import compare
from wardwatch.firmware.compare.side import Side
from wardwatch.firmware.drawing import audits_drawn, chain_drawn
from wardwatch.firmware.gaps import gaps_of
from wardwatch.vocabulary import Asked, Examined, Report, Subject, SubjectKind, judge

EXAMPLES = Path(__file__).parent / "examples"
Play = Callable[[str], Any]


def side(name: str, text: str, play: Play) -> Side:
    """One version. A file's content is what the playbook says of it."""
    book = play(text)
    scene = book.scene
    bodies = re.split(r"^(?=program |script |file )", text, flags=re.MULTILINE)
    contents = {body.split()[1]: body for body in bodies if body.startswith(("program", "script", "file"))}
    hashes = {path: sha256(body.encode()).hexdigest() for path, body in contents.items()}
    return Side(name, scene, book.findings, tuple(gaps_of(scene)), hashes, lambda path: contents.get(path, "").encode())


def drawn(one: Side) -> Dissection:
    """What documents show of one version."""
    whole = [chain for chain in one.scene.chains if chain.is_whole]
    chains = tuple(chain_drawn(one.scene, chain, measures().values()) for chain in whole)
    functions = sum(len(facts.functions) for facts in one.scene.facts.values())
    return Dissection(one.name, chains, audit=tuple(audits_drawn(one.scene, whole)), functions=functions)


def report(old: Side, new: Side) -> Report:
    """The whole report of a comparison."""
    compared = compare(old, new, tuple(measures().values()))
    judgement = judge(compared.findings, compared.gaps, Asked.PATCH)
    inputs = tuple(Examined(one.name, "firmware image", 4096, 4096, 4096, "bytes") for one in (old, new))
    subject = Subject(new.name, SubjectKind.IMAGE, new.name, judgement)
    return Report(
        judgement, inputs, (subject,), dissections=(drawn(old), drawn(new)), comparison=compared.comparison
    )  # fmt: skip


def example(old: str, new: str, play: Play) -> Report:
    """The report on two of the examples, by version."""
    one, other = (side(f"cms8000-{name}", (EXAMPLES / f"cms8000-{name}.play").read_text(), play) for name in (old, new))
    return report(one, other)
