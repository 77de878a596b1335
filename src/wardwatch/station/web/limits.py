"""In: who asks, and the time. Out: whether this request is still within the rate that one address is allowed.

A token bucket an address: `burst` requests at once, then `rate` a second.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 4096


@dataclass(slots=True)
class RateLimit:
    """Buckets of at most `MOST` addresses; the one asked for longest ago is forgotten first, and so is full again."""

    rate: float
    burst: float
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def allows(self, who: str, now: float) -> bool:
        """Whether `who` may ask once more; if so, it is counted."""
        left, then = self._left.pop(who, (self.burst, now))
        left = min(self.burst, left + max(0.0, now - then) * self.rate)
        allowed = left >= 1.0
        self._left[who] = (left - 1.0 if allowed else left, now)
        if len(self._left) > MOST:
            self._left.popitem(last=False)
        return allowed

    def wait(self, who: str) -> int:
        """Whole seconds until `who` may ask again (RFC 9110 section 10.2.3, Retry-After)."""
        left, _ = self._left.get(who, (self.burst, 0.0))
        return max(1, -int(-(1.0 - left) // self.rate))
