"""In: the bytes of one central-station stream, in order, with holes said. Out: its sets, one a second, as seconds.

A set is what stands between two 0x47 blocks. A second set of blocks without a 0x47 between (a second 0x45 or a second
block of the same kind) begins a new set, so that a lost block does not merge two seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Final

import numpy as np

from wardwatch.protocols._cms_frames import Framer
from wardwatch.protocols.cms import Bed, Block, Ecg, EndOfSet, ErrorBlock, Nibp, Patient, Pleth, Temperature, decode
from wardwatch.vitals.words import Limits, Quantity, Second, Wave

ECG_RATE: Final = 256
RESP_RATE: Final = 128
NO_LEAD: Final = 128
"""An ECG slot without a lead stands at this code."""
NO_PROBE: Final = 255
_LEADS: Final = ("I", "II", "III")
_HELD: Final = (Bed, Ecg, Pleth, Nibp, Temperature)


@dataclass(slots=True)
class Set:
    """The blocks of one second by their kind; `start` counts bytes of the stream."""

    start: int
    end: int = 0
    blocks: dict[type, Block] = field(default_factory=dict)
    message: str = ""
    admitted: bool = False


class Sets:
    """Cuts a stream into sets. Give it bytes as they come; say what was lost; finish once."""

    def __init__(self) -> None:
        self._framer = Framer()
        self._open: Set | None = None

    @property
    def skipped(self) -> int:
        """Bytes that belong to no block."""
        return self._framer.skipped

    def feed(self, data: bytes) -> list[Set]:
        """The sets completed by `data`."""
        return list(self._sets(self._framer.feed(data)))

    def lose(self, count: int) -> None:
        """`count` bytes are missing here."""
        self._framer.lose(count)

    def finish(self) -> list[Set]:
        """What is left: a last set that was never closed."""
        done = list(self._sets(self._framer.finish()))
        if self._open and self._open.blocks:
            done.append(self._open)
        self._open = None
        return done

    def _sets(self, blocks: list[tuple[int, bytes]]) -> Iterator[Set]:
        for start, raw in blocks:
            block = decode(raw)
            if self._open and type(block) in self._open.blocks and isinstance(block, _HELD):
                yield self._open
                self._open = None
            current = self._open = self._open or Set(start)
            current.end = start + len(raw)
            if isinstance(block, EndOfSet):
                if current.blocks:
                    yield current
                self._open = None
            elif isinstance(block, _HELD):
                current.blocks[type(block)] = block
            elif isinstance(block, Patient):
                current.admitted = True
            elif isinstance(block, ErrorBlock):
                current.message = block.text


def second_of(found: Set, index: int) -> Second:
    """What a set says, as second `index` of its recording."""
    waves: dict[str, Wave] = {}
    shown: dict[str, float | None] = {}
    limits: dict[str, Limits] = {}
    ecg, pleth = found.blocks.get(Ecg), found.blocks.get(Pleth)
    nibp, temperature = found.blocks.get(Nibp), found.blocks.get(Temperature)
    probe = cuff = None
    if isinstance(ecg, Ecg):
        _read_ecg(ecg, index, (waves, shown, limits))
    if isinstance(pleth, Pleth):
        probe = pleth.probe != NO_PROBE
        _read_pleth(pleth, index, (waves, shown, limits))
    if isinstance(nibp, Nibp):
        cuff = _read_nibp(nibp, shown, limits)
    if isinstance(temperature, Temperature):
        _read_temperature(temperature, shown, limits)
    return Second(index, waves, shown, limits, found.message, None, probe, cuff, found.admitted)


_Read = tuple[dict[str, Wave], dict[str, float | None], dict[str, Limits]]


def _read_ecg(block: Ecg, index: int, to: _Read) -> None:
    waves, shown, limits = to
    for name, raw in zip(_LEADS, (block.lead_1, block.lead_2, block.lead_3), strict=True):
        if raw.count(NO_LEAD) < len(raw):
            waves[name] = _wave(raw, ECG_RATE, index, NO_LEAD)
    if block.respiration.count(block.respiration[0]) < len(block.respiration):
        waves["RESP"] = _wave(block.respiration, RESP_RATE, index)
    shown[Quantity.HR] = None if block.heart_rate_invalid else float(block.heart_rate)
    shown[Quantity.RR] = None if block.respiration_rate_invalid else float(block.respiration_rate)
    limits[Quantity.HR] = _limits(block.heart_rate_min, block.heart_rate_max, block.heart_rate_set)
    limits[Quantity.RR] = _limits(block.respiration_rate_min, block.respiration_rate_max, block.respiration_rate_set)


def _read_pleth(block: Pleth, index: int, to: _Read) -> None:
    waves, shown, limits = to
    if any(block.pleth):
        waves["PLETH"] = _wave(block.pleth, ECG_RATE, index)
    shown[Quantity.SPO2] = None if block.invalid or block.spo2 == NO_PROBE else float(block.spo2)
    shown[Quantity.PR] = None if block.invalid or block.pulse_rate == NO_PROBE else float(block.pulse_rate)
    limits[Quantity.SPO2] = _limits(block.spo2_min, block.spo2_max, block.spo2_set)
    limits[Quantity.PR] = _limits(block.pulse_rate_min, block.pulse_rate_max, block.pulse_rate_set)


def _read_nibp(block: Nibp, shown: dict[str, float | None], limits: dict[str, Limits]) -> datetime | None:
    values = {
        Quantity.NIBP_SYS: (block.systolic, block.systolic_min, block.systolic_max, block.systolic_set),
        Quantity.NIBP_DIA: (block.diastolic, block.diastolic_min, block.diastolic_max, block.diastolic_set),
        Quantity.NIBP_MAP: (block.mean, block.mean_min, block.mean_max, block.mean_set),
    }
    for quantity, (value, low, high, on) in values.items():
        shown[quantity] = float(value) if value else None
        limits[quantity] = _limits(low, high, on)
    try:
        return datetime(block.year, block.month, block.day, block.hour, block.minute, block.second, tzinfo=UTC)
    except ValueError:
        return None


def _read_temperature(block: Temperature, shown: dict[str, float | None], limits: dict[str, Limits]) -> None:
    shown[Quantity.T1] = float(block.t1) if block.t1 and isfinite(block.t1) else None
    if isfinite(block.t1_min) and isfinite(block.t1_max):
        limits[Quantity.T1] = _limits(block.t1_min, block.t1_max, block.t1_set)


def _limits(low: float, high: float, on: int) -> Limits:
    return Limits(float(low), float(high), bool(on))


def _wave(raw: bytes, rate: int, index: int, baseline: int = 0) -> Wave:
    return Wave(np.frombuffer(raw, np.uint8).astype(np.int32), float(rate), index * rate, 0.0, float(baseline))
