"""In: the bytes of one HL7 v2 message. Out: those of them that are read at all.

Two messages alike in these say the same. Most messages of an interface repeat all but a time and a number, so what they
say is worked out once.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import AnyStr, Final

from . import identifying as word
from ._hl7_fields import FIELDS_OF

PRESENT: Final[Mapping[str, str]] = MappingProxyType(
    {"OBX": word.OBSERVATION, "OBR": word.ORDER, "ORC": word.ORDER, "DG1": word.DIAGNOSIS, "AL1": word.ALLERGY}
)
READ: Final = frozenset((*FIELDS_OF, *PRESENT, "MSA"))
NAME: Final = 3
BEGINNING: Final[Mapping[str, int]] = MappingProxyType({"OBX": 4, "MSA": 2})
"""Segments of which only so many fields are read, and whose later ones differ in every message."""
_LONGEST_KEPT: Final = 4096
_SHORTEST_HEADER: Final = 12
_CUT: Final = {name.encode(): fields for name, fields in BEGINNING.items()}
_WHOLE: Final = frozenset(name.encode() for name in READ - BEGINNING.keys())


def told_by(raw: bytes) -> tuple[bytes, ...] | None:
    """Of a message in plain ASCII, all that is read: two messages alike in it say the same. None for any other."""
    if not raw.isascii() or b"\x1b" in raw or b"\n" in raw or len(raw) > _LONGEST_KEPT:
        return None
    separator = raw[3:4]
    lines = raw.split(b"\r")
    header = lines[0].split(separator)
    if len(header) < _SHORTEST_HEADER:
        return None
    read = [separator, *header[1:6], header[8], header[11], *header[17:18], b""]
    for line in lines:
        name = line[:NAME]
        if name in _CUT:
            read.append(cut(line, separator, _CUT[name]))
        elif name in _WHOLE:
            read.append(line)
    return tuple(read)


def cut(line: AnyStr, separator: AnyStr, fields: int) -> AnyStr:
    """The line as far as its first `fields` fields."""
    parts = line.split(separator, fields)
    return line if len(parts) <= fields else line[: -len(parts[-1]) - 1]
