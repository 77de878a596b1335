"""In: sockets, and what to do when something comes. Out: all of it done, in one thread, until it is told to stop."""

import heapq
import selectors
import time
from collections.abc import Callable
from itertools import count
from threading import Event, Thread
from typing import Final, Protocol

_BREATH: Final = 0.05


class Readable(Protocol):
    """A socket, or something that has one."""

    def fileno(self) -> int:
        """Its descriptor."""


class Loop:
    """Whatever serves in a lab: nothing in it waits for anything, so one thread is enough."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._turn = count()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="lab")
        self.failure: Exception | None = None

    def watch(self, waiting: Readable, come: Callable[[], None]) -> None:
        """Call `come` whenever something can be read."""
        self.selector.register(waiting, selectors.EVENT_READ, come)

    def forget(self, waiting: Readable) -> None:
        """No more."""
        self.selector.unregister(waiting)

    def after(self, seconds: float, then: Callable[[], None]) -> None:
        """Call `then` later; those due at one time in the order in which they were asked for."""
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._turn), then))

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End, once what has come is dealt with; what went wrong meanwhile is raised here."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self.failure:
            raise self.failure

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._step()
            self._step()
        except Exception as error:  # noqa: BLE001  # raised again by `stop`, in the thread that may say it
            self.failure = error

    def _step(self) -> None:
        wait = max(0.0, min(_BREATH, self._due[0][0] - time.monotonic())) if self._due else _BREATH
        for ready, _ in self.selector.select(wait):
            ready.data()
        while self._due and self._due[0][0] <= time.monotonic():
            heapq.heappop(self._due)[2]()
