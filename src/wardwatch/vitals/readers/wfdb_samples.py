"""In: a WFDB header and its folder. Out: the signals' codes, block by block, and how much of them is missing.

Source: WFDB Applications Guide, signal(5). Format 16: 16 bits, little-endian. 80: 8 bits, offset by 128. 212: two
12-bit samples in three bytes. The signals of one file are interleaved by frame.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from wardwatch.errors import InputError
from wardwatch.vitals.words import Codes

from .wfdb_header import INVALID, Header, Signal

_BITS: Final = {"16": 16, "212": 12, "80": 8}
_MOST_AT_ONCE: Final = 1 << 22  # samples decoded at once


@dataclass(frozen=True, slots=True)
class Group:
    """Signals that share a file."""

    path: Path
    signals: tuple[Signal, ...]

    @property
    def samples_a_frame(self) -> int:
        """Samples of all signals in one frame."""
        return sum(signal.per_frame for signal in self.signals)

    def frames(self) -> int:
        """How many whole frames the file holds."""
        try:
            size = self.path.stat().st_size - self.signals[0].skip
        except OSError as error:
            cure = "The file with the samples has to lie beside the header."
            raise InputError(f"cannot be read: {error.strerror}", where=str(self.path), cure=cure) from error
        if not self.path.is_file():
            raise InputError("not a regular file", where=str(self.path))
        return max(0, size) * 8 // _BITS[self.signals[0].format] // self.samples_a_frame


def groups(header: Header, folder: Path) -> tuple[Group, ...]:
    """The files of a record; InputError where the signals of one file are stored in different ways."""
    found = [Group(folder / file, tuple(signals)) for file, signals in groupby(header.signals, lambda one: one.file)]
    if len({group.path for group in found}) < len(found):
        raise InputError("signals of one file do not stand together", where=header.name)
    for group in found:
        if len({(signal.format, signal.skip) for signal in group.signals}) > 1:
            raise InputError("signals of one file are stored in different formats", where=str(group.path))
    return tuple(found)


def blocks(group: Group, bounds: list[int], stream: BinaryIO) -> Iterator[dict[str, Codes]]:
    """Codes of every signal for the frames between each two neighbours of `bounds`; fewer where the file ends."""
    for first, end in pairwise(bounds):
        yield _frames(group, first, end, stream)


def _frames(group: Group, first: int, end: int, stream: BinaryIO) -> dict[str, Codes]:
    width = group.samples_a_frame
    if (end - first) * width > _MOST_AT_ONCE:
        raise InputError("more samples a second than are read", where=str(group.path))
    samples = _samples(group, first * width, end * width, stream)
    table = samples[: len(samples) // width * width].reshape(-1, width)
    codes, at = {}, 0
    for signal in group.signals:
        codes[signal.name] = np.ascontiguousarray(table[:, at : at + signal.per_frame]).reshape(-1)
        at += signal.per_frame
    return codes


def _samples(group: Group, first: int, end: int, stream: BinaryIO) -> Codes:
    """The samples of all signals, in file order, from number `first` up to but not including `end`."""
    kind, skip = group.signals[0].format, group.signals[0].skip
    if kind == "212":
        even = first - first % 2
        stream.seek(skip + even // 2 * 3)
        return _unpacked(stream.read((end - even + 1) // 2 * 3))[first - even : end - even]
    size = _BITS[kind] // 8
    stream.seek(skip + first * size)
    data = stream.read((end - first) * size)
    if kind == "80":
        return np.frombuffer(data, np.uint8).astype(np.int32) - 128
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int32)


def _unpacked(data: bytes) -> Codes:
    """Format 212; a last byte pair holds one sample."""
    padded = data + bytes(-len(data) % 3)
    raw = np.frombuffer(padded, np.uint8).reshape(-1, 3).astype(np.int32)
    pairs = np.empty((len(raw), 2), np.int32)
    pairs[:, 0] = raw[:, 0] | ((raw[:, 1] & 0x0F) << 8)
    pairs[:, 1] = raw[:, 2] | ((raw[:, 1] & 0xF0) << 4)
    pairs[pairs > 2047] -= 4096  # noqa: PLR2004  # 12 bits, two's complement
    return pairs.reshape(-1)[: len(data) * 8 // 12]


def invalid(signal: Signal) -> int:
    """The code that says nothing was measured."""
    return INVALID[signal.format]
