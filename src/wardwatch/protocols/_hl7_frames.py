"""In: the bytes of one direction, in order, with holes said. Out: the HL7 v2 messages in it.

Minimal lower layer protocol (HL7 v2.5.1, appendix C): 0x0B, message, 0x1C 0x0D. Also read: a message that begins with
a bare 'MSH' on a new line, and one that ends where the next begins. A message whose end is missing (a hole, the end
of the data, the bound on its size) is handed on as incomplete, since its first segments name the patient.
"""

import re
from typing import Final, NamedTuple

LONGEST: Final = 1 << 20
_BEGIN, _END = 0x0B, 0x1C
_FRAME: Final = (_END, _BEGIN)
_STARTS: Final = re.compile(rb"\x0b|(?<=[\r\n])MSH(?=[^A-Za-z0-9\r\n])")
_STOPS: Final = re.compile(rb"[\x0b\x1c]|(?<=[\r\n])MSH[^A-Za-z0-9\r\n]")
_HEADER: Final = re.compile(rb"MSH[^A-Za-z0-9\r\n]")
_LOOK_BACK: Final = 4  # a new line and 'MSH' may lie across two pieces
_BETWEEN: Final = b"\r\n"
_FRAMED: Final = b"\x0bMSH"
_new: Final = tuple.__new__
"""Makes a named tuple without a call of its own."""


class Found(NamedTuple):
    """One message from its 'MSH', and where its frame lay in the direction."""

    start: int
    end: int
    raw: bytes
    incomplete: bool


class Framer:
    """Cuts one direction into messages."""

    def __init__(self) -> None:
        self.skipped = 0
        self._held = bytearray()
        self._at = 0
        self._inside = False
        self._too_long = False
        self._fresh = True  # a message may begin right here
        self._scanned = 0  # in `_held`
        self._late: list[Found] = []

    def feed(self, data: bytes) -> list[Found]:
        """The messages that `data` completes."""
        found, self._late = self._late, []
        idle = not (self._held or self._inside)
        self._held += self._whole(data, found) if idle else data
        while self._end(found) if self._inside else self._begin():
            pass
        return found

    def lose(self, count: int) -> None:
        """`count` bytes are missing here."""
        self._late += self._broken_off(whole=False)
        self._at += count

    def finish(self) -> list[Found]:
        """The message that nothing follows: whole if it began without a frame, and so needs no end."""
        found, self._late = self._late, []
        return found + self._broken_off(whole=not self._held.startswith(bytes((_BEGIN,))))

    def _whole(self, data: bytes, found: list[Found]) -> bytes:
        """Takes the frames that begin `data` and lie in it whole, each with one message and nothing else; the rest."""
        at = 0
        while data.startswith(_FRAMED, at) and _HEADER.match(data, at + 1):
            end = data.find(_END, at)
            if end < 0 or data[end + 1 : end + 2] != b"\r" or end - at > LONGEST or data.find(_BEGIN, at + 1, end) > 0:
                break
            if data.find(b"MSH", at + len(_FRAMED), end) > 0:
                break  # perhaps another message
            raw = data[at + 1 : end].rstrip(b"\r\n") + b"\r"
            found.append(_new(Found, (self._at + at, self._at + end + 1, raw, False)))
            at = end + 2
        if at:
            self._at += at
            self._fresh = True
        return data[at:]

    def _begin(self) -> bool:
        """Skips to where a message begins; False: more bytes needed."""
        here = self._fresh and _HEADER.match(self._held)
        start = here or _STARTS.search(self._held)
        if start:
            self._drop(start.start())
            self._inside, self._scanned = True, 1
            return True
        self._drop(max(len(self._held) - _LOOK_BACK, 0))
        return False

    def _end(self, found: list[Found]) -> bool:
        """Hands on the message if its end has come; False: more bytes needed."""
        end = self._next_end()
        if (len(self._held) - _LOOK_BACK if end is None else end) > LONGEST and not self._too_long:
            found += self._cut(LONGEST, incomplete=True)
            self._too_long, self._scanned = True, 0
            return True
        if end is None:
            self._scanned = max(self._scanned, len(self._held) - _LOOK_BACK)
            if self._too_long:
                self._drop(self._scanned)
                self._scanned = 0
            return False
        if self._held[end] not in _FRAME and self._first_of_batch(end):
            self._scanned = end + 1
            return True
        stop = end + (self._held[end] == _END)
        if self._too_long:
            self._drop(stop)
        else:
            found += self._cut(stop, incomplete=False)
        self._inside, self._too_long, self._fresh = False, False, True
        return True

    def _next_end(self) -> int | None:
        """Where the message ends: at a frame byte, or where a line begins with a header; None: not yet."""
        # One search for whatever comes first: one for each alone would read all that is left, again and again.
        found = _STOPS.search(self._held, self._scanned)
        return found.start() if found else None

    def _first_of_batch(self, place: int) -> bool:
        """Whether the 'MSH' at `place` is the first of its frame, behind batch headers (2.10.3)."""
        return not self._too_long and self._held[0] == _BEGIN and _HEADER.search(self._held, 0, place) is None

    def _broken_off(self, *, whole: bool) -> list[Found]:
        size = len(self._held)
        found = self._cut(size, incomplete=not whole) if self._inside and not self._too_long else []
        self._drop(len(self._held))
        self._inside = self._too_long = self._fresh = False
        return found

    def _cut(self, stop: int, *, incomplete: bool) -> list[Found]:
        """Takes `stop` bytes as a message, or skips them where no header is in them."""
        header = _HEADER.search(self._held, 0, stop)
        if header is None:
            self._drop(stop)
            return []
        raw = bytes(self._held[header.start() : stop]).rstrip(b"\x1c\r\n")
        raw += b"\r" if self._held[stop - 1] in _BETWEEN or not incomplete else b""
        found = Found(self._at, self._at + stop, raw, incomplete)
        del self._held[:stop]
        self._at += stop
        return [found]

    def _drop(self, count: int) -> None:
        """Skips `count` bytes; line ends between messages belong to no message and are no loss."""
        if not count:
            return
        self._fresh = False
        self.skipped += len(bytes(self._held[:count]).translate(None, _BETWEEN))
        del self._held[:count]
        self._at += count
