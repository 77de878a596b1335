"""In: the bytes of one block of the central-station stream. Out: its fields, and from them exactly the same bytes.

Layout by the public decoder scarito/cms (2020): `u16 length` (counts all that follows it), 0x05, type, payload;
integers little-endian. Offsets named in the comments count from the payload's start. What nobody understands in
public is kept as bytes under a name that begins with `unknown`; what follows the known layout is kept in `rest`.
A payload that does not fit its type's layout becomes an `UnknownBlock`, so no byte is ever refused or changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from struct import Struct
from types import MappingProxyType
from typing import ClassVar, Final, Self

from .charsets import guess

MARK: Final = 0x05
PATIENT: Final = 0x3E
EMPTY_43: Final = 0x43
BED: Final = 0x45
TELEMETRY: Final = 0x46
END_OF_SET: Final = 0x47
ERROR: Final = 0x49
ECG: Final = 0x14
PLETH: Final = 0x15
NIBP: Final = 0x16
TEMPERATURE: Final = 0x17

HEAD: Final = Struct("<HBB")
_COUNTED: Final = 2  # bytes of the head that the length counts: mark and type
LONGEST_PAYLOAD: Final = 0xFFFF - _COUNTED


@dataclass(frozen=True, slots=True)
class Text:
    """A NUL padded field as sent; `repr` does not show it, since it may name a patient."""

    raw: bytes

    def __repr__(self) -> str:
        """Only the size."""
        return f"Text({len(self.raw)} bytes)"

    @classmethod
    def of(cls, text: str, size: int, charset: str = "ascii") -> Self:
        """`text` in `charset`, NUL padded to `size` bytes; ValueError where it does not fit with one NUL."""
        raw = text.encode(charset)
        if len(raw) >= size:
            raise ValueError(f"the text takes {len(raw)} bytes, and the field has room for {size - 1}")
        return cls(raw.ljust(size, b"\0"))

    @property
    def read(self) -> tuple[str, str]:
        """What stands before the first NUL, without blanks around it, and the character set it was read in."""
        text, charset = guess(self.raw.split(b"\0", 1)[0])
        return text.strip(), charset

    @property
    def text(self) -> str:
        """The text alone."""
        return self.read[0]


_TEXTS: Final[dict[type, tuple[bool, ...]]] = {}


@dataclass(frozen=True, slots=True)
class Fixed:
    """A block whose payload is a fixed layout and then whatever else was sent."""

    TYPE: ClassVar[int]
    LEAD: ClassVar[bytes] = b""
    LAYOUT: ClassVar[Struct]

    @classmethod
    def parse(cls, payload: bytes) -> Self | None:
        """The block, or None where `payload` is too short or would not come out the same again."""
        start, end = len(cls.LEAD), len(cls.LEAD) + cls.LAYOUT.size
        if len(payload) < end or not payload.startswith(cls.LEAD):
            return None
        make: Callable[..., Self] = cls
        values = zip(cls.texts(), cls.LAYOUT.unpack_from(payload, start), strict=True)
        block = make(*(Text(value) if text else value for text, value in values), payload[end:])
        return block if block.payload() == payload else None

    @classmethod
    def texts(cls) -> tuple[bool, ...]:
        """For each laid-out field in order, whether it is a text; `rest` comes last and is left out."""
        known = _TEXTS.get(cls)
        if known is None:
            known = _TEXTS[cls] = tuple(entry.type is Text for entry in fields(cls)[:-1])
        return known

    def payload(self) -> bytes:
        """The bytes after the head."""
        values = [getattr(self, entry.name) for entry in fields(self)]
        rest = values.pop()
        laid = self.LAYOUT.pack(*(value.raw if isinstance(value, Text) else value for value in values))
        return bytes(self.LEAD + laid + rest)


@dataclass(frozen=True, slots=True)
class Patient(Fixed):
    """0x3E: who lies there. Height in mm, weight in 0.1 kg; year, month and day are ASCII digits."""

    TYPE: ClassVar[int] = PATIENT
    LAYOUT: ClassVar[Struct] = Struct("<32s2sB32s32s5s3s3s6sHH4s5s3s3s4sBB32s")
    department: Text = Text(bytes(32))
    unknown_20: bytes = bytes(2)
    bed: int = 0
    name: Text = Text(bytes(32))
    number: Text = Text(bytes(32))
    admission_year: Text = Text(bytes(5))
    admission_month: Text = Text(bytes(3))
    admission_day: Text = Text(bytes(3))
    unknown_6e: bytes = bytes(6)
    height: int = 0
    weight: int = 0
    unknown_78: bytes = bytes(4)
    birth_year: Text = Text(bytes(5))
    birth_month: Text = Text(bytes(3))
    birth_day: Text = Text(bytes(3))
    unknown_87: bytes = bytes(4)
    unknown_8b: int = 0
    blood_type: int = 0
    doctor: Text = Text(bytes(32))
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class Empty43(Fixed):
    """0x43: nothing in it, and nobody in public knows what it is for."""

    TYPE: ClassVar[int] = EMPTY_43
    LAYOUT: ClassVar[Struct] = Struct("<")
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class Bed(Fixed):
    """0x45: the bed's number."""

    TYPE: ClassVar[int] = BED
    LAYOUT: ClassVar[Struct] = Struct("<2sBB")
    unknown_00: bytes = bytes(2)
    bed: int = 0
    unknown_03: int = 0xFF
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class EndOfSet(Fixed):
    """0x47: closes the blocks of one second."""

    TYPE: ClassVar[int] = END_OF_SET
    LAYOUT: ClassVar[Struct] = Struct("<")
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class ErrorBlock(Fixed):
    """0x49: a code and a text, which is all that follows."""

    TYPE: ClassVar[int] = ERROR
    LAYOUT: ClassVar[Struct] = Struct("<B")
    code: int = 0
    rest: bytes = b""

    @property
    def text(self) -> str:
        """The text up to its first NUL."""
        return Text(self.rest).text


