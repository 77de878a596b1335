"""In: flow records as they leave the table. Out: those that can still matter, in bounded memory; the rest counted."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .table import ARP, FLOW, FlowFlag

LIMIT: Final = 400_000
ATTEMPTS_KEPT: Final = 64
_NEEDED: Final = FlowFlag.KEPT | FlowFlag.KNOWN_A | FlowFlag.KNOWN_B

Flows = NDArray[np.void]


class Ledger:
    """Keeps every record while there are few; beyond `limit`, those about to be needed, and counts the rest."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._batches: list[Flows] = []
        self._count = 0
        self.seen = 0
        self.let_go = 0

    def add(self, batch: Flows) -> None:
        """More records."""
        if len(batch):
            self._batches.append(batch)
            self._count += len(batch)
            self.seen += len(batch)
        if self._count > self._limit:
            self._fold()

    def flows(self) -> Flows:
        """All records kept, in order of their first packet."""
        together = self._together()
        ordered: Flows = together[np.lexsort((together["id"], together["first"]))]
        return ordered

    def _together(self) -> Flows:
        return np.concatenate(self._batches) if self._batches else np.empty(0, FLOW)

    def _fold(self) -> None:
        """Let go first what lies inside or came from outside, then what repeats one attempt often, then the oldest."""
        together = self._together()
        kept = together[_matters(together)]
        if len(kept) > self._limit // 2:
            kept = kept[_within_first(kept, ATTEMPTS_KEPT)]
        if len(kept) > self._limit // 2:
            order = np.argsort(~_is_needed(kept), kind="stable")
            kept = kept[np.sort(order[: self._limit // 2])]
        self.let_go += len(together) - len(kept)
        self._batches, self._count = [kept], len(kept)


def _is_needed(flows: Flows) -> NDArray[np.bool_]:
    needed: NDArray[np.bool_] = np.not_equal(flows["flags"] & _NEEDED, 0)
    return needed


def _matters(flows: Flows) -> NDArray[np.bool_]:
    side = flows["flags"] & (FlowFlag.LOCAL_A | FlowFlag.LOCAL_B)
    matters: NDArray[np.bool_] = _is_needed(flows) | (flows["ver"] == ARP) | (side == FlowFlag.LOCAL_A)
    return matters


def _within_first(flows: Flows, most: int) -> NDArray[np.bool_]:
    """True for the first `most` records of each (a, b, port of b, protocol), and for every one that is needed."""
    key = pair_keys(flows)
    order = np.lexsort((flows["first"], key))
    ordered = key[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rank = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
    within = np.empty(len(flows), bool)
    within[order] = rank < most
    return within | _is_needed(flows)


def pair_keys(flows: Flows) -> NDArray[np.uint64]:
    """One 64-bit number for each (version, a, b, port of b, protocol); equal numbers mean equal pairs, but for chance.

    The chance that two of n pairs share one is below n² / 2⁶⁵.
    """
    halves = [flows[side].copy().view("<u8").reshape(len(flows), 2) for side in ("a", "b")]
    words = [*halves[0].T, *halves[1].T]
    words.append(
        flows["bport"].astype(np.uint64)
        | (flows["proto"].astype(np.uint64) << 16)
        | (flows["ver"].astype(np.uint64) << 24)
    )
    key = np.full(len(flows), 0x9E3779B97F4A7C15, np.uint64)
    for word in words:  # the finaliser of SplitMix64 (Steele et al., OOPSLA 2014), applied word by word
        key ^= word
        key ^= key >> np.uint64(30)
        key *= np.uint64(0xBF58476D1CE4E5B9)
        key ^= key >> np.uint64(27)
        key *= np.uint64(0x94D049BB133111EB)
        key ^= key >> np.uint64(31)
    return key
