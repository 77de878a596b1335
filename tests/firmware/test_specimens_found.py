"""In: builds of the specimens. Out: whether the analysis finds what is planted in them, and nothing that is not."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOOR = 0.8  # what holds today; the promise is 98 % on ARM and 95 % elsewhere, and `make bench` reports against it
FEW = (
    "literal_system",
    "sprintf_command",
    "strcat_command",
    "command_table",
    "wrapper_five",
    "exec_argv",
    "mount_direct",
)


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = ROOT / "benchmarks" / "firmware.py"
    spec = importlib.util.spec_from_file_location("benchmark_firmware", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_planted_facts_of_a_few_specimens_are_found_on_arm(bench: ModuleType) -> None:
    score = bench.Score()
    for specimen in bench.specimens("tuned"):
        if specimen.name in FEW:
            bench.recall_of(specimen, ("a32-gnu",), {("tuned", "a32-gnu"): score}, full=False)
    assert score.programs == len(FEW)
    assert score.missed == []
    assert score.false == 0


@pytest.mark.long
@pytest.mark.parametrize("half", ["tuned", "held-back"])
def test_planted_facts_are_found_for_every_target(bench: ModuleType, half: str) -> None:
    scores = bench.recall((half,), tuple(bench.TARGETS), full=False)
    assert {target for _, target in scores} == set(bench.TARGETS)
    assert {key: score.false for key, score in scores.items() if score.false} == {}
    low = {key: score.row for key, score in scores.items() if score.found < FLOOR * score.planted}
    assert low == {}


def test_a_miss_is_counted(bench: ModuleType) -> None:
    specimen = next(each for each in bench.specimens("tuned") if each.name == "literal_system")
    score = bench.Score()
    bench.judge(specimen, "none", [], score)
    assert (score.planted, score.found, len(score.missed)) == (5, 0, 5)
    assert "0 of 5 | 0.0 %" in score.row
