"""In: the seconds of one bedside. Out: the blocks a monitor sends to its central station, with what is true of each.

Order and sizes: at the start of a session one patient block (0x3E) and one 0x43, then each second bed (0x45), the
four telemetry blocks (0x46/0x14 to 0x17), sometimes an error text (0x49), and the end of the set (0x47). What nobody
publishes is our choice: total lengths, alarm `set` 1 for on, zeros in every unknown field, 255 for a rate that is
not known, and that a new patient or bed is said by a new 0x3E and 0x43 within the session.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from wardwatch.protocols import identifying
from wardwatch.protocols.cms import (
    Bed,
    Ecg,
    Empty43,
    EndOfSet,
    ErrorBlock,
    Nibp,
    Pleth,
    Temperature,
    Text,
    encode,
)
from wardwatch.protocols.cms import Patient as PatientBlock

from .chance import chance
from .events import SECOND, Block, Value
from .patients import DEPARTMENTS, FIELD, Patient, Stay, stays
from .waves import BASELINE, ECG_RATE, RESP_RATE, Second, Waves

NOT_KNOWN: Final = 255
CUFF_EVERY: Final = 300
"""Seconds between two cuff measurements; the first follows 20 s after the sensors were attached."""
_FIRST_CUFF: Final = 20
_PROBE_SETTLES: Final = 6  # seconds until a pulse oximeter shows its first value
_LEAD_OFF: Final = 5  # a monitor without a patient says so in every fifth set

# Zeros after the known layout, so that each payload has the length of the published recordings' form.
_REST: Final = {"patient": bytes(19), "ecg": bytes(45), "pleth": bytes(12), "nibp": bytes(5), "temperature": bytes(6)}
_FLAT_ECG: Final = bytes([BASELINE]) * ECG_RATE
_FLAT_RESP: Final = bytes([BASELINE]) * RESP_RATE
PATIENT_FIELDS: Final = (
    identifying.ADMISSION_DATE,
    identifying.BIRTH_DATE,
    identifying.DEPARTMENT,
    identifying.DOCTOR_NAME,
    identifying.PATIENT_NAME,
    identifying.PATIENT_NUMBER,
)

Message = tuple[bytes, Block]


@dataclass(frozen=True, slots=True)
class Limits:
    """Alarm limits as set at the bedside, the same in every set until somebody turns them."""

    heart_rate: tuple[int, int, int] = (130, 45, 1)
    breath_rate: tuple[int, int, int] = (30, 8, 1)
    pvc: tuple[int, int, int] = (10, 0, 0)
    spo2: tuple[int, int, int] = (90, 100, 1)
    pulse_rate: tuple[int, int, int] = (45, 130, 1)
    systolic: tuple[int, int, int] = (165, 85, 1)
    diastolic: tuple[int, int, int] = (100, 45, 1)
    mean: tuple[int, int, int] = (120, 58, 1)
    t1: tuple[float, float, int] = (39.0, 35.0, 1)


@dataclass(slots=True)
class Shown:
    """What the display holds besides the waves: the last cuff measurement, by the monitor's own clock."""

    cuff: tuple[int, int, int] = (0, 0, 0)
    cuff_time: int = 0
    last: Second | None = None
    temperature: float = 0.0


