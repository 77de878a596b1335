"""In: who, where and what was measured. Out: HL7 v2.5.1 messages (ADT^A01, ORU^R01, ACK) as bytes, framed for TCP.

HL7 v2.5.1, chapters 2 (MSH, MSA, escaping 2.7), 3 (PID, PV1), 7 (OBR, OBX) and appendix C (framing).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Final

_ENCODERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "": "ascii",
        "ASCII": "ascii",
        "8859/1": "latin-1",
        "8859/15": "iso8859-15",
        "UNICODE UTF-8": "utf-8",
        "GB 18030-2000": "gb18030",
    }
)
_ESCAPES: Final = {
    ord("\\"): "\\E\\",
    ord("|"): "\\F\\",
    ord("^"): "\\S\\",
    ord("&"): "\\T\\",
    ord("~"): "\\R\\",
    ord("\r"): "\\X0D\\",
    ord("\n"): "\\X0A\\",
    0x0B: "\\X0B\\",
    0x1C: "\\X1C\\",
}


@dataclass(frozen=True, slots=True)
class Header:
    """MSH: who sends to whom. `charset` as HL7 table 0211 calls it; one of the keys of this module's table."""

    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    time: datetime
    control_id: str
    charset: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Patient:
    """PID; empty where not known."""

    number: str
    family: str
    given: str = ""
    birth_date: date | None = None
    sex: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """PV1: where the patient lies and who answers for it."""

    ward: str = ""
    room: str = ""
    bed: str = ""
    doctor_family: str = ""
    doctor_given: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """OBX with a number: code and text of a coding system ('MDC', 'LN'), value, unit (UCUM)."""

    code: str
    text: str
    system: str
    value: float
    unit: str
    status: str = "F"
    """OBX-11, HL7 table 0085: 'F' final, 'R' not verified."""
    note: str = ""
    """What is to be said about it, in an NTE behind it."""


def frame(message: bytes) -> bytes:
    """`message` between 0x0B and 0x1C 0x0D."""
    return b"\x0b" + message + b"\x1c\r"


def escape(text: str) -> str:
    """`text` with separators, line ends and frame bytes as escape sequences."""
    return text.translate(_ESCAPES)


def admission(header: Header, patient: Patient, visit: Visit) -> bytes:
    """ADT^A01, not framed; UnicodeEncodeError where the header's character set lacks a character."""
    event = _segment("EVN", "A01", _time(header.time))
    return _message(header, ("ADT", "A01", "ADT_A01"), event, _pid(patient), _pv1(visit))


def observations(header: Header, patient: Patient, visit: Visit, values: Iterable[Observation]) -> bytes:
    """ORU^R01, not framed; every value was observed at the header's time."""
    time = _time(header.time)
    request = _segment("OBR", "1", "", "", _join("182777000", "monitoring of patient", "SCT"), "", "", time)
    results = (
        _segment(
            "OBX",
            str(number),
            "NM",
            _join(value.code, value.text, value.system),
            "",
            f"{value.value:g}",
            _join(value.unit, "", "UCUM"),
            "",
            "",
            "",
            "",
            value.status,
            "",
            "",
            time,
        )
        + (_segment("NTE", "1", "", escape(value.note)) if value.note else "")
        for number, value in enumerate(values, 1)
    )
    return _message(header, ("ORU", "R01", "ORU_R01"), _pid(patient), _pv1(visit), request, *results)


def acknowledgement(header: Header, acknowledged: str, code: str = "AA") -> bytes:
    """ACK of the message whose control id is `acknowledged`, not framed; `code` as in HL7 table 0008."""
    return _message(header, ("ACK",), _segment("MSA", code, escape(acknowledged)))


def _message(header: Header, kind: tuple[str, ...], *segments: str) -> bytes:
    names = header.sending_application, header.sending_facility, header.receiving_application, header.receiving_facility
    first = _segment(
        "MSH",
        "^~\\&",
        *(escape(name) for name in names),
        _time(header.time),
        "",
        _join(*kind),
        escape(header.control_id),
        "P",
        "2.5.1",
        *([""] * 5),
        escape(header.charset),
    )
    return "".join((first, *segments)).encode(_ENCODERS[header.charset])


def _pid(patient: Patient) -> str:
    born = f"{patient.birth_date:%Y%m%d}" if patient.birth_date else ""
    name = _join(patient.family, patient.given)
    return _segment("PID", "1", "", _join(patient.number), "", name, "", born, escape(patient.sex))


def _pv1(visit: Visit) -> str:
    place = _join(visit.ward, visit.room, visit.bed)
    doctor = _join("", visit.doctor_family, visit.doctor_given) if visit.doctor_family else ""
    return _segment("PV1", "1", "I", place, "", "", "", doctor, *([""] * 11), _join(visit.number))


def _segment(name: str, *fields: str) -> str:
    return "|".join((name, *fields)).rstrip("|") + "\r"


def _join(*components: str) -> str:
    return "^".join(escape(component) for component in components).rstrip("^")


def _time(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y%m%d%H%M%S}+0000"
