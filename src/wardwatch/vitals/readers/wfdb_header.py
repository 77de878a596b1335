"""In: the text of a WFDB header file. Out: what it says of the record and its signals, checked and bounded.

Source: WFDB Applications Guide, header(5). A record line (name, number of signals, rate, samples, time, date), then a
line a signal (file, format, gain, resolution, zero, first value, checksum, block size, name). What is not written
has the default named there.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from wardwatch.errors import InputError

LARGEST: Final = 1 << 20
MOST_SIGNALS: Final = 64
MOST_A_FRAME: Final = 256
MOST_SEGMENTS: Final = 4096
FASTEST: Final = 20_000.0
SLOWEST: Final = 0.5
_DEFAULT_RATE: Final = 250.0
_DEFAULT_GAIN: Final = 200.0
INVALID: Final = {"16": -32768, "212": -2048, "80": -128}
"""Formats that are read, and the code that says 'nothing was measured' (signal(5))."""
_RATE: Final = re.compile(r"([0-9.eE+-]+)(?:/[0-9.eE+-]+(?:\([0-9.eE+-]+\))?)?\Z")
_FORMAT: Final = re.compile(r"([0-9]{1,3})(?:x([0-9]{1,3}))?(?::([0-9]{1,9}))?(?:\+([0-9]{1,9}))?\Z")
_GAIN: Final = re.compile(r"([0-9.eE+-]+)(?:\((-?[0-9]{1,12})\))?(?:/(\S{1,32}))?\Z")
_SEGMENT: Final = re.compile(r"(\S{1,64})\s+([0-9]{1,12})(?:\s|\Z)")
_LONGEST_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal: in which file, how stored, and what its codes mean."""

    file: str
    format: str
    per_frame: int
    skip: int  # bytes before the first sample
    gain: float  # codes a unit
    baseline: float
    unit: str
    name: str


@dataclass(frozen=True, slots=True)
class Header:
    """One record. `frames` is None where the header leaves the length to the file; `rate` counts frames a second."""

    name: str
    rate: float
    frames: int | None
    start: datetime | None
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Segments:
    """One record in several segments: name and number of frames of each; '~' was not recorded."""

    name: str
    rate: float
    start: datetime | None
    entries: tuple[tuple[str, int], ...]


def parse(text: str, where: str) -> Header:
    """The header; InputError where it is none, or describes something that is not read."""
    lines = _lines(text, where)
    words = lines[0].split()
    name, _, segments = words[0].partition("/")
    if segments:
        raise InputError("the record consists of several segments", where=where, cure="Name one of them.")
    count = _count(words, where)
    if len(lines) <= count:
        raise InputError(f"{count} signals are announced and {len(lines) - 1} described", where=where)
    signals = tuple(_signal(line, number, where) for number, line in enumerate(lines[1 : count + 1]))
    return Header(name, _rate(words, where), _frames(words, where), _start(words), _named_apart(signals))


