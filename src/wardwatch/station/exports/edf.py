"""In: a recording. Out: an EDF+ file: every wave and displayed number, a record a second, messages as annotations.

Seconds without a set are left out, and the file says that it is interrupted ('EDF+D'). Numbers are signals of one
sample a record; -1 where the monitor showed dashes. Waves are codes as sent, since gains are not known.
"""

from datetime import UTC, datetime
from pathlib import Path
from struct import pack
from typing import Final

import numpy as np

from wardwatch.station.edf import Channel, Subject, annotations, head
from wardwatch.station.recording import Format, Recording, Second
from wardwatch.station.words import RATES, SECOND, UNITS, Patient, Quantity, Signal

_TENTHS: Final = 10
_MOST: Final = 3000
_WAVES: Final = tuple(Signal)
_NUMBERS: Final = tuple(each for each in Quantity if each is not Quantity.TD)
_LABELS: Final = {
    Signal.I: "ECG I",
    Signal.II: "ECG II",
    Signal.III: "ECG III",
    Signal.RESP: "Resp",
    Signal.PLETH: "Pleth",
}
_CHANNELS: Final = (
    *(Channel(_LABELS[each], "", 0, 255, (0, 255), RATES[each], "codes as sent") for each in _WAVES),
    *(
        Channel(
            str(each), UNITS[each].replace("°", "deg"), -1, _MOST, (-_TENTHS, _MOST * _TENTHS), 1, "-1: shown as dashes"
        )
        for each in _NUMBERS
    ),
)
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def _write(recording: Recording, stem: Path) -> tuple[Path, ...]:
    path = stem.with_name(f"{stem.name}.edf")
    start, fraction = divmod(recording.start, SECOND)
    records, last, subject = 0, -1, Subject()
    interrupted = False
    with path.open("wb") as file:
        file.write(bytes(256 * (len(_CHANNELS) + 2)))
        for second in recording.seconds():
            file.write(_record(second, fraction / SECOND))
            records, interrupted, last = records + 1, interrupted or second.number != last + 1, second.number
            if second.contents.patient is not None:
                subject = _subject(second.contents.patient)
        file.seek(0)
        moment = datetime.fromtimestamp(start, UTC)
        file.write(head(moment, subject, _CHANNELS, records, interrupted=interrupted))
    return (path,)


def _record(second: Second, fraction: float) -> bytes:
    told = second.contents
    waves = [told.waves.get(each, bytes(RATES[each])) for each in _WAVES]
    parts = [np.frombuffer(wave, np.uint8).astype("<i2").tobytes() for wave in waves]
    numbers = [_digits(told.shown.get(each)) for each in _NUMBERS]
    return b"".join((*parts, *numbers, annotations(second.number + fraction, told.messages)))


def _digits(value: float | None) -> bytes:
    number = -1.0 if value is None else min(max(value, -1.0), _MOST)
    return pack("<h", round(number * _TENTHS))


def _subject(patient: Patient) -> Subject:
    """Pseudonyms, unless the recording is revealed; dates are gone then."""
    return Subject(patient.number or "X", "X", _date(patient.born), patient.name or "X")


def _date(text: str) -> str:
    try:
        year, month, day = (int(part) for part in text.split("-"))
        return f"{day:02d}-{_MONTHS[month - 1]}-{year:04d}" if month > 0 else "X"
    except (ValueError, IndexError):
        return "X"


EXPORT: Final = Format("edf", "EDF+ with every wave and number", _write)
