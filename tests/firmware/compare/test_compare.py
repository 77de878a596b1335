"""Two versions told in lines, and what the comparison must say of each finding of the old one."""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from wardwatch.firmware.behaviours.measures import measures
from wardwatch.firmware.compare.changes import Compared, compare
from wardwatch.firmware.compare.side import Side
from wardwatch.firmware.gaps import gaps_of
from wardwatch.vocabulary import Asked, judge

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.play"))


def side(name: str, text: str, play: Callable[[str], Any]) -> Side:
    book = play(text)
    scene = book.scene
    bodies = re.split(r"^(?=program |script |file )", text, flags=re.MULTILINE)
    contents = {body.split()[1]: body for body in bodies if body.startswith(("program", "script", "file"))}
    hashes = {path: sha256(body.encode()).hexdigest() for path, body in contents.items()}
    return Side(name, scene, book.findings, tuple(gaps_of(scene)), hashes, lambda path: contents.get(path, "").encode())


def run(text: str, play: Callable[[str], Any]) -> tuple[dict[str, str], Compared]:
    head, old, new = re.split(r"^=== (?:old|new)\n", text, flags=re.MULTILINE)
    expected = dict(line.split(None, 1) for line in head.splitlines() if line and not line.startswith("#"))
    return expected, compare(side("old", old, play), side("new", new, play), tuple(measures().values()))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_says(sample: Path, play: Callable[[str], Any]) -> None:
    expected, compared = run(sample.read_text(), play)
    verdict = judge(compared.findings, compared.gaps, Asked.PATCH).verdict.value
    told = {change.rule: f"{change.verdict} {change.why}" for change in compared.comparison.changes}
    assert verdict == expected.pop("verdict"), told
    for rule, wanted in expected.items():
        outcome, _, words = wanted.partition(" ")
        said = [c for c in compared.comparison.changes if c.rule == rule]
        assert {change.verdict for change in said} == {outcome}, said
        assert any(words in change.why for change in said), [change.why for change in said]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_fixed_names_what_was_checked(sample: Path, play: Callable[[str], Any]) -> None:
    _, compared = run(sample.read_text(), play)
    for change in compared.comparison.changes:
        assert (change.verdict == "fixed") == bool(change.checked)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_version_compared_with_itself_fixes_nothing(sample: Path, play: Callable[[str], Any]) -> None:
    _, old, _ = re.split(r"^=== (?:old|new)\n", sample.read_text(), flags=re.MULTILINE)
    compared = compare(side("old", old, play), side("new", old, play))
    assert "fixed" not in {change.verdict for change in compared.comparison.changes}
