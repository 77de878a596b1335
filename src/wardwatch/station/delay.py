"""In: delays in seconds. Out: how many were how long, in fixed memory: buckets, and bounds of quantiles."""

from bisect import bisect_left
from typing import Final

BOUNDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Delay:
    """A histogram."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = self.longest = 0.0

    def add(self, seconds: float) -> None:
        """One delay."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds
        self.longest = max(self.longest, seconds)

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative counts by upper bound, the last one without."""
        told, count = [], 0
        for bound, here in zip((*map(str, BOUNDS), "+Inf"), self.counts, strict=True):
            count += here
            told.append((bound, float(count)))
        return told

    def quantile(self, share: float) -> float:
        """The smallest bound that at least `share` of all delays keep; the longest delay beyond the last bound."""
        wanted, count = share * sum(self.counts), 0
        for bound, here in zip(BOUNDS, self.counts, strict=False):
            count += here
            if count >= wanted:
                return bound
        return self.longest
