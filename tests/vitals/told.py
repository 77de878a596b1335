"""In: a story of one bed, told in lines. Out: its seconds, made by the twin's waves, with what is to be found in them.

A line is `fires RULE SIGNAL FROM TO` (an alarm of that rule on that signal, raised between these seconds), `note RULE
SIGNAL`, `quiet` (not even a note), `seconds N`, `body NAME=VALUE ...`, or an event: `AT[-UNTIL] WHAT ARGUMENTS`.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from wardwatch.twin.waves import Body, Waves
from wardwatch.vitals.words import Limits, Second, Wave

RATES = {"I": 256, "II": 256, "III": 256, "PLETH": 256, "RESP": 128}
START = datetime(2026, 3, 1, 10, tzinfo=UTC)
LIMITS = {"HR": Limits(45, 130, on=True), "RR": Limits(8, 30, on=True), "SpO2": Limits(90, 100, on=True)}


@dataclass
class Told:
    seconds: list[Second]
    fires: list[tuple[str, str, float, float]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    quiet: bool = False


def seconds_of(count: int, seed: int = 1, **body: float) -> list[Second]:
    """A healthy bed: everything follows from everything."""
    waves = Waves(Body(**body), random.Random(seed))
    return [_second(index, waves) for index in range(count)]


def _second(index: int, waves: Waves) -> Second:
    made = waves.second(index)
    raw = {"I": made.lead_1, "II": made.lead_2, "III": made.lead_3, "PLETH": made.pleth, "RESP": made.resp}
    shown: dict[str, float | None] = {
        "HR": made.heart_rate, "RR": made.breath_rate, "PR": made.pulse_rate, "SpO2": made.spo2,
        "NIBP_sys": 121, "NIBP_dia": 75, "NIBP_map": 90, "T1": 36.8,
    }  # fmt: skip
    return Second(
        index,
        {name: wave(np.frombuffer(data, np.uint8), index, RATES[name]) for name, data in raw.items()},
        {name: None if value is None else float(value) for name, value in shown.items()},
        LIMITS,
        message="",
        clock=START + timedelta(seconds=index),
        probe=True,
        cuff=START,
    )


def wave(codes: Iterable[int], index: int, rate: int) -> Wave:
    return Wave(np.array(codes, np.int32), float(rate), index * rate, 0.0, 128.0)


def tell(path: Path) -> Told:
    """The story in a file."""
    lines = [line.split("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines()]
    words = [line for line in lines if line]
    count = next((int(line[1]) for line in words if line[0] == "seconds"), 120)
    body = dict(part.split("=") for line in words if line[0] == "body" for part in line[1:])
    told = Told(seconds_of(count, int(body.pop("seed", 1)), **{name: float(value) for name, value in body.items()}))
    for line in words:
        if line[0] == "quiet":
            told.quiet = True
        elif line[0] == "fires":
            told.fires.append((line[1], line[2], float(line[3]), float(line[4])))
        elif line[0] == "note":
            told.notes.append((line[1], line[2]))
        elif line[0][0].isdigit():
            first, _, end = line[0].partition("-")
            EVENTS[line[1]](told.seconds, int(first), int(end or count), line[2:])
    return told


def _affected(seconds: list[Second], first: int, end: int) -> Iterator[int]:
    return (place for place, second in enumerate(seconds) if first <= second.index < end)


def _offset(seconds: list[Second], first: int, end: int, words: list[str]) -> None:
    """A displayed number is so much higher than it should be."""
    name, by = words[0], float(words[1])
    for place in _affected(seconds, first, end):
        value = seconds[place].shown[name]
        shown = {**seconds[place].shown, name: None if value is None else value + by}
        seconds[place] = replace(seconds[place], shown=shown)


def _display(seconds: list[Second], first: int, end: int, words: list[str]) -> None:
    """A displayed number is this, or dashes."""
    value = None if words[1] == "dashes" else float(words[1])
    for place in _affected(seconds, first, end):
        seconds[place] = replace(seconds[place], shown={**seconds[place].shown, words[0]: value})


def _late(seconds: list[Second], first: int, end: int, words: list[str]) -> None:
    """Rates are displayed so many seconds late."""
    before = [second.shown for second in seconds]
    for place in _affected(seconds, first, end):
        seconds[place] = replace(seconds[place], shown=before[max(0, place - int(words[0]))])


def _signals(word: str) -> list[str]:
    return list(RATES) if word == "all" else word.split(",")


def _put(seconds: list[Second], name: str, codes: np.ndarray) -> None:
    rate = RATES[name]
    for place, second in enumerate(seconds):
        mine = codes[place * rate : (place + 1) * rate]
        seconds[place] = replace(second, waves={**second.waves, name: replace(second.waves[name], codes=mine)})


def _codes(seconds: list[Second], name: str) -> np.ndarray:
    return np.concatenate([second.waves[name].codes for second in seconds])


def _loop(seconds: list[Second], first: int, end: int, words: list[str]) -> None:
    """Signals play what they were in the seconds before, again and again; words: signals, seconds, noise in codes."""
    noise = random.Random(5)
    for name in _signals(words[0]):
        rate, codes = RATES[name], _codes(seconds, name)
        start, length = first * rate, int(float(words[1]) * rate)
        places = np.arange(start, min(end * rate, len(codes)))
        codes[places] = codes[start - length + (places - start) % length]
        if len(words) > 2:
            most = float(words[2])
            codes[places] += np.array([round(noise.uniform(-most, most)) for _ in places], np.int32)
        _put(seconds, name, codes)


def _still(seconds: list[Second], first: int, end: int, words: list[str]) -> None:
    """Signals stay at the last code."""
    for name in _signals(words[0]):
        codes = _codes(seconds, name)
        codes[first * RATES[name] : end * RATES[name]] = codes[first * RATES[name] - 1]
        _put(seconds, name, codes)


def _swap(seconds: list[Second], first: int, end: int, words: list[str]) -> None:
    """Signals are somebody else's; words: signals, heart rate."""
    other = seconds_of(len(seconds), 77, heart_rate=float(words[1]))
    for name in _signals(words[0]):
        codes, rate = _codes(seconds, name), RATES[name]
        codes[first * rate : end * rate] = _codes(other, name)[first * rate : end * rate]
        _put(seconds, name, codes)


