"""In: HL7 v2 over TCP, by form and on any port. Out: its messages, with who they name and what they say.

HL7 v2.5.1: framing appendix C, segments chapters 2 (MSH, MSA), 3 (PID, PV1, NK1, MRG), 4 and 7 (ORC, OBR, OBX), 6
(GT1, IN1). Versions differ only in what they add, so one table of fields reads them all.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from wardwatch.printable import printable

from ._hl7_fields import FIELDS_OF, Field
from ._hl7_frames import Found, Framer
from ._hl7_read import BEGINNING, NAME, PRESENT, READ, cut, told_by
from ._hl7_text import Parsed
from .charsets import ASCII
from .codec import Codec, Identifier, Message, Side, Signature, Transport

_MOST_IDENTIFIERS: Final = 512
_MOST_FIELDS: Final = 64
_FIELD_LENGTH: Final = 64
_FACT_LENGTH: Final = 256
_INCOMPLETE: Final = "incomplete"


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
_HEADER_FACTS: Final = (
    (2, "sending application"),
    (3, "sending facility"),
    (4, "receiving application"),
    (5, "receiving facility"),
    (11, "version"),
)


_HEADERS: Final[dict[tuple[str, ...], tuple[tuple[str, str], ...]]] = {}
_HEADERS_KEPT: Final = 1024


class _Said(NamedTuple):
    """What one line of a message says."""

    identifiers: tuple[tuple[int, Identifier], ...]
    """With the rank of the field each is from."""
    fields: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


_LINES: Final[dict[tuple[object, ...], dict[str, _Said]]] = {}
"""Lines read before, by what decides how a line is read."""
_Meaning = tuple[str, tuple[Identifier, ...], tuple[str, ...], Mapping[str, str | int]]
_MEANINGS: Final[dict[tuple[bytes, ...], _Meaning]] = {}
"""Of messages read before, by what of them is read."""
_MEANINGS_KEPT: Final = 2048
_new: Final = tuple.__new__
"""Makes a named tuple without a call of its own."""
_RANK: Final = itemgetter(0)
_READINGS_KEPT: Final = 16
_LINES_KEPT: Final = 2048
_LONGEST_LINE_KEPT: Final = 1024


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
    start, end, raw, incomplete = found
    key = None if incomplete else told_by(raw)
    meaning = _MEANINGS.get(key) if key else None
    if meaning is None:
        meaning = _meaning(raw, incomplete=incomplete)
        if key:
            if len(_MEANINGS) >= _MEANINGS_KEPT:
                _MEANINGS.clear()
            _MEANINGS[key] = meaning
    kind, identifiers, fields, facts = meaning
    return _new(Message, ("hl7", kind, side, start, end, identifiers, fields, facts))


def _meaning(raw: bytes, *, incomplete: bool) -> _Meaning:
    parsed = Parsed(raw, incomplete=incomplete)
    header = _header_facts(parsed, parsed.fields(parsed.lines[0]) if parsed.lines else [""])
    said = _said(parsed)
    kind, facts = _summed_up((header, *(one.facts for one in said if one.facts)))
    return _INCOMPLETE if incomplete else kind, _identifiers(said), _present(said), facts


@lru_cache(1024)
def _summed_up(told: tuple[tuple[tuple[str, str], ...], ...]) -> tuple[str, Mapping[str, str | int]]:
    """The kind of a message, and its facts; where two segments tell the same, the later one counts."""
    facts = {name: value for part in told for name, value in part}
    kind = _KINDS.get(facts["message type"].partition("^")[0], "message")
    return kind, MappingProxyType({name: value for name, value in facts.items() if value})


def _said(parsed: Parsed) -> list[_Said]:
    """What each line says that is read at all; lines alike are read once, since a patient's messages repeat them."""
    known = _lines_read(parsed.reading)
    said = []
    for line in parsed.lines:
        name = line[:NAME]
        if name not in READ:
            continue
        if name in BEGINNING:
            line = cut(line, parsed.separators.field, BEGINNING[name])  # noqa: PLW2901  # what follows is not read
        one = known.get(line)
        if one is None:
            one = _learn(known, parsed, line)
        said.append(one)
    return said


def _lines_read(reading: tuple[object, ...]) -> dict[str, _Said]:
    if reading not in _LINES and len(_LINES) >= _READINGS_KEPT:
        _LINES.clear()
    return _LINES.setdefault(reading, {})


