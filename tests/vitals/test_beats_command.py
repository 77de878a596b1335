"""`wardwatch vitals beats`: what is printed, what is written, and the exit status."""

import json
from importlib.util import find_spec
from pathlib import Path
from random import Random

import numpy as np
import pytest
from click.testing import CliRunner, Result

from wardwatch.cli.vitals import vitals
from wardwatch.errors import InputError, UsageError
from wardwatch.twin.waves import Body, Waves

SECONDS = 70
SLEEPECG = pytest.param(
    "sleepecg", marks=pytest.mark.skipif(not find_spec("sleepecg"), reason="SleepECG is not installed")
)


@pytest.fixture(scope="module")
def truth() -> list[float]:
    return [beat for second in _waves() for beat in second.beats]


def _waves() -> list:
    waves = Waves(Body(heart_rate=80.0), Random(4))
    return [waves.second(index) for index in range(SECONDS)]


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A WFDB record of one lead; its pleth is not an ECG."""
    leads = [np.frombuffer(b"".join(getattr(one, name) for one in _waves()), np.uint8) for name in ("lead_2", "pleth")]
    (tmp_path / "r.dat").write_bytes(np.stack(leads, 1).astype("<i2").tobytes())
    lines = [f"r 2 256 {256 * SECONDS}", "r.dat 16 64(128) 12 0 0 0 0 II", "r.dat 16 0 12 0 0 0 0 PLETH"]
    (tmp_path / "r.hea").write_text("\n".join(lines) + "\n", encoding="latin-1")
    return tmp_path / "r.hea"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(vitals, ["beats", *map(str, arguments)], standalone_mode=False)


def matches(beats: list[int], truth: list[float]) -> bool:
    found = np.array(beats) / 256
    inside = [beat for beat in truth if 1 < beat < SECONDS - 2]
    strangers = [one for one in found if 1 < one < SECONDS - 2 and min(abs(one - beat) for beat in truth) > 0.05]
    return not strangers and all(np.abs(found - beat).min() < 0.05 for beat in inside)


@pytest.mark.parametrize("detector", ["joint", "levels", "ratio", SLEEPECG])
def test_the_document_names_every_beat(record: Path, truth: list[float], detector: str) -> None:
    shown = run(record, "--lead", "ii", "--detector", detector, "--json", "-")
    assert shown.return_value == 0
    document = json.loads(shown.stdout)
    assert set(document) == {"lead", "rate", "detector", "beats", "gaps"}
    assert (document["lead"], document["rate"], document["detector"]) == ("II", 256, detector)
    assert document["gaps"] == []
    assert matches(document["beats"], truth)


def test_the_document_may_be_a_file_and_the_count_is_printed(record: Path, tmp_path: Path) -> None:
    shown = run(record, "--lead", "II", "--json", tmp_path / "beats.json")
    document = json.loads((tmp_path / "beats.json").read_text(encoding="utf-8"))
    assert shown.stdout == f"r.hea: {len(document['beats'])} beats in II\n"
    quiet = run(record, "--lead", "II", "-q")
    assert (quiet.stdout, quiet.return_value) == ("", 0)


def test_what_could_not_be_searched_is_said_and_the_status_tells(record: Path) -> None:
    codes = np.fromfile(record.with_name("r.dat"), "<i2").reshape(-1, 2)
    codes[20 * 256 : 30 * 256, 0] = -32768
    codes.tofile(record.with_name("r.dat"))
    shown = run(record, "--lead", "II", "--json", "-")
    document = json.loads(shown.stdout)
    assert shown.return_value == 3
    assert document["gaps"] == [{"signal": "II", "start_s": 20.0, "end_s": 30.0, "why": "nothing was measured"}]
    assert not [beat for beat in document["beats"] if 20 <= beat / 256 < 30]
    assert "II, 20 to 30 s: nothing was measured" in shown.stderr
    assert run(record, "--lead", "II", "-q").stderr == ""


def test_another_lead_and_no_recording_are_refused(record: Path, tmp_path: Path) -> None:
    assert isinstance(run(record, "--lead", "V").exception, UsageError)
    assert isinstance(run(tmp_path / "no.hea", "--lead", "II").exception, InputError)
    assert run(record).exception is not None
    assert run(record, "--lead", "II", "--detector", "other").exception is not None
