"""In: the state of beds, or new samples of waves. Out: the binary frames of the page's one WebSocket.

Byte 0 says what a frame is: 1, the rest is JSON in UTF-8; 2, wave samples, little endian: for each set the bed (u16),
its number (u32), how many signals (u8), then for each its signal (u8), count (u16) and samples (u8 each).
The page's reader is `page/frames.js`.
"""

import json
import struct
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from wardwatch.station.words import Signal

STATE: Final = b"\x01"
WAVES: Final = b"\x02"
SIGNALS: Final = tuple(Signal)
"""A signal's number on the wire is its place here, which is that of `SIGNALS` in page/frames.js."""
_SET: Final = struct.Struct("<HIB")
_SIGNAL: Final = struct.Struct("<BH")
_MOST_SAMPLES: Final = 0xFFFF
_NUMBERS: Final = {signal: number for number, signal in enumerate(SIGNALS)}


class Samples(NamedTuple):
    """New samples of one bed's signals, and the number of the update they came with."""

    bed: int
    number: int
    waves: Mapping[Signal, bytes]


def state_frame(state: Mapping[str, object]) -> bytes:
    """A frame that tells the state of beds."""
    return STATE + json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()


def waves_frame(sets: Iterable[Samples]) -> bytes:
    """A frame that carries samples; of a signal no more than 65,535, the newest."""
    return WAVES + b"".join(_set(each) for each in sets)


def _set(samples: Samples) -> bytes:
    head = _SET.pack(samples.bed, samples.number & 0xFFFFFFFF, len(samples.waves))
    return head + b"".join(_signal(signal, wave[-_MOST_SAMPLES:]) for signal, wave in samples.waves.items())


def _signal(signal: Signal, wave: bytes) -> bytes:
    return _SIGNAL.pack(_NUMBERS[signal], len(wave)) + wave
