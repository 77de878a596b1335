"""In: nothing; this module only names what a codec is. Out: the types each codec in this folder is made of.

A codec is one module of this folder that defines `CODEC`. It says by which bytes the capture kernel should keep a
flow for it (`signatures`), whether the first bytes really have its form (`recognise`), and turns the two directions
of a conversation into messages (`Dialogue`). Form decides, never the port.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

KIBI: Final = 1024
UNLIMITED: Final = 2**63 - 1
NO_FACTS: Final[Mapping[str, str | int]] = MappingProxyType({})


class Side(IntEnum):
    """Who sent it: the side that opened the conversation, or the other."""

    CLIENT = 0
    SERVER = 1


class Transport(StrEnum):
    """What carries the protocol."""

    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True)
class Signature:
    """Bytes by which the capture kernel decides to keep a flow's payload for this codec; a guess, confirmed later.

    `pattern` and `mask` have one length of 1 to 16; a byte matches where `(byte & mask) == pattern`. `offset` counts
    from the start of a packet's payload; with `anywhere` the pattern is searched in the whole payload instead.
    `ports`: only where either port is one of these (empty: any). `budget`: payload bytes kept per direction;
    `inside_budget`: the same where both ends lie in local networks and bulk transfer there is nobody's concern.
    """

    transport: Transport
    pattern: bytes
    mask: bytes = b""
    offset: int = 0
    anywhere: bool = False
    ports: tuple[int, ...] = ()
    budget: int = UNLIMITED
    inside_budget: int = UNLIMITED

    def __post_init__(self) -> None:
        if not 1 <= len(self.pattern) <= 16:  # noqa: PLR2004  # the kernel's table has 16 bytes an entry
            raise ValueError("a signature is 1 to 16 bytes long")
        mask = self.mask or b"\xff" * len(self.pattern)
        if len(mask) != len(self.pattern):
            raise ValueError("pattern and mask differ in length")
        object.__setattr__(self, "mask", mask)
        object.__setattr__(self, "pattern", bytes(p & m for p, m in zip(self.pattern, mask, strict=True)))


class Person(StrEnum):
    """Whom an identifying field names."""

    PATIENT = "patient"
    STAFF = "staff"


class Identifier(NamedTuple):
    """A field that identifies somebody, decoded, with the character set it was read in. Never print `value` itself.

    A named tuple, as `Message`: an interface names somebody in every message.
    """

    field: str
    """The field in plain words, the same in every codec: 'patient name', 'patient number', 'birth date', ..."""
    value: str
    charset: str = "ascii"
    person: Person = Person.PATIENT

    def __repr__(self) -> str:
        """Without the value, which must not get into a log."""
        return f"Identifier(field={self.field!r}, charset={self.charset!r}, person={self.person!r})"


class Message(NamedTuple):
    """One complete application message. A named tuple, because a long stream has millions of them.

    `kind` is the codec's own word for it ('patient', 'telemetry', 'observation', 'mount', ...). `fields` names the
    kinds of data present in clear ('heart rate', 'ECG waveform'), identifying ones not repeated. `facts` are values
    that are not about a person: bed number, path, procedure, vendor. `start` and `end` count bytes of its direction.
    """

    protocol: str
    kind: str
    side: Side
    start: int
    end: int
    identifiers: tuple[Identifier, ...] = ()
    fields: tuple[str, ...] = ()
    facts: Mapping[str, str | int] = NO_FACTS


class Dialogue(Protocol):
    """The state of one conversation. Feed each side's bytes in order; say what was lost; finish once."""

    skipped: int
    """Bytes fed that belong to no message: damage, unknown form, an unfinished end (after `finish`)."""

    def feed(self, side: Side, data: bytes) -> list[Message]:
        """Messages completed by `data`. For UDP one call is one datagram."""
        ...

    def lose(self, side: Side, count: int) -> None:
        """`count` bytes of `side` are missing here; resynchronise."""
        ...

    def finish(self) -> list[Message]:
        """No more will come: what can still be said, and `skipped` made final."""
        ...


@dataclass(frozen=True, slots=True)
class Codec:
    """One protocol. `recognise` gets the first bytes of each direction (up to 64 KiB) and answers 0.0 to 1.0."""

    name: str
    title: str
    reference: str
    signatures: tuple[Signature, ...]
    recognise: Callable[[Transport, bytes, bytes], float]
    open: Callable[[Transport], Dialogue]
    carries: str = ""
    """What an analyst should know about it: shown beside flows of this protocol."""
    apart: bool = False
    """Its dialogue reads each direction without the other, so these need not be fed in the order of the packets."""
    names_only: bool = False
    """Recognised to be called by its name; once it is, nothing more of the conversation is read."""
