"""In: every set of every session. Out: truth marks, made by one thread of their own, so that reception never waits.

The check itself is plugged in (`words.Checker`). One that raises is replaced by the mark 'cannot verify' for good.
Where the thread falls behind, sets are left out and their numbers are marked as not verified: nothing is called true
unseen.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from .words import SECOND, Checker, Contents, Mark, Quantity, Received, Truth

_CHECKED: Final = (Quantity.HR, Quantity.RR, Quantity.PR)
Deliver = Callable[[int, tuple[Mark, ...]], None]


class CheckThread:
    """`make` gives a checker for each session; `deliver` is called from the thread with session and marks."""

    def __init__(self, make: Callable[[], Checker], deliver: Deliver, waiting: int = 4096) -> None:
        self.checked = self.left_out = self.faults = 0
        self._make, self._deliver, self._most = make, deliver, waiting
        self._queue: deque[tuple[Received, Contents] | int] = deque()
        self._wake, self._ending = threading.Event(), False
        self._checkers: dict[int, Checker | None] = {}
        self._first: dict[int, int] = {}
        self._thread = threading.Thread(target=self._run, name="checks", daemon=True)
        self._thread.start()

    def submit(self, received: Received, contents: Contents) -> None:
        """One more set; left out, and said so, where too many wait."""
        if len(self._queue) >= self._most:
            self.left_out += 1
            self._deliver(received.session, _not_verified(contents, "the station was too busy to check"))
            return
        self._queue.append((received, contents))
        self._wake.set()

    def forget(self, session: int) -> None:
        """The session ended."""
        self._queue.append(session)
        self._wake.set()

    def close(self, patience: float = 5.0) -> None:
        """No more."""
        self._ending = True
        self._wake.set()
        self._thread.join(patience)

    def _run(self) -> None:
        while not self._ending:
            self._wake.wait(1.0)
            self._wake.clear()
            while self._queue and not self._ending:
                entry = self._queue.popleft()
                if isinstance(entry, int):
                    self._checkers.pop(entry, None)
                    self._first.pop(entry, None)
                else:
                    self._check(*entry)

    def _check(self, received: Received, contents: Contents) -> None:
        session = received.session
        if session not in self._checkers:
            self._checkers[session], self._first[session] = self._begin(), received.at
        checker = self._checkers[session]
        if checker is None:
            return
        try:
            marks = checker.feed(received, contents, (received.at - self._first[session]) // SECOND)
        except Exception:  # noqa: BLE001  # a check that breaks on one monitor's data must not end the others'
            self.faults += 1
            self._checkers[session] = None
            marks = _not_verified(contents, "the check failed on this monitor's data")
        self.checked += 1
        if marks:
            self._deliver(session, tuple(marks))

    def _begin(self) -> Checker | None:
        try:
            return self._make()
        except Exception:  # noqa: BLE001  # as above
            self.faults += 1
            return None


def _not_verified(contents: Contents, why: str) -> tuple[Mark, ...]:
    return tuple(Mark(each, Truth.CANNOT_VERIFY, why) for each in _CHECKED if each in contents.shown)
