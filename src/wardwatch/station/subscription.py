"""In: updates as they happen. Out: the same to one reader at its own speed; what it is too slow for is counted.

A reader that falls behind loses the oldest updates of its queue, never holds up the station or another reader.
"""

import asyncio
from collections import deque
from collections.abc import Container

from .views import Update


class Subscription:
    """One reader's bounded queue. `places`: only these, or everything where it is None. Close it when done."""

    def __init__(self, capacity: int, places: Container[str] | None = None) -> None:
        self.dropped = 0
        """Updates this reader never got, since it was too slow."""
        self.closed = False
        self.places = places
        self._queue: deque[Update] = deque()
        self._capacity = capacity
        self._something = asyncio.Event()

    def put(self, update: Update) -> None:
        """Called by the station for every update."""
        if self.closed or not self._wanted(update):
            return
        if len(self._queue) >= self._capacity:
            self._queue.popleft()
            self.dropped += 1
        self._queue.append(update)
        self._something.set()

    def take(self) -> list[Update]:
        """All that waits, oldest first, at once."""
        taken = list(self._queue)
        self._queue.clear()
        self._something.clear()
        return taken

    async def next(self) -> list[Update]:
        """As `take`, but waits until there is something; an empty list once closed."""
        while not self._queue and not self.closed:
            await self._something.wait()
            self._something.clear()
        return self.take()

    def close(self) -> None:
        """No more updates; whoever waits gets an empty list."""
        self.closed = True
        self._queue.clear()
        self._something.set()

    def _wanted(self, update: Update) -> bool:
        if self.places is None:
            return True
        name = update.view.name if update.view else update.gone
        return not name or name in self.places