def _lines(text: str, where: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise InputError("the header is empty", where=where, cure="A WFDB header begins with a line about the record.")
    return lines


def segmented(text: str) -> bool:
    """Whether this is the header of a record in several segments."""
    words = next((line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")), [""])
    return "/" in words[0]


def parse_segments(text: str, where: str) -> Segments:
    """The header of a record in several segments; InputError where it is none, or names more than are read."""
    lines = _lines(text, where)
    words = lines[0].split()
    name, _, number = words[0].partition("/")
    count = int(number[:9]) if number.isascii() and number.isdigit() else 0
    if not 1 <= count <= MOST_SEGMENTS:
        raise InputError(f"{number} segments, and 1 to {MOST_SEGMENTS} are read", where=where)
    if len(lines) <= count:
        raise InputError(f"{count} segments are announced and {len(lines) - 1} named", where=where)
    entries = tuple(_segment(line, where) for line in lines[1 : count + 1])
    return Segments(name, _rate(words, where), _start(words), entries)


def _segment(line: str, where: str) -> tuple[str, int]:
    found = _SEGMENT.match(line)
    if not found:
        raise InputError(f"a segment is described as {line[:_LONGEST_NAME]}", where=where,
                         cure="A line names a segment and its length in samples.")  # fmt: skip
    name, frames = found[1], int(found[2])
    return (name if name == "~" else _file(name, where)), frames


def _count(words: list[str], where: str) -> int:
    if len(words) < 2 or not words[1].isascii() or not words[1].isdigit():  # noqa: PLR2004  # name and number
        raise InputError(
            "not a WFDB header: its first line names no number of signals", where=where, cure="Name the .hea file."
        )
    count = int(words[1][:9])
    if not 1 <= count <= MOST_SIGNALS:
        raise InputError(f"{count} signals, and 1 to {MOST_SIGNALS} are read", where=where)
    return count


def _rate(words: list[str], where: str) -> float:
    if len(words) < 3:  # noqa: PLR2004  # the rate is the third word
        return _DEFAULT_RATE
    found = _RATE.match(words[2])
    rate = _number(found[1]) if found else None
    if rate is None or not SLOWEST <= rate <= FASTEST:
        raise InputError(f"a rate of {words[2]} samples a second cannot be read", where=where)
    return rate


def _frames(words: list[str], where: str) -> int | None:
    if len(words) < 4:  # noqa: PLR2004  # the length is the fourth word
        return None
    if not re.fullmatch(r"[0-9]{1,15}", words[3]):
        raise InputError(f"a length of {words[3]} samples cannot be read", where=where)
    return int(words[3]) or None


def _start(words: list[str]) -> datetime | None:
    """Time and date of the first sample, taken as UTC; None without both."""
    try:
        return datetime.strptime(" ".join(words[4:6]).partition(".")[0], "%H:%M:%S %d/%m/%Y").replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        return datetime.strptime(" ".join(words[4:6]), "%H:%M:%S.%f %d/%m/%Y").replace(tzinfo=UTC)
    except ValueError:
        return None


def _signal(line: str, number: int, where: str) -> Signal:
    words = line.split(maxsplit=8)
    found = _FORMAT.match(words[1]) if len(words) > 1 else None
    if not found:
        raise InputError(f"signal {number + 1} names no format", where=where)
    if found[1] not in INVALID:
        cure = f"Formats {', '.join(INVALID)} are read; xform of the WFDB software writes them."
        raise InputError(f"signal {number + 1} is stored in format {found[1]}", where=where, cure=cure)
    per_frame = int(found[2] or 1)
    if not 1 <= per_frame <= MOST_A_FRAME:
        raise InputError(f"signal {number + 1} has {per_frame} samples a frame", where=where)
    gain, baseline, unit = _gain(words)
    name = words[8].strip() if len(words) > 8 else f"signal {number + 1}"  # noqa: PLR2004  # the description comes ninth
    return Signal(_file(words[0], where), found[1], per_frame, int(found[4] or 0), gain, baseline, unit,
                  name[:_LONGEST_NAME])  # fmt: skip


def _file(name: str, where: str) -> str:
    if name in {"-", "~", ".", ".."} or "/" in name or "\\" in name or "\0" in name:
        raise InputError(f"the samples are said to lie in {name}", where=where,
                         cure="They have to lie beside the header, in a file named without a folder.")  # fmt: skip
    return name


def _gain(words: list[str]) -> tuple[float, float, str]:
    """Gain, baseline and unit; the baseline is the code of zero (fifth word) where it is not written by itself."""
    found = _GAIN.match(words[2]) if len(words) > 2 else None  # noqa: PLR2004  # the gain is the third word
    gain = _number(found[1]) if found else None
    zero = _number(words[4]) if len(words) > 4 else None  # noqa: PLR2004  # ADC zero is the fifth word
    baseline = float(found[2]) if found and found[2] else zero or 0.0
    unit = found[3] if found and found[3] else "mV"
    return (abs(gain) if gain else _DEFAULT_GAIN), baseline, unit


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e15 and value == value else None  # noqa: PLR0124, PLR2004  # neither nan nor inf


def _named_apart(signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
    """Names made different, since a second holds its waves by name."""
    seen: dict[str, int] = {}
    apart = []
    for signal in signals:
        count = seen[signal.name] = seen.get(signal.name, 0) + 1
        name = signal.name if count == 1 else f"{signal.name} ({count})"
        apart.append(Signal(signal.file, signal.format, signal.per_frame, signal.skip, signal.gain, signal.baseline,
                            signal.unit, name))  # fmt: skip
    return tuple(apart)