def _noise(seconds: list[Second], first: int, end: int, words: list[str]) -> None:
    """Signals drown in noise of so many codes."""
    source = np.random.default_rng(3)
    for name in _signals(words[0]):
        codes, rate = _codes(seconds, name), RATES[name]
        part = codes[first * rate : end * rate]
        codes[first * rate : end * rate] = np.clip(part + source.normal(0, float(words[1]), len(part)), 0, 255)
        _put(seconds, name, codes)


def _spikes(seconds: list[Second], first: int, end: int, words: list[str]) -> None:
    """A pacemaker's spikes; words: signals, spikes a minute, height in codes, samples each lasts."""
    for name in _signals(words[0]):
        codes, rate = _codes(seconds, name), RATES[name]
        for at in np.arange(first, end, 60 / float(words[1])):
            begin = round(at * rate)
            codes[begin : begin + int(words[3])] += int(words[2])
        _put(seconds, name, np.clip(codes, 0, 255))


def _off(seconds: list[Second], first: int, end: int, words: list[str]) -> None:
    """Signals are not there; a message says so, and the numbers that come from them are dashes."""
    numbers = {"II": "HR", "PLETH": "PR", "RESP": "RR"}
    names = _signals(words[0])
    for place in _affected(seconds, first, end):
        second = seconds[place]
        waves = {name: each for name, each in second.waves.items() if name not in names}
        gone = {numbers[name]: None for name in names if name in numbers}
        seconds[place] = replace(second, waves=waves, shown={**second.shown, **gone}, message="LEAD OFF")


def _say(seconds: list[Second], first: int, end: int, words: list[str]) -> None:
    """A message on the screen."""
    for place in _affected(seconds, first, end):
        seconds[place] = replace(seconds[place], message=" ".join(words))


def _limits(seconds: list[Second], first: int, end: int, words: list[str]) -> None:
    """Alarm limits are these; words: quantity, low, high, on or off."""
    for place in _affected(seconds, first, end):
        limit = Limits(float(words[1]), float(words[2]), on=words[3] == "on")
        seconds[place] = replace(seconds[place], limits={**seconds[place].limits, words[0]: limit})


def _admitted(seconds: list[Second], first: int, _end: int, _words: list[str]) -> None:
    for place in _affected(seconds, first, first + 1):
        seconds[place] = replace(seconds[place], admitted=True)


def _missing(seconds: list[Second], first: int, end: int, _words: list[str]) -> None:
    """These seconds were not recorded; the seconds after them keep their numbers."""
    seconds[:] = [second for second in seconds if not first <= second.index < end]


def _clock(seconds: list[Second], first: int, end: int, words: list[str]) -> None:
    """The monitor's clock jumps by so many seconds."""
    for place in _affected(seconds, first, end):
        moved = START + timedelta(seconds=seconds[place].index + float(words[0]))
        seconds[place] = replace(seconds[place], clock=moved)


def _probe(seconds: list[Second], first: int, end: int, _words: list[str]) -> None:
    for place in _affected(seconds, first, end):
        seconds[place] = replace(seconds[place], probe=False)


EVENTS: dict[str, Callable[[list[Second], int, int, list[str]], None]] = {
    "offset": _offset, "display": _display, "late": _late, "loop": _loop, "still": _still, "swap": _swap,
    "noise": _noise, "off": _off, "say": _say, "limits": _limits, "admitted": _admitted, "missing": _missing,
    "clock": _clock, "spikes": _spikes, "probe-off": _probe,
}  # fmt: skip
