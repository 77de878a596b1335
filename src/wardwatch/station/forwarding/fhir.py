"""In: a bed as it stands. Out: a FHIR R4 transaction: its monitor as a Device, its numbers as Observations.

FHIR R4 (4.0.1): Observation with the vital signs category, coded in LOINC and IEEE 11073, UCUM units; blood pressure
as one Observation with components. Status is 'preliminary': nobody has looked at it yet. Dashes are told as such
(dataAbsentReason), so that an old value is not taken for a new one. Each Observation has an identifier and is made only
where none has it (ifNoneExist), so that one sent a second time is not there twice.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from wardwatch.station.codes import CODES, MONITOR_TYPE, PRESSURE_PANEL, Code
from wardwatch.station.views import Number, PlaceState, PlaceView
from wardwatch.station.words import SECOND, Peer, Quantity

from .oru import remark

Resource = dict[str, Any]
_LOINC: Final = "http://loinc.org"
_MDC: Final = "urn:iso:std:iso:11073:10101"
_UCUM: Final = "http://unitsofmeasure.org"
_MONITOR: Final = "urn:wardwatch:monitor"
_PATIENT: Final = "urn:wardwatch:patient-number"
_URI: Final = "urn:ietf:rfc:3986"
_PRESSURES: Final = (Quantity.NIBP_SYS, Quantity.NIBP_DIA, Quantity.NIBP_MAP)
_SINGLE: Final = (Quantity.HR, Quantity.RR, Quantity.SPO2, Quantity.PR, Quantity.T1, Quantity.T2)
_CATEGORY: Final = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]
}
_ABSENT: Final = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "not-performed"}]
}


def bundle(view: PlaceView, peer: Peer, now: int, *, identify: bool) -> bytes | None:
    """The transaction as JSON; nothing where the bed is not live or shows no number."""
    if view.state is not PlaceState.LIVE or not any(number.value is not None for number in view.numbers.values()):
        return None
    monitor = f"{peer.address}#{view.device_bed}"
    device = f"urn:uuid:{uuid5(NAMESPACE_URL, _MONITOR + monitor)}"
    common = _common(view, device, now, identify=identify)
    entries = [_device_entry(device, monitor)]
    for number, resource in enumerate(_observations(view, common)):
        entries.append(_observation_entry(f"urn:uuid:{uuid5(NAMESPACE_URL, f'{monitor} {now} {number}')}", resource))
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}, ensure_ascii=False).encode()


def _device_entry(device: str, monitor: str) -> Resource:
    code, reference = MONITOR_TYPE
    resource = {
        "resourceType": "Device",
        "identifier": [{"system": _MONITOR, "value": monitor}],
        "status": "active",
        "type": {"coding": [{"system": _MDC, "code": str(code), "display": reference}]},
    }
    where = f"Device?identifier={_MONITOR}|{monitor}".replace("#", "%23").replace("|", "%7C")
    return {"fullUrl": device, "resource": resource, "request": {"method": "PUT", "url": where}}


def _observation_entry(name: str, resource: Resource) -> Resource:
    once = f"identifier={_URI}%7C{name}"
    return {
        "fullUrl": name,
        "resource": resource | {"identifier": [{"system": _URI, "value": name}]},
        "request": {"method": "POST", "url": "Observation", "ifNoneExist": once},
    }


def _common(view: PlaceView, device: str, now: int, *, identify: bool) -> Resource:
    subject: Resource = {"display": f"patient in bed {view.name}"}
    if identify and view.patient and view.patient.number:
        subject = {"identifier": {"system": _PATIENT, "value": view.patient.number}}
        if view.patient.name:
            subject["display"] = view.patient.name
    return {
        "resourceType": "Observation",
        "status": "preliminary",
        "category": [_CATEGORY],
        "subject": subject,
        "device": {"reference": device},
        "issued": _instant(now),
    }


def _observations(view: PlaceView, common: Resource) -> Iterator[Resource]:
    for quantity in _SINGLE:  # a second probe that is not there is no dash
        number = view.numbers.get(quantity)
        if number is not None and (number.value is not None or quantity is not Quantity.T2):
            told = common | {"code": _code(CODES[quantity]), "effectiveDateTime": _instant(number.at)}
            yield told | _value(number, CODES[quantity]) | _notes([number])
    pressures = [(each, view.numbers[each]) for each in _PRESSURES if each in view.numbers]
    if any(number.value is not None for _, number in pressures):
        panel, name = PRESSURE_PANEL
        parts = [{"code": _code(CODES[each])} | _value(number, CODES[each]) for each, number in pressures]
        yield (
            common
            | {
                "code": {"coding": [{"system": _LOINC, "code": panel, "display": name}]},
                "effectiveDateTime": _instant(pressures[0][1].at),
                "component": parts,
            }
            | _cuff(view)
        )


def _cuff(view: PlaceView) -> Resource:
    """When the cuff measured, which may be long ago, by the monitor's clock, which may be wrong."""
    if view.cuff is None:
        return {}
    return {"note": [{"text": f"measured at {view.cuff:%Y-%m-%d %H:%M:%S} by the monitor's own clock"}]}


def _code(code: Code) -> Resource:
    return {
        "coding": [
            {"system": _LOINC, "code": code.loinc, "display": code.name},
            {"system": _MDC, "code": str(code.mdc), "display": code.reference},
        ]
    }


def _value(number: Number, code: Code) -> Resource:
    if number.value is None:
        return {"dataAbsentReason": _ABSENT}
    return {"valueQuantity": {"value": number.value, "unit": code.unit, "system": _UCUM, "code": code.ucum}}


def _notes(numbers: list[Number]) -> Resource:
    notes = [{"text": text} for text in map(remark, numbers) if text]
    return {"note": notes} if notes else {}


def _instant(at: int) -> str:
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % SECOND // 1_000_000:03d}Z"
