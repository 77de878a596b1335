"""Each rule fires on its samples as they say, and stays silent on its benign twins."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wardwatch.knowledge.catalogue import rules
from wardwatch.vocabulary import Finding, Severity

SAMPLES = Path(__file__).parent / "samples"
SURE = 0.95
RULES = sorted(name for name in rules() if name.startswith("firmware."))


def _samples(kind: str) -> list[Any]:
    found = [(rule, path) for rule in RULES for path in sorted((SAMPLES / rule / kind).glob("*.play"))]
    return [pytest.param(rule, path, id=f"{rule}-{path.stem}") for rule, path in found]


def _said(finding: Finding, keys: list[str]) -> tuple[str, ...]:
    wheres = [evidence.where for evidence in finding.evidence]
    shown = {
        "trigger": {str(where.get("trigger")) for where in wheres},
        "peer": {str(where["peer"]) for where in wheres if "peer" in where},
        "file": {str(where["file"]) for where in wheres},
        "sure": {"yes" if finding.confidence >= SURE else "no"},
    }
    return (finding.severity.value, *("|".join(sorted(shown[key])) for key in keys))


@pytest.mark.parametrize(("rule", "sample"), _samples("fires"))
def test_fires(rule: str, sample: Path, play: Callable[[str], Any]) -> None:
    book = play(sample.read_text())
    assert book.fires, f"{sample.name} does not say what must be found"
    keys = sorted({key for _, wanted in book.fires for key in wanted if key != "says"})
    findings = [finding for finding in book.findings if finding.rule == rule]
    said = sorted(_said(finding, keys) for finding in findings)
    assert said == sorted((severity, *(wanted.get(key, "") for key in keys)) for severity, wanted in book.fires)
    for _, wanted in book.fires:
        assert any(wanted.get("says", "") in finding.summary for finding in findings), [f.summary for f in findings]


@pytest.mark.parametrize(("rule", "sample"), _samples("silent"))
def test_stays_silent(rule: str, sample: Path, play: Callable[[str], Any]) -> None:
    book = play(sample.read_text())
    assert not book.fires
    assert any(facts.calls for facts in book.facts.values()) or book.facts, "the sample holds no code"
    said = [f for f in book.findings if f.rule == rule and f.severity is not Severity.INFO]
    assert not said, said
