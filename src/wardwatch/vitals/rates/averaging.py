"""In: `knowledge/thresholds/averaging.toml`. Out: the averaging rules of each rate, as the kernel takes them."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from wardwatch.knowledge.catalogue import thresholds
from wardwatch.vitals.beats.kernel import RULE
from wardwatch.vitals.words import Quantity

_KINDS: Final = ("mean", "median", "window", "count")


@dataclass(frozen=True, slots=True, eq=False)
class Averaging:
    """The rules of one rate: their names, and a RULE record each."""

    names: tuple[str, ...]
    rules: NDArray[np.void]


@cache
def averaging(quantity: Quantity) -> Averaging:
    """Every rule by which a monitor may make this rate."""
    entries: list[dict[str, Any]] = thresholds("averaging")[quantity]
    rules = np.zeros(len(entries), RULE)
    for rule, entry in zip(rules, entries, strict=True):
        rule["kind"] = _KINDS.index(entry["kind"])
        for name in ("count", "trimmed", "fewest", "slow_count", "seconds"):
            rule[name] = entry.get(name, 0)
        rule["slow"] = entry.get("slow_s", 0.0)
    return Averaging(tuple(entry["name"] for entry in entries), rules)