@dataclass(frozen=True, slots=True)
class Ecg(Fixed):
    """0x46/0x14: 256 samples a lead, 128 of respiration; rates a minute; `..._invalid` is 0 where the value holds."""

    TYPE: ClassVar[int] = TELEMETRY
    LEAD: ClassVar[bytes] = bytes((0, 0, ECG, 0))
    LAYOUT: ClassVar[Struct] = Struct("<256s256s256s128sBBBB12s15s3H3H30s3H")
    lead_1: bytes = bytes(256)
    lead_2: bytes = bytes(256)
    lead_3: bytes = bytes(256)
    respiration: bytes = bytes(128)
    heart_rate: int = 0
    heart_rate_invalid: int = 0
    respiration_rate: int = 0
    respiration_rate_invalid: int = 0
    unknown_388: bytes = bytes(12)
    unknown_394: bytes = bytes(15)
    heart_rate_max: int = 0
    heart_rate_min: int = 0
    heart_rate_set: int = 0
    respiration_rate_max: int = 0
    respiration_rate_min: int = 0
    respiration_rate_set: int = 0
    unknown_3af: bytes = bytes(30)
    pvc_max: int = 0
    pvc_min: int = 0
    pvc_set: int = 0
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class Pleth(Fixed):
    """0x46/0x15: 256 samples; SpO2 in %, pulse a minute; `probe` 0 attached, 255 not."""

    TYPE: ClassVar[int] = TELEMETRY
    LEAD: ClassVar[bytes] = bytes((0, 0, PLETH, 0))
    LAYOUT: ClassVar[Struct] = Struct("<256sBBBB3H3H")
    pleth: bytes = bytes(256)
    spo2: int = 0
    probe: int = 0
    pulse_rate: int = 0
    invalid: int = 0
    spo2_min: int = 0
    spo2_max: int = 0
    spo2_set: int = 0
    pulse_rate_min: int = 0
    pulse_rate_max: int = 0
    pulse_rate_set: int = 0
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class Nibp(Fixed):
    """0x46/0x16: the last cuff measurement in mmHg, with its time by the monitor's own clock."""

    TYPE: ClassVar[int] = TELEMETRY
    LEAD: ClassVar[bytes] = bytes((0, 0, NIBP, 0))
    LAYOUT: ClassVar[Struct] = Struct("<H5B3H3H3H3H")
    year: int = 0
    month: int = 0
    day: int = 0
    hour: int = 0
    minute: int = 0
    second: int = 0
    systolic: int = 0
    diastolic: int = 0
    mean: int = 0
    systolic_max: int = 0
    systolic_min: int = 0
    systolic_set: int = 0
    diastolic_max: int = 0
    diastolic_min: int = 0
    diastolic_set: int = 0
    mean_max: int = 0
    mean_min: int = 0
    mean_set: int = 0
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class Temperature(Fixed):
    """0x46/0x17: two sensors and their difference, in degrees Celsius."""

    TYPE: ClassVar[int] = TELEMETRY
    LEAD: ClassVar[bytes] = bytes((0, 0, TEMPERATURE, 0))
    LAYOUT: ClassVar[Struct] = Struct("<3fffHffHffH")
    t1: float = 0.0
    t2: float = 0.0
    td: float = 0.0
    t1_max: float = 0.0
    t1_min: float = 0.0
    t1_set: int = 0
    t2_max: float = 0.0
    t2_min: float = 0.0
    t2_set: int = 0
    td_max: float = 0.0
    td_min: float = 0.0
    td_set: int = 0
    rest: bytes = b""


