"""In: what passed the capture point. Out: JSON lines that say what was sent, and what a correct scan must say of it.

First one line of kind `ward` (seed, options), then one of kind `block` for each message in order of time, at the end
one of kind `monitor` for each monitor and one of kind `capture` with what the capture point did. The sums count what
was on the wire between the capture's start and end; what the capture then lost is in the last line only. `patients`
are those whose number was sent, `people` those whose data was, be it that their number went before the capture began.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from .events import MICROSECOND, SECOND, Event, Sent

SCHEMA: Final = "wardwatch.truth.v1"
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def clock(time: int) -> str:
    """Nanoseconds since 1970 as RFC 3339 UTC with microseconds."""
    seconds, rest = divmod(time, SECOND)
    return f"{_to_the_second(seconds)}.{rest // MICROSECOND:06d}Z"


@lru_cache(maxsize=64)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def line(kind: str, content: Mapping[str, object]) -> str:
    """One JSON line."""
    return _ENCODER.encode({"kind": kind, **content}) + "\n"


@dataclass(slots=True)
class Tally:
    """Everything one monitor did towards one service."""

    protocol: str
    sessions: set[int] = field(default_factory=set)
    records: int = 0
    size: int = 0
    first: int = 0
    last: int = 0
    patients: dict[str, None] = field(default_factory=dict)
    people: dict[str, None] = field(default_factory=dict)
    identifiers: set[str] = field(default_factory=set)
    attempts: int = 0
    syns: int = 0

    def add(self, time: int, sent: Sent) -> None:
        """Count one frame."""
        self.attempts += sent.attempt == 1
        self.syns += sent.attempt > 0
        if not sent.size:
            return
        self.sessions.add(sent.stream.session)
        self.size += sent.size
        self.first = self.first or time
        self.last = time
        self.records += len(sent.blocks)
        for block in sent.blocks:
            self.identifiers.update(block.identifiers)
            if block.patient:
                self.patients[block.patient] = None
            if block.about:
                self.people[block.about] = None

    def said(self, to: str, port: int) -> dict[str, object]:
        """As the summary has it; times stand there only if the device sent anything."""
        summary: dict[str, object] = {
            "to": to,
            "port": port,
            "protocol": self.protocol,
            "attempts": self.attempts,
            "syns": self.syns,
            "sessions": len(self.sessions),
            "records": self.records,
            "bytes": self.size,
            "patients": list(self.patients),
            "people": list(self.people),
            "identifying": sorted(self.identifiers),
        }
        if self.size:
            summary |= {"first": clock(self.first), "last": clock(self.last)}
        return summary


class Truth:
    """Adds up what monitors sent. `names`: for each monitor's number, what its summary line begins with."""

    def __init__(self, names: Mapping[int, Mapping[str, object]], resolution: int = MICROSECOND) -> None:
        self._names = names
        self._resolution = resolution
        self._tallies: dict[tuple[int, str, int], Tally] = {}

    def note(self, event: Event) -> Iterator[str]:
        """Count `event`; a line for each message that ends in it."""
        sent = event.sent
        if sent is None:
            return
        stream, time = sent.stream, event.time - event.time % self._resolution
        key = (stream.monitor, stream.to, stream.port)
        self._tallies.setdefault(key, Tally(stream.protocol)).add(time, sent)
        about = {
            "monitor": self._names[stream.monitor]["monitor"],
            "time": clock(time),
            "to": stream.to,
            "port": stream.port,
            "protocol": stream.protocol,
            "session": stream.session,
        }
        for block in sent.blocks:
            yield line("block", {**about, "block": block.name, "values": block.values})

    def summaries(self) -> Iterator[str]:
        """One line a monitor, silent ones included."""
        services: dict[int, list[dict[str, object]]] = {number: [] for number in self._names}
        for (number, to, port), tally in sorted(self._tallies.items()):
            services[number].append(tally.said(to, port))
        for number, name in self._names.items():
            yield line("monitor", {**name, "services": services[number]})
