"""In: how much an address has sent, and when. Out: how long to stop reading from it. A token bucket an address.

An address and not a connection: who could come again with a full allowance each time would have none.
"""

from collections import OrderedDict
from dataclasses import dataclass, field


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


@dataclass(slots=True)
class Allowances:
    """Those of at most `most` addresses; the one asked for longest ago is forgotten first."""

    rate: float
    burst: float
    most: int
    _by_address: OrderedDict[str, Allowance] = field(default_factory=OrderedDict)

    def of(self, address: str) -> Allowance:
        """The allowance that all connections of `address` share, one after another as well."""
        allowance = self._by_address.pop(address, None) or Allowance(self.rate, self.burst)
        self._by_address[address] = allowance
        if len(self._by_address) > self.most:
            self._by_address.popitem(last=False)
        return allowance