@dataclass(frozen=True, slots=True)
class UnknownBlock:
    """A block of a type or a layout that is not publicly known, its payload as sent."""

    type: int
    raw: bytes

    def payload(self) -> bytes:
        """The bytes after the head."""
        return self.raw


@dataclass(frozen=True, slots=True)
class Damaged:
    """Bytes that are no block: cut short, without the mark, or of another length than the head says."""

    raw: bytes


Block = Patient | Empty43 | Bed | EndOfSet | ErrorBlock | Ecg | Pleth | Nibp | Temperature | UnknownBlock | Damaged

_BY_TYPE: Final[Mapping[int, tuple[type[Fixed], ...]]] = MappingProxyType(
    {
        PATIENT: (Patient,),
        EMPTY_43: (Empty43,),
        BED: (Bed,),
        TELEMETRY: (Ecg, Pleth, Nibp, Temperature),
        END_OF_SET: (EndOfSet,),
        ERROR: (ErrorBlock,),
    }
)


def decode(block: bytes) -> Block:
    """The block with its head; `encode` gives back exactly these bytes, whatever they are."""
    raw = bytes(block)
    if len(raw) < HEAD.size:
        return Damaged(raw)
    length, mark, kind = HEAD.unpack_from(raw)
    if mark != MARK or length != len(raw) - 2:
        return Damaged(raw)
    payload = raw[HEAD.size :]
    for shape in _BY_TYPE.get(kind, ()):
        read = shape.parse(payload)
        if read is not None:
            return read  # type: ignore[return-value]  # every class in the table is one of Block
    return UnknownBlock(kind, payload)


def encode(block: Block) -> bytes:
    """The block with its head; ValueError where a payload is longer than a length field can say."""
    if isinstance(block, Damaged):
        return block.raw
    payload = block.payload()
    if len(payload) > LONGEST_PAYLOAD:
        raise ValueError(f"a block's payload has at most {LONGEST_PAYLOAD} bytes, not {len(payload)}")
    kind = block.type if isinstance(block, UnknownBlock) else block.TYPE
    return HEAD.pack(len(payload) + _COUNTED, MARK, kind) + payload
