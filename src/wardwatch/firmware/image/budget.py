"""In: what opening an image has used so far. Out: nothing, or LimitError where one of the bounds is reached.

The bounds count work, not seconds, so that the same image ends at the same place on every machine.
"""

from dataclasses import dataclass, field
from typing import Final

from wardwatch.errors import LimitError

MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """`held` is what may lie decompressed in memory at once, `worked` what may be decompressed while opening."""

    image: int = 4096 * MIB
    depth: int = 8
    nodes: int = 300_000
    parts: int = 2_000
    steps: int = 4_000_000
    held: int = 320 * MIB
    worked: int = 768 * MIB
    notes: int = 1_000


@dataclass(slots=True)
class Budget:
    """What is left of the limits."""

    limits: Limits
    used: dict[str, int] = field(default_factory=dict)

    def spend(self, what: str, count: int = 1) -> None:
        """Count; LimitError once more is used than the limits allow."""
        total = self.used.get(what, 0) + count
        bound = int(getattr(self.limits, what))
        if total > bound:
            raise LimitError(f"the bound of {bound} {what} was reached")
        self.used[what] = total

    def left(self, what: str) -> int:
        """How much may still be spent."""
        return max(0, int(getattr(self.limits, what)) - self.used.get(what, 0))

    def give_back(self, what: str, count: int) -> None:
        """What was spent and is not needed any more."""
        self.used[what] = self.used.get(what, 0) - count
