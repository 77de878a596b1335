"""In: the recordings beside the checkout. Out: how well the display check works on patients it was not tuned on.

Run it as `python benchmarks/vitals_check.py [FOLDER] [--json]`. Patients are split in five. For each fifth the limit of
the heart rate's cumulative sum is found on the other four (the highest that any genuine display reached, times a
margin) and tried on it. Everything is beside a plain threshold of 5 a minute on the same derived rates.
"""

import json
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf, log
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np

from wardwatch.knowledge.catalogue import thresholds
from wardwatch.vitals.bed import Bed
from wardwatch.vitals.check import Episode, Moment
from wardwatch.vitals.checks.display import _Display
from wardwatch.vitals.follower import Follower
from wardwatch.vitals.rates.deriver import Deriver
from wardwatch.vitals.readers.opening import open_recording
from wardwatch.vitals.words import Kind, Quantity, Second, kind_of
from wardwatch.vocabulary import Severity

SETS: Final = ("bidmc", "c2015", "mitdb")
MARGIN: Final = 1.4
FOLDS: Final = 5
SPAN: Final = 60  # seconds that a lie lasts
OFFSETS: Final = (10, -10, 5, -5)
LOOPS: Final = (16.0, 30.3, 60.0)
_DAY: Final = 86400.0
_ENDLESS: Final = 1e9
_UNSURE: Final = 0.05
PLAIN: Final = 5.0


@dataclass
class Record:
    """One record with what was derived from it, second by second."""

    name: str
    patient: str
    seconds: list[Second]
    moments: list[Moment]

    def displayed(self, quantity: Quantity = Quantity.HR) -> int:
        """Seconds in which this number is displayed."""
        return sum(second.shown.get(quantity) is not None for second in self.seconds)


def records(folder: Path) -> Iterator[Record]:
    """Every record, read and derived."""
    for path in sorted(path for name in SETS for path in (folder / name).glob("*.hea")):
        seconds = list(open_recording(path).seconds())
        deriver = Deriver()
        moments = []
        for second in seconds:
            beats, derived = deriver.feed(second)
            moments.append(Moment(second, tuple(beats), derived))
        yield Record(path.stem, patient_of(path), seconds, moments)


def patient_of(path: Path) -> str:
    """By the number in the header where there is one: several records may be one patient's."""
    found = re.search(r"matched wdb ID: (\S+)", path.read_text(encoding="latin-1"))
    return found[1] if found else path.stem


def gathered(
    moments: list[Moment], by: float = 0.0, start: int = 0, quantity: Quantity = Quantity.HR
) -> tuple[list[float], list[float]]:
    """What the check gathers, and the plain distance to the derived median; the display is off by `by` from `start`."""
    display = _Display(quantity)
    numbers = replace(display.settings.numbers, limit=_ENDLESS)  # a sum ends some way above its limit
    display.settings = replace(display.settings, numbers=numbers)
    display.follower = Follower(numbers, display.follower.rows)
    sums, plain = [], []
    for moment in moments:
        value = moment.second.shown.get(quantity)
        if value is not None and moment.second.index >= start:
            value += by
        shown = replace(moment.second, shown={quantity: value})
        answer = display.step(replace(moment, second=shown))
        known = answer.gathered is not None and value is not None
        sums.append(answer.gathered if known and answer.gathered is not None else 0.0)
        plain.append(abs(value - answer.value) if known and value is not None else 0.0)
    return sums, plain


def lies(
    record: Record, quantity: Quantity = Quantity.HR, offsets: tuple[int, ...] = OFFSETS
) -> Iterator[tuple[int, list[float], list[float]]]:
    """For each lie: its size, and what the check and the plain threshold see from its first second on."""
    source = random.Random(record.name)
    for by in offsets:
        for _ in range(2):
            at = source.randrange(40, len(record.moments) - SPAN)
            part = record.moments[max(0, at - 40) : at + SPAN]
            if sum(one.second.shown.get(quantity) is not None for one in part[-SPAN:]) < SPAN // 2:
                continue
            sums, plain = gathered(part, by, part[0].second.index + len(part) - SPAN, quantity)
            yield by, sums[-SPAN:], plain[-SPAN:]


def delay(values: list[float], limit: float) -> float:
    """Seconds until the limit is reached."""
    return next((place + 1.0 for place, value in enumerate(values) if value >= limit), inf)


def looped(seconds: list[Second], names: list[str], at: int, length: float) -> list[Second]:
    """From second `at` on the signals play the seconds before it, again and again."""
    changed = list(seconds)
    for name in names:
        rate = seconds[0].waves[name].rate
        codes = np.concatenate([second.waves[name].codes for second in seconds])
        first, count = int(at * rate), int(length * rate)
        places = np.arange(first, len(codes))
        codes[first:] = codes[first - count + (places - first) % count]
        for place, second in enumerate(changed):
            wave = second.waves[name]
            part = codes[wave.first : wave.first + len(wave.codes)]
            changed[place] = replace(second, waves={**second.waves, name: replace(wave, codes=part)})
    return changed


