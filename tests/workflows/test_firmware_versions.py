"""The twin's firmware, version by version, against its truth: what a scan must and must not say, and each patch."""

from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from wardwatch.errors import InputError
from wardwatch.firmware.examine import Answer, Question, examine_image
from wardwatch.twin.firmware import VERSIONS, personality
from wardwatch.vocabulary import Report, Severity
from wardwatch.workflows.firmware import FirmwareRequest, compare

FOLDER = Path(str(files("wardwatch.twin.firmware").joinpath("images")))


@cache
def answer(version: str) -> Answer:
    return examine_image(FOLDER / personality(version).file, Question(show_code=False))


@cache
def against_206(version: str) -> Report:
    return compare(FOLDER / personality("2.0.6").file, FOLDER / personality(version).file, FirmwareRequest())


def fired(version: str) -> set[str]:
    return {each.rule for each in answer(version).findings if each.severity is not Severity.INFO}


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_said_that_is_not_there(version: str) -> None:
    assert not fired(version) & set(personality(version).silent)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_chain_is_found(version: str) -> None:
    truth = personality(version)
    assert set(truth.fires) <= fired(version)


def test_the_steps_stand_in_their_order_with_the_code_around_them() -> None:
    shown = examine_image(FOLDER / personality("2.0.6").file, Question())
    chain = next(each for each in shown.dissection.chains if each.steps[0].file == "/opt/bin/monitor")
    assert [step.behaviour for step in chain.steps] == ["interface-up", "remote-mount", "copy", "unmount"]
    assert [step.detail for step in chain.steps] == list(personality("2.0.6").commands)
    assert all(sum(line.marked for line in step.disassembly) == 1 for step in chain.steps)
    assert chain.trigger == "menu"
    assert [stop.file for stop in chain.path][:2] == ["/etc/inittab", "/etc/init.d/rcS"]
    assert chain.completes is True


@pytest.mark.parametrize("version", [each for each in VERSIONS if personality(each).against_206 != "fixed"])
def test_no_patch_is_called_fixed_that_is_not(version: str) -> None:
    report = against_206(version)
    assert report.judgement.verdict.value != "fixed"
    assert report.comparison
    assert "fixed" not in {change.verdict for change in report.comparison.changes}


@pytest.mark.parametrize("version", ["2.0.7", "2.0.8"])
def test_taking_eth0_down_fixes_nothing(version: str) -> None:
    report = against_206(version)
    assert report.judgement.verdict.value == "not-fixed"
    assert report.comparison
    whys = [each.why for each in report.comparison.changes if each.rule == "firmware.reverse-backdoor"]
    assert whys
    assert all("the start-up takes eth0 down" in why and "takes eth0 up again" in why for why in whys)


def test_networking_removed_is_fixed_and_says_what_was_checked() -> None:
    report = against_206("2025-07")
    assert report.judgement.verdict.value == "fixed"
    assert report.comparison
    assert all(change.checked for change in report.comparison.changes)
    assert any("202.114.4.119" in each and "not there" in each for each in report.comparison.changes[0].checked)


@pytest.mark.parametrize("version", ["2.0.8", "2025-07"])
def test_what_could_not_be_seen_of_either_is_told_beside_the_answer(version: str) -> None:
    told = {(gap.what, gap.why) for gap in against_206(version).judgement.gaps}
    assert {(gap.what, gap.why) for each in ("2.0.6", version) for gap in answer(each).gaps} <= told
    assert told


@pytest.mark.parametrize("version", [each for each in VERSIONS if each != "2.0.6"])
def test_the_answer_is_the_true_one(version: str) -> None:
    assert against_206(version).judgement.verdict.value == personality(version).against_206


def test_a_pre_release_against_the_release_is_not_fixed() -> None:
    old, new = (FOLDER / personality(version).file for version in ("2.0.6-pre1", "2.0.6"))
    report = compare(old, new, FirmwareRequest())
    assert report.judgement.verdict.value == "not-fixed"
    assert report.comparison
    assert {change.verdict for change in report.comparison.changes} == {"not-fixed"}


def test_the_same_image_gives_the_same_answer() -> None:
    again = examine_image(FOLDER / personality("2.0.6").file, Question(show_code=False))
    assert (again.findings, again.gaps, again.dissection) == (
        answer("2.0.6").findings, answer("2.0.6").gaps, answer("2.0.6").dissection,
    )  # fmt: skip


def test_an_image_of_something_else_repairs_nothing(tmp_path: Path) -> None:
    """The wrong file, or one that was not unpacked: never 'fixed', whatever is missing in it."""
    other = tmp_path / "other"
    (other / "bin").mkdir(parents=True)
    (other / "bin" / "hello").write_text("#!/bin/sh\necho hello\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    old = FOLDER / personality("2.0.6").file
    for new in (other, empty):
        report = compare(old, new, FirmwareRequest())
        assert report.judgement.verdict.value == "unknown"
        assert report.comparison
        assert {change.verdict for change in report.comparison.changes} == {"unknown"}
    assert compare(empty, empty, FirmwareRequest()).judgement.verdict.value == "unknown"


def test_an_empty_file_is_no_version(tmp_path: Path) -> None:
    nothing = tmp_path / "update.bin"
    nothing.touch()
    with pytest.raises(InputError, match="the file is empty"):
        compare(FOLDER / personality("2.0.6").file, nothing, FirmwareRequest())
