"""In: the recordings beside the checkout. Out: the thresholds found on them, with bounds, and on request written down.

Run it as `python benchmarks/vitals_calibrate.py [FOLDER] [--write]`. A limit in use is the highest that any genuine
patient reached times a margin; so is the limit of each of five folds, from the patients of the other four, and that is
tried on the patients left out: how often it would have spoken falsely, and how many lies it finds. With `--write` the
limits go into `knowledge/thresholds/vitals.toml` and the table into `docs/vitals.md`. Nothing else sets these numbers.
"""

import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, isfinite
from pathlib import Path
from statistics import median
from typing import Final

from vitals_check import FOLDS, SPAN, Record, delay, gathered, lies, records, upper
from wardwatch.vitals.checks import replay_noisy
from wardwatch.vitals.checks.replay_noisy import ReplayNoisy
from wardwatch.vitals.words import Kind, Quantity

ROOT: Final = Path(__file__).resolve().parents[1]
TABLE: Final = ROOT / "src" / "wardwatch" / "knowledge" / "thresholds" / "vitals.toml"
PAGE: Final = ROOT / "docs" / "vitals.md"
BEGIN, END = "<!-- calibrated -->", "<!-- end of calibrated -->"
OFFSETS: Final = {Quantity.HR: (10, 5), Quantity.PR: (10, 5), Quantity.RR: (20, 10)}
MARGINS: Final = {Quantity.HR: 1.4, Quantity.PR: 2.0, Quantity.RR: 2.0}
"""Wider where there are half as many patients."""
UNLIKE: Final = 2.0
"""Of a correlation: half of what the most regular genuine patient lacks to 1."""
_DAY: Final = 86400.0
_UNSURE: Final = 0.05
_LOOKED_FROM: Final = 0.9  # correlations below are of no interest
Reached = dict[str, float]
"""The highest of each patient."""


@dataclass(frozen=True)
class Calibrated:
    """One threshold, and what is known of it."""

    section: str
    key: str
    value: float
    highest: float
    folds: tuple[float, ...]
    patients: int
    days: float
    false: int
    finds: str

    def row(self) -> str:
        """As a row of the table."""
        span = f"{min(self.folds):g} to {max(self.folds):g}"
        unseen = 1 - _UNSURE ** (1 / self.patients)
        seen = f"{self.false} seen; at most {upper(self.false, self.days):.1f}"
        return (
            f"| `{self.section}.{self.key}` | {self.value:g} | {self.highest:.4g} | {span} "
            f"| {self.patients}, {unseen:.0%} | {seen} | {self.finds} |"
        )


def folded(patients: Iterable[str]) -> dict[str, int]:
    """The fold of each patient."""
    names = sorted(set(patients))
    random.Random(1).shuffle(names)
    return {name: place % FOLDS for place, name in enumerate(names)}


def highest(reached: Reached, fold: dict[str, int], without: int) -> float:
    """What the patients of the other folds reached."""
    return max(value for patient, value in reached.items() if fold[patient] != without)


def display(known: list[Record], quantity: Quantity) -> Calibrated:
    """The limit of the cumulative sum of one displayed number."""
    judged = [record for record in known if record.displayed(quantity) >= SPAN]
    sums = {record.name: max(gathered(record.moments, quantity=quantity)[0]) for record in judged}
    reached: Reached = defaultdict(float)
    for record in judged:
        reached[record.patient] = max(reached[record.patient], sums[record.name])
    fold = folded(reached)
    limits = [ceil(MARGINS[quantity] * highest(reached, fold, place)) for place in range(FOLDS)]
    false = sum(sums[record.name] >= limits[fold[record.patient]] for record in judged)
    offsets = tuple(sign * size for size in OFFSETS[quantity] for sign in (1, -1))
    found: dict[int, list[float]] = defaultdict(list)
    for record in judged:
        for by, values, _ in lies(record, quantity, offsets):
            found[abs(by)].append(delay(values, limits[fold[record.patient]]))
    finds = "; ".join(
        f"{size} a minute off: {sum(map(isfinite, each)) / len(each):.1%}, {_seconds(median(each))}"
        for size, each in found.items()
    )
    days = sum(record.displayed(quantity) for record in judged) / _DAY
    most = max(reached.values())
    section = f"display.{quantity}"
    return Calibrated(
        section, "limit", float(ceil(MARGINS[quantity] * most)), most, tuple(limits), len(reached), days, false, finds
    )


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if isfinite(value) else "most not within a minute"


Looks = list[tuple[int, float]]
"""Distance and correlation, each time the check looked."""


