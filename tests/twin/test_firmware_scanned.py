"""In: the twin's firmware images. Out: whether what is found in them is what their truth says, and no more."""

import json
from pathlib import Path

import pytest

from wardwatch.firmware.examine import Question, examine_image
from wardwatch.twin import firmware
from wardwatch.vocabulary import Severity

BUILT_UP = {"2.0.6-pre1", "2.0.6-pre2", "2.0.8"}
"""Versions whose commands the engine does not yet follow whole in a static program."""
TELEMETRY = "firmware.clear-telemetry"


def found_in(version: str, folder: Path) -> tuple[set[str], set[str]]:
    """Rules that found something, and the peers in their evidence."""
    image = folder / f"{version}.cramfs"
    image.write_bytes(firmware.image(version))
    answer = examine_image(image, Question(show_code=False))
    rules = {finding.rule for finding in answer.findings if finding.severity is not Severity.INFO}
    return rules, {str(each.where.get("peer")) for finding in answer.findings for each in finding.evidence}


@pytest.mark.parametrize("version", [each for each in firmware.VERSIONS if each not in BUILT_UP])
def test_the_truth_is_found(version: str, tmp_path: Path) -> None:
    told = json.loads(firmware.truth(version))
    rules, _ = found_in(version, tmp_path)
    assert set(told["rules"]["fire"]) - {TELEMETRY} - rules == set()
    assert set(told["rules"]["silent"]) & rules == set()


@pytest.mark.parametrize("version", [*firmware.VERSIONS])
def test_nothing_is_found_that_is_not_there(version: str, tmp_path: Path) -> None:
    told = json.loads(firmware.truth(version))
    rules, _ = found_in(version, tmp_path)
    assert set(told["rules"]["silent"]) & rules == set()


@pytest.mark.xfail(reason="the engine or the rules do not yet follow all of this version", strict=False)
@pytest.mark.parametrize("version", [each for each in firmware.VERSIONS if each not in {"2025-07", "signed"}])
def test_the_whole_truth_is_found(version: str, tmp_path: Path) -> None:
    told = json.loads(firmware.truth(version))
    rules, evidence = found_in(version, tmp_path)
    assert set(told["rules"]["fire"]) - rules == set()
    assert {f"{peer['host']}:{peer['port']}" for peer in told["peers"]} <= evidence
