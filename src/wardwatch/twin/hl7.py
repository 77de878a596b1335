"""In: a patient and displayed numbers. Out: HL7 v2.4 messages in MLLP frames, as monitors and interfaces send them.

HL7 v2.4 chapter 2 (MSH, MSA; MSH-18 from table 0211), chapter 3 (ADT, PID, PV1), chapter 7 (ORU, OBR, OBX); frames by
the Minimal Lower Layer Protocol of its appendix C. Observation codes are LOINC's.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from wardwatch.protocols import identifying

from .events import SECOND
from .patients import Patient

_CHARSETS: Final = {"ascii": "ASCII", "latin-1": "8859/1", "utf-8": "UNICODE UTF-8", "gbk": "GB 18030-2000"}
OBSERVATIONS: Final = {
    "heart_rate": ("8867-4", "Heart rate", "/min"),
    "breath_rate": ("9279-1", "Respiratory rate", "/min"),
    "spo2": ("59408-5", "Oxygen saturation", "%"),
    "systolic": ("8480-6", "Systolic blood pressure", "mm[Hg]"),
    "diastolic": ("8462-4", "Diastolic blood pressure", "mm[Hg]"),
    "temperature": ("8310-5", "Body temperature", "Cel"),
}
IDENTIFIERS: Final = (
    identifying.BIRTH_DATE,
    identifying.DOCTOR_NAME,
    identifying.PATIENT_NAME,
    identifying.PATIENT_NUMBER,
    identifying.SEX,
)


def stamp(time: int) -> str:
    """Nanoseconds since 1970 as an HL7 time stamp, UTC."""
    return datetime.fromtimestamp(time // SECOND, UTC).strftime("%Y%m%d%H%M%S")


def framed(segments: list[str], charset: str) -> bytes:
    """One message in its MLLP frame."""
    return b"\x0b" + "".join(f"{segment}\r" for segment in segments).encode(charset) + b"\x1c\r"


def header(sender: tuple[str, str], kind: str, control: str, time: int, charset: str = "ascii") -> str:
    """MSH. `sender`: application and facility."""
    application, facility = sender
    return (
        rf"MSH|^~\&|{application}|{facility}|HIS|SAMPLE HOSPITAL|{stamp(time)}||{kind}|{control}|P|2.4"
        f"||||||{_CHARSETS[charset]}"
    )


def identification(patient: Patient) -> str:
    """PID with number, name, date of birth and sex."""
    family, _, given = patient.name.partition(" ")
    year, month, day = patient.born
    sex = "FM"[int(patient.number[-1]) % 2]
    return f"PID|1||{patient.number}||{family}^{given}||{year:04d}{month:02d}{day:02d}|{sex}"


def observation(
    sender: tuple[str, str], control: str, time: int, patient: Patient, shown: Mapping[str, float | None]
) -> bytes:
    """ORU^R01: what the monitor displays; a value of None is left out."""
    segments = [
        header(sender, "ORU^R01", control, time, patient.charset),
        identification(patient),
        f"PV1|1|I|{sender[1]}||||^{patient.doctor}",
        f"OBR|1|||VITALS^Vital signs^L|||{stamp(time)}",
    ]
    filled = [(name, value) for name, value in shown.items() if value is not None]
    for number, (name, value) in enumerate(filled, 1):
        code, text, unit = OBSERVATIONS[name]
        segments.append(f"OBX|{number}|NM|{code}^{text}^LN||{value:g}|{unit}^^UCUM|||||F")
    return framed(segments, patient.charset)


def admission(sender: tuple[str, str], control: str, time: int, patient: Patient) -> bytes:
    """ADT^A01: the patient administration says who came."""
    segments = [
        header(sender, "ADT^A01", control, time, patient.charset),
        f"EVN|A01|{stamp(time)}",
        identification(patient),
        f"PV1|1|I|WARD EXAMPLE 1||||^{patient.doctor}",
    ]
    return framed(segments, patient.charset)


def answer(kind: str, control: str, time: int) -> bytes:
    """ACK: the receiver accepts the message with the control number `control`."""
    return framed(
        [header(("HIS", "SAMPLE HOSPITAL"), f"ACK^{kind}", f"A{control}", time), f"MSA|AA|{control}"], "ascii"
    )