def alarms(seconds: list[Second]) -> tuple[list[Episode], float]:
    """What all checks together raise as more than a note, and the CPU seconds it took."""
    bed = Bed()
    begun = time.process_time()
    for second in seconds:
        bed.feed(second)
    spent = time.process_time() - begun
    return [one for one in bed.episodes if one.severity is not Severity.INFO], spent


def upper(count: int, days: float) -> float:
    """The 95 % bound of a rate of which `count` were seen (Poisson; Garwood 1936, by halving)."""
    if count == 0:
        return -log(_UNSURE) / days
    low, high = float(count), count + 10.0 * (count + 1) ** 0.5 + 10
    for _ in range(60):
        middle = (low + high) / 2
        term = total = np.exp(-middle)
        for k in range(1, count + 1):
            term *= middle / k
            total += term
        low, high = (low, middle) if total < _UNSURE else (middle, high)
    return high / days


def shares(delays: dict[int, list[float]]) -> str:
    """Found and median delay, of 10 and of 5 a minute."""
    told = []
    for size in (10, 5):
        both = delays[size] + delays[-size]
        told.append(f"{np.mean(np.isfinite(both)):.1%}, {median(both):.0f} s")
    return " | ".join(told)


def main(folder: Path) -> dict[str, object]:
    """The whole measurement, printed as a table."""
    known = list(records(folder))
    judged = [record for record in known if record.displayed() >= SPAN]
    patients = sorted({record.patient for record in judged})
    random.Random(1).shuffle(patients)
    fold = {patient: place % FOLDS for place, patient in enumerate(patients)}
    highest = {record.name: max(gathered(record.moments)[0]) for record in judged}
    plain_most = {record.name: gathered(record.moments)[1] for record in judged}
    limits, false, plain_false = [], 0, 0
    found: dict[int, list[float]] = defaultdict(list)
    plain: dict[int, list[float]] = defaultdict(list)
    for place in range(FOLDS):
        rest = [highest[one.name] for one in judged if fold[one.patient] != place]
        limits.append(MARGIN * max(rest))
        for record in (one for one in judged if fold[one.patient] == place):
            false += highest[record.name] >= limits[-1]
            over = [value > PLAIN for value in plain_most[record.name]]
            plain_false += sum(now and not before for before, now in zip([False, *over], over, strict=False))
            for by, sums, distances in lies(record):
                found[by].append(delay(sums, limits[-1]))
                plain[by].append(delay(distances, PLAIN))
    days = sum(record.displayed() for record in judged) / _DAY
    print(f"{len(judged)} records with a heart rate, {len(patients)} patients, {days:.2f} patient-days")
    print("limits by fold:", ", ".join(f"{limit:.0f}" for limit in limits), "· in use:",
          thresholds("vitals")["display"]["HR"]["limit"])  # fmt: skip
    print("| check | 10 a minute: found, median delay | 5 a minute | false a patient-day (95 % bound) |")
    print("|---|---|---|---|")
    print(f"| wardwatch, held-out patients | {shares(found)} | {false / days:.2f} ({upper(false, days):.1f}) |")
    print(f"| plain threshold of 5 a minute | {shares(plain)} | {plain_false / days:.0f} |")
    return everything(known) | {"false": false, "days": days}


def everything(known: list[Record]) -> dict[str, object]:
    """All checks together on genuine records, and on looped ones."""
    source = random.Random(2)
    raised, spent, seconds = 0, 0.0, 0
    hits: dict[str, list[bool]] = defaultdict(list)
    for record in known:
        episodes, cost = alarms(record.seconds)
        raised, spent, seconds = raised + len(episodes), spent + cost, seconds + len(record.seconds)
        names = [name for name in record.seconds[0].waves if kind_of(name) is not Kind.OTHER]
        names = [name for name in names if all(name in second.waves for second in record.seconds)]
        part = record.seconds[:300]
        for length in LOOPS:
            at = source.randrange(62, 230)
            for label, chosen in (("all", names), ("one", [source.choice(names)])):
                after = [one for one in alarms(looped(part, chosen, at, length))[0] if one.raised > at]
                hits[label].append(bool(after))
    days = seconds / _DAY
    print(
        f"all checks, genuine: {raised} alarms in {days:.2f} patient-days, 95 % bound {upper(raised, days):.1f} a day"
    )
    for label, each in hits.items():
        print(f"loops of 16 to 60 s, {label} signals: {np.mean(each):.1%} of {len(each)} found")
    print(f"speed: {seconds / spent:,.0f} times real time, one core")
    return {"raised": raised, "loops": {label: float(np.mean(each)) for label, each in hits.items()}}


if __name__ == "__main__":
    arguments = [word for word in sys.argv[1:] if not word.startswith("-")]
    place = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2] / "shared" / "vitals"
    if not place.is_dir():
        print(f"{place}: there are no recordings here, so the display check is not measured")
        sys.exit(0)
    measured = main(place)
    if "--json" in sys.argv:
        print(json.dumps(measured))
