"""In: a recording. Out: a WFDB record: `.hea`, `.dat` in format 16, and a table of displayed values beside it.

Header and signals as in the WFDB Applications Guide (header(5), signal(5)). Format 16 has a value for 'not measured',
-32768, which fills seconds without a set. Respiration, sent at 128 samples a second, has each sample twice, so that all
signals have one rate. Gains are not known: the codes are as sent, with gain 1 and unit NU.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from wardwatch.station.recording import Format, Recording, Second
from wardwatch.station.table import Table, beside
from wardwatch.station.words import RATES, SECOND, Signal

_RATE: Final = 256
_SIGNALS: Final = (Signal.I, Signal.II, Signal.III, Signal.PLETH, Signal.RESP)
_NOT_MEASURED: Final = -32768
_HOLE: Final = np.full((_RATE, len(_SIGNALS)), _NOT_MEASURED, np.dtype("<i2"))
Samples = npt.NDArray[np.int16]


def _write(recording: Recording, stem: Path) -> tuple[Path, ...]:
    header, data, shown = stem.with_name(f"{stem.name}.hea"), stem.with_name(f"{stem.name}.dat"), beside(stem)
    sums, first, written = np.zeros(len(_SIGNALS), np.int64), _HOLE[0], 0
    with data.open("wb") as samples, shown.open("w", encoding="utf-8", newline="") as rows:
        table = Table(rows)
        for second in recording.seconds():
            for _ in range(second.number - written):
                samples.write(_HOLE.tobytes())
                sums += _HOLE.sum(axis=0, dtype=np.int64)
            frames = _frames(second)
            first = frames[0] if second.number == 0 else first
            samples.write(frames.tobytes())
            sums += frames.sum(axis=0, dtype=np.int64)
            written = second.number + 1
            table.add(second)
    header.write_text(_header(recording.start, stem.name, written, (first, sums)), encoding="ascii")
    return header, data, shown


def _frames(second: Second) -> Samples:
    """256 rows, one column a signal."""
    frames = _HOLE.copy()
    for column, signal in enumerate(_SIGNALS):
        wave = second.contents.waves.get(signal)
        if wave is not None:
            frames[:, column] = np.repeat(np.frombuffer(wave, np.uint8), _RATE // RATES[signal])
    return frames


def _header(start: int, name: str, seconds: int, told: tuple[Samples, npt.NDArray[np.int64]]) -> str:
    moment = datetime.fromtimestamp(start / SECOND, UTC)
    lines = [f"{name} {len(_SIGNALS)} {_RATE} {seconds * _RATE} {moment:%H:%M:%S.%f} {moment:%d/%m/%Y}"]
    for signal, first, total in zip(_SIGNALS, *told, strict=True):
        checksum = (int(total) + 0x8000) % 0x10000 - 0x8000
        lines.append(f"{name}.dat 16 1(0)/NU 16 0 {int(first)} {checksum} 0 {signal}")
    lines.append("# times are UTC; codes as the monitor sent them; RESP was sent at 128 samples a second")
    return "\n".join(lines) + "\n"


EXPORT: Final = Format("wfdb", "a WFDB record with a table of what the display showed", _write)
