"""In: HL7 v2 over TCP, by form and on any port. Out: its messages, with who they name and what they say.

HL7 v2.5.1: framing appendix C, segments chapters 2 (MSH, MSA), 3 (PID, PV1, NK1, MRG), 4 and 7 (ORC, OBR, OBX), 6
(GT1, IN1). Versions differ only in what they add, so one table of fields reads them all.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from wardwatch.printable import printable

from . import identifying as word
from ._hl7_frames import Found, Framer
from ._hl7_text import Parsed
from .codec import Codec, Identifier, Message, Person, Side, Signature, Transport

_MOST_IDENTIFIERS: Final = 512
_MOST_FIELDS: Final = 64
_FIELD_LENGTH: Final = 64
_FACT_LENGTH: Final = 256
_INCOMPLETE: Final = "incomplete"


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


class _Field(NamedTuple):
    segment: str
    place: int
    name: str
    read: Callable[[list[str]], str]
    person: Person = Person.PATIENT


_FIELDS: Final = (
    _Field("PID", 5, word.PATIENT_NAME, _PERSON_NAME),
    _Field("PID", 3, word.PATIENT_NUMBER, _ID),
    _Field("PID", 2, word.PATIENT_NUMBER, _ID),
    _Field("PID", 4, word.PATIENT_NUMBER, _ID),
    _Field("PID", 7, word.BIRTH_DATE, _ID),
    _Field("PID", 8, word.SEX, _ID),
    _Field("PID", 6, word.MOTHERS_NAME, _PERSON_NAME),
    _Field("PID", 9, word.PATIENT_NAME, _PERSON_NAME),
    _Field("PID", 11, word.ADDRESS, _WHERE_FROM),
    _Field("PID", 13, word.PHONE_NUMBER, _PHONE),
    _Field("PID", 14, word.PHONE_NUMBER, _PHONE),
    _Field("PID", 18, word.ACCOUNT_NUMBER, _ID),
    _Field("PID", 19, word.SOCIAL_SECURITY_NUMBER, _ID),
    _Field("MRG", 1, word.PRIOR_PATIENT_NUMBER, _ID),
    _Field("MRG", 7, word.PRIOR_PATIENT_NAME, _PERSON_NAME),
    *(_Field("PV1", place, word.DOCTOR_NAME, _staff, Person.STAFF) for place in (7, 8, 9, 17)),
    _Field("PV1", 19, word.VISIT_NUMBER, _ID),
    _Field("PV1", 44, word.ADMISSION_DATE, _ID),
    _Field("ORC", 12, word.DOCTOR_NAME, _staff, Person.STAFF),
    _Field("OBR", 16, word.DOCTOR_NAME, _staff, Person.STAFF),
    _Field("NK1", 2, word.RELATIVE_NAME, _PERSON_NAME),
    _Field("NK1", 4, word.ADDRESS, _WHERE_FROM),
    _Field("NK1", 5, word.PHONE_NUMBER, _PHONE),
    _Field("GT1", 3, word.GUARANTOR_NAME, _PERSON_NAME),
    _Field("GT1", 5, word.ADDRESS, _WHERE_FROM),
    _Field("IN1", 16, word.INSURED_NAME, _PERSON_NAME),
    _Field("IN1", 36, word.INSURANCE_NUMBER, _ID),
)

_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ACK": "acknowledgement",
        "ADT": "admission",
        "ORU": "observation",
        "ORM": "order",
        "OMG": "order",
        "OML": "order",
        "SIU": "appointment",
        "MDM": "document",
        "QRY": "query",
        "QBP": "query",
        "RSP": "answer",
    }
)
_PRESENT: Final[Mapping[str, str]] = MappingProxyType(
    {"OBX": word.OBSERVATION, "OBR": word.ORDER, "ORC": word.ORDER, "DG1": word.DIAGNOSIS, "AL1": word.ALLERGY}
)
_HEADER_FACTS: Final = (
    (2, "sending application"),
    (3, "sending facility"),
    (4, "receiving application"),
    (5, "receiving facility"),
    (11, "version"),
)


_HEADERS: Final[dict[tuple[object, ...], tuple[tuple[str, str], ...]]] = {}
_HEADERS_KEPT: Final = 1024


class _Conversation:
    """Both directions; whichever side speaks, its messages are read alike."""

    def __init__(self) -> None:
        self.skipped = 0
        self._framers = (Framer(), Framer())

    def feed(self, side: Side, data: bytes) -> list[Message]:
        return self._read(side, self._framers[side].feed(data))

    def lose(self, side: Side, count: int) -> None:
        self._framers[side].lose(count)

    def finish(self) -> list[Message]:
        return [message for side in Side for message in self._read(side, self._framers[side].finish())]

    def _read(self, side: Side, found: list[Found]) -> list[Message]:
        self.skipped = self._framers[0].skipped + self._framers[1].skipped
        return [_message(side, one) for one in found]


def _message(side: Side, found: Found) -> Message:
    parsed = Parsed(found.raw, incomplete=found.incomplete)
    facts = _facts(parsed)
    code = str(facts.get("message type", "")).partition("^")[0]
    kind = _INCOMPLETE if found.incomplete else _KINDS.get(code, "message")
    return Message("hl7", kind, side, found.start, found.end, _identifiers(parsed), _fields(parsed), facts)


def _identifiers(parsed: Parsed) -> tuple[Identifier, ...]:
    found: dict[tuple[str, str], Identifier] = {}
    by_name: dict[str, list[list[str]]] = {}
    for segment in parsed.segments:
        by_name.setdefault(segment[0], []).append(segment)
    for field in _FIELDS:
        for segment in by_name.get(field.segment, ()):
            if len(segment) <= field.place or not segment[field.place]:
                continue
            for value, charset in _values(parsed, segment, field):
                if len(found) < _MOST_IDENTIFIERS:
                    found.setdefault((field.name, value), Identifier(field.name, value, charset, field.person))
    return tuple(found.values())


def _values(parsed: Parsed, segment: list[str], field: _Field) -> Iterator[tuple[str, str]]:
    for components in parsed.repetitions(segment, field.place):
        read = [parsed.read(component) for component in components]
        value = field.read([text for text, _ in read])
        if value:
            yield value, max((charset for text, charset in read if text), key=lambda name: name != "ascii")


def _fields(parsed: Parsed) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for segment in parsed.segments:
        if segment[0] in _PRESENT:
            found[_PRESENT[segment[0]]] = None
        if segment[0] == "OBX" and len(found) < _MOST_FIELDS:
            text = parsed.first(segment, 3, 1) or parsed.first(segment, 3)
            if text:
                found[printable(text, _FIELD_LENGTH)] = None
    return tuple(found)


def _header_facts(parsed: Parsed, header: list[str]) -> tuple[tuple[str, str], ...]:
    """What the header says besides time and number: the same in all messages of one interface, so looked up."""
    places = (*(place for place, _ in _HEADER_FACTS), 8)
    key = (parsed.separators, *(header[place] if place < len(header) else "" for place in places))
    if not all(part.isascii() for part in key[1:] if isinstance(part, str)):
        return _read_header(parsed, header)
    known = _HEADERS.get(key)
    if known is None:
        known = _read_header(parsed, header)
        if len(_HEADERS) < _HEADERS_KEPT:
            _HEADERS[key] = known
    return known


def _read_header(parsed: Parsed, header: list[str]) -> tuple[tuple[str, str], ...]:
    facts = [(name, parsed.first(header, place)[:_FACT_LENGTH]) for place, name in _HEADER_FACTS]
    kind = [parsed.read(part)[0] for components in parsed.repetitions(header, 8) for part in components]
    return (*facts, ("message type", "^".join(kind[:2])[:_FACT_LENGTH]))


def _facts(parsed: Parsed) -> dict[str, str | int]:
    header = parsed.segments[0] if parsed.segments else [""]
    facts: dict[str, str | int] = dict(_header_facts(parsed, header))
    for segment in parsed.named("MSA"):
        facts["code"] = parsed.first(segment, 1)[:_FACT_LENGTH]
    for segment in parsed.named("PV1"):
        bed = [parsed.first(segment, 3, component) for component in range(3)]  # PL: point of care, room, bed
        facts["bed"] = " ".join(part for part in bed if part)[:_FACT_LENGTH]
    return {name: value for name, value in facts.items() if value}


# -- recognition ------------------------------------------------------------------------------------------------------

_HEAD: Final = rb"MSH([^A-Za-z0-9\x00-\x20\x7f-\xff])[^A-Za-z0-9\x00-\x20\x7f-\xff]{3,5}\1"
_AT_START: Final = re.compile(rb"[\r\n ]{0,8}\x0b?[\r\n]{0,8}(?:[FB]HS[^\r]{0,512}\r){0,2}" + _HEAD)
_INSIDE: Final = re.compile(rb"(?:\x0b|[\r\n])" + _HEAD)


def recognise(transport: Transport, client: bytes, server: bytes) -> float:
    """How sure either side sends messages that begin with an MSH segment and its separators."""
    if transport is not Transport.TCP:
        return 0.0
    if any(_AT_START.match(sent) for sent in (client, server)):
        return 0.99
    return 0.8 if any(_INSIDE.search(sent) for sent in (client, server)) else 0.0


def _open(_transport: Transport) -> _Conversation:
    return _Conversation()


_FRAMED: Final = b"\x0bMSH"
_BARE: Final = b"MSH|^~\\&|"
CODEC: Final = Codec(
    name="hl7",
    title="HL7 version 2",
    reference="HL7 v2.5.1",
    signatures=(
        Signature(Transport.TCP, _FRAMED),
        Signature(Transport.TCP, _FRAMED, anywhere=True),
        Signature(Transport.TCP, _BARE, anywhere=True),
    ),
    recognise=recognise,
    open=_open,
    carries="Names, numbers, orders and results in clear, with no sign-in and no encryption.",
)
