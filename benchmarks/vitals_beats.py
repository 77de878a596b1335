"""In: the MIT-BIH records beside the checkout. Out: F1 and speed of our detectors beside wfdb's two and SleepECG.

Every detector gets the same samples: the first channel as a CMS8000 would send it, 256 a second in 8 bits. A beat
counts as found within 150 ms of an annotated one (ANSI/AAMI EC57); the annotations are those of `.atr`, beats only.
'Times real time' is a record's length over the CPU seconds of this process for one lead. wfdb and SleepECG are left
out, and it is said, where they are not installed: `pip install wfdb sleepecg`.
Run it as `python benchmarks/vitals_beats.py [FOLDER]`.
"""

import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from wardwatch.vitals.beats.leads import lead_beats
from wardwatch.vitals.readers.opening import open_recording
from wardwatch.vitals.words import Second, Wave

RATE: Final = 256
WINDOW: Final = 0.150
SETTLED: Final = 5.0  # seconds at the beginning that do not count, for anybody: detectors learn first
BEATS: Final = frozenset((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 34, 35, 38, 41))
"""Annotation codes that are beats (WFDB, ecgcodes.h)."""
_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63
Signal = NDArray[np.float64]
Detect = Callable[[Signal, float], Sequence[int]]
"""(codes, codes a millivolt) -> samples"""


def annotated(path: Path, rate: float) -> list[float]:
    """Seconds of every annotated beat: the MIT format of annotation files (WFDB, annot(5))."""
    words = np.frombuffer(path.read_bytes(), "<u2").tolist()
    beats, at, place = [], 0, 0
    while place < len(words) and words[place]:
        code, step = words[place] >> 10, words[place] & 0x3FF
        place += 1
        if code == _SKIP:
            at += (words[place] << 16 | words[place + 1]) - ((words[place] >> 15) << 32)
            place += 2
        elif code == _AUX:
            place += (step + 1) // 2
        elif code not in {_NUM, _SUB, _CHN}:
            at += step
            if code in BEATS:
                beats.append(at / rate)
    return beats


def as_sent(path: Path) -> tuple[Signal, float, float]:
    """The first channel as 8-bit codes at 256 a second, the record's own rate, and codes a millivolt."""
    codes, rate, own = [], 0.0, 0.0
    for second in open_recording(path).seconds():
        wave = next(iter(second.waves.values()))
        rate, own = wave.rate, wave.gain
        codes.append(wave.codes)
    whole = np.concatenate(codes).astype(np.float64)
    times = np.arange(int(len(whole) / rate * RATE)) / RATE
    there = np.interp(times, np.arange(len(whole)) / rate, whole)
    low, high = np.quantile(there, (0.0005, 0.9995))
    gain = 2.0 ** np.floor(np.log2(128 / max(high - low, 1.0)))
    return np.clip(np.rint((there - np.median(there)) * gain) + 128, 0, 255), rate, own * float(gain)


def ours(name: str) -> Detect:
    """One of wardwatch's detectors, fed second by second."""

    def detect(signal: Signal, _: float) -> Sequence[int]:
        codes = signal.astype(np.int32)
        seconds = (
            Second(index, {"II": Wave(codes[at : at + RATE], float(RATE), at, 0.0, 128.0)})
            for index, at in enumerate(range(0, len(codes) - RATE + 1, RATE))
        )
        return lead_beats(seconds, "II", name).samples

    return detect


def contenders() -> dict[str, Detect]:
    """Ours, and those peers that are installed."""
    found: dict[str, Detect] = {f"wardwatch, {each}": ours(each) for each in ("joint", "levels", "ratio")}
    if find_spec("sleepecg"):
        from sleepecg import heartbeats  # noqa: PLC0415  # optional

        found["SleepECG"] = lambda signal, _: heartbeats.detect_heartbeats(signal, RATE)
    if find_spec("wfdb"):
        from wfdb import processing  # noqa: PLC0415  # optional

        found["wfdb xqrs"] = lambda signal, _: processing.xqrs_detect(signal, RATE, verbose=False)
        found["wfdb gqrs"] = lambda signal, gain: processing.gqrs_detect((signal - 128) / gain, RATE)
    return found


def matched(truth: list[float], found: list[float]) -> int:
    """How many of `found` are a beat of `truth` within the window, each once, in order."""
    hits = here = 0
    for beat in truth:
        while here < len(found) and found[here] < beat - WINDOW:
            here += 1
        if here < len(found) and found[here] <= beat + WINDOW:
            hits += 1
            here += 1
    return hits


def main() -> None:
    """Measure and print a Markdown table."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "shared/vitals/mitdb"
    records = sorted(folder.glob("*.hea"))
    if not records:
        raise SystemExit(f"vitals_beats: left out, {folder} holds no records")
    counts: dict[str, Any] = {name: [0, 0, 0, 0.0, 0.0] for name in contenders()}
    for path in records:
        signal, rate, gain = as_sent(path)
        truth = [at for at in annotated(path.with_suffix(".atr"), rate) if at >= SETTLED]
        for name, detect in contenders().items():
            began = time.process_time()
            found = sorted(at / RATE for at in detect(signal, gain))
            spent = time.process_time() - began
            told = [at for at in found if at >= SETTLED - WINDOW]
            row = counts[name]
            for place, value in enumerate((matched(truth, told), len(truth), len(told), spent, len(signal) / RATE)):
                row[place] += value
    print(f"{len(records)} records, first channel, 8 bits at {RATE} Hz, within {WINDOW * 1000:.0f} ms\n")
    for missing in (each for each in ("wfdb", "sleepecg") if not find_spec(each)):
        print(f"left out: {missing} is not installed\n")
    print("| detector | F1 | missed | found beside | times real time |\n|---|---:|---:|---:|---:|")
    for name, (hits, true, told, spent, length) in counts.items():
        print(
            f"| {name} | {200 * hits / (true + told):.2f} % | {true - hits} | {told - hits} | {length / spent:,.0f} |"
        )


if __name__ == "__main__":
    main()
