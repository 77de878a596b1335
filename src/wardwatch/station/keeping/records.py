"""In: what happened, with its time and session. Out: bytes of records, one after another; and back from bytes.

A record is `u8 kind, u32 session, u64 time (ns since 1970), u32 length, payload`, little-endian.
"""

import json
from collections.abc import Iterator, Mapping
from enum import IntEnum
from struct import Struct
from typing import Any, Final, NamedTuple

HEAD: Final = Struct("<BIQI")
LONGEST: Final = 2 << 20
"""Bytes of one payload: an HL7 message may have one MiB."""


class Kind(IntEnum):
    """What a record holds; the numbers are the format."""

    OPENED = 1
    """A session began, or goes on in a new segment: JSON with address, port, local_port, source."""
    SET = 2
    """A set as it came, its end seen."""
    UNCLOSED = 3
    """A set as it came, its end missing."""
    MESSAGE = 4
    """An HL7 message as it came."""
    PLACED = 5
    """The session belongs to this place from now on: JSON with place."""
    CLOSED = 6
    """The session ended: JSON with why."""
    EVENT = 7
    """An event of the live view: JSON; session 0."""
    SUMMARY = 8
    """The last record of a segment that was ended in order: JSON, what it holds of which place."""


SETS: Final = frozenset((Kind.SET, Kind.UNCLOSED))
RAW: Final = frozenset((Kind.SET, Kind.UNCLOSED, Kind.MESSAGE))


class Record(NamedTuple):
    """One record. `kind` is a plain number where a later version wrote something this one does not know."""

    kind: int
    session: int
    at: int
    payload: bytes

    @property
    def told(self) -> Mapping[str, Any]:
        """The payload as JSON; empty where it is none."""
        try:
            value = json.loads(self.payload)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


def encode(record: Record) -> bytes:
    """The record as bytes; ValueError where its payload is too long."""
    if len(record.payload) > LONGEST:
        raise ValueError(f"a record's payload has at most {LONGEST} bytes, not {len(record.payload)}")
    return HEAD.pack(record.kind, record.session, record.at, len(record.payload)) + record.payload


def told(kind: Kind, session: int, at: int, **values: object) -> Record:
    """A record with a JSON payload."""
    return Record(kind, session, at, json.dumps(values, separators=(",", ":")).encode())


def decode(data: bytes) -> Iterator[Record]:
    """Every record in `data`; ends before one that does not fit, so compare what came with `size`."""
    place = 0
    while place + HEAD.size <= len(data):
        kind, session, at, length = HEAD.unpack_from(data, place)
        place += HEAD.size
        if length > LONGEST or place + length > len(data):
            return
        yield Record(kind, session, at, data[place : place + length])
        place += length


def size(record: Record) -> int:
    """Bytes the record takes."""
    return HEAD.size + len(record.payload)
