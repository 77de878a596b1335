"""In: the blocks of one set. Out: what they say: numbers, limits, waves, patient, messages.

What was not measured is None, as the monitor shows dashes: an invalid flag, a probe that is off, a cuff or temperature
of 0 (never measured), a float that is no number. An ECG slot or sensor that stands still at its rest is no wave.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Final

from wardwatch.protocols.cms import Bed, Ecg, ErrorBlock, Nibp, Pleth, Temperature, UnknownBlock, decode
from wardwatch.protocols.cms import Patient as PatientBlock

from .words import Contents, Limit, Patient, Quantity, Signal

_NOT_KNOWN: Final = 255
_MESSAGES: Final = 8


@dataclass(slots=True)
class _Told:
    """What was read so far."""

    shown: dict[Quantity, float | None] = field(default_factory=dict)
    limits: dict[Quantity, Limit] = field(default_factory=dict)
    waves: dict[Signal, bytes] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    patient: Patient | None = None
    device_bed: int | None = None
    probe: bool | None = None
    cuff: datetime | None = None
    unknown: int = 0


def contents(blocks: Iterable[bytes]) -> Contents:
    """What one set says; of two blocks of one kind the later one counts."""
    told = _Told()
    for raw in blocks:
        block = decode(raw)
        match block:
            case Ecg():
                _ecg(block, told)
            case Pleth():
                _pleth(block, told)
            case Nibp():
                _nibp(block, told)
            case Temperature():
                _temperature(block, told)
            case Bed():
                told.device_bed = block.bed
            case PatientBlock():
                told.patient, told.device_bed = patient(block), block.bed
            case ErrorBlock():
                told.messages += [block.text] if block.text and len(told.messages) < _MESSAGES else []
            case UnknownBlock():
                told.unknown += 1
            case _:
                pass
    return Contents(
        told.shown, told.limits, told.waves, told.patient, told.device_bed, tuple(told.messages), told.probe, told.cuff,
        told.unknown,
    )  # fmt: skip


def patient(block: PatientBlock) -> Patient:
    """Who the block names."""
    born = (block.birth_year, block.birth_month, block.birth_day)
    admitted = (block.admission_year, block.admission_month, block.admission_day)
    return Patient(
        name=block.name.text,
        number=block.number.text,
        department=block.department.text,
        doctor=block.doctor.text,
        born="-".join(part.text for part in born if part.text),
        admitted="-".join(part.text for part in admitted if part.text),
        height_mm=block.height,
        weight_100g=block.weight,
    )


def _ecg(block: Ecg, told: _Told) -> None:
    for signal, wave in ((Signal.I, block.lead_1), (Signal.II, block.lead_2), (Signal.III, block.lead_3)):
        told.waves[signal] = wave
    told.waves[Signal.RESP] = block.respiration
    told.shown[Quantity.HR] = None if block.heart_rate_invalid else float(block.heart_rate)
    told.shown[Quantity.RR] = None if block.respiration_rate_invalid else float(block.respiration_rate)
    _limit(told, Quantity.HR, block.heart_rate_min, block.heart_rate_max, block.heart_rate_set)
    _limit(told, Quantity.RR, block.respiration_rate_min, block.respiration_rate_max, block.respiration_rate_set)


def _pleth(block: Pleth, told: _Told) -> None:
    told.waves[Signal.PLETH] = block.pleth
    told.probe = block.probe != _NOT_KNOWN
    off = bool(block.invalid) or not told.probe
    told.shown[Quantity.SPO2] = None if off or block.spo2 == _NOT_KNOWN else float(block.spo2)
    told.shown[Quantity.PR] = None if off or block.pulse_rate == _NOT_KNOWN else float(block.pulse_rate)
    _limit(told, Quantity.SPO2, block.spo2_min, block.spo2_max, block.spo2_set)
    _limit(told, Quantity.PR, block.pulse_rate_min, block.pulse_rate_max, block.pulse_rate_set)


def _nibp(block: Nibp, told: _Told) -> None:
    for quantity, value in (
        (Quantity.NIBP_SYS, block.systolic),
        (Quantity.NIBP_DIA, block.diastolic),
        (Quantity.NIBP_MAP, block.mean),
    ):
        told.shown[quantity] = float(value) if value else None
    _limit(told, Quantity.NIBP_SYS, block.systolic_min, block.systolic_max, block.systolic_set)
    _limit(told, Quantity.NIBP_DIA, block.diastolic_min, block.diastolic_max, block.diastolic_set)
    _limit(told, Quantity.NIBP_MAP, block.mean_min, block.mean_max, block.mean_set)
    try:
        told.cuff = datetime(block.year, block.month, block.day, block.hour, block.minute, block.second, tzinfo=UTC)
    except ValueError:
        told.cuff = None


def _temperature(block: Temperature, told: _Told) -> None:
    for quantity, value in ((Quantity.T1, block.t1), (Quantity.T2, block.t2)):
        told.shown[quantity] = round(value, 2) if value and isfinite(value) else None
    both = told.shown[Quantity.T1] is not None and told.shown[Quantity.T2] is not None
    told.shown[Quantity.TD] = round(block.td, 2) if both and isfinite(block.td) else None
    _limit(told, Quantity.T1, block.t1_min, block.t1_max, block.t1_set)
    _limit(told, Quantity.T2, block.t2_min, block.t2_max, block.t2_set)
    _limit(told, Quantity.TD, block.td_min, block.td_max, block.td_set)


def _limit(told: _Told, quantity: Quantity, low: float, high: float, on: int) -> None:
    if isfinite(low) and isfinite(high):
        told.limits[quantity] = Limit(round(low, 2), round(high, 2), bool(on))
