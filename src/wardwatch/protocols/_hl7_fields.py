"""In: nothing; this module is a table. Out: the fields of HL7 v2 that name somebody, in the order of their rank.

HL7 v2.5.1, chapters 3 (PID, PV1, NK1, MRG), 4 and 7 (ORC, OBR), 6 (GT1, IN1); data types chapter 2A.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from . import identifying as word
from .codec import Person


def _only(*places: int, glue: str = " ") -> Callable[[list[str]], str]:
    """A reader that joins the components at `places`, counted from 0, leaving out empty ones."""

    def read(components: list[str]) -> str:
        return glue.join(components[place] for place in places if place < len(components) and components[place])

    return read


_ID = _only(0)
_PERSON_NAME = _only(0, 1, 2, 3, 4)  # XPN: family, given, further, suffix, prefix
_STAFF_NAME = _only(1, 2, 3, 4, 5)  # XCN: after the number the parts of XPN
_WHERE_FROM = _only(0, 1, 2, 3, 4, 5, glue=", ")  # XAD
_PHONE = _only(0, 3, 4, 5, 6, 7, 11)  # XTN: number, e-mail, its parts, unformatted


def _staff(components: list[str]) -> str:
    return _STAFF_NAME(components) or _ID(components)


class Field(NamedTuple):
    """Where a field stands, what it is, and how its components become one text."""

    segment: str
    place: int
    name: str
    read: Callable[[list[str]], str]
    person: Person = Person.PATIENT


FIELDS: Final = (
    Field("PID", 5, word.PATIENT_NAME, _PERSON_NAME),
    Field("PID", 3, word.PATIENT_NUMBER, _ID),
    Field("PID", 2, word.PATIENT_NUMBER, _ID),
    Field("PID", 4, word.PATIENT_NUMBER, _ID),
    Field("PID", 7, word.BIRTH_DATE, _ID),
    Field("PID", 8, word.SEX, _ID),
    Field("PID", 6, word.MOTHERS_NAME, _PERSON_NAME),
    Field("PID", 9, word.PATIENT_NAME, _PERSON_NAME),
    Field("PID", 11, word.ADDRESS, _WHERE_FROM),
    Field("PID", 13, word.PHONE_NUMBER, _PHONE),
    Field("PID", 14, word.PHONE_NUMBER, _PHONE),
    Field("PID", 18, word.ACCOUNT_NUMBER, _ID),
    Field("PID", 19, word.SOCIAL_SECURITY_NUMBER, _ID),
    Field("MRG", 1, word.PRIOR_PATIENT_NUMBER, _ID),
    Field("MRG", 7, word.PRIOR_PATIENT_NAME, _PERSON_NAME),
    *(Field("PV1", place, word.DOCTOR_NAME, _staff, Person.STAFF) for place in (7, 8, 9, 17)),
    Field("PV1", 19, word.VISIT_NUMBER, _ID),
    Field("PV1", 44, word.ADMISSION_DATE, _ID),
    Field("ORC", 12, word.DOCTOR_NAME, _staff, Person.STAFF),
    Field("OBR", 16, word.DOCTOR_NAME, _staff, Person.STAFF),
    Field("NK1", 2, word.RELATIVE_NAME, _PERSON_NAME),
    Field("NK1", 4, word.ADDRESS, _WHERE_FROM),
    Field("NK1", 5, word.PHONE_NUMBER, _PHONE),
    Field("GT1", 3, word.GUARANTOR_NAME, _PERSON_NAME),
    Field("GT1", 5, word.ADDRESS, _WHERE_FROM),
    Field("IN1", 16, word.INSURED_NAME, _PERSON_NAME),
    Field("IN1", 36, word.INSURANCE_NUMBER, _ID),
)
FIELDS_OF: Final[Mapping[str, tuple[tuple[int, Field], ...]]] = MappingProxyType(
    {
        name: tuple((rank, field) for rank, field in enumerate(FIELDS) if field.segment == name)
        for name in {field.segment for field in FIELDS}
    }
)
"""By segment, each with its rank."""