class Bedside:
    """One monitor and who lies beside it, second by second. `start`: ns since 1970 of its first set.

    `too_high`: how much the displayed heart rate is higher than what follows from the waves: a display that lies.
    """

    def __init__(self, seed: int, number: int, start: int, mean_stay: float, *, too_high: int = 0) -> None:
        self._seed, self._number, self._start, self._too_high = seed, number, start, too_high
        self._source = chance(seed, "bedside", number)
        self.department = DEPARTMENTS[number % len(DEPARTMENTS)]
        moment = datetime.fromtimestamp(start // SECOND, UTC)
        today = (moment.year, moment.month, moment.day)
        bed = number % 200 + 1
        self._stays = stays(self._source, number * 1000, bed, mean_stay, today)
        self.stay: Stay = next(self._stays)
        self._attached = self.stay.start
        self._limits = Limits()
        self._waves = self._attach(self.stay.patient)
        self.shown = Shown()

    def occupied(self, k: int) -> bool:
        """Whether anybody is attached in second `k`: a monitor calls its central station only then."""
        self._catch_up(k)
        return self.stay.patient is not None

    def opening(self, k: int) -> list[Message]:
        """What a session that begins in second `k` begins with; nothing while nobody is attached."""
        self._catch_up(k)
        if self.stay.patient is None:
            return []
        return [_patient_block(self.stay.patient, self.stay.bed, self.department), _EMPTY]

    def second(self, k: int) -> list[Message]:
        """The set of second `k` since the monitor's first set; call it in order, leaving out what is not sent."""
        changed = self._catch_up(k)
        messages = self.opening(k) if changed else []
        messages.append(_bed_block(self.stay.bed))
        messages += self._nobody(k) if self._waves is None else self._somebody(k, self._waves)
        messages.append(_END)
        return messages

    def _catch_up(self, k: int) -> bool:
        """Whether somebody came, went or changed beds since the last set."""
        before = self.stay
        while self.stay.end <= k:
            self.stay = next(self._stays)
        if self.stay is before:
            return False
        if self.stay.patient is not before.patient:
            self._attached = self.stay.start
            self._waves = self._attach(self.stay.patient)
            self.shown = Shown()
        return True

    def _attach(self, patient: Patient | None) -> Waves | None:
        source = chance(self._seed, "waves", self._number, self.stay.start)
        return Waves(patient.body, source) if patient else None

    def _somebody(self, k: int, waves: Waves) -> list[Message]:
        since = k - self._attached
        wave = waves.second(since)
        if self._too_high and wave.heart_rate is not None:
            wave = replace(wave, heart_rate=min(NOT_KNOWN - 1, max(0, wave.heart_rate + self._too_high)))
        self.shown.last = wave
        self._measure(since, k, waves)
        return [
            _ecg_block(wave, self._limits, self.stay.patient.number if self.stay.patient else ""),
            _pleth_block(wave, self._limits, settled=since >= _PROBE_SETTLES),
            _nibp_block(self.shown.cuff, self.shown.cuff_time, self._limits),
            _temperature_block(self.shown.temperature, self._limits),
        ]

    def _measure(self, since: int, k: int, waves: Waves) -> None:
        """Temperature every minute, the cuff every five; a measurement nobody was sent is still on the display."""
        due = since - (since - _FIRST_CUFF) % CUFF_EVERY
        if since >= _FIRST_CUFF and (when := self._start // SECOND + k - (since - due)) != self.shown.cuff_time:
            self.shown.cuff, self.shown.cuff_time = waves.pressures(due), when
        self.shown.temperature = waves.temperature(since - since % 60)

    def _nobody(self, k: int) -> list[Message]:
        flat = Ecg(
            _FLAT_ECG, _FLAT_ECG, _FLAT_ECG, _FLAT_RESP, NOT_KNOWN, NOT_KNOWN, NOT_KNOWN, NOT_KNOWN, rest=_REST["ecg"]
        )
        off = Pleth(bytes(ECG_RATE), NOT_KNOWN, NOT_KNOWN, NOT_KNOWN, NOT_KNOWN, rest=_REST["pleth"])
        messages = [
            (encode(flat), Block("telemetry/ecg", {"heart_rate": None, "breath_rate": None})),
            (encode(off), Block("telemetry/pleth", {"spo2": None, "pulse_rate": None, "probe": "off"})),
            _nibp_block((0, 0, 0), 0, self._limits),
            _temperature_block(0.0, self._limits),
        ]
        if k % _LEAD_OFF == 0:
            text = "ECG LEAD OFF"
            block = encode(ErrorBlock(1, text.encode("ascii") + b"\0"))
            messages.append((block, Block("error", {"code": 1, "text": text})))
        return messages


def _patient_block(patient: Patient, bed: int, department: str) -> Message:
    admitted, born = _date(patient.admitted), _date(patient.born)
    block = PatientBlock(
        department=Text.of(department, FIELD),
        bed=bed,
        name=Text.of(patient.name, FIELD, patient.charset),
        number=Text.of(patient.number, FIELD),
        admission_year=admitted[0],
        admission_month=admitted[1],
        admission_day=admitted[2],
        height=patient.height,
        weight=patient.weight,
        birth_year=born[0],
        birth_month=born[1],
        birth_day=born[2],
        blood_type=patient.blood,
        doctor=Text.of(patient.doctor, FIELD),
        rest=_REST["patient"],
    )
    values: dict[str, Value] = {
        "department": department,
        "bed": bed,
        "name": patient.name,
        "charset": patient.charset,
        "number": patient.number,
        "admitted": "{:04d}-{:02d}-{:02d}".format(*patient.admitted),
        "born": "{:04d}-{:02d}-{:02d}".format(*patient.born),
        "height_mm": patient.height,
        "weight_100g": patient.weight,
        "doctor": patient.doctor,
    }
    return encode(block), Block("patient", values, patient.number, PATIENT_FIELDS, patient.number)


def _date(date: tuple[int, int, int]) -> tuple[Text, Text, Text]:
    year, month, day = date
    return Text.of(f"{year:04d}", 5), Text.of(f"{month:02d}", 3), Text.of(f"{day:02d}", 3)


def _ecg_block(wave: Second, limits: Limits, about: str) -> Message:
    heart, breath = wave.heart_rate, wave.breath_rate
    block = Ecg(
        wave.lead_1,
        wave.lead_2,
        wave.lead_3,
        wave.resp,
        NOT_KNOWN if heart is None else heart,
        NOT_KNOWN if heart is None else 0,
        NOT_KNOWN if breath is None else breath,
        NOT_KNOWN if breath is None else 0,
        bytes(12),
        bytes(15),
        *limits.heart_rate,
        *limits.breath_rate,
        bytes(30),
        *limits.pvc,
        _REST["ecg"],
    )
    beats, breaths = _milliseconds(wave.beats), _milliseconds(wave.breaths)
    values = {"heart_rate": heart, "breath_rate": breath, "beats_ms": beats, "breaths_ms": breaths}
    return encode(block), Block("telemetry/ecg", values, about=about)


def _pleth_block(wave: Second, limits: Limits, *, settled: bool) -> Message:
    pulse = wave.pulse_rate if settled else None
    spo2 = wave.spo2 if pulse is not None else None
    block = Pleth(
        wave.pleth,
        NOT_KNOWN if spo2 is None else spo2,
        0,
        NOT_KNOWN if pulse is None else pulse,
        NOT_KNOWN if pulse is None else 0,
        *limits.spo2,
        *limits.pulse_rate,
        _REST["pleth"],
    )
    values = {"spo2": spo2, "pulse_rate": pulse, "probe": "on", "pulses_ms": _milliseconds(wave.pulses)}
    return encode(block), Block("telemetry/pleth", values)


@lru_cache(maxsize=16384)
def _nibp_block(cuff: tuple[int, int, int], time: int, limits: Limits) -> Message:
    """`time` in seconds since 1970; 0 and zeros: never measured."""
    systolic, diastolic, mean = cuff
    when = (0,) * 6
    if time:
        moment = datetime.fromtimestamp(time, UTC)
        when = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    block = Nibp(*when, *cuff, *limits.systolic, *limits.diastolic, *limits.mean, _REST["nibp"])
    values = {"systolic": systolic or None, "diastolic": diastolic or None, "mean": mean or None}
    return encode(block), Block("telemetry/nibp", values)


@lru_cache(maxsize=16384)
def _temperature_block(t1: float, limits: Limits) -> Message:
    block = Temperature(t1, 0.0, 0.0, *limits.t1, 0.0, 0.0, 0, 0.0, 0.0, 0, _REST["temperature"])
    return encode(block), Block("telemetry/temperature", {"t1": t1 or None})


@lru_cache(maxsize=16384)
def _bed_block(bed: int) -> Message:
    return encode(Bed(bed=bed)), Block("bed", {"bed": bed})


def _milliseconds(times: tuple[float, ...]) -> tuple[int, ...]:
    """Thousandths of a second since the sensors were attached."""
    return tuple(int(time * 1000 + 0.5) for time in times)


_EMPTY: Final[Message] = (encode(Empty43()), Block("empty", {}))
_END: Final[Message] = (encode(EndOfSet()), Block("end", {}))
