"""In: the codes of each signal and what is displayed. Out: signals that stand still, and whether the display lives on.

A signal of one code is no signal: a lead that is off, a sensor that failed, or a picture that stands still. It is told
as more than a note only where the display goes on showing a number that nothing but this signal could give: then the
number, too, stands for nothing. A monitor that shows dashes or says that a sensor is off has said so itself.
"""

from collections.abc import Iterator
from typing import Final

from wardwatch.knowledge.catalogue import thresholds
from wardwatch.vitals.check import Episode, Moment, Running
from wardwatch.vitals.words import Kind, Quantity, Second, Wave, kind_of
from wardwatch.vocabulary import Severity

RULE: Final = "vitals.frozen"
_OF: Final = {Kind.ECG: Quantity.HR, Kind.PLETH: Quantity.PR, Kind.RESP: Quantity.RR}
"""The number that comes from signals of a kind."""
_MOST_SIGNALS: Final = 32


class Frozen:
    """The state for one monitor: since when each signal has stood at one code, and how long with a number shown."""

    def __init__(self) -> None:
        numbers = thresholds("vitals")["frozen"]
        self._still = int(numbers["still_s"])
        self._shown = int(numbers["shown_s"])
        self._since: dict[str, tuple[float, int]] = {}  # start, code
        self._alone: dict[str, int] = {}
        self._running = Running()

    def feed(self, moment: Moment) -> Iterator[Episode]:
        """Signals that have stood still long enough with this second."""
        second = moment.second
        for signal, wave in second.waves.items():
            if kind_of(signal) is not Kind.OTHER and (signal in self._since or len(self._since) < _MOST_SIGNALS):
                self._stand(signal, wave, moment)
        for signal in [name for name in self._since if name not in second.waves or moment.missing]:
            self._end(signal)
        for signal, (start, _) in self._since.items():
            unfounded = self._unfounded(signal, second)
            self._alone[signal] = self._alone.get(signal, 0) + 1 if unfounded else 0
            if moment.now - start >= self._still:
                yield from self._tell(signal, start, moment)

    def _stand(self, signal: str, wave: Wave, moment: Moment) -> None:
        first = int(wave.codes[0]) if len(wave.codes) else 0
        if len(wave.codes) == 0 or (wave.codes != first).any():
            self._end(signal)
            return
        since = self._since.get(signal)
        if since is None or since[1] != first:
            self._end(signal)
            self._since[signal] = (float(moment.second.index), first)

    def _end(self, signal: str) -> None:
        self._since.pop(signal, None)
        self._alone.pop(signal, None)
        self._running.close(signal)

    def _unfounded(self, signal: str, second: Second) -> bool:
        """Whether a number is shown that only signals which stand still could give, and nobody says so."""
        kind = kind_of(signal)
        value = second.shown.get(_OF[kind])
        if not value or second.message or (kind is Kind.PLETH and second.probe is False):
            return False
        return all(name in self._since for name in second.waves if kind_of(name) is kind)

    def _tell(self, signal: str, start: float, moment: Moment) -> list[Episode]:
        alarm = self._alone[signal] >= self._shown
        current = self._running.current(signal)
        severity = Severity.MEDIUM if alarm else Severity.INFO
        if current is not None:
            current.end = moment.now
            if severity.rank >= current.severity.rank:
                return []
            current.severity, current.raised = severity, moment.now
            return [current]
        rate = moment.second.waves[signal].rate
        kind = "displayed" if alarm else "still"
        return self._running.meet(Episode(RULE, signal, start, moment.now, moment.now, rate, severity, 0.95, kind))


CHECK: Final = Frozen
