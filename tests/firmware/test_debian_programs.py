"""In: programs that Debian ships for four architectures. Out: whether anything is found in them that is not there."""

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from wardwatch.firmware.examine import Question, examine_image
from wardwatch.vocabulary import Finding, Severity

ROOT = Path(__file__).resolve().parents[2]
ENOUGH = 100
NEVER = ("firmware.reverse-backdoor", "firmware.overwrites-programs")


def debian() -> ModuleType:
    spec = importlib.util.spec_from_file_location("debian_programs", ROOT / "benchmarks" / "debian.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.long
@pytest.mark.parametrize("architecture", ["armel", "armhf", "mipsel", "arm64"])
def test_nothing_is_found_in_what_debian_ships(architecture: str) -> None:
    programs = debian().programs(architecture)
    if not programs:
        pytest.skip("Debian's programs can't be downloaded here: no apt, or no network")
    assert len(programs) >= ENOUGH, "too few programs for the promise: name more packages in benchmarks/debian.py"
    wrong: list[tuple[str, Finding]] = []
    examined: Counter[bool] = Counter()
    for name, path in programs.items():
        answer = examine_image(path, Question(show_code=False))
        examined[any(facts.code_bytes for facts in answer.scene.facts.values())] += 1
        wrong += [(name, finding) for finding in answer.findings if is_wrong(finding)]
    assert wrong == []
    assert examined[True] >= ENOUGH, "what was not read cannot be found wrong"


def is_wrong(finding: Finding) -> bool:
    """A fixed peer is right only where something explains it: then it is a note."""
    if finding.rule == "firmware.hard-coded-peer":
        return finding.severity is not Severity.INFO
    return finding.rule in NEVER
