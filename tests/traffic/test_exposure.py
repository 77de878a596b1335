"""Whose data went where: exact where nothing is missing, bounded and explained where something is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wardwatch.traffic.content import Patient
from wardwatch.traffic.exposure import _bounds
from wardwatch.vocabulary import rfc3339

Play = Callable[[str], Any]
# One set: blocks 0x45 of 8 bytes, 0x46 of 1024, 288, 40 and 52 bytes with 4 of header each, and 0x47 of 4 bytes.
SET_BYTES = 8 + 1028 + 292 + 44 + 56 + 4
OPENING_BYTES = 196 + 4  # 0x3E with 192 bytes and 0x43
IDENTIFYING = {"patient name", "patient number"}


def test_a_lossless_session_is_counted_exactly(play: Play) -> None:
    _, answer = play("0 tcp 10.20.0.21:40000 > 203.0.113.50:515 client=cms:3:MUSTER^EVA:4711 rttl=49")
    (exposure,) = answer.exposures
    assert (exposure.subject, exposure.to, exposure.port, exposure.protocol) == (
        "10.20.0.21",
        "203.0.113.50",
        515,
        "cms",
    )
    assert (exposure.sessions, exposure.records) == (1, 2 + 3 * 6)
    assert exposure.bytes == OPENING_BYTES + 3 * SET_BYTES
    assert (exposure.patients_min, exposure.patients_max, exposure.reasons) == (1, 1, ())
    assert set(exposure.fields) >= IDENTIFYING
    assert set(exposure.fields) >= {"ECG waveform", "heart rate", "SpO2"}
    assert exposure.outside
    assert rfc3339(exposure.first) == "2026-01-05T08:00:00.003000Z"


def test_two_sessions_of_one_patient_are_one_patient(play: Play) -> None:
    _, answer = play("""
        0 tcp 10.20.0.21:40000 > 10.20.0.5:515 client=cms:2:MUSTER^EVA:4711
        60 tcp 10.20.0.21:41000 > 10.20.0.5:515 client=cms:2:MUSTER^EVA:4711
    """)
    (exposure,) = answer.exposures
    assert (exposure.sessions, exposure.patients_min, exposure.patients_max) == (2, 1, 1)
    assert not exposure.outside


def test_one_number_under_two_names_is_one_or_two(play: Play) -> None:
    _, answer = play("""
        0 tcp 10.20.0.21:40000 > 10.20.0.5:515 client=cms:1:MUSTER^EVA:4711
        60 tcp 10.20.0.21:41000 > 10.20.0.5:515 client=cms:1:BEISPIEL^MAX:4711
    """)
    (exposure,) = answer.exposures
    assert (exposure.patients_min, exposure.patients_max) == (1, 2)
    assert "two names" in exposure.reasons[0]


def test_a_session_without_a_patient_record_may_be_anybodys(play: Play) -> None:
    _, answer = play("""
        0 tcp 10.20.0.21:40000 > 10.20.0.5:515 client=cms:1:MUSTER^EVA:4711
        60 tcp 10.20.0.21:41000 > 10.20.0.5:515 client=cms:3 nosyn=1
    """)
    (exposure,) = answer.exposures
    assert (exposure.sessions, exposure.patients_min, exposure.patients_max) == (2, 1, 2)
    assert "without a patient record" in exposure.reasons[0]


def test_each_receiver_has_its_own_line(play: Play) -> None:
    _, answer = play("""
        0 tcp 10.20.0.21:40000 > 10.20.0.5:515 client=cms:1:MUSTER^EVA:4711
        60 tcp 10.20.0.21:41000 > 203.0.113.9:515 client=cms:1:MUSTER^EVA:4711
        90 tcp 10.20.0.22:41000 > 10.20.0.5:515 client=cms:1:BEISPIEL^MAX:4712
    """)
    assert [(e.subject, e.to, e.outside) for e in answer.exposures] == [
        ("10.20.0.21", "10.20.0.5", False),
        ("10.20.0.21", "203.0.113.9", True),
        ("10.20.0.22", "10.20.0.5", False),
    ]


def test_hl7_is_counted_by_message(play: Play) -> None:
    _, answer = play("0 tcp 10.20.0.7:5000 > 10.20.0.60:6661 client=hl7:LAB:DOE^JANE:12 count=4 every=5")
    (exposure,) = answer.exposures
    assert (exposure.protocol, exposure.sessions, exposure.records, exposure.patients_max) == ("hl7", 4, 4, 1)


def test_no_name_and_no_number_is_shown(play: Play) -> None:
    _, answer = play("0 tcp 10.20.0.21:40000 > 10.20.0.5:515 client=cms:1:MUSTER^EVA:4711")
    text = repr(answer)
    assert "MUSTER" not in text
    assert "4711" not in text
    assert answer.exposures[0].patients[0].startswith("~")


def test_lost_bytes_part_the_bounds(play: Play, tmp_path: Path) -> None:
    from wardwatch.secrecy import Pseudonyms  # noqa: PLC0415  # this test alone damages a capture
    from wardwatch.traffic.examine import Question, examine_captures  # noqa: PLC0415  # as above
    from wardwatch.traffic.networks import site  # noqa: PLC0415  # as above

    book, _ = play("0 tcp 10.20.0.21:40000 > 10.20.0.5:515 client=cms:6:MUSTER^EVA:4711")
    payload_frames = [frame for frame in book.frames if len(frame[1]) > 500]
    book.frames.remove(payload_frames[4])
    path = tmp_path / "lossy.pcap"
    path.write_bytes(book.pcap())
    answer = examine_captures([path], Question(site([]), Pseudonyms(bytes(32))))
    (exposure,) = answer.exposures
    assert (exposure.patients_min, exposure.patients_max) == (1, 2)
    assert "missing in 1 place" in " ".join(exposure.reasons)
    assert any("does not hold these segments" in gap.why and gap.is_open for gap in answer.gaps)


@pytest.mark.parametrize(
    ("patients", "bounds"),
    [
        (set(), (0, 0)),
        ({("1", "A")}, (1, 1)),
        ({("1", "A"), ("1", "")}, (1, 1)),
        ({("1", "A"), ("2", "A")}, (2, 2)),
        ({("1", "A"), ("1", "B")}, (1, 2)),
        ({("", "A"), ("", "B")}, (2, 2)),
        ({("1", "A"), ("", "A")}, (1, 2)),
        ({("1", "A"), ("", "C")}, (2, 2)),
    ],
)
def test_bounds(patients: set[tuple[str, str]], bounds: tuple[int, int]) -> None:
    assert _bounds({Patient(*patient) for patient in patients}) == bounds
