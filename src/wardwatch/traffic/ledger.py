"""In: flow records as they leave the table. Out: those that a rule may ask for, in bounded memory; the rest summed up.

No rule asks for a TCP conversation inside the house, or from outside, of which nothing was kept: it is added up and
let go. Of the others all stay while there are few; beyond `limit` repetitions of one call go first, which costs no
answer, and only then the oldest, which does.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .table import ARP, FLOW, TCP, UDP, FlowFlag

LIMIT: Final = 240_000
CALLS_KEPT: Final = 64
"""Of one call to the outside repeated again and again: more than the period of a beacon needs."""
DATAGRAMS_KEPT: Final = 4
"""Of one UDP conversation inside repeated again and again."""
_NEEDED: Final = FlowFlag.KEPT | FlowFlag.KNOWN_A | FlowFlag.KNOWN_B

_WORDS: Final = FLOW.itemsize // 8

Flows = NDArray[np.void]


@dataclass(slots=True)
class Totals:
    """What all conversations had in common, also those let go. Bytes are of TCP conversations nothing was kept of."""

    conversations: int = 0
    tcp_payload: int = 0
    tcp_missing: int = 0
    tcp_holed: int = 0
    tcp_repeated: int = 0
    cut: int = 0

    def add(self, flows: Flows) -> None:
        """More conversations."""
        self.conversations += len(flows)
        flags = flows["flags"].copy()  # one byte in 192: without a copy each look costs as much as the record
        self.cut += int(np.count_nonzero(flags & FlowFlag.TRUNCATED))
        tcp = (flows["proto"] == TCP) & ((flags & FlowFlag.KEPT) == 0)
        self.tcp_payload += int(flows["payload"].sum(axis=1)[tcp].sum())
        self.tcp_repeated += int(flows["repeated"].sum(axis=1)[tcp].sum())
        missing = flows["missing"].sum(axis=1)[tcp]
        self.tcp_missing += int(missing.sum())
        self.tcp_holed += int(np.count_nonzero(missing))


class Ledger:
    """Takes every record; keeps what may be asked for."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._batches: list[Flows] = []
        self._count = 0
        self.totals = Totals()
        self.thinned = 0
        self.let_go = 0

    def add(self, batch: Flows) -> None:
        """More records."""
        self.totals.add(batch)
        kept = picked(batch, _may_be_asked_for(batch))
        if len(kept):
            self._batches.append(kept)
            self._count += len(kept)
        if self._count > self._limit:
            self._fold()

    def flows(self) -> Flows:
        """All records kept, in order of their first packet; the ledger is empty afterwards."""
        together = self._together()
        return picked(together, np.lexsort((together["id"], together["first"])))

    def _together(self) -> Flows:
        batches, self._batches, self._count = self._batches, [], 0
        return _records(np.concatenate([_words(batch) for batch in batches])) if batches else np.empty(0, FLOW)

    def _fold(self) -> None:
        together = self._together()
        outbound = _is_outbound(together)
        first = _within_first(together, np.where(outbound, CALLS_KEPT, DATAGRAMS_KEPT))
        kept = picked(together, first)
        self.thinned += len(together) - len(kept)
        del together
        if len(kept) > self._limit // 4 * 3:
            order = np.argsort(~_is_needed(kept), kind="stable")
            self.let_go += len(kept) - self._limit // 2
            kept = picked(kept, np.sort(order[: self._limit // 2]))
        self._batches, self._count = [kept], len(kept)


def picked(flows: Flows, which: NDArray[np.bool_] | NDArray[np.intp]) -> Flows:
    """Copies of the records that a mask or places choose; as words, since NumPy copies records field by field."""
    return _records(_words(flows)[which])


def _words(flows: Flows) -> NDArray[np.uint64]:
    return np.ascontiguousarray(flows).view(np.uint64).reshape(len(flows), _WORDS)


def _records(words: NDArray[np.uint64]) -> Flows:
    return words.reshape(-1).view(FLOW)


def _is_needed(flows: Flows) -> NDArray[np.bool_]:
    needed: NDArray[np.bool_] = np.not_equal(flows["flags"] & _NEEDED, 0) | (flows["ver"] == ARP)
    return needed


def _is_outbound(flows: Flows) -> NDArray[np.bool_]:
    """Towards an address that is not local, whoever calls."""
    outbound: NDArray[np.bool_] = (flows["flags"] & FlowFlag.LOCAL_B) == 0
    return outbound


def _may_be_asked_for(flows: Flows) -> NDArray[np.bool_]:
    asked: NDArray[np.bool_] = _is_needed(flows) | _is_outbound(flows) | (flows["proto"] == UDP)
    return asked


def _within_first(flows: Flows, most: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True for the first `most` of each (a, b, port of b, protocol), and for every record that is needed."""
    key = pair_keys(flows)
    order = np.lexsort((flows["first"], key))
    ordered = key[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rank = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
    within = np.empty(len(flows), bool)
    within[order] = rank < most[order]
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
