"""In: nothing; this module only names things. Out: what connections may do, and a count of those that would not."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bounds:
    """What connections may do. Seconds, bytes, counts."""

    rate: float = 64 * 1024.0
    burst: float = 1024 * 1024.0
    silent: float = 30.0
    """A stream that sends nothing for so long is closed: a monitor sends every second."""
    silent_hl7: float = 900.0
    without_set: int = 256 * 1024
    """Bytes a stream may send before its first set, or between two."""
    each_address: int = 8
    all: int = 4096
    trusted: tuple[str, ...] = ()
    """Addresses that may open any number, for instance a gateway that many monitors come through."""


@dataclass(slots=True)
class Refusals:
    """Why connections were not accepted or were ended by the station."""

    address: int = 0
    total: int = 0
    silent: int = 0
    no_set: int = 0
    faults: int = 0
    by_address: Counter[str] = field(default_factory=Counter)
