"""In: the alarm limits of each second. Out: limits that were widened or switched off while the recording ran.

A limit that was narrowed, switched on, or in force from the start is nothing to tell. A new patient brings limits of
his own; while nobody is attached, limits say nothing.
"""

from collections.abc import Iterator
from typing import Final

from wardwatch.vitals.check import Episode, Facts, Moment
from wardwatch.vitals.words import Limits
from wardwatch.vocabulary import Severity

RULE: Final = "vitals.alarm-limit-changed"
_LEAST: Final = 1e-3  # temperatures are sent as 32-bit floats


class AlarmLimits:
    """The state for one monitor: the limits last seen."""

    def __init__(self) -> None:
        self._last: dict[str, Limits] = {}

    def feed(self, moment: Moment) -> Iterator[Episode]:
        """One episode for each limit that was widened or switched off with this second."""
        second = moment.second
        if second.admitted:
            self._last.clear()
        if not second.waves and all(value is None for value in second.shown.values()):
            return
        for quantity, limits in second.limits.items():
            before = self._last.get(quantity)
            if before is not None and limits != before:
                yield from _changes(quantity, before, limits, moment)
            self._last[quantity] = _kept(before, limits)


def _kept(before: Limits | None, now: Limits) -> Limits:
    """The limits now; what is not known now, as it was."""
    if before is None:
        return now
    low = before.low if now.low is None else now.low
    high = before.high if now.high is None else now.high
    return Limits(low, high, before.on if now.on is None else now.on)


def _changes(quantity: str, before: Limits, now: Limits, moment: Moment) -> Iterator[Episode]:
    if before.on and now.on is False:
        facts: Facts = {"before": _text(before), "after": "off"}
        yield _episode(quantity, moment, Severity.HIGH, "silenced", facts)
    elif _wider(before, now) and now.on is not False:
        facts = {"before": _text(before), "after": _text(_kept(before, now))}
        yield _episode(quantity, moment, Severity.MEDIUM, "widened", facts)


def _wider(before: Limits, now: Limits) -> bool:
    low = before.low is not None and now.low is not None and now.low < before.low - _LEAST
    high = before.high is not None and now.high is not None and now.high > before.high + _LEAST
    return low or high


def _episode(quantity: str, moment: Moment, severity: Severity, kind: str, facts: Facts) -> Episode:
    index = moment.second.index
    return Episode(RULE, quantity, float(index), moment.now, moment.now, 1.0, severity, 1.0, kind, facts, open=False)


def _text(limits: Limits) -> str:
    low, high = ("none" if value is None else f"{value:g}" for value in (limits.low, limits.high))
    return f"{low} to {high}"


CHECK: Final = AlarmLimits
