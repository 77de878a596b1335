"""In: the bytes of one direction of a DICOM association, with holes said. Out: its units, pixel data passed over.

DICOM PS3.8, section 9.3: each unit (PDU) has a type, a length and, for data, presentation data values (PDVs). Of each
message the command and the beginning of its data set are kept; what follows costs nothing but counting.
"""

import re
from dataclasses import dataclass, field
from struct import Struct
from typing import Final

REQUEST, ACCEPT, REJECT, DATA, RELEASE, RELEASED, ABORT = range(1, 8)
KEPT: Final = 128 * 1024
_UNIT: Final = Struct(">BxI")
_VALUE: Final = Struct(">IBB")
_LONGEST_ASSOCIATION: Final = 64 * 1024
_LONGEST_DATA: Final = 1 << 28
_COMMAND, _LAST = 1, 2
_RESTART: Final = re.compile(rb"(?=\x04\x00(....)(....)[\x01-\xff][\x00-\x03])", re.DOTALL)
_TAIL: Final = 11


@dataclass(slots=True)
class Part:
    """A command or a data set, as it comes in fragments."""

    context: int
    is_command: bool
    start: int
    end: int = 0
    raw: bytearray = field(default_factory=bytearray)
    whole: bool = False
    broken: bool = False  # bytes are missing behind what is in `raw`


@dataclass(slots=True)
class Unit:
    """Any other unit, its content behind the head."""

    type: int
    start: int
    end: int
    raw: bytes


class Units:
    """Cuts one direction into units and parts."""

    def __init__(self) -> None:
        self.skipped = 0
        self._held = bytearray()
        self._at = 0
        self._in_step = True
        self._unit_left = 0  # of a data unit
        self._next_start = 0  # where the next presentation data value begins, with the head of its unit
        self._value_left = 0  # of a presentation data value in it
        self._part: Part | None = None
        self._ends = False  # the present value ends its part
        self._late: list[Part | Unit] = []

    def feed(self, data: bytes) -> list[Part | Unit]:
        """What `data` completes."""
        found, self._late = self._late, []
        place = 0
        if self._value_left and not self._held:  # the common case: pixels
            place = self._pass(data, found)
        self._held += data[place:]
        while self._step(found):
            pass
        return found

    def lose(self, count: int) -> None:
        """`count` bytes are missing here."""
        self._at += count
        if self._part is not None:
            self._part.broken = True
        if self._in_step and count <= self._value_left:
            self._value_left -= count
            self._unit_left -= count
            self._close(self._late)
            return
        self._late += self.finish()
        self._in_step = False

    def finish(self) -> list[Part | Unit]:
        """A part whose end is missing."""
        found, self._late = self._late, []
        if self._part is not None:
            self._part.end = self._at
            found.append(self._part)
        self._part = None
        self._unit_left = self._value_left = 0
        self._skip(len(self._held))
        return found

    def _step(self, found: list[Part | Unit]) -> bool:
        if not self._in_step:
            return self._search()
        if self._value_left:
            return self._value(found)
        return self._value_head(found) if self._unit_left else self._unit(found)

    def _unit(self, found: list[Part | Unit]) -> bool:
        if len(self._held) < _UNIT.size:
            return False
        kind, size = _UNIT.unpack_from(self._held)
        longest = _LONGEST_DATA if kind == DATA else _LONGEST_ASSOCIATION
        if not REQUEST <= kind <= ABORT or self._held[1] or size > longest:
            return self._leave_step(found)
        if kind == DATA:
            self._next_start = self._at
            self._take(_UNIT.size)
            self._unit_left = size
            return True
        if len(self._held) < _UNIT.size + size:
            return False
        raw = bytes(self._held[_UNIT.size : _UNIT.size + size])
        start = self._at
        self._take(_UNIT.size + size)
        found.append(Unit(kind, start, self._at, raw))
        return True

    def _value_head(self, found: list[Part | Unit]) -> bool:
        if len(self._held) < _VALUE.size:
            return False
        size, context, control = _VALUE.unpack_from(self._held)
        if not 2 <= size <= self._unit_left - 4:  # noqa: PLR2004  # context and control are counted
            return self._leave_step(found)
        is_command = bool(control & _COMMAND)
        if self._part is not None and (self._part.context, self._part.is_command) != (context, is_command):
            self._part.broken = True
            self._part.end = self._at
            found.append(self._part)
            self._part = None
        self._part = self._part or Part(context, is_command, self._next_start)
        self._ends = bool(control & _LAST)
        self._take(_VALUE.size)
        self._unit_left -= 4 + size
        self._value_left = size - 2
        self._next_start = self._at + self._value_left
        self._close(found)
        return True

    def _value(self, found: list[Part | Unit]) -> bool:
        if not self._held:
            return False
        count = self._keep(self._held)
        del self._held[:count]
        self._close(found)
        return True

    def _pass(self, data: bytes, found: list[Part | Unit]) -> int:
        count = self._keep(data)
        self._close(found)
        return count

    def _keep(self, data: bytes | bytearray) -> int:
        """Counts bytes of the present value, and keeps them while they may matter."""
        count = min(self._value_left, len(data))
        part = self._part
        if part is not None and not part.broken and len(part.raw) < KEPT:
            part.raw += data[: min(count, KEPT - len(part.raw))]
        self._value_left -= count
        self._at += count
        return count

    def _close(self, found: list[Part | Unit]) -> None:
        if self._value_left or self._part is None or not self._ends:
            return
        self._part.end, self._part.whole = self._at, True
        found.append(self._part)
        self._part, self._ends = None, False

    def _leave_step(self, found: list[Part | Unit]) -> bool:
        if self._part is not None:
            self._part.broken = True
            self._part.end = self._at
            found.append(self._part)
            self._part = None
        self._in_step = False
        self._unit_left = self._value_left = 0
        self._skip(1)
        return True

    def _search(self) -> bool:
        """Skips to a data unit that holds exactly one value; False: more bytes needed."""
        found = _RESTART.search(self._held)
        while found and not self._sound(found):
            found = _RESTART.search(self._held, found.start() + 1)
        if found:
            self._skip(found.start())
            self._in_step = True
        else:
            self._skip(max(0, len(self._held) - _TAIL))
        return self._in_step

    def _sound(self, found: re.Match[bytes]) -> bool:
        size, value = int.from_bytes(found[1], "big"), int.from_bytes(found[2], "big")
        return 2 <= value <= _LONGEST_DATA and size == value + 4  # noqa: PLR2004  # context and control are counted

    def _take(self, count: int) -> None:
        del self._held[:count]
        self._at += count

    def _skip(self, count: int) -> None:
        self._take(count)
        self.skipped += count
