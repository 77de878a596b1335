"""In: A64 code as words. Out: its calls, jumps, constants and function entries.

Encodings: Arm Architecture Reference Manual for A-profile, chapter C4 (A64 encoding).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from wardwatch.firmware.programs.flow import Flags, Flow, Longs, behind, earlier, match, unreached

Words = NDArray[np.uint32]
LOOK_BACK: Final = 16
NOP: Final = 0xD503201F
BTI_C: Final = 0xD503245F
PACIASP: Final = 0xD503233F


def sweep(words: Words, start: int) -> Flow:
    """The flow of the words at `start`."""
    if not len(words):
        return Flow()
    at = start + 4 * np.arange(len(words), dtype=np.int64)
    data = _literals(words)
    live = ~data
    call = match(words, 0xFC000000, 0x94000000) & live
    branch = match(words, 0xFC000000, 0x14000000) & live
    conditional = (match(words, 0xFF000000, 0x54000000) | match(words, 0x7E000000, 0x34000000)) & live
    tested = match(words, 0x7E000000, 0x36000000) & live
    returns = (match(words, 0xFFFFFC1F, 0xD65F0000) | match(words, 0xFFFFFBFF, 0xD65F0BFF)) & live
    leaves = (match(words, 0xFFFFFC1F, 0xD61F0000) | match(words, 0xFEFFF800, 0xD61F0800)) & live
    linked = (match(words, 0xFFFFFC1F, 0xD63F0000) | match(words, 0xFEFFF800, 0xD63F0800)) & live
    jumps = np.flatnonzero(branch | conditional | tested)
    references, values, page_loads = _references(words, at, live)
    through, slots = _through(words, leaves | linked, page_loads)
    switch = leaves & _computed(words, leaves)
    known = np.zeros(len(words), np.bool_)
    known[through] = True
    traps, numbers = _traps(words, live)
    stops = match(words, 0xFFE0001F, 0xD4200000)  # brk
    padding = data | (words == 0) | match(words, 0xFFFFFFFF, NOP)
    return Flow(
        calls=at[call],
        calls_to=(at + _offset(words, 26, 0))[call],
        jumps=at[jumps],
        jumps_to=at[jumps] + np.where(
            branch[jumps], _offset(words[jumps], 26, 0),
            np.where(tested[jumps], _offset(words[jumps], 14, 5), _offset(words[jumps], 19, 5)),
        ),
        conditional=~branch[jumps],
        indirect_calls=at[linked & ~known],
        indirect_jumps=at[leaves & ~known & ~switch],
        switches=at[switch & ~known],
        through=at[through],
        through_slot=slots,
        through_tail=leaves[through],
        ends=at[unreached(behind(branch | returns | leaves | stops), padding)],
        references=references,
        values=values,
        prologues=at[_prologues(words) & live],
        traps=at[traps],
        trap_numbers=numbers,
        data=at[data],
    )  # fmt: skip


def _offset(words: Words, bits: int, low: int) -> Longs:
    """A signed field of `bits` bits from bit `low`, counted in words."""
    top = 32 - bits - low
    return (words << np.uint32(top)).view(np.int32).astype(np.int64) >> (32 - bits) << 2


def _literals(words: Words) -> Flags:
    """Words read by LDR (literal)."""
    loads = np.flatnonzero(match(words, 0x3B000000, 0x18000000) & ~match(words, 0xC0000000, 0xC0000000))
    index = loads + (_offset(words[loads], 19, 5) >> 2)
    size = np.where(match(words[loads], 0xC4000000, 0x84000000), 4, np.where(match(words[loads], 0xC0000000, 0), 1, 2))
    data = np.zeros(len(words), np.bool_)
    for step in range(4):
        chosen = (index + step)[step < size]
        data[chosen[(chosen >= 0) & (chosen < len(words))]] = True
    return data


def _register(words: Words, low: int) -> Longs:
    return (words >> np.uint32(low) & np.uint32(31)).astype(np.int64)


def _references(words: Words, at: Longs, live: Flags) -> tuple[Longs, Longs, dict[int, int]]:
    """ADR, and ADRP with the ADD or load that completes it; beside, which loads read a pointer at which address."""
    immediate = (words >> np.uint32(29) & np.uint32(3)).astype(np.int64) | _offset(words, 19, 5)
    near = np.flatnonzero(match(words, 0x9F000000, 0x10000000) & live)
    pages = match(words, 0x9F000000, 0x90000000) & live
    page = (at & ~0xFFF) + (immediate << 12)
    adds = match(words, 0xFF800000, 0x91000000) & live
    loads = match(words, 0xFFC00000, 0xF9400000) & live
    users = np.flatnonzero(adds | loads)
    origin = earlier(users, pages, _register(words, 0), _register(words[users], 5), LOOK_BACK)
    users, origin = users[origin >= 0], origin[origin >= 0]
    low = (words[users] >> np.uint32(10) & np.uint32(0xFFF)).astype(np.int64)
    is_load = loads[users]
    value = page[origin] + np.where(
        is_load, low << 3, low << np.where(match(words[users], 0x00400000, 0x00400000), 12, 0)
    )
    pointers = dict(zip(users[is_load].tolist(), value[is_load].tolist(), strict=True))
    values = np.concatenate([at[near] + immediate[near], value])
    return np.concatenate([at[near], at[users]]), values, pointers


def _through(words: Words, used: Flags, loads: dict[int, int]) -> tuple[Longs, Longs]:
    """BR and BLR through a register just loaded from a known address."""
    index = np.flatnonzero(used)
    writes = ~match(words, 0x7C000000, 0x14000000)  # whatever has Rd or Rt in its low bits, but no branch
    origin = earlier(index, writes, _register(words, 0), _register(words[index], 5), LOOK_BACK)
    pairs = [(at, loads[by]) for at, by in zip(index.tolist(), origin.tolist(), strict=True) if by in loads]
    return np.array([at for at, _ in pairs], np.int64), np.array([slot for _, slot in pairs], np.int64)


def _computed(words: Words, leaves: Flags) -> Flags:
    """BR through a register that an ADD just computed: a switch."""
    index = np.flatnonzero(leaves)
    adds = match(words, 0xFF200000, 0x8B000000) | match(words, 0xFFE00000, 0x8B200000)
    writes = ~match(words, 0x7C000000, 0x14000000)
    origin = earlier(index, writes, _register(words, 0), _register(words[index], 5), LOOK_BACK)
    found = np.zeros(len(words), np.bool_)
    found[index[(origin >= 0) & adds[origin]]] = True
    return found


def _traps(words: Words, live: Flags) -> tuple[Longs, Longs]:
    """SVC 0, and the constant that was last moved into x8."""
    index = np.flatnonzero(match(words, 0xFFE0001F, 0xD4000001) & live)
    moves = match(words, 0x7FE0001F, 0x52800008)
    stores = match(words, 0x0A000000, 0x08000000) & ~match(words, 0x00400000, 0x00400000)
    writes = match(words, 0x1F, 8) & ~match(words, 0x1C000000, 0x14000000) & ~stores
    value = np.where(moves, (words >> np.uint32(5) & np.uint32(0xFFFF)).astype(np.int64), -1)
    nothing = np.zeros(len(words), np.int64)
    origin = earlier(index, writes, nothing, nothing[index], LOOK_BACK)
    return index, np.where(origin >= 0, value[origin], -1)


def _prologues(words: Words) -> Flags:
    """STP of x29 and x30 with a new frame, and what may stand before it."""
    push = match(words, 0xFFC07FFF, 0xA9807BFD) | match(words, 0xFFFFFFFF, PACIASP) | match(words, 0xFFFFFFFF, BTI_C)
    room = match(words, 0xFFC003FF, 0xD10003FF)
    room[:-1] &= match(words[1:], 0xFFC003E0, 0xA90003E0)
    push |= room
    first = push.copy()
    first[1:] &= ~push[:-1]
    return first


def linkage(words: Words, start: int) -> tuple[Longs, Longs]:
    """PLT entries: adrp x16; ldr x17, [x16]; add x16; br x17, with the BTI landing or pointer check some have."""
    if len(words) < 4:  # the shortest form
        return np.empty(0, np.int64), np.empty(0, np.int64)
    at = start + 4 * np.arange(len(words) - 3, dtype=np.int64)
    first = words[:-3]
    fits = match(first, 0x9F00001F, 0x90000010) & match(words[1:-2], 0xFFC003FF, 0xF9400211)
    fits &= match(words[2:-1], 0xFF8003FF, 0x91000210)
    immediate = (first >> np.uint32(29) & np.uint32(3)).astype(np.int64) | _offset(first, 19, 5)
    slots = (
        (at & ~0xFFF) + (immediate << 12) + ((words[1:-2] >> np.uint32(10) & np.uint32(0xFFF)).astype(np.int64) << 3)
    )
    landing = (
        np.flatnonzero(fits[1:] & match(words[:-4], 0xFFFFFFFF, BTI_C)) if len(words) > 4 else np.empty(0, np.int64)
    )  # one before
    return np.concatenate([at[fits], at[landing]]), np.concatenate([slots[fits], slots[landing + 1]])
