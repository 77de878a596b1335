"""In: a loaded program and hints where functions begin. Out: the flow of its code and its linkage."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from .binary import Machine
from .flow import Flags, Flow, Longs, distinct, joined, only
from .memory import Memory
from .sets import a32, aarch64, mips, powerpc, t32, x86

if TYPE_CHECKING:
    from numpy.typing import NDArray

Stretches = tuple[tuple[int, int], ...]
A32_SHARE: Final = 0.4
"""Most words of A32 code are unconditional: their top four bits are 0b1110. In T32 code a tenth look so."""
LINKAGE_HEAD: Final = 32
"""Bytes before the first entry of lld's linkage table, which is A32 code wherever there is A32."""
LONGEST_PIECE: Final = 1 << 21
MOST_RUNS: Final = 32
"""Runs of T32 code in one stretch that are swept each by itself."""
PIECE: Final = 64
"""Words judged together where no function start tells where the instruction set may change."""


@dataclass(frozen=True, slots=True)
class Code:
    """What the sweeps need. `hints` are starts from tables, bit 0 as written; `modes` those whose bit 0 counts."""

    machine: Machine
    memory: Memory
    stretches: Stretches
    hints: Longs
    modes: Longs
    gp: int | None
    got: mips.Global | None = None

    @property
    def plain(self) -> int:
        """The bits of a code pointer that are the address: Arm's bit 0 tells the instruction set."""
        return -2 if self.machine is Machine.ARM else -1


def flow(code: Code) -> tuple[Flow, Stretches]:
    """The flow of all stretches, with plain addresses, and which of the code is T32."""
    if code.machine is not Machine.ARM:
        return joined(_swept(code, start, end) for start, end in _pieces(code)), ()
    parts, thumb = [], []
    for start, end in _pieces(code):
        part, there = _arm(code, start, end)
        parts.append(part)
        thumb += there
    found = joined(parts)
    plain = {name: getattr(found, name) & ~1 for name in ("calls_to", "jumps_to", "prologues")}
    return replace(found, **plain), tuple(thumb)


def _pieces(code: Code) -> Iterator[tuple[int, int]]:
    """The stretches, long ones cut, so that what is kept beside the code while it is swept stays small.

    They are cut where a function begins, if one is known nearby.
    """
    starts = distinct(code.hints & code.plain)
    for first, end in code.stretches:
        start = first
        while end - start > LONGEST_PIECE:
            place = int(np.searchsorted(starts, start + LONGEST_PIECE, side="right")) - 1
            known = int(starts[place]) if place >= 0 else start
            cut = known if known > start + LONGEST_PIECE // 2 else start + LONGEST_PIECE
            yield start, cut
            start = cut
        yield start, end


def _words(code: Code, start: int, end: int) -> tuple[int, "NDArray[np.uint32]"]:
    start += -start % 4
    return start, code.memory.words(start, end).astype(np.uint32)


def _swept(code: Code, start: int, end: int) -> Flow:
    machine = code.machine
    if machine in (Machine.X86, Machine.X86_64):
        held = code.memory.at(start, end - start)
        return x86.sweep(held, start, code.hints, long_mode=machine is Machine.X86_64, got=code.gp)
    at, words = _words(code, start, end)
    if machine is Machine.AARCH64:
        return aarch64.sweep(words, at)
    return mips.sweep(words, at, code.got) if machine is Machine.MIPS else powerpc.sweep(words, at)


def _arm(code: Code, start: int, end: int) -> tuple[Flow, list[tuple[int, int]]]:
    """Both instruction sets where both occur, each where its code lies; and where that is T32."""
    at, words = _words(code, start, end)
    if not len(words):
        return Flow(), []
    thumb = thumb_words(code, at, words)

    def in_t32(addresses: Longs) -> Flags:
        chosen: Flags = thumb[np.clip((addresses - at) >> 2, 0, len(thumb) - 1)]
        return chosen

    edges = np.flatnonzero(np.diff(np.concatenate([[0], thumb.astype(np.int8), [0]])))
    runs = (at + 4 * edges).reshape(-1, 2).tolist()
    parts = [] if thumb.all() else [only(a32.sweep(words, at), lambda addresses: ~in_t32(addresses))]
    for first, last in runs if len(runs) <= MOST_RUNS else [(at, end)]:
        stop = end if last == at + 4 * len(words) else last  # the last halfword may fill no word
        halves = code.memory.words(first, stop, "u2").astype(np.uint16)
        parts.append(only(t32.sweep(halves, first, code.hints & ~1), in_t32))
    return joined(parts), [(first, last) for first, last in runs]


