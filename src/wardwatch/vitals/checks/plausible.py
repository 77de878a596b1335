"""In: displayed values that cannot be derived (SpO2, NIBP, temperature). Out: those no patient can have, or stale ones.

Nothing the device sends would let anybody derive them; what is left is whether they are possible at all, agree with
one another, and have been measured at a time not long ago. An old cuff pressure is a note: how often to measure is
for the ward to say.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from wardwatch.knowledge.catalogue import thresholds
from wardwatch.vitals.check import Episode, Facts, Moment, Running
from wardwatch.vitals.words import Quantity, Second
from wardwatch.vocabulary import Severity

RULE: Final = "vitals.implausible"
_PRESSURES: Final = (Quantity.NIBP_SYS, Quantity.NIBP_MAP, Quantity.NIBP_DIA)
_PROBE: Final = (Quantity.SPO2, Quantity.PR)


class Plausible:
    """The state for one monitor: for how long each value has been impossible."""

    def __init__(self) -> None:
        numbers = thresholds("vitals")["plausible"]
        self._ranges: Mapping[str, tuple[float, float]] = {name: tuple(pair) for name, pair in numbers["range"].items()}
        self._patience = int(numbers["patience_s"])
        self._stale = float(numbers["cuff_stale_s"])
        self._without_probe = int(numbers["without_probe_s"])
        self._count: dict[tuple[str, str], int] = {}
        self._running = Running()

    def feed(self, moment: Moment) -> Iterator[Episode]:
        """What has been impossible long enough with this second."""
        wrong = dict(self._wrong(moment.second))
        for key in [key for key in self._count if key not in wrong]:
            del self._count[key]
            self._running.close(f"{key[0]} {key[1]}")
        for (signal, kind), facts in wrong.items():
            count = self._count[signal, kind] = self._count.get((signal, kind), 0) + 1
            yield from self._told(signal, kind, facts, count, moment)

    def _told(self, signal: str, kind: str, facts: Facts, count: int, moment: Moment) -> Iterator[Episode]:
        current = self._running.current(f"{signal} {kind}")
        if current is not None:
            current.end = moment.now
            return
        patience = self._without_probe if kind == "without probe" else self._patience
        if count >= patience:
            severity = Severity.INFO if kind == "stale" else Severity.MEDIUM
            start = float(moment.second.index - count + 1)
            episode = Episode(RULE, f"{signal} {kind}", start, moment.now, moment.now, 1.0, severity, 0.9, kind, facts)
            new = self._running.meet(episode)
            episode.signal = signal
            yield from new

    def _wrong(self, second: Second) -> Iterator[tuple[tuple[str, str], Facts]]:
        for quantity, (low, high) in self._ranges.items():
            value = second.shown.get(quantity)
            if value is not None and not low <= value <= high:
                yield (quantity, "out of range"), {"value": value, "low": low, "high": high}
        pressures = [second.shown.get(quantity) for quantity in _PRESSURES]
        known = [value for value in pressures if value is not None]
        if len(known) == len(pressures) and known != sorted(known, reverse=True):
            yield (Quantity.NIBP_SYS, "out of order"), dict(zip(("systolic", "mean", "diastolic"), known, strict=True))
        if second.probe is False:
            for quantity in _PROBE:
                if (value := second.shown.get(quantity)) is not None:
                    yield (quantity, "without probe"), {"value": value}
        if second.cuff and second.clock and known:
            age = (second.clock - second.cuff).total_seconds()
            if age > self._stale:
                yield (Quantity.NIBP_SYS, "stale"), {"age_s": round(age)}


CHECK: Final = Plausible
