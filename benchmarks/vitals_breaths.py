"""In: the BIDMC records beside the checkout. Out: how far a derived respiration rate is from the annotated breaths.

Run it as `python benchmarks/vitals_breaths.py [FOLDER] [--json]`. Each second from the 48th on is a window of 32 s. The
truth is the mean of what the breaths of two annotators give in it, by their intervals; they differ from each other, and
by how much is printed beside. 'Held out': the least quality from which a rate counts is chosen on the patients of four
fifths, as the lowest error that still covers 95 % of their seconds, and tried on the rest.
"""

import csv
import json
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from vitals_check import FOLDS, patient_of
from wardwatch.vitals.bed import Bed
from wardwatch.vitals.check import State
from wardwatch.vitals.rates.deriver import Deriver
from wardwatch.vitals.readers.opening import open_recording
from wardwatch.vitals.words import Quantity

WINDOW: Final = 32.0
FIRST: Final = 48  # seconds: a window that no detector was still learning in
RULE: Final = "32 s"
DETECTORS: Final = ("turns", "smoother")
QUALITIES: Final = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
COVERED: Final = 0.95
_ANNOTATED: Final = 125.0  # samples a second that breaths are counted in


@dataclass
class Windows:
    """The windows of one record: truth, both annotators' difference, and what was derived, each second a place."""

    patient: str
    truth: list[float] = field(default_factory=list)
    apart: list[float] = field(default_factory=list)
    derived: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in DETECTORS})
    quality: list[float] = field(default_factory=list)
    stated: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)


def marked(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of the breaths, by each annotator."""
    with path.open(newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    one, other = (np.array([float(row[place]) for row in rows if row[place]]) / _ANNOTATED for place in range(2))
    return one, other


def by_intervals(breaths: np.ndarray, until: float) -> float:
    """The rate of the breaths within the window."""
    inside = breaths[(breaths > until - WINDOW) & (breaths <= until)]
    return float(60 * (len(inside) - 1) / (inside[-1] - inside[0])) if len(inside) > 1 else float("nan")


def windows(path: Path) -> Windows:
    """Every window of one record."""
    found = Windows(patient_of(path))
    annotators = marked(path.with_suffix(".breaths.csv"))
    deriver, bed = Deriver(), Bed()
    for second in open_recording(path).seconds():
        rates = {one.detector: one for one in deriver.feed(second)[1] if one.averaging == RULE}
        bed.feed(second)
        if second.index + 1 < FIRST:
            continue
        told = [by_intervals(breaths, second.index + 1.0) for breaths in annotators]
        found.truth.append(float(np.mean(told)))
        found.apart.append(abs(told[0] - told[1]))
        for name in DETECTORS:
            value = rates[name].value if name in rates else None
            found.derived[name].append(float("nan") if value is None else value)
        found.quality.append(rates[DETECTORS[0]].quality if DETECTORS[0] in rates else 0.0)
        standing = bed.standings.get(Quantity.RR)
        sure = standing is not None and standing.state is State.VERIFIED and standing.derived is not None
        found.stated.append(standing.derived if sure and standing and standing.derived is not None else float("nan"))
        shown = second.shown.get(Quantity.RR)
        found.shown.append(float("nan") if shown is None else shown)
    return found


def errors(records: list[Windows], name: str, least: float) -> tuple[np.ndarray, float]:
    """Errors of one detector where the quality is enough, and the share of windows that is."""
    apart, whole = [], 0
    for record in records:
        truth, value = np.array(record.truth), np.array(record.derived[name])
        known = np.isfinite(truth)
        whole += int(known.sum())
        used = known & np.isfinite(value) & (np.array(record.quality) >= least)
        apart.append(np.abs(value - truth)[used])
    found = np.concatenate(apart)
    return found, len(found) / whole


def held_out(records: list[Windows], name: str) -> tuple[float, float, list[float]]:
    """Mean error and coverage on patients the least quality was not chosen on, and the choices."""
    patients = sorted({record.patient for record in records})
    random.Random(1).shuffle(patients)
    fold = {patient: place % FOLDS for place, patient in enumerate(patients)}
    apart, whole, chosen = [], 0.0, []
    for place in range(FOLDS):
        rest = [record for record in records if fold[record.patient] != place]
        mine = [record for record in records if fold[record.patient] == place]
        covering = [least for least in QUALITIES if errors(rest, name, least)[1] >= COVERED] or [0.0]
        chosen.append(min(covering, key=lambda least: errors(rest, name, least)[0].mean()))
        found, covered = errors(mine, name, chosen[-1])
        apart.append(found)
        whole += len(found) / covered
    every = np.concatenate(apart)
    return float(every.mean()), len(every) / whole, chosen


def of(records: list[Windows], name: str) -> tuple[float, float]:
    """Mean distance of another column from the truth, and the share of windows in which it is known."""
    apart = [np.abs(np.array(getattr(record, name)) - np.array(record.truth)) for record in records]
    every = np.concatenate(apart)
    return float(np.nanmean(every)), float(np.isfinite(every).mean())


def main(folder: Path) -> dict[str, float]:
    """The whole measurement, printed as a table."""
    records = [windows(path) for path in sorted(folder.glob("*.hea")) if path.with_suffix(".breaths.csv").is_file()]
    print(f"{len(records)} records, {len({record.patient for record in records})} patients, windows of {WINDOW:.0f} s")
    print("| respiration rate | mean error, a minute | seconds covered |\n|---|---:|---:|")
    for name in DETECTORS:
        for least in (0.0, 0.9):
            found, covered = errors(records, name, least)
            print(f"| {name}, quality from {least} | {found.mean():.2f} | {covered:.1%} |")
        error, covered, chosen = held_out(records, name)
        print(
            f"| {name}, quality chosen on other patients ({min(chosen)} to {max(chosen)}) "
            f"| {error:.2f} | {covered:.1%} |"
        )
    for title, column in (("told beside a verified display", "stated"), ("the monitor's own display", "shown")):
        error, covered = of(records, column)
        print(f"| {title} | {error:.2f} | {covered:.1%} |")
    apart = np.concatenate([np.array(record.apart) for record in records])
    print(f"the annotators differ by {np.nanmean(apart):.2f} a minute from each other")
    error, covered, _ = held_out(records, DETECTORS[0])
    return {"error": error, "covered": covered}


if __name__ == "__main__":
    arguments = [word for word in sys.argv[1:] if not word.startswith("-")]
    place = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2] / "shared" / "vitals" / "bidmc"
    if not place.is_dir():
        print(f"{place}: there are no recordings here, so respiration is not measured")
        sys.exit(0)
    measured = main(place)
    if "--json" in sys.argv:
        print(json.dumps(measured))
