"""In: bytes that end in a complete line. Out: the same lines with their numbers, looked at and picked all at once.

Everything here is vectorised over a block of a few MB, so that a hostile block of a million empty lines costs no more
than an honest one.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .unread import Unread

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]

LINE_LIMIT: Final = 1 << 20
"""Bytes of the longest line that is read; no log line of use comes near."""
_NEWLINE: Final = ord("\n")
_RETURN: Final = ord("\r")
_QUOTE: Final = ord('"')
TOO_LONG: Final = "longer than 1 MiB"
UNCLOSED: Final = "a quotation mark is opened and never closed"


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines, each with its line feed. `starts` and `lengths` count bytes, `numbers` lines of the file from 1."""

    data: bytes
    starts: Numbers
    lengths: Numbers
    numbers: Numbers

    @classmethod
    def of(cls, data: bytes, first: int) -> "Lines":
        """The lines of `data`, which ends in a line feed or is empty; the first has the number `first`."""
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE) + 1
        starts = np.concatenate(([0], ends[:-1])) if ends.size else ends
        return cls(data, starts, ends - starts, np.arange(first, first + ends.size, dtype=np.int64))

    def __len__(self) -> int:
        """How many lines there are."""
        return int(self.starts.size)

    @property
    def codes(self) -> NDArray[np.uint8]:
        """`data` as numbers, without a copy."""
        return np.frombuffer(self.data, np.uint8)

    def where(self, mask: Mask) -> "Lines":
        """Only the lines that `mask` picks, in their order."""
        if bool(mask.all()):
            return self
        lengths = self.lengths[mask]
        starts = np.cumsum(lengths) - lengths
        data = self.codes[np.repeat(mask, self.lengths)].tobytes()
        return Lines(data, starts, lengths, self.numbers[mask])

    def begin_with(self, prefix: bytes) -> Mask:
        """Which lines begin with `prefix`."""
        codes, mask = self.codes, self.lengths > len(prefix)
        for place, code in enumerate(prefix):
            mask[mask] = codes[self.starts[mask] + place] == code
        return mask

    def text(self, index: int) -> bytes:
        """Line `index` without its line end."""
        start = int(self.starts[index])
        return self.data[start : start + int(self.lengths[index])].rstrip(b"\r\n")

    def count(self, code: int) -> Numbers:
        """How often the byte `code` stands in each line."""
        if not len(self):
            return np.zeros(0, np.int64)
        return np.add.reduceat((self.codes == code).astype(np.int64), self.starts)

    def usable(self, unread: Unread) -> "Lines":
        """Without empty and over-long lines; the latter are noted in `unread`."""
        long = self.lengths > LINE_LIMIT
        unread.note(TOO_LONG, self.numbers[long])
        first = self.codes[self.starts] if len(self) else self.codes
        empty = (self.lengths == 1) | ((self.lengths == 2) & (first == _RETURN))  # noqa: PLR2004  # CR LF
        return self.where(~(long | empty))

    def closed(self, unread: Unread) -> "Lines":
        """Without lines that open a quotation mark and leave it open, as one such would swallow those after it."""
        if b'"' not in self.data:
            return self
        odd = self.count(_QUOTE) % 2 == 1
        unread.note(UNCLOSED, self.numbers[odd])
        return self.where(~odd)
