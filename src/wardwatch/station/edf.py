"""In: values of a recording's head, signals and annotations. Out: the bytes of an EDF+ file's head and records.

EDF+ as specified by Kemp and Olivan (2003), section 2.1: continuous ('EDF+C') or interrupted ('EDF+D') records, each
with its start in a time-stamped annotation list (2.2). Texts are ASCII, annotations UTF-8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

ANNOTATION_SAMPLES: Final = 64
_ANNOTATION_BYTES: Final = 2 * ANNOTATION_SAMPLES
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_ONSET_END, _TEXT_END = b"\x14", b"\x14"


@dataclass(frozen=True, slots=True)
class Channel:
    """One signal: its label, unit, range in units and in digits, and samples a record."""

    label: str
    unit: str
    low: float
    high: float
    digits: tuple[int, int]
    samples: int
    about: str = ""


ANNOTATIONS: Final = Channel("EDF Annotations", "", -1, 1, (-32768, 32767), ANNOTATION_SAMPLES)


@dataclass(frozen=True, slots=True)
class Subject:
    """EDF+ 2.1.3.3: hospital code, sex, birth date as dd-MMM-yyyy, name; X where not known or not told."""

    code: str = "X"
    sex: str = "X"
    born: str = "X"
    name: str = "X"


def head(start: datetime, subject: Subject, channels: Sequence[Channel], records: int, *, interrupted: bool) -> bytes:
    """The head; `channels` without the annotations, which come last."""
    every = (*channels, ANNOTATIONS)
    patient = " ".join(_word(part) for part in (subject.code, subject.sex, subject.born, subject.name))
    recording = f"Startdate {start.day:02d}-{_MONTHS[start.month - 1]}-{start.year} X X wardwatch_UTC"
    fixed = _fields(
        ("0", 8), (patient, 80), (recording, 80), (f"{start:%d.%m.%y}", 8), (f"{start:%H.%M.%S}", 8),
        (256 * (len(every) + 1), 8), ("EDF+D" if interrupted else "EDF+C", 44), (records, 8), (1, 8), (len(every), 4),
    )  # fmt: skip
    columns: list[tuple[Sequence[str | int], int]] = [
        ([each.label for each in every], 16),
        ([each.about for each in every], 80),
        ([each.unit for each in every], 8),
        ([f"{each.low:g}" for each in every], 8),
        ([f"{each.high:g}" for each in every], 8),
        ([each.digits[0] for each in every], 8),
        ([each.digits[1] for each in every], 8),
        (["" for _ in every], 80),
        ([each.samples for each in every], 8),
        (["" for _ in every], 32),
    ]
    return fixed + b"".join(_fields(*((value, width) for value in values)) for values, width in columns)


def annotations(second: float, texts: Iterable[str]) -> bytes:
    """The annotation signal of one record: when it begins, then what happened, as far as there is room."""
    onset = f"+{second:.6f}".rstrip("0").rstrip(".").encode()
    told = onset + _ONSET_END + _TEXT_END + b"\0"
    for text in texts:
        plain = text.encode("utf-8", "replace").translate(None, b"\x00\x14\x15")
        more = onset + _ONSET_END + plain + _TEXT_END + b"\0"
        if len(told) + len(more) <= _ANNOTATION_BYTES:
            told += more
    return told.ljust(_ANNOTATION_BYTES, b"\0")


def _fields(*fields: tuple[str | int, int]) -> bytes:
    return b"".join(str(value).encode("ascii", "replace")[:width].ljust(width) for value, width in fields)


def _word(text: str) -> str:
    """One word of a head: no blanks, printable ASCII (2.1.3.3)."""
    kept = "".join(letter if "!" <= letter <= "~" else "_" for letter in text.strip())
    return kept[:30] or "X"
