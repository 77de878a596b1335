"""In: alarms that hold, and who silences them when. Out: which of them may sound. Nothing here hides an alarm.

IEC 60601-1-8 clause 6.8, alarm signal inactivation: audio paused (timed) and acknowledged. A pause covers alarms up to
the priority that was the highest when it began: a more urgent one sounds at once. An acknowledgement covers the
conditions that held, each until it ends or becomes more urgent. Only sound is silenced; what is shown goes on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from .words import SECOND, Alarm, Priority

PAUSE: Final = 120 * SECOND
"""Two minutes, as bedside monitors have it."""


class Hush(StrEnum):
    """What somebody may ask for; the names are those of the page's requests."""

    PAUSE = "pause"
    ACKNOWLEDGE = "acknowledge"
    SOUND = "sound"
    """No longer paused, nothing acknowledged."""


class Pause(NamedTuple):
    """No sound up to this priority, from when until when (ns), and who wanted it so."""

    priority: Priority
    begun: int
    until: int
    by: str


class Acknowledged(NamedTuple):
    """Somebody knows of this condition at this priority."""

    priority: Priority
    at: int
    by: str


@dataclass(slots=True)
class Quiet:
    """What is silenced at one place."""

    pause: Pause | None = None
    acknowledged: dict[str, Acknowledged] = field(default_factory=dict)

    def hush(self, what: Hush, alarms: Iterable[Alarm], by: str, now: int) -> bool:
        """Do it; False where there is nothing to silence, or nothing silenced."""
        held = list(alarms)
        if what is Hush.SOUND:
            changed = self.pause is not None or bool(self.acknowledged)
            self.forget()
            return changed
        if what is Hush.PAUSE and held:
            self.pause = Pause(max(each.priority for each in held), now, now + PAUSE, by)
        elif what is Hush.ACKNOWLEDGE:
            self.acknowledged = {each.key: Acknowledged(each.priority, now, by) for each in held}
        return bool(held)

    def forget(self) -> None:
        """Everything sounds again."""
        self.pause = None
        self.acknowledged.clear()

    def over(self, now: int) -> bool:
        """Whether the pause ended just now: its time is over, or the clock was set back behind its beginning."""
        if self.pause is None or self.pause.begun <= now < self.pause.until:
            return False
        self.pause = None
        return True

    def gone(self, key: str) -> None:
        """The condition ended: when it comes back it sounds."""
        self.acknowledged.pop(key, None)


def silenced(alarm: Alarm, pause: Pause | None, acknowledged: Mapping[str, Acknowledged]) -> Hush | None:
    """Why this alarm makes no sound; None: it sounds."""
    known = acknowledged.get(alarm.key)
    if known is not None and alarm.priority <= known.priority:
        return Hush.ACKNOWLEDGE
    return Hush.PAUSE if pause is not None and alarm.priority <= pause.priority else None
