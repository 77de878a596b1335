"""Values that would mislead cannot be built."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.printable import printable
from wardwatch.vocabulary import (
    Device,
    Evidence,
    EvidenceKind,
    Examined,
    Exposure,
    Finding,
    Flow,
    Gap,
    Judgement,
    Report,
    Severity,
    Verdict,
    judge,
    moment,
    rfc3339,
)

SEEN = Evidence(EvidenceKind.PACKET, {"file": "a.pcap", "number": 1, "time": "2026-01-05T08:00:00.000000Z"})
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def _finding(severity: Severity = Severity.HIGH, **changed: object) -> Finding:
    values: dict[str, object] = {
        "rule": "traffic.known-address", "subject": "10.0.0.1", "title": "t", "severity": severity,
        "confidence": 1.0, "summary": "s", "evidence": (SEEN,),
    }  # fmt: skip
    return Finding(**(values | changed))  # type: ignore[arg-type]  # the test puts wrong values in on purpose


def test_a_finding_needs_evidence() -> None:
    with pytest.raises(ValueError, match="rumour"):
        _finding(evidence=())


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_a_confidence_lies_between_0_and_1(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        _finding(confidence=confidence)


def test_evidence_says_where() -> None:
    with pytest.raises(ValueError, match="where"):
        Evidence(EvidenceKind.PACKET, {})


def test_values_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        SEEN.excerpt = "other"  # type: ignore[misc]  # that is what must not work
    with pytest.raises(TypeError):
        SEEN.where["file"] = "other"  # type: ignore[index]  # as above


def test_clear_cannot_stand_over_an_open_gap() -> None:
    with pytest.raises(ValueError, match="does not follow"):
        Judgement(Verdict.CLEAR, (), (Gap("a.pcap", "a segment", "lost", ("traffic.cms-stream",)),))


def test_found_needs_a_finding() -> None:
    with pytest.raises(ValueError, match="does not follow"):
        Judgement(Verdict.FOUND)


def test_judge() -> None:
    open_gap, remark = Gap("a", "b", "c", ("traffic.cms-stream",)), Gap("a", "b", "c")
    assert judge([], []).verdict is Verdict.CLEAR
    assert judge([], [remark]).verdict is Verdict.CLEAR
    assert judge([], [open_gap]).verdict is Verdict.UNKNOWN
    assert judge([_finding()], [open_gap]).verdict is Verdict.FOUND
    assert judge([_finding(Severity.INFO)], []).verdict is Verdict.CLEAR
    assert judge([_finding(Severity.INFO)], [open_gap]).verdict is Verdict.UNKNOWN


def test_a_time_has_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        moment(datetime(2026, 1, 5))  # noqa: DTZ001  # that is what must not work
    with pytest.raises(ValueError, match="zone"):
        Flow("a", 1, "b", 2, "tcp", datetime(2026, 1, 5), NOON, 1, 1)  # noqa: DTZ001  # as above


def test_times_are_told_in_utc_with_microseconds() -> None:
    berlin = datetime(2026, 1, 5, 13, 0, 0, 42, timezone(timedelta(hours=1)))
    assert rfc3339(berlin) == "2026-01-05T12:00:00.000042Z"


def test_a_flow_ends_after_it_begins() -> None:
    with pytest.raises(ValueError, match="ends after"):
        Flow("a", 1, "b", 2, "tcp", NOON, NOON - timedelta(seconds=1), 1, 1)


def test_a_profile_needs_reasons() -> None:
    with pytest.raises(ValueError, match="without a reason"):
        Device("10.0.0.1", "m", ("10.0.0.1",), "contec-cms8000", 0.9)


def _exposure(**changed: object) -> Exposure:
    values: dict[str, object] = {
        "subject": "10.0.0.1", "to": "203.0.113.1", "port": 515, "protocol": "cms", "first": NOON, "last": NOON,
        "sessions": 1, "bytes": 1, "records": 1, "patients_min": 1, "patients_max": 1,
    }  # fmt: skip
    return Exposure(**(values | changed))  # type: ignore[arg-type]  # the test puts wrong values in on purpose


def test_bounds_stand_the_right_way_round_and_have_a_reason() -> None:
    with pytest.raises(ValueError, match="wrong way round"):
        _exposure(patients_min=2)
    with pytest.raises(ValueError, match="need a reason"):
        _exposure(patients_max=2)
    assert _exposure(patients_max=2, reasons=("a session without a patient record",)).patients_max == 2


def test_no_more_is_examined_than_there_is() -> None:
    with pytest.raises(ValueError, match="examined"):
        Examined("a.pcap", "pcap", 10, 3, 2, "packets")


def test_a_report_names_its_inputs() -> None:
    with pytest.raises(ValueError, match="names what was examined"):
        Report(judge([], []), ())


def test_what_a_terminal_obeys_is_shown_instead() -> None:
    finding = _finding(subject="ward\x1b[31m", summary="a\u202eb")
    assert finding.subject == "ward\\x1b[31m"
    assert finding.summary == "a\\u202eb"
    assert Gap("\x07", "b", "c").subject == "\\x07"


def test_the_id_follows_from_rule_subject_and_first_evidence() -> None:
    assert _finding().id == _finding(summary="other words").id
    assert _finding().id != _finding(subject="10.0.0.2").id


@given(st.text(max_size=200))
def test_no_text_breaks_a_word(text: str) -> None:
    shown = _finding(summary=text).summary
    assert shown == printable(text)
    assert "\x1b" not in shown
