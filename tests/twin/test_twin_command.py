"""In: `wardwatch twin capture` as a user types it. Out: its files, its words, and what it refuses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from wardwatch.cli.twin import twin
from wardwatch.errors import UsageError


def test_a_capture_and_its_truth_are_written(tmp_path: Path) -> None:
    out, truth = tmp_path / "ward.pcap.zst", tmp_path / "truth.jsonl"
    arguments = ["capture", str(out), "--monitors", "3", "--minutes", "0.5", "--seed", "7", "--central", "own"]
    result = CliRunner().invoke(twin, [*arguments, "--truth", str(truth), "--start", "2026-05-01T08:00:00+02:00"])
    assert result.exit_code == 0, result.output
    assert out.read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
    first = json.loads(truth.read_text(encoding="utf-8").splitlines()[0])
    assert (first["kind"], first["seed"], first["central"], first["start"]) == (
        "ward",
        7,
        "own",
        "2026-05-01T06:00:00.000000Z",
    )
    assert "packets" in result.output


def test_quiet_is_quiet(tmp_path: Path) -> None:
    arguments = ["capture", str(tmp_path / "a.pcap"), "--monitors", "1", "--minutes", "0.2", "--quiet"]
    assert CliRunner().invoke(twin, arguments).output == ""


@pytest.mark.parametrize("command", [[], ["capture"], ["stream"]])
def test_each_help_shows_an_example(command: list[str]) -> None:
    assert "Example: wardwatch twin" in " ".join(CliRunner().invoke(twin, [*command, "--help"]).output.split())


@pytest.mark.parametrize(
    "wrong",
    [["--monitors", "5001"], ["--loss", "1.5"], ["--central", "moon"], ["--minutes", "0"], ["--background", "11"]],
)
def test_wrong_use_is_refused_before_anything_is_written(tmp_path: Path, wrong: list[str]) -> None:
    assert CliRunner().invoke(twin, ["capture", str(tmp_path / "a.pcap"), *wrong]).exit_code == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [["--start", "yesterday"], ["--update", "9"], ["--start", "9999-12-31T23:59:59"]])
def test_wishes_that_contradict_each_other_are_said(tmp_path: Path, wrong: list[str]) -> None:
    result = CliRunner().invoke(twin, ["capture", str(tmp_path / "a.pcap"), "--monitors", "8", *wrong])
    assert isinstance(result.exception, UsageError)
    assert not list(tmp_path.iterdir())
