"""In: a source. Out: invented patients who come, change beds and go, in the character sets monitors really hold.

Every name says in its own language that it is made up ('sample', 'example', 'John Doe'); no name stands for anybody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from .waves import Body, somebody

FIELD: Final = 32
"""Bytes of a name field in the patient block."""

_NAMES: Final = (
    ("ascii", ("Sample Samuel", "Example Erica", "Invented Irene", "Nobody Norman", "Placeholder Paul", "Mock Mary")),
    ("latin-1", ("Müller-Muster Jörg", "Beispiel Käthe", "Ejemplo Núñez Begoña", "Exemple Françoise", "Exempel Åsa")),
    ("utf-8", ("Vzorová Žofie", "Przykład Łucja", "Παράδειγμα Ελένη", "Образцова Анна", "Örnek Gökçe")),
    ("gbk", ("张三", "李四", "王五", "赵六", "无名氏", "测试病人")),
)
_DOCTORS: Final = ("Dr. Specimen", "Dr. Mustermann", "Dr. Pattern", "Dr. Muestra")
DEPARTMENTS: Final = ("WARD EXAMPLE 1", "WARD EXAMPLE 2", "ICU SAMPLE", "RECOVERY MOCK")


@dataclass(frozen=True, slots=True)
class Patient:
    """Somebody who is not there. Dates as (year, month, day); height in mm, weight in 0.1 kg."""

    name: str
    charset: str
    number: str
    admitted: tuple[int, int, int]
    born: tuple[int, int, int]
    height: int
    weight: int
    blood: int
    doctor: str
    body: Body

    @property
    def name_bytes(self) -> bytes:
        """The name as the monitor stores it."""
        return self.name.encode(self.charset)


@dataclass(frozen=True, slots=True)
class Stay:
    """From `start` to `end` (s since the monitor's first set) somebody, or nobody, is attached in bed `bed`."""

    start: int
    end: int
    bed: int
    patient: Patient | None


def invent(source: Random, number: int, today: tuple[int, int, int]) -> Patient:
    """A patient with the case number `number`, admitted today."""
    charset, names = source.choice(_NAMES)
    return Patient(
        name=source.choice(names),
        charset=charset,
        number=f"INV{number:07d}",
        admitted=today,
        born=(source.randrange(1931, 2006), source.randrange(1, 13), source.randrange(1, 29)),
        height=source.randrange(1480, 1990),
        weight=source.randrange(430, 1180),
        blood=source.randrange(5),
        doctor=source.choice(_DOCTORS),
        body=somebody(source),
    )


def stays(source: Random, first_number: int, bed: int, mean: float, today: tuple[int, int, int]) -> Iterator[Stay]:
    """An endless sequence without holes: somebody for `mean` seconds on average, then nobody for a while, or a new bed.

    Numbers count up from `first_number`; one change in five moves the same patient to another bed instead.
    """
    now, number = 0, first_number
    patient = invent(source, number, today)
    while True:
        end = now + max(20, round(source.expovariate(1 / mean)))
        yield Stay(now, end, bed, patient)
        now = end
        if source.random() < 0.2:  # noqa: PLR2004  # the share named above
            bed = bed % 200 + 1
            continue
        end = now + source.randrange(8, 40)
        yield Stay(now, end, bed, None)
        now, number = end, number + 1
        patient = invent(source, number, today)
