"""In: one HL7 v2 message of a monitor. Out: what it says, as a set would, and the acknowledgement it wants.

HL7 v2.5.1, chapter 7 (ORU, OBX), chapter 3 (PID, PV1), chapter 2 (MSH, MSA). Observations are known by LOINC or IEEE
11073 codes; what has no such code is counted as unknown, never guessed.
"""

from datetime import datetime
from math import isfinite
from typing import Final

from wardwatch.protocols._hl7_text import Parsed
from wardwatch.protocols.hl7_messages import Header, acknowledgement, frame

from .codes import quantity_of
from .words import Contents, Patient, Quantity

_SEGMENTS: Final = 512
_CODE, _VALUE, _ALTERNATE = 3, 5, 3
_STATION: Final = "WARDWATCH"
_LONGEST_ID: Final = 199  # MSH-10, v2.7 length; longer ones are cut


def contents(raw: bytes, *, incomplete: bool = False) -> Contents:
    """What the message says."""
    parsed = Parsed(raw, incomplete=incomplete)
    shown: dict[Quantity, float | None] = {}
    patient: Patient | None = None
    bed: int | None = None
    unknown = 0
    for line in parsed.lines[:_SEGMENTS]:
        segment = parsed.fields(line)
        if segment[0] == "OBX":
            quantity = _quantity(parsed, segment)
            unknown += quantity is None
            if quantity is not None:
                shown[quantity] = _number(parsed.first(segment, _VALUE))
        elif segment[0] == "PID":
            patient = _patient(parsed, segment)
        elif segment[0] == "PV1":
            bed = _bed(parsed.first(segment, 3, 2))
    return Contents(shown=shown, patient=patient, device_bed=bed, unknown=unknown)


def wants_answer(raw: bytes) -> bool:
    """Whether it is not itself an acknowledgement: two stations must not thank each other forever."""
    return not any(line.startswith("MSA") for line in Parsed(raw).lines[:_SEGMENTS])


def answer(raw: bytes, now: datetime, code: str = "AA") -> bytes:
    """The acknowledgement of the message, framed. 'AA': kept; 'AE': could not be kept; 'AR': not understood."""
    parsed = Parsed(raw)
    header = parsed.fields(parsed.lines[0]) if parsed.lines else [""]
    control = _ascii(parsed.first(header, 9))[:_LONGEST_ID]
    application, facility = (_ascii(parsed.first(header, place)) for place in (2, 3))
    return frame(acknowledgement(Header(_STATION, "", application, facility, now, control or "0"), control, code))


def _quantity(parsed: Parsed, segment: list[str]) -> Quantity | None:
    for component in (0, 1, _ALTERNATE):
        found = quantity_of(parsed.first(segment, _CODE, component))
        if found is not None:
            return found
    return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _patient(parsed: Parsed, segment: list[str]) -> Patient:
    name = " ".join(part for part in (parsed.first(segment, 5), parsed.first(segment, 5, 1)) if part)
    return Patient(name=name, number=parsed.first(segment, 3), born=parsed.first(segment, 7))


def _bed(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and int(text) < 256 else None  # noqa: PLR2004  # one byte, as in the stream


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode("ascii")
