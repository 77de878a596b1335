"""In: flow records as they leave the table. Out: those that a rule may ask for, in bounded memory; the rest summed up.

No rule asks for a TCP conversation inside the house, or from outside, of which nothing was kept: it is added up and
let go. Of the others all stay while there are few; beyond `limit` repetitions of one call go first, which costs no
answer, and only then the oldest, which does.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .kernel import sums
from .table import ARP, FLOW, FlowFlag

LIMIT: Final = 240_000
CALLS_KEPT: Final = 64
"""Of one call to the outside repeated again and again: more than the period of a beacon needs."""
DATAGRAMS_KEPT: Final = 4
"""Of one UDP conversation inside repeated again and again."""
_AT_ONCE: Final = 16_384
_NEEDED: Final = FlowFlag.KEPT | FlowFlag.KNOWN_A | FlowFlag.KNOWN_B

_WORDS: Final = FLOW.itemsize // 8

Flows = NDArray[np.void]


class Totals:
    """What all conversations had in common, also those let go. Bytes are of TCP conversations nothing was kept of."""

    def __init__(self) -> None:
        self.conversations = 0
        self.sums = sums.Totals()

    @property
    def tcp_payload(self) -> int:
        """Payload bytes, repeated ones included."""
        return int(self.sums.tcp_payload)

    @property
    def tcp_missing(self) -> int:
        """Bytes of sequence space that were never seen."""
        return int(self.sums.tcp_missing)

    @property
    def tcp_holed(self) -> int:
        """Conversations with some missing."""
        return int(self.sums.tcp_holed)

    @property
    def tcp_repeated(self) -> int:
        """Payload bytes seen again."""
        return int(self.sums.tcp_repeated)

    @property
    def cut(self) -> int:
        """Conversations of which the capture holds only beginnings of packets."""
        return int(self.sums.cut)


class Ledger:
    """Takes every record; keeps what may be asked for."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._records = np.empty(limit + _AT_ONCE, FLOW)  # no memory is taken before it is written to
        self._count = 0
        self.totals = Totals()
        self.thinned = 0
        self.let_go = 0

    def add(self, batch: Flows) -> None:
        """More records."""
        for start in range(0, len(batch), _AT_ONCE):
            part = batch[start : start + _AT_ONCE]
            self.totals.conversations += len(part)
            self._count += sums.sift(part, self._records[self._count :], self.totals.sums)
            if self._count > self._limit:
                self._fold()

    def flows(self) -> Flows:
        """All records kept, in order of their first packet; the ledger is empty afterwards."""
        kept, self._count = self._records[: self._count], 0
        return picked(kept, np.lexsort((kept["id"], kept["first"])))

    def _fold(self) -> None:
        held = self._records[: self._count]
        count = sums.compact(held, sums.first_of_pairs(held, CALLS_KEPT, DATAGRAMS_KEPT))
        self.thinned += self._count - count
        if count > self._limit // 4 * 3:
            held = held[:count]
            keep = np.zeros(count, bool)
            keep[np.argsort(~_is_needed(held), kind="stable")[: self._limit // 2]] = True
            self.let_go += count - self._limit // 2
            count = sums.compact(held, keep)
        self._count = count


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
