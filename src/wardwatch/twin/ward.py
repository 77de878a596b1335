"""In: a plan. Out: every frame of its ward between start and end, in order of time, and the truth's first line."""

from collections.abc import Iterator
from dataclasses import asdict
from heapq import merge
from operator import itemgetter

from . import background
from .events import Event
from .monitor import MonitorTwin
from .plan import Plan
from .truth import SCHEMA, Truth, clock


class Ward:
    """A ward and its monitors."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.monitors = [MonitorTwin(plan, number) for number in range(plan.monitors)]

    def events(self) -> Iterator[Event]:
        """What passes the mirror port, lossless."""
        actors = [monitor.events() for monitor in self.monitors]
        for event in merge(*actors, *background.actors(self.plan), key=itemgetter(0)):
            if event.time >= self.plan.end:
                return
            if event.frame and event.time >= self.plan.start:
                yield event

    def truth(self, resolution: int) -> Truth:
        """An empty account of this ward's monitors."""
        return Truth({monitor.number: monitor.described() for monitor in self.monitors}, resolution)

    def described(self) -> dict[str, object]:
        """The plan as the truth's first line has it."""
        return {"schema": SCHEMA, **asdict(self.plan), "start": clock(self.plan.start), "end": clock(self.plan.end)}
