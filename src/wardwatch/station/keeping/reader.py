"""In: one segment, whole, torn or changed by anybody. Out: every record that is provably as written, and every gap.

A chunk that fails its checks is passed over: the next mark that begins a sound chunk goes on. What was passed over, a
number that is missing and an end that was never written are said, never smoothed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from wardwatch.errors import InputError

from . import records
from .chunks import HEAD, HEADER, MARK, MOST_PLAIN, MOST_STORED, Damaged, Header, Opener, header
from .records import Kind, Record

_WINDOW: Final = 1 << 20
_MOST_GAPS: Final = 1000
_MOST_TRIES: Final = 50_000
_TRIED_BYTES: Final = 256 << 20
"""Bounds for one segment: a file made of marks alone would otherwise be read once for each of them."""


class Gap(NamedTuple):
    """What of a segment cannot be used: from which byte, how many, and why."""

    offset: int
    size: int
    why: str


@dataclass(slots=True)
class Segment:
    """One segment of a folder. `records()` reads it from its start; `gaps` and `ended` are complete after that."""

    path: Path
    head: Header
    key: bytes | None = field(repr=False)
    gaps: list[Gap] = field(default_factory=list)
    ended: bool = False
    """Whether it was ended in order; else the station was killed, still writes it, or its tail was cut off."""
    _tries: int = 0
    _tried: int = 0

    @classmethod
    def of(cls, path: Path, key: bytes | None) -> "Segment":
        """The segment at `path`; InputError where it is none, WrongKey where the key does not fit."""
        try:
            with path.open("rb") as file:
                head = header(file.read(HEADER.size))
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
        except InputError as error:
            raise InputError(error.what, where=str(path), cure=error.cure) from error
        Opener(head, key)
        return cls(path, head, key)

    def records(self) -> Iterator[Record]:
        """Every record of every sound chunk, in order."""
        self.gaps, self.ended, self._tries, self._tried = [], False, 0, 0
        opener = Opener(self.head, self.key)
        try:
            with self.path.open("rb") as file:
                yield from self._read(file, opener)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=str(self.path)) from error

    def _read(self, file: BinaryIO, opener: Opener) -> Iterator[Record]:
        place, expected = HEADER.size, 0
        while True:
            found = self._next(file, opener, place)
            if found is None:
                return
            start, number, plain, end = found
            if start > place:
                self._gap(place, start - place, "damaged")
            if number < expected:  # an old chunk, copied to where it does not belong
                self._gap(start, end - start, f"chunk {number} stands here a second time")
            else:
                if number > expected:
                    self._gap(start, 0, f"{number - expected} chunks before this one are missing")
                expected = number + 1
                yield from self._records(plain, start)
            place = end

    def _next(self, file: BinaryIO, opener: Opener, place: int) -> tuple[int, int, bytes, int] | None:
        """The first sound chunk at or after `place`: where, number, content, end. None: no more."""
        at, why = place, ""
        while True:
            try:
                read = _chunk(file, opener, at)
            except Damaged as damage:
                why = why or str(damage)
                again = self._try_again(max(file.tell() - at, 0))
                mark = _find(file, at + 1) if again else None
                if mark is None:
                    self._gap(place, _end(file) - place, why)
                    return None
                at = mark
                continue
            if read is None:
                if at > place:
                    self._gap(place, at - place, why)
                return None
            number, plain, end = read
            return at, number, plain, end

    def _try_again(self, read: int) -> bool:
        self._tries, self._tried = self._tries + 1, self._tried + read
        return self._tries < _MOST_TRIES and self._tried < _TRIED_BYTES

    def _records(self, plain: bytes, start: int) -> Iterator[Record]:
        used = 0
        for record in records.decode(plain):
            used += records.size(record)
            if record.kind == Kind.SUMMARY:
                self.ended = True
            yield record
        if used != len(plain):
            self._gap(start, 0, f"{len(plain) - used} bytes of this chunk are no records")

    def _gap(self, offset: int, size: int, why: str) -> None:
        if len(self.gaps) < _MOST_GAPS:
            self.gaps.append(Gap(offset, size, why))


def _chunk(file: BinaryIO, opener: Opener, at: int) -> tuple[int, bytes, int] | None:
    """Number, content and end of the chunk at `at`; None where the file ends there."""
    file.seek(at)
    raw = file.read(HEAD.size)
    if not raw:
        return None
    if len(raw) < HEAD.size:
        raise Damaged("torn off")
    mark, number, stored, plain, crc = HEAD.unpack(raw)
    if mark != MARK or stored > MOST_STORED or plain > MOST_PLAIN:
        raise Damaged("no chunk begins here")
    body = file.read(stored)
    if len(body) < stored:
        raise Damaged("torn off")
    return number, opener.open(number, plain, crc, body), at + HEAD.size + stored


def _find(file: BinaryIO, at: int) -> int | None:
    """Where the next mark stands, at or after `at`."""
    file.seek(at)
    kept = b""
    while window := file.read(_WINDOW):
        held = kept + window
        found = held.find(MARK)
        if found >= 0:
            return at + found
        kept = held[-(len(MARK) - 1) :]
        at += len(held) - len(kept)
    return None


def _end(file: BinaryIO) -> int:
    return file.seek(0, 2)