def in_a_row(looks: Looks, times: int) -> float:
    """The highest correlation that so many looks in a row reached at one distance."""
    best = 0.0
    for place in range(len(looks) - times + 1):
        part = looks[place : place + times]
        if all(abs(after[0] - before[0]) <= 1 for before, after in pairwise(part)):
            best = max(best, min(likeness for _, likeness in part))
    return best


class Watched(ReplayNoisy):
    """The check, with what it saw kept."""

    def __init__(self) -> None:
        super().__init__()
        self._enough = _LOOKED_FROM
        self.together: Looks = []
        self.alone: Looks = []

    def _best(self, tracks: dict[str, replay_noisy._Track]) -> tuple[int, float]:  # what is measured
        found = super()._best(tracks)
        self.together.append(found)
        return found

    def look_alone(self, moment: replay_noisy.Moment) -> None:
        """Respiration by itself, whatever the others do."""
        for name, track in self._tracks.items():
            enough = track.since > self._alone_window + self._nearest
            if track.kind is Kind.RESP and enough and replay_noisy._breathes(name, moment):  # noqa: SLF001  # as above
                size = self._alone_window * replay_noisy._COARSE  # noqa: SLF001  # as above
                nearest = self._nearest * replay_noisy._COARSE  # noqa: SLF001  # as above
                self.alone.append(replay_noisy._nearest_past(track.coarse(), size, nearest))  # noqa: SLF001  # as above


def watched(record: Record) -> Watched:
    """What the check saw of one genuine record."""
    check = Watched()
    for moment in record.moments:
        list(check.feed(moment))
        if moment.second.index % check._every == 0:  # noqa: SLF001  # as above
            check.look_alone(moment)
    return check


def correlation(seen: dict[str, Watched], known: list[Record], key: str, of: Callable[[Watched], Looks]) -> Calibrated:
    """The correlation from which signals count as repeated."""
    reached: Reached = defaultdict(float)
    each = {record.name: in_a_row(of(seen[record.name]), 3) for record in known if of(seen[record.name])}
    judged = [record for record in known if record.name in each]
    for record in judged:
        reached[record.patient] = max(reached[record.patient], each[record.name])
    fold = folded(reached)
    limits = [_above(highest(reached, fold, place)) for place in range(FOLDS)]
    false = sum(each[record.name] >= limits[fold[record.patient]] for record in judged)
    days = sum(len(record.seconds) for record in judged) / _DAY
    most = max(reached.values())
    value = _above(most)
    return Calibrated("replay_noisy", key, value, most, tuple(limits), len(reached), days, false, "")


def _above(most: float) -> float:
    """Rounded down to four digits: towards what is genuine no more than that."""
    return floor((1 - (1 - most) / UNLIKE) * 10_000) / 10_000


def table(found: list[Calibrated]) -> str:
    """The table as Markdown."""
    head = (
        "| threshold | in use | highest of a genuine patient | by fold | patients; a new one above it, at most "
        "| false a patient-day, held out | found, median delay, held out |\n|---|---:|---:|---:|---|---|---|\n"
    )
    return head + "".join(one.row() + "\n" for one in found)


def write(found: list[Calibrated]) -> None:
    """Into the file of thresholds and the page, in place."""
    text = TABLE.read_text(encoding="utf-8")
    for one in found:
        begin = text.index(f"\n[{one.section}]")
        end = text.find("\n[", begin + 1)
        part = text[begin : end if end >= 0 else len(text)]
        changed, count = re.subn(rf"(?m)^({one.key} = )[0-9.]+", rf"\g<1>{one.value}", part)
        text = text.replace(part, changed)
        if count != 1:
            raise SystemExit(f"{TABLE.name}: {one.section}.{one.key} stands there {count} times")
    TABLE.write_text(text, encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(found)}\n{END}{after}", encoding="utf-8")


def main(folder: Path) -> list[Calibrated]:
    """Every threshold that is calibrated."""
    known = list(records(folder))
    seen = {record.name: watched(record) for record in known}
    found = [display(known, quantity) for quantity in (Quantity.HR, Quantity.PR, Quantity.RR)]
    found.append(correlation(seen, known, "correlation", lambda one: one.together))
    found.append(correlation(seen, known, "alone_correlation", lambda one: one.alone))
    return found


if __name__ == "__main__":
    arguments = [word for word in sys.argv[1:] if not word.startswith("-")]
    place = Path(arguments[0]) if arguments else ROOT.parent / "shared" / "vitals"
    if not place.is_dir():
        print(f"{place}: there are no recordings here, so nothing is calibrated")
        sys.exit(0)
    calibrated = main(place)
    print(table(calibrated))
    if "--write" in sys.argv:
        write(calibrated)
