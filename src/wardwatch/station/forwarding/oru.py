"""In: a bed as it stands. Out: HL7 v2.5.1 ORU^R01 with its numbers, not framed; nothing where there is no number.

Codes are IEEE 11073's ('MDC', HL7 table 0396), units UCUM's. OBX-11 is 'R', not verified (table 0085), since nobody
looked at it; a number whose waveform tells otherwise says so in an NTE.
"""

from datetime import UTC, date, datetime
from typing import Final

from wardwatch.protocols.hl7_messages import Header, Observation, Visit, observations
from wardwatch.protocols.hl7_messages import Patient as Person
from wardwatch.station.codes import CODES
from wardwatch.station.views import Number, PlaceState, PlaceView
from wardwatch.station.words import SECOND, Patient, Quantity, Truth

_NOT_VERIFIED: Final = "R"


def message(view: PlaceView, now: int, control: str, *, identify: bool) -> bytes | None:
    """What the bed shows now; without `identify` nobody is named."""
    values = [_observation(each, number) for each, number in view.numbers.items() if each in CODES]
    told = [value for value in values if value is not None]
    if view.state is not PlaceState.LIVE or not told:
        return None
    moment = datetime.fromtimestamp(now // SECOND, UTC)
    header = Header("WARDWATCH", "", "", "", moment, control, "UNICODE UTF-8")
    return observations(header, _person(view.patient if identify else None), Visit(bed=view.name), told)


def _observation(quantity: Quantity, number: Number) -> Observation | None:
    if number.value is None:
        return None
    code = CODES[quantity]
    return Observation(str(code.mdc), code.reference, "MDC", number.value, code.ucum, _NOT_VERIFIED, remark(number))


def remark(number: Number) -> str:
    """What must be said about a number whose waveform tells otherwise; else nothing."""
    mark = number.mark
    if mark is None or mark.state is not Truth.DISAGREES:
        return ""
    derived = "" if mark.derived is None else f": {mark.derived:g} follows from it"
    return f"wardwatch: the displayed value disagrees with its waveform{derived}"


def _person(patient: Patient | None) -> Person:
    if patient is None:
        return Person("", "")
    family, _, given = patient.name.partition(" ")
    return Person(patient.number, family, given, _date(patient.born))


def _date(text: str) -> date | None:
    try:
        year, month, day = (int(part) for part in text.split("-"))
        return date(year, month, day)
    except ValueError:
        return None
