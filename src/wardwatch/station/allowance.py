"""In: how much a connection has sent, and when. Out: how long to stop reading from it. A token bucket."""

from dataclasses import dataclass


@dataclass(slots=True)
class Allowance:
    """`rate` bytes a second, and `burst` at once. More is not refused: it waits with the sender."""

    rate: float
    burst: float
    _left: float = 0.0
    _at: float = 0.0
    _begun: bool = False

    def spend(self, amount: float, now: float) -> float:
        """Seconds to wait until the next read; 0 where there is enough left."""
        if not self._begun:
            self._left, self._at, self._begun = self.burst, now, True
        self._left = min(self.burst, self._left + max(0.0, now - self._at) * self.rate) - amount
        self._at = now
        return max(0.0, -self._left / self.rate)
