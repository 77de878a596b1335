"""In: a DICOM association over TCP. Out: who talks to whom, what is asked, and which patient is named.

DICOM PS3.8 (upper layer), PS3.7 (commands, annexes C and E), PS3.6 (tags). The transfer syntax is the negotiated one;
where the association was not seen, the first element tells it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from . import _dicom_elements as elements
from . import identifying as word
from ._dicom_units import ABORT, ACCEPT, REJECT, RELEASE, RELEASED, REQUEST, Part, Unit, Units
from .charsets import guess
from .codec import KIBI, Codec, Identifier, Message, Person, Side, Signature, Transport

_IMPLICIT: Final = b"1.2.840.10008.1.2"
_BIG: Final = b"1.2.840.10008.1.2.2"
_DEFLATED: Final = (b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.4.95", b"1.2.840.10008.1.2.8.1")
_NOT_READ: Final = "not read: deflated"

_COMMANDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0x0001: "store",
        0x0010: "get",
        0x0020: "find",
        0x0021: "move",
        0x0030: "echo",
        0x0100: "event-report",
        0x0110: "get-attributes",
        0x0120: "set-attributes",
        0x0130: "action",
        0x0140: "create",
        0x0150: "delete",
        0x0FFF: "cancel",
    }
)
_ANSWER: Final = 0x8000
_COMMAND_FIELD, _DATA_SET_TYPE, _STATUS = (0x0000, 0x0100), (0x0000, 0x0800), (0x0000, 0x0900)
_NO_DATA_SET: Final = 0x0101
_IDENTIFYING: Final[Mapping[elements.Tag, tuple[str, Person]]] = MappingProxyType(
    {
        (0x0010, 0x0010): (word.PATIENT_NAME, Person.PATIENT),
        (0x0010, 0x0020): (word.PATIENT_NUMBER, Person.PATIENT),
        (0x0010, 0x0030): (word.BIRTH_DATE, Person.PATIENT),
        (0x0010, 0x0040): (word.SEX, Person.PATIENT),
        (0x0010, 0x1040): (word.ADDRESS, Person.PATIENT),
        (0x0010, 0x2154): (word.PHONE_NUMBER, Person.PATIENT),
        (0x0010, 0x1060): (word.MOTHERS_NAME, Person.PATIENT),
        (0x0008, 0x0050): (word.ACCESSION_NUMBER, Person.PATIENT),
        (0x0008, 0x0090): (word.DOCTOR_NAME, Person.STAFF),
    }
)
_FACTS: Final = {(0x0008, 0x0060): "modality", (0x0008, 0x0070): "manufacturer", (0x0008, 0x1090): "model"}
_UNIT_KINDS: Final = {
    REQUEST: "association",
    ACCEPT: "association-accepted",
    REJECT: "association-rejected",
    RELEASE: "release",
    RELEASED: "released",
    ABORT: "abort",
}
_ITEMS_AT: Final = 68  # PS3.8, table 9-11: behind version, two titles and 34 reserved bytes
_CALLED, _CALLING = slice(4, 20), slice(20, 36)
_REQUESTED, _ACCEPTED, _TRANSFER = 0x20, 0x21, 0x40


class _Conversation:
    """Both directions; what was negotiated holds for both."""

    def __init__(self, _transport: Transport) -> None:
        self.skipped = 0
        self._units = (Units(), Units())
        self._syntaxes: dict[int, bytes] = {}  # presentation context -> transfer syntax
        self._commands: list[Message | None] = [None, None]  # those whose data set is still to come

    def feed(self, side: Side, data: bytes) -> list[Message]:
        return self._read(side, self._units[side].feed(data))

    def lose(self, side: Side, count: int) -> None:
        self._units[side].lose(count)

    def finish(self) -> list[Message]:
        messages: list[Message] = []
        for side in Side:
            messages += self._read(side, self._units[side].finish())
            waiting, self._commands[side] = self._commands[side], None
            if waiting is not None:
                messages.append(_incomplete(waiting))
        return messages

    def _read(self, side: Side, found: list[Part | Unit]) -> list[Message]:
        messages: list[Message] = []
        for one in found:
            if isinstance(one, Unit):
                messages.append(self._unit(side, one))
            elif one.is_command:
                self._command(side, one, messages)
            else:
                messages.append(self._data_set(side, one))
        self.skipped = sum(units.skipped for units in self._units)
        return messages

    def _unit(self, side: Side, unit: Unit) -> Message:
        facts: dict[str, str | int] = {}
        if unit.type in {REQUEST, ACCEPT} and len(unit.raw) >= _ITEMS_AT:
            facts["called AE title"] = guess(unit.raw[_CALLED].strip(b" \0"))[0]
            facts["calling AE title"] = guess(unit.raw[_CALLING].strip(b" \0"))[0]
            self._negotiate(unit)
        return Message("dicom", _UNIT_KINDS[unit.type], side, unit.start, unit.end, facts=facts)

    def _negotiate(self, unit: Unit) -> None:
        """Transfer syntaxes: those accepted; before, where exactly one is offered for a context, that one."""
        for kind, content in _items(unit.raw[_ITEMS_AT:]):
            if kind not in {_REQUESTED, _ACCEPTED} or len(content) < 4:  # noqa: PLR2004  # context and three bytes
                continue
            names = [name.rstrip(b" \0") for inner, name in _items(content[4:]) if inner == _TRANSFER]
            if kind == _ACCEPTED and names:
                self._syntaxes[content[0]] = names[0]
            elif kind == _REQUESTED and len(names) == 1:
                self._syntaxes.setdefault(content[0], names[0])

    def _command(self, side: Side, part: Part, messages: list[Message]) -> None:
        found = dict(elements.elements(bytes(part.raw), elements.IMPLICIT_LITTLE))
        number = int.from_bytes(found.get(_COMMAND_FIELD, b""), "little")
        name = _COMMANDS.get(number & ~_ANSWER, "command")
        facts: dict[str, str | int] = {"command": name}
        if _STATUS in found:
            facts["status"] = int.from_bytes(found[_STATUS], "little")
        kind = f"{name}-answer" if number & _ANSWER else name
        message = Message("dicom", kind, side, part.start, part.end, facts=facts)
        waiting, self._commands[side] = self._commands[side], None
        if waiting is not None:
            messages.append(_incomplete(waiting))
        if not part.whole:
            messages.append(_incomplete(message))
        elif int.from_bytes(found.get(_DATA_SET_TYPE, b"\x01\x01"), "little") == _NO_DATA_SET:
            messages.append(message)
        else:
            self._commands[side] = message

    def _data_set(self, side: Side, part: Part) -> Message:
        command, self._commands[side] = self._commands[side], None
        facts = dict(command.facts) if command else {}
        kind = command.kind if command and part.whole else "data" if part.whole else "incomplete"
        fields = (word.IMAGE,) if command and command.kind == "store" else ()
        start = command.start if command else part.start
        syntax = self._syntaxes.get(part.context)
        if syntax in _DEFLATED:
            facts["data set"] = _NOT_READ
            return Message("dicom", kind, side, start, part.end, (), fields, facts)
        raw = bytes(part.raw)
        identifiers = _who(raw, _layout(syntax, raw), facts)
        return Message("dicom", kind, side, start, part.end, identifiers, fields, facts)


def _incomplete(message: Message) -> Message:
    return Message("dicom", "incomplete", message.side, message.start, message.end, facts=message.facts)


def _items(raw: bytes) -> list[tuple[int, bytes]]:
    """Type and content of each item (PS3.8, 9.3.2)."""
    found, place = [], 0
    while place + 4 <= len(raw):
        size = int.from_bytes(raw[place + 2 : place + 4], "big")
        found.append((raw[place], raw[place + 4 : place + 4 + size]))
        place += 4 + size
    return found


def _layout(syntax: bytes | None, raw: bytes) -> elements.Syntax:
    if syntax is None:
        return elements.likely_syntax(raw)
    if syntax == _IMPLICIT:
        return elements.IMPLICIT_LITTLE
    return elements.EXPLICIT_BIG if syntax == _BIG else elements.EXPLICIT_LITTLE


def _who(raw: bytes, syntax: elements.Syntax, facts: dict[str, str | int]) -> tuple[Identifier, ...]:
    declared, found = "", []
    for tag, value in elements.elements(raw, syntax):
        if tag == elements.CHARSET:
            declared = guess(value.strip(b" \0"))[0]
        elif tag in _IDENTIFYING:
            text, charset = elements.read_text(value, declared)
            shown = " ".join(text.replace("^", " ").split())
            field, person = _IDENTIFYING[tag]
            found += [Identifier(field, shown, charset, person)] if shown.strip("= ") else []
        elif tag in _FACTS:
            facts[_FACTS[tag]] = elements.read_text(value, declared)[0][:64]
    return tuple(found)


# -- recognition ------------------------------------------------------------------------------------------------------

_APPLICATION: Final = b"1.2.840.10008.3.1.1.1"


def recognise(transport: Transport, client: bytes, server: bytes) -> float:
    """How sure a side begins with an association, or sends data units of which each holds one value."""
    if transport is not Transport.TCP:
        return 0.0
    return max(_sure(client), _sure(server))


def _sure(sent: bytes) -> float:
    if len(sent) >= 8 and sent[0] in {REQUEST, ACCEPT} and sent[1] == 0 and sent[6:8] == b"\0\x01":  # noqa: PLR2004  # head and version
        if _APPLICATION in sent[:256]:
            return 0.99
        titles = sent[10:42]
        return 0.7 if len(titles) == 32 and all(b" " <= bytes((c,)) <= b"~" for c in titles) else 0.0  # noqa: PLR2004  # two titles of 16
    if len(sent) < 24 or sent[0] != 4 or sent[1]:  # noqa: PLR2004  # a data unit and the beginning of its value
        return 0.0
    commands = [one for one in Units().feed(sent) if isinstance(one, Part) and one.is_command]
    return 0.8 if commands and dict(elements.elements(bytes(commands[0].raw), elements.IMPLICIT_LITTLE)) else 0.0


_ANY: Final = 0
_ASSOCIATION: Final = bytes((_ANY, 0, _ANY, _ANY, _ANY, _ANY, 0, 1, 0, 0))  # protocol version 1, reserved zeros
_ASSOCIATION_MASK: Final = b"\xff\xff\0\0\0\0\xff\xff\xff\xff"
# A data unit below 16 MiB whose first value is a whole command, which begins with its group length (0000,0000).
_COMMANDING: Final = b"\x04\0\0\0\0\0\0\0\0\0\0\x03\0\0\0\0"
_COMMANDING_MASK: Final = b"\xff\xff\xff\0\0\0\xff\0\0\0\0\xff\xff\xff\xff\xff"
_BUDGET: Final = 8 * KIBI * KIBI
_INSIDE: Final = 32 * KIBI
CODEC: Final = Codec(
    name="dicom",
    title="DICOM",
    reference="DICOM PS3.7, PS3.8",
    signatures=(
        *(
            Signature(
                Transport.TCP,
                bytes((kind,)) + _ASSOCIATION[1:],
                _ASSOCIATION_MASK,
                budget=_BUDGET,
                inside_budget=_INSIDE,
            )
            for kind in (REQUEST, ACCEPT)
        ),
        Signature(Transport.TCP, _COMMANDING, _COMMANDING_MASK, budget=_BUDGET, inside_budget=_INSIDE),
    ),
    recognise=recognise,
    open=_Conversation,
    carries="Patients' names, numbers and images in clear, with titles in place of a sign-in.",
)
