"""In: lines that could not be used, with the reason. Out: how many of each reason, and where the first one stood."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

_EXAMPLES: Final = 5


@dataclass(slots=True)
class Unread:
    """Counts lines that could not be used, by reason; a reason never holds anything the log said."""

    counts: dict[str, int] = field(default_factory=dict)
    firsts: dict[str, int] = field(default_factory=dict)

    def note(self, reason: str, numbers: NDArray[np.int64]) -> None:
        """The lines `numbers` cannot be used for `reason`."""
        if numbers.size:
            self.counts[reason] = self.counts.get(reason, 0) + int(numbers.size)
            self.firsts.setdefault(reason, int(numbers[0]))

    @property
    def total(self) -> int:
        """How many lines there are in all."""
        return sum(self.counts.values())

    @property
    def reasons(self) -> tuple[str, ...]:
        """Up to five sentences, the most frequent reason first."""
        ranked = sorted(self.counts, key=lambda reason: (-self.counts[reason], self.firsts[reason]))
        return tuple(self._say(reason) for reason in ranked[:_EXAMPLES])

    def _say(self, reason: str) -> str:
        number = self.counts[reason]
        return f"{reason}: {number} {'line' if number == 1 else 'lines'}, first line {self.firsts[reason]}"
