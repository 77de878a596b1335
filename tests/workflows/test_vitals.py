"""In: recordings and captures of the twin. Out: whether the command and its documents say what is in them."""

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from wardwatch.cli.vitals import vitals
from wardwatch.errors import InputError
from wardwatch.protocols.cms import Ecg, decode, encode
from wardwatch.twin.plan import Central, Plan
from wardwatch.twin.record import Impairments, write
from wardwatch.twin.stream import Bedside
from wardwatch.vocabulary import Verdict
from wardwatch.workflows.vitals import VitalsRequest, check

SCHEMA = Path(__file__).resolve().parents[2] / "src/wardwatch/report/schema/wardwatch.report.v1.json"
START = 1_772_359_200 * 10**9


def stored(folder: Path, seconds: int, lie: int = 0) -> Path:
    """A stream as the twin sends it; from second 60 on the heart rate is displayed `lie` higher."""
    bedside = Bedside(3, 1, START, 10_000.0)
    first = next(k for k in range(10_000) if bedside.occupied(k))
    blocks = [block for block, _ in bedside.opening(first)]
    for k in range(first, first + seconds):
        for block, _ in bedside.second(k):
            read = decode(block)
            if isinstance(read, Ecg) and not read.heart_rate_invalid and k >= first + 60:
                read = replace(read, heart_rate=read.heart_rate + lie)
            blocks.append(encode(read))
    path = folder / "bed.cms"
    path.write_bytes(b"".join(blocks))
    path.with_name("bed.cms.json").write_text('{"start": "2026-03-01T10:00:00Z"}', encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def lying(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(tmp_path_factory.mktemp("lying"), 100, 12)


def test_a_lying_display_is_found(lying: Path) -> None:
    report = check(VitalsRequest(lying))
    assert report.judgement.verdict is Verdict.FOUND
    (finding,) = [one for one in report.judgement.findings if one.rule == "vitals.display-disagrees"]
    assert finding.evidence[0].where["signal"] == "HR"
    assert report.first is not None
    assert report.last is not None
    assert (report.last - report.first).total_seconds() == 100
    (curves,) = report.curves
    heart = next(curve for curve in curves.curves if curve.name == "HR")
    assert heart.disagreed > 20
    assert heart.verified > 40
    assert {wave.name for wave in curves.waves} == {"I", "II", "III", "PLETH", "RESP"}
    assert curves.waves_for == 8


def test_a_true_display_is_clear(tmp_path: Path) -> None:
    report = check(VitalsRequest(stored(tmp_path, 100)))
    assert not [one for one in report.judgement.findings if one.severity != "info"]


def test_documents_and_exit_status(lying: Path, tmp_path: Path) -> None:
    arguments = ["check", str(lying), "--json", str(tmp_path / "r.json"), "--html", str(tmp_path / "r.html")]
    shown = CliRunner().invoke(vitals, arguments, standalone_mode=False)
    assert shown.return_value == 1
    assert "HR is displayed as" in shown.stdout
    document = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert document["inputs"][0]["coverage"] == {"examined": 100, "total": 100, "unit": "seconds"}
    where = document["findings"][0]["evidence"][0]["where"]
    assert set(where) == {"signal", "start_s", "end_s", "start_sample", "end_sample", "rate", "raised_s"}
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert 'class="displayed"' in page
    assert 'class="derived"' in page
    assert re.search(r'class="off" d="M[0-9]', page)
    assert 'class="wave ecg"' in page
    assert "<script" not in page


def test_the_same_recording_gives_the_same_bytes(lying: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        CliRunner().invoke(vitals, ["check", str(lying), "-q", "--json", str(tmp_path / name)], standalone_mode=False)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_name_of_a_patient_is_in_any_document(lying: Path, tmp_path: Path) -> None:
    from wardwatch.protocols.cms import Patient  # noqa: PLC0415  # used here only

    data = lying.read_bytes()
    patient = decode(data[: int.from_bytes(data[:2], "little") + 2])
    assert isinstance(patient, Patient)
    arguments = ["check", str(lying), "--json", str(tmp_path / "r.json"), "--html", str(tmp_path / "r.html")]
    shown = CliRunner().invoke(vitals, arguments, standalone_mode=False)
    told = shown.output + (tmp_path / "r.json").read_text("utf-8") + (tmp_path / "r.html").read_text("utf-8")
    assert patient.name.text
    for secret in (patient.name.text, patient.number.text, patient.doctor.text):
        assert secret not in told


def test_every_monitor_of_a_capture_is_examined(tmp_path: Path) -> None:
    capture = tmp_path / "ward.pcap"
    plan = Plan(start=START, seconds=100, monitors=3, seed=2, central=Central.OWN, background=1, update=0,
                stay=600.0, attempt_every=30.0, start_missing=False)  # fmt: skip
    write(plan, (capture, None), Impairments())
    report = check(VitalsRequest(capture))
    assert len(report.subjects) >= 2
    assert all(subject.device is not None for subject in report.subjects)
    assert all(re.fullmatch(r"[0-9.]+", subject.id) for subject in report.subjects)
    assert not [one for one in report.judgement.findings if one.severity != "info"]
    assert len(report.curves) == len(report.subjects)
    assert sum(curve.verified for each in report.curves for curve in each.curves if curve.name == "HR") > 60


def test_a_capture_without_waves_is_refused(tmp_path: Path) -> None:
    capture = tmp_path / "none.pcap"
    capture.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
    with pytest.raises(InputError, match="no waveform"):
        check(VitalsRequest(capture))


@pytest.mark.parametrize("content", [b"", b"hello", bytes(1000), b"PK\x03\x04"])
def test_what_is_no_recording_is_refused_with_a_cure(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        check(VitalsRequest(path))
    assert "wardwatch reads" in str(error.value)