def thumb_words(code: Code, at: int, words: "NDArray[np.uint32]") -> Flags:
    """Which words are T32: as the symbols say, and elsewhere as the words of each function look."""
    places = distinct(((code.hints & ~1) - at) >> 2)
    places = places[(places > 0) & (places < len(words))]
    entries, _ = a32.linkage(words, at)
    linked = np.concatenate([entries, entries[:1] - LINKAGE_HEAD]) - at >> 2
    gaps = np.arange(0, len(words), PIECE)
    bounds = distinct(np.concatenate([[0], places if len(places) else gaps, linked[linked > 0]]))
    sizes = np.diff(np.append(bounds, len(words)))
    always = np.add.reduceat((words >> 28 == 14).astype(np.int64), bounds)  # noqa: PLR2004  # the condition AL
    empty = np.add.reduceat((words == 0).astype(np.int64), bounds)
    thumb = always < A32_SHARE * np.maximum(sizes - empty, 1)
    # What is too short to tell, or empty, goes with what lies before it.
    telling = sizes - empty >= 4  # noqa: PLR2004  # words
    if telling.any():
        source = np.maximum.accumulate(np.where(telling, np.arange(len(bounds)), -1))
        thumb = thumb[np.where(source < 0, np.flatnonzero(telling)[0], source)]
    known = np.searchsorted(bounds, ((code.modes & ~1) - at) >> 2)
    fits = (known < len(bounds)) & (((code.modes & ~1) - at) >> 2 == bounds[np.minimum(known, len(bounds) - 1)])
    thumb[known[fits]] = (code.modes & 1 == 1)[fits]
    return np.repeat(thumb, sizes)


def got_read(code: Code) -> Longs:
    """Of PowerPC code the words that it loads through r30: they only serve to reach what they point to."""
    parts = [
        powerpc.through_base(words, at)[1]
        for at, words in (_words(code, *piece) for piece in _pieces(code))
        if len(words)
    ]
    return distinct(np.concatenate([np.empty(0, np.int64), *parts]))


def hidden(code: Code, found: Flow, gaps: Stretches) -> Stretches:
    """Of the gaps between stretches those that a direct call leads into, where a function seems to begin.

    So false section headers hide nothing that is called, and a word that only looks like a call adds nothing.
    """
    targets = found.calls_to
    into = [gap for gap in gaps if ((targets >= gap[0]) & (targets < gap[1])).any()]
    chosen = []
    for gap in into:
        begins = flow(replace(code, stretches=(gap,)))[0].prologues
        if np.isin(begins, targets).any():
            chosen.append(gap)
    return tuple(chosen)


def linkage(code: Code, start: int, end: int) -> tuple[Longs, Longs]:
    """PLT entries between two addresses, and the slots they go through."""
    machine = code.machine
    if machine in (Machine.X86, Machine.X86_64):
        held = code.memory.at(start, end - start)
        return x86.linkage(held, start, long_mode=machine is Machine.X86_64, got=code.gp)
    at, words = _words(code, start, end)
    if machine is Machine.ARM:
        entries, slots = a32.linkage(words, at)
        veneers = np.flatnonzero(np.isin(entries - 4, at + 4 * np.flatnonzero(words == a32.FROM_T32)))
        more, their = t32.linkage(code.memory.words(at, end, "u2").astype(np.uint16), at)
        return np.concatenate([entries, entries[veneers] - 4, more]), np.concatenate([slots, slots[veneers], their])
    if machine is Machine.AARCH64:
        return aarch64.linkage(words, at)
    return mips.linkage(words, at) if machine is Machine.MIPS else powerpc.linkage(words, at)
