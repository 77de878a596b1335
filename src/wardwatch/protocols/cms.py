"""In: the stream a CMS8000 sends to its central station. Out: its blocks as messages; and blocks to bytes (`encode`).

Source: the public decoder scarito/cms (2020). Only the monitor sends; the side it seems to be on does not matter.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from . import identifying as word
from ._cms_frames import Framer, measure
from .cms_blocks import (
    BED,
    ECG,
    EMPTY_43,
    END_OF_SET,
    ERROR,
    MARK,
    NIBP,
    PATIENT,
    PLETH,
    TELEMETRY,
    TEMPERATURE,
    Bed,
    Block,
    Damaged,
    Ecg,
    Empty43,
    EndOfSet,
    ErrorBlock,
    Nibp,
    Patient,
    Pleth,
    Temperature,
    Text,
    UnknownBlock,
    decode,
    encode,
)
from .codec import Codec, Identifier, Message, Person, Side, Signature, Transport

__all__ = [
    "CODEC",
    "Bed",
    "Block",
    "Damaged",
    "Ecg",
    "Empty43",
    "EndOfSet",
    "ErrorBlock",
    "Nibp",
    "Patient",
    "Pleth",
    "Temperature",
    "Text",
    "UnknownBlock",
    "decode",
    "encode",
]

_Meaning = tuple[str, tuple[Identifier, ...], tuple[str, ...], Mapping[str, str | int]]
_new: Final = tuple.__new__
"""Makes a named tuple without a call of its own: a stream has millions of blocks."""
_NO_FACTS: Final[Mapping[str, str | int]] = MappingProxyType({})
_TYPE_AT: Final = 3
_SUB_TYPE_AT: Final = 6
_KEY: Final = 8  # bytes that tell what every block but a patient's and an error means
_MEANINGS_KEPT: Final = 256
_KINDS: Final = {EMPTY_43: "empty", END_OF_SET: "end-of-set"}
_TELEMETRY_FIELDS: Final = {
    ECG: (word.ECG_WAVEFORM, word.RESPIRATION_WAVEFORM, word.HEART_RATE, word.RESPIRATION_RATE, word.ALARM_LIMITS),
    PLETH: (word.PLETH_WAVEFORM, word.SPO2, word.PULSE_RATE, word.ALARM_LIMITS),
    NIBP: (word.BLOOD_PRESSURE, word.ALARM_LIMITS),
    TEMPERATURE: (word.TEMPERATURE, word.ALARM_LIMITS),
}


class _Conversation:
    """Both directions, each cut into blocks; the meaning of blocks that begin alike is worked out once."""

    def __init__(self) -> None:
        self.skipped = 0
        self._framers = (Framer(), Framer())
        self._meanings: dict[bytes, _Meaning] = {}

    def feed(self, side: Side, data: bytes) -> list[Message]:
        return self._messages(side, self._framers[side].feed(data))

    def lose(self, side: Side, count: int) -> None:
        self._framers[side].lose(count)
        self._count_skipped()

    def finish(self) -> list[Message]:
        return [message for side in Side for message in self._messages(side, self._framers[side].finish())]

    def _messages(self, side: Side, blocks: list[tuple[int, bytes]]) -> list[Message]:
        self._count_skipped()
        known = self._meanings
        messages = []
        for start, block in blocks:
            kind, identifiers, fields, facts = known.get(block[:_KEY]) or known.get(block) or self._learn(block)
            told = ("cms", kind, side, start, start + len(block), identifiers, fields, facts)
            messages.append(_new(Message, told))
        return messages

    def _learn(self, block: bytes) -> _Meaning:
        meaning = _meaning(block)
        if len(self._meanings) >= _MEANINGS_KEPT:
            self._meanings.clear()
        whole = block[_TYPE_AT] not in _KINDS and block[_TYPE_AT] not in {TELEMETRY, BED}
        self._meanings[block if whole else block[:_KEY]] = meaning
        return meaning

    def _count_skipped(self) -> None:
        self.skipped = self._framers[0].skipped + self._framers[1].skipped


def _meaning(block: bytes) -> _Meaning:
    kind = block[_TYPE_AT]
    if kind in _KINDS:
        return _KINDS[kind], (), (), _NO_FACTS
    if kind == TELEMETRY and len(block) >= _KEY:
        return "telemetry", (), _TELEMETRY_FIELDS.get(block[_SUB_TYPE_AT], ()), _NO_FACTS
    read = decode(block)
    if isinstance(read, Patient):
        return "patient", _who(read), _about(read), MappingProxyType({"bed": read.bed})
    if isinstance(read, Bed):
        return "bed", (), (), MappingProxyType({"bed": read.bed})
    if isinstance(read, ErrorBlock):
        return "error", (), (), MappingProxyType({"code": read.code, "message": read.text})
    return "unknown", (), (), MappingProxyType({"type": kind})


def _who(patient: Patient) -> tuple[Identifier, ...]:
    """Who is named; nothing where neither name nor number is: the rest then describes an empty bed."""
    if not (patient.name.text or patient.number.text):
        return ()
    texts = (
        (word.PATIENT_NAME, patient.name, Person.PATIENT),
        (word.PATIENT_NUMBER, patient.number, Person.PATIENT),
        (word.DEPARTMENT, patient.department, Person.PATIENT),
        (word.DOCTOR_NAME, patient.doctor, Person.STAFF),
    )
    named = [Identifier(field, *text.read, person) for field, text, person in texts if text.text]
    dates = (
        (word.ADMISSION_DATE, (patient.admission_year, patient.admission_month, patient.admission_day)),
        (word.BIRTH_DATE, (patient.birth_year, patient.birth_month, patient.birth_day)),
    )
    dated = [Identifier(field, "-".join(part.text for part in parts)) for field, parts in dates if parts[0].text]
    return (*named, *dated)


def _about(patient: Patient) -> tuple[str, ...]:
    values = ((word.HEIGHT, patient.height), (word.WEIGHT, patient.weight), (word.BLOOD_TYPE, patient.blood_type))
    return tuple(name for name, value in values if value)


# -- recognition ------------------------------------------------------------------------------------------------------

_SURE, _LIKELY, _MIDDLE, _PERHAPS = 0.99, 0.9, 0.8, 0.3
_TELLING: Final = frozenset((PATIENT, TELEMETRY))  # types whose head and layout alone are unmistakable
_PATIENT_ZEROS: Final = slice(0x24, 0x26)  # the two bytes behind the department
_PRINTING: Final = re.compile(rb"[\x01-\x05][!-~]{1,128}( [ -~]{0,512})?\n")  # RFC 1179, section 5
_LONGEST_REST: Final = 4200  # bytes of a block whose head was not seen
_IDLE: Final = 16  # bytes the station's side may have sent where only the middle of a session is known


def recognise(transport: Transport, client: bytes, server: bytes) -> float:
    """How sure one side sends blocks one after another; 0 for printing (RFC 1179), which uses the same port."""
    if transport is not Transport.TCP:
        return 0.0
    return max(_sure(client, server), _sure(server, client))


def _sure(sent: bytes, answered: bytes) -> float:
    if not sent:
        return 0.0
    if _PRINTING.match(sent):
        return 0.0
    first = measure(sent)
    if first > len(sent):
        return _LIKELY if _telling_start(sent) else 0.0
    framer = Framer()
    blocks = framer.feed(sent) + framer.finish()
    if first > 0 and blocks and blocks[0][0] == 0:
        return _from_start(blocks, sent)
    return _from_middle(blocks, len(answered))


def _telling_start(sent: bytes) -> bool:
    """Whether a block that has begun has more of its form than a length, the mark and a type."""
    if sent[_TYPE_AT] == PATIENT:
        return sent[_PATIENT_ZEROS] == bytes(2)
    return sent[_TYPE_AT] == TELEMETRY  # `measure` has looked at its eight first bytes


def _from_start(blocks: list[tuple[int, bytes]], sent: bytes) -> float:
    covered = sum(len(block) for _, block in blocks)
    rest = sent[covered:]
    telling = any(block[_TYPE_AT] in _TELLING for _, block in blocks)
    begun = measure(rest) > len(rest) and _telling_start(rest)
    if 2 * covered < len(sent) - _LONGEST_REST:
        return 0.0
    if len(blocks) > 1:
        return _SURE if telling else _LIKELY
    if telling or begun:
        return _LIKELY
    return 0.0 if len(rest) > 2 else _PERHAPS  # noqa: PLR2004  # too few to tell a head by


def _from_middle(blocks: list[tuple[int, bytes]], answered: int) -> float:
    if len(blocks) < 2 or blocks[0][0] > _LONGEST_REST or answered > _IDLE:  # noqa: PLR2004  # a chain has two
        return 0.0
    spanned = blocks[-1][0] + len(blocks[-1][1]) - blocks[0][0]
    covered = sum(len(block) for _, block in blocks)
    telling = any(block[_TYPE_AT] in _TELLING for _, block in blocks)
    return _MIDDLE if telling and 2 * covered >= spanned else 0.0


def _open(_transport: Transport) -> _Conversation:
    return _Conversation()


def _begins(kind: int, payload: bytes = b"") -> Signature:
    """A head whose length is below 4096 (the four high bits of its second byte are 0), from that byte on."""
    pattern = bytes((0, MARK, kind)) + payload
    return Signature(Transport.TCP, pattern, b"\xf0" + b"\xff" * (len(pattern) - 1), offset=1)


def _is_empty(kind: int) -> Signature:
    return Signature(Transport.TCP, bytes((2, 0, MARK, kind)))


_SUB_TYPES: Final = b"\x05\x46\x00\x00\x14\x00"  # 0x14 to 0x17: the two lowest bits are free
CODEC: Final = Codec(
    name="cms",
    title="Central-station stream of the CMS8000",
    reference="scarito/cms (2020)",
    signatures=(
        _begins(PATIENT),
        _begins(ERROR),
        _begins(BED, bytes(2)),
        _is_empty(EMPTY_43),
        _is_empty(END_OF_SET),
        Signature(Transport.TCP, _SUB_TYPES, b"\xff\xff\xff\xff\xfc\xff", anywhere=True),
    ),
    recognise=recognise,
    open=_open,
    apart=True,
    carries="Patient, waveforms and vital signs in clear, with no sign-in and no encryption.",
)
