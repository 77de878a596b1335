"""In: the bytes of one direction of ONC RPC over TCP, with holes said. Out: the beginning of each record in it.

Record marking: RFC 5531, section 11. Only the first bytes of a record are kept, since what follows is file content;
a hole inside the rest costs nothing. Out of step, a record counts only where a call or a reply has its full form.
"""

import re
from struct import Struct
from typing import Final, NamedTuple

from . import _xdr as xdr

KEPT: Final = 8192
_LAST: Final = 0x8000_0000
_LONGEST_FRAGMENT: Final = 32 << 20
_MARK: Final = 4
_CALL, _REPLY = 0, 1
_RPC_VERSION: Final = 2
_PEEK: Final = 12  # transaction id, direction, and the version of a call or the state of a reply
_LARGEST_AUTH: Final = 400  # RFC 5531, section 8.2
# Direction, version and one of the programs 100000 to 100007; or an accepted reply with an empty verifier that
# succeeded. Each stands 8 bytes behind its record's beginning: mark and transaction id.
_RESTART: Final = re.compile(rb"(?=\x00\x00\x00(?:\x00\x00\x00\x00\x02\x00\x01\x86[\xa0-\xa7]|\x01\x00{16}))")
_TAIL: Final = 32
_BEGIN: Final = Struct(">4I")  # mark, transaction id, and as above


class Record(NamedTuple):
    """`raw` is the beginning of one RPC message; `start` and `end` are where its record lay in the direction."""

    start: int
    end: int
    raw: bytes


def plausible(raw: bytes) -> bool:
    """Whether an RPC message can begin like `raw`, of which any number of bytes may be there yet."""
    if len(raw) < _PEEK:
        return True
    reader = xdr.Reader(raw, _MARK)
    kind, what = reader.word(), reader.word()
    return what == _RPC_VERSION if kind == _CALL else kind == _REPLY and what <= 1


class Records:
    """Cuts one direction into records; one that is cut short by a hole or the end is handed on as far as it came."""

    def __init__(self) -> None:
        self.skipped = 0
        self._held = bytearray()  # not looked at yet
        self._at = 0  # offset of the first held byte
        self._in_step = True
        self._kept = bytearray()  # of the present record
        self._taken = 0  # bytes of the present record that came
        self._start = 0
        self._left = 0  # bytes of the present fragment that are still to come
        self._last = False  # it ends its record
        self._open = False  # a record has begun
        self._late: list[Record] = []

    def feed(self, data: bytes) -> list[Record]:
        """The records that `data` completes."""
        records, self._late = self._late, []
        self._held += data if self._held or self._open or not self._in_step else self._whole(data, records)
        while self._step(records):
            pass
        return records

    def lose(self, count: int) -> None:
        """`count` bytes are missing here."""
        if self._open and count <= self._left:
            self._left -= count
            self._at += count
            self._kept += bytes(max(0, KEPT - len(self._kept)))  # nothing from behind the hole is joined to it
            self._close(self._late)
            return
        self._late += self._broken_off()
        self._at += count
        self._in_step = False

    def finish(self) -> list[Record]:
        """A record whose end is missing."""
        records, self._late = self._late, []
        return records + self._broken_off()

    def _whole(self, data: bytes, records: list[Record]) -> bytes:
        """Takes the records that begin `data` and lie in it whole, each in one fragment; the rest of it."""
        at, size = 0, len(data)
        while size - at >= _BEGIN.size:
            mark, _, kind, what = _BEGIN.unpack_from(data, at)
            end = at + _MARK + mark - _LAST
            sound = what == _RPC_VERSION if kind == _CALL else kind == _REPLY and what <= 1
            if not sound or not at + _BEGIN.size <= end <= size:
                break
            records.append(Record(self._at + at, self._at + end, bytes(data[at + _MARK : min(end, at + _MARK + KEPT)])))
            at = end
        self._at += at
        return data[at:]

    def _step(self, records: list[Record]) -> bool:
        """One step ahead; False: more bytes needed."""
        if not self._in_step:
            return self._search()
        if self._left:
            return self._fragment(records)
        return self._mark(records)

    def _mark(self, records: list[Record]) -> bool:
        held = self._held
        if len(held) < _MARK:
            return False
        mark = int.from_bytes(held[:_MARK], "big")
        length = mark & ~_LAST
        peek = 0 if self._open else min(_PEEK, length)
        if len(held) < _MARK + peek:
            return False
        sound = self._open or (length and plausible(bytes(held[_MARK : _MARK + peek])))
        if not sound or length > _LONGEST_FRAGMENT:
            records += self._broken_off(held=False)
            self._in_step = False
            self._skip(1)
            return True
        if not self._open:
            self._open, self._start, self._taken = True, self._at, 0
        self._left, self._last = length, mark >= _LAST
        self._take(_MARK)
        self._close(records)
        return True

    def _fragment(self, records: list[Record]) -> bool:
        count = min(self._left, len(self._held))
        if not count:
            return False
        self._kept += self._held[: min(count, max(0, KEPT - len(self._kept)))]
        self._left -= count
        self._take(count)
        self._close(records)
        return True

    def _close(self, records: list[Record]) -> None:
        if not self._left and self._last:
            records.append(Record(self._start, self._at, bytes(self._kept)))
            self._kept.clear()
            self._open = False

    def _broken_off(self, *, held: bool = True) -> list[Record]:
        """The open record as far as it came; with `held`, the bytes nothing was made of are skipped."""
        whole = self._open and len(self._kept) >= _PEEK
        records = [Record(self._start, self._at, bytes(self._kept))] if whole else []
        self.skipped += self._taken if self._open and not whole else 0
        self._kept.clear()
        self._open, self._left = False, 0
        if held:
            self._skip(len(self._held))
        return records

    def _search(self) -> bool:
        """Skips to where a record begins; False: more bytes needed."""
        found = _RESTART.search(self._held, 2 * _MARK)
        while found and not self._held[found.start() - 2 * _MARK] & 0x80:
            found = _RESTART.search(self._held, found.start() + 1)
        if found:
            self._skip(found.start() - 2 * _MARK)
            self._in_step = True
        else:
            self._skip(max(0, len(self._held) - _TAIL))
        return self._in_step

    def _take(self, count: int) -> None:
        del self._held[:count]
        self._at += count
        self._taken += count

    def _skip(self, count: int) -> None:
        del self._held[:count]
        self._at += count
        self.skipped += count
