"""Each rule fires on its samples as they say, and stays silent on its benign twins."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wardwatch.knowledge.catalogue import rules
from wardwatch.vocabulary import Severity

SAMPLES = Path(__file__).parent / "samples"
RULES = sorted(name for name in rules() if name.startswith("traffic."))


def _samples(kind: str) -> list[Any]:
    found = [(rule, path) for rule in RULES for path in sorted((SAMPLES / rule / kind).glob("*.play"))]
    return [pytest.param(rule, path, id=f"{rule}-{path.stem}") for rule, path in found]


@pytest.mark.parametrize(("rule", "sample"), _samples("fires"))
def test_fires(rule: str, sample: Path, play: Callable[[str], Any]) -> None:
    book, answer = play(sample.read_text())
    said = sorted((finding.severity.value, finding.subject) for finding in answer.findings if finding.rule == rule)
    assert book.fires, f"{sample.name} does not say what must be found"
    assert said == sorted(book.fires)


@pytest.mark.parametrize(("rule", "sample"), _samples("silent"))
def test_stays_silent(rule: str, sample: Path, play: Callable[[str], Any]) -> None:
    book, answer = play(sample.read_text())
    assert not book.fires
    said = [f for f in answer.findings if f.rule == rule and f.severity is not Severity.INFO]
    assert not said
    assert any(examined.total for examined in answer.inputs), "the sample holds no packets"
