"""In: builds of the specimens. Out: whether the analysis finds what is planted in them, and nothing that is not."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from wardwatch.firmware.examine import Question, examine_image
from wardwatch.firmware.machine_code import analyse
from wardwatch.vocabulary import Severity

if TYPE_CHECKING:
    from corpus import Build, Specimen

ROOT = Path(__file__).resolve().parents[2]
TUNED = 1.0  # of what is planted, on every target: what is missed here is a step back
HELD_BACK = 0.8
NOT_TOLD = {
    ("network_command", "receive"): "whoever sends to an open port is no peer of the program's own choice",
    ("dhcp_client", "send-data"): "a broadcast has no peer",
}
"""Behaviours that the analysis has no word for."""
NOT_REACHED = {
    ("menu_table", "powerpc"): "the menu is reached through a pool of constants that the graph does not follow",
    ("network_command", "x86-64-gnu"): "a function compares its argument; that it was received is known to its caller",
}
"""Triggers that are not told, by specimen and target."""
LEFT = {
    "list_of_steps.mipsel.Os.static.s": "the allocator of this static program is followed until the bound is reached"
}
"""Builds of the tuned half in which something is missed: may only get shorter."""
ALL_BUT_ONE = (
    "a32-musl", "a32-v7", "t32", "aarch64-musl", "aarch64-gnu", "mipsel", "mips", "powerpc", "x86-64-musl",
    "x86-64-gnu", "x86",
)  # fmt: skip
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
    least = TUNED if half == "tuned" else HELD_BACK
    left = {key: sum(each.split(": ")[0] in LEFT for each in score.missed) for key, score in scores.items()}
    low = {
        key: (score.row, score.missed)
        for key, score in scores.items()
        if score.found + left[key] < least * score.planted
    }
    assert low == {}


def test_static_programs_with_symbols_show_all_that_is_planted(bench: ModuleType) -> None:
    score = bench.Score()
    for specimen in bench.specimens("tuned"):
        if specimen.name in FEW:
            program = bench.build(bench.Build(specimen, "a32-musl", "-O2", static=True, stripped=False)).read_bytes()
            bench.judge(specimen, specimen.name, list(analyse(f"/{specimen}", program).calls), score)
    assert score.missed == []


@pytest.mark.parametrize("target", ["a32-gnu", *(pytest.param(one, marks=pytest.mark.long) for one in ALL_BUT_ONE)])
def test_rules_triggers_and_behaviours_are_those_of_the_truth(bench: ModuleType, target: str) -> None:
    wrong = {}
    for specimen in bench.specimens("tuned"):
        for wanted in bench.builds(specimen, (target,), full=False):
            if said := list(differences(specimen, wanted, bench.build(wanted))):
                wrong[wanted.name] = said
    assert wrong == {}


def differences(specimen: "Specimen", wanted_build: "Build", program: Path) -> Iterator[str]:
    """What the analysis says otherwise than the truth."""
    answer = examine_image(program, Question(show_code=False))
    rules = {finding.rule for finding in answer.findings if finding.severity is not Severity.INFO}
    asked = specimen.truth.get("rules", {})
    yield from (f"{rule} does not fire" for rule in asked.get("fire", ()) if rule not in rules)
    yield from (f"{rule} fires" for rule in asked.get("silent", ()) if rule in rules)
    told = {(specimen.name, behaviour) for behaviour in specimen.truth.get("behaviours", ())} - set(NOT_TOLD)
    wanted = {behaviour for _, behaviour in told}
    kinds = {behaviour.kind.value for behaviour in answer.scene.behaviours}
    yield from (f"no {behaviour} is seen" for behaviour in wanted - kinds)
    nameless = wanted_build.static and wanted_build.stripped and specimen.truth.get("reach") != "start-up"
    if nameless or (specimen.name, wanted_build.target) in NOT_REACHED:
        return  # what reads a key or handles a signal has no name in a static program
    ways = [b for b in answer.scene.behaviours if not wanted or b.kind.value in wanted]
    reached = {answer.scene.route(behaviour).trigger.value for behaviour in ways}
    if ways and specimen.truth.get("reach", "start-up") not in reached and "reach" in specimen.truth:
        yield f"reached by {sorted(reached)}, not by {specimen.truth['reach']}"


def test_a_miss_is_counted(bench: ModuleType) -> None:
    specimen = next(each for each in bench.specimens("tuned") if each.name == "literal_system")
    score = bench.Score()
    bench.judge(specimen, "none", [], score)
    assert (score.planted, score.found, len(score.missed)) == (5, 0, 5)
    assert "0 of 5 | 0.0 %" in score.row
