"""In: a truth, and reports that say it or something near it. Out: whether each difference is told."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from wardwatch.errors import InputError
from wardwatch.lab.receivers import Count
from wardwatch.lab.scenario import read
from wardwatch.vocabulary import (
    Device,
    Evidence,
    EvidenceKind,
    Examined,
    Exposure,
    Finding,
    Report,
    Severity,
    Subject,
    SubjectKind,
    judge,
)
from wardwatch.workflows import lab_truth

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TEXT = """
[[machine]]
name = "monitor-1"
[truth.gateway]
verdict = "found"
findings = ["critical traffic.cms-stream monitor-1"]
[truth.outside]
verdict = "found"
findings = ["critical traffic.cms-stream monitor-1"]
"""
ADDRESSES = {"monitor-1": "10.20.16.1"}
COUNTS = {
    ("10.20.16.1", "202.114.4.119", 515): Count("cms", 2, 900, 12, {"A", "B"}),
    ("10.20.16.1", "10.10.0.30", 2575): Count("hl7", 1, 90, 1, {"A"}),
    ("10.20.8.1", "10.10.0.20", 515): Count("lpd", 1, 70, 2),
    ("10.20.16.1", "202.114.4.119", 516): Count("cms"),
}


def truth(lost: int = 0, station: str = "none") -> dict[str, Any]:
    made = read(f'[hospital]\nstation = "{station}"\n{TEXT}', "one")
    return lab_truth.told(made, ADDRESSES, COUNTS, {}, (0.0, 1.0), {"gateway": lost})


EXPOSURE = Exposure("m", "202.114.4.119", 515, "cms", NOW, NOW, 2, 900, 12, 2, 2)
INSIDE = Exposure("m", "10.10.0.30", 2575, "hl7", NOW, NOW, 1, 90, 1, 1, 1)


def report(
    rule: str = "traffic.cms-stream", severity: Severity = Severity.CRITICAL, *exposures: Exposure, address: str = ""
) -> Report:
    evidence = Evidence(EvidenceKind.PACKET, {"file": "x", "number": 1, "time": "2026-03-01T00:00:00.000000Z"})
    finding = Finding(rule, "m", "title", severity, 0.9, "said", (evidence,))
    judgement = judge((finding,), ())
    subject = Subject("m", SubjectKind.DEVICE, "m", judgement, Device("m", "m", (address or "10.20.16.1",)))
    return Report(
        judgement, (Examined("x.pcap", "capture", 1, 1, 1, "packets"),), (subject,), exposures or (EXPOSURE, INSIDE)
    )


def told(found: Report, capture: str = "gateway", lost: int = 0) -> tuple[str, ...]:
    return lab_truth.differences(truth(lost), capture, found)


def test_the_truth_itself_differs_in_nothing() -> None:
    assert told(report()) == ()
    assert told(report("traffic.cms-stream", Severity.CRITICAL, EXPOSURE), "outside") == ()


def test_only_what_leaves_is_asked_of_the_capture_outside() -> None:
    services = truth()["services"]
    assert {(each["to"], each["port"]) for each in services if "outside" in each["passes"]} == {
        ("202.114.4.119", 515), ("202.114.4.119", 516),
    }  # fmt: skip
    assert all("gateway" in each["passes"] for each in services)
    assert not any("outside" in each["passes"] for each in truth(station="documented")["services"])


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (report("traffic.phone-home"), "not found: critical traffic.cms-stream 10.20.16.1"),
        (report("traffic.phone-home"), "found, and not so: critical traffic.phone-home 10.20.16.1"),
        (report(severity=Severity.HIGH), "found, and not so: high traffic.cms-stream 10.20.16.1"),
        (report(severity=Severity.INFO), "the verdict is clear, and should be found"),
        (report(address="10.20.16.2"), "not found: critical traffic.cms-stream 10.20.16.1"),
        (report("traffic.cms-stream", Severity.CRITICAL, EXPOSURE), "10.20.16.1 to 10.10.0.30:2575: not seen"),
    ],
)
def test_a_finding_more_less_or_other_is_told(found: Report, said: str) -> None:
    assert said in told(found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bytes": 899}, "bytes are 899, and should be 900"),
        ({"records": 13}, "records are 13, and should be 12"),
        ({"sessions": 1}, "sessions are 1, and should be 2"),
        ({"protocol": "hl7"}, "protocol are hl7, and should be cms"),
        ({"patients_min": 3, "patients_max": 3}, "patients are 3 to 3, and should be 2"),
        ({"patients_min": 0, "patients_max": 1, "reasons": ("cut",)}, "patients are 0 to 1, and should be 2"),
    ],
)
def test_every_amount_is_compared(change: dict[str, Any], said: str) -> None:
    found = report("traffic.cms-stream", Severity.CRITICAL, replace(EXPOSURE, **change), INSIDE)
    assert told(found) == (f"10.20.16.1 to 202.114.4.119:515: {said}",)


def test_what_nobody_got_is_told() -> None:
    more = replace(EXPOSURE, port=516)
    found = report("traffic.cms-stream", Severity.CRITICAL, EXPOSURE, INSIDE, more)
    assert told(found) == ("10.20.16.1 to 202.114.4.119:516: seen, and nothing came there",)


def test_a_capture_with_holes_reproduces_nothing() -> None:
    assert told(report(), lost=3) == ("the capture lacks 3 frames",)


def test_a_truth_is_read_back_and_nothing_else_is_one(tmp_path: Path) -> None:
    lab_truth.write(truth(), tmp_path)
    assert lab_truth.differences(lab_truth.read(tmp_path), "gateway", report()) == ()
    for text in ("", "[]", "{}", '{"schema": "other"}', "\udcff"):
        (tmp_path / "truth.json").write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(InputError):
            lab_truth.read(tmp_path)
    (tmp_path / "truth.json").unlink()
    with pytest.raises(InputError):
        lab_truth.read(tmp_path)