def _learn(known: dict[str, _Said], parsed: Parsed, line: str) -> _Said:
    segment = parsed.fields(line)
    said = _Said(_named(parsed, segment), _shown(parsed, segment), _told(parsed, segment))
    if len(line) <= _LONGEST_LINE_KEPT:
        if len(known) >= _LINES_KEPT:
            known.clear()
        known[line] = said
    return said


def _identifiers(said: list[_Said]) -> tuple[Identifier, ...]:
    """Sorted by the field's rank, so that of two numbers of a patient the more usual one comes first; none twice."""
    naming = [one.identifiers for one in said if one.identifiers]
    if not naming:
        return ()
    ranked = sorted(chain.from_iterable(naming), key=_RANK)
    found: dict[tuple[str, str], Identifier] = {}
    for _, identifier in ranked:
        if len(found) < _MOST_IDENTIFIERS:
            found.setdefault(identifier[:2], identifier)
    return tuple(found.values())


def _named(parsed: Parsed, segment: list[str]) -> tuple[tuple[int, Identifier], ...]:
    """Whom a segment names, each with the rank of the field."""
    found = []
    count = len(segment)
    for rank, field in FIELDS_OF.get(segment[0], ()):
        _, place, name, _, person = field
        text = segment[place] if place < count else ""
        if not text:
            continue
        if parsed.is_plain(text):
            if value := text.strip():
                found.append((rank, _new(Identifier, (name, value, ASCII, person))))
        else:
            found += [(rank, _new(Identifier, (name, *value, person))) for value in _values(parsed, segment, field)]
    return tuple(found[:_MOST_IDENTIFIERS])


def _values(parsed: Parsed, segment: list[str], field: Field) -> Iterator[tuple[str, str]]:
    for components in parsed.repetitions(segment, field.place):
        read = [parsed.read(component) for component in components]
        value = field.read([text for text, _ in read])
        if value:
            others = [charset for text, charset in read if text and charset != ASCII]
            yield value, others[0] if others else ASCII


def _present(said: list[_Said]) -> tuple[str, ...]:
    """The kinds of data that are there."""
    found: dict[str, None] = {}
    for one in said:
        for place, name in enumerate(one.fields):
            if place == 0 or len(found) < _MOST_FIELDS:
                found[name] = None
    return tuple(found)


def _shown(parsed: Parsed, segment: list[str]) -> tuple[str, ...]:
    """The kind of data of a segment, and for an observation what was observed."""
    if segment[0] not in PRESENT:
        return ()
    text = parsed.first(segment, 3, 1) or parsed.first(segment, 3) if segment[0] == "OBX" else ""
    return (PRESENT[segment[0]], printable(text, _FIELD_LENGTH)) if text else (PRESENT[segment[0]],)


def _header_facts(parsed: Parsed, header: list[str]) -> tuple[tuple[str, str], ...]:
    """What the header says besides time and number: the same in all messages of one interface, so looked up."""
    key = ("".join(parsed.separators), *header[2:6], *header[8:9], *header[11:12])
    known = _HEADERS.get(key)
    if known is None:
        known = _read_header(parsed, header)
        told = "".join(key[1:])
        if len(_HEADERS) < _HEADERS_KEPT and len(told) <= _LONGEST_LINE_KEPT and told.isascii():
            _HEADERS[key] = known
    return known


def _read_header(parsed: Parsed, header: list[str]) -> tuple[tuple[str, str], ...]:
    facts = [(name, parsed.first(header, place)[:_FACT_LENGTH]) for place, name in _HEADER_FACTS]
    kind = [parsed.read(part)[0] for components in parsed.repetitions(header, 8) for part in components]
    return (*facts, ("message type", "^".join(kind[:2])[:_FACT_LENGTH]))


def _told(parsed: Parsed, segment: list[str]) -> tuple[tuple[str, str], ...]:
    """What a segment says that is about nobody."""
    if segment[0] == "MSA":
        return (("code", parsed.first(segment, 1)[:_FACT_LENGTH]),)
    if segment[0] == "PV1":
        bed = [parsed.first(segment, 3, component) for component in range(3)]  # PL: point of care, room, bed
        return (("bed", " ".join(part for part in bed if part)[:_FACT_LENGTH]),)
    return ()


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
    apart=True,
    carries="Names, numbers, orders and results in clear, with no sign-in and no encryption.",
)
