"""In: 32-bit PowerPC code as words. Out: its calls, jumps, constants and function entries.

Encodings: Power ISA, book I; linkage: Power Architecture 32-bit ABI supplement, secure PLT.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from wardwatch.firmware.programs.flow import Flow, Longs, behind, earlier, match, unreached

Words = NDArray[np.uint32]
LOOK_BACK: Final = 16
HOPS: Final = 3


def sweep(words: Words, start: int) -> Flow:
    """The flow of the words at `start`."""
    if not len(words):
        return Flow()
    at = start + 4 * np.arange(len(words), dtype=np.int64)
    far = (words << np.uint32(6)).view(np.int32).astype(np.int64) >> 6 & ~3
    near = _signed(words) & ~3
    absolute = match(words, 2, 2)
    to = np.where(match(words, 0xFC000000, 0x48000000), far, near) + np.where(absolute, 0, at)
    call = match(words, 0xFC000001, 0x48000001) & ~match(words, 0xFFFFFFFF, 0x48000005)  # bl .+4 reads the PC
    branch, conditional = match(words, 0xFC000001, 0x48000000), match(words, 0xFC000001, 0x40000000)
    linked = match(words, 0xFC00FFFF, 0x4C000421) | match(words, 0xFC00FFFF, 0x4C000021)
    leaves = match(words, 0xFC00FFFF, 0x4C000420)
    ends = (
        branch
        | match(words, 0xFFFFFFFF, 0x7FE00008)
        | match(words, 0xFFFFFFFF, 0x4E800020)
        | match(words, 0xFFFFFFFF, 0x4E800420)
    )
    references, values = _references(words, at)
    switch = leaves.copy()
    before = earlier(np.flatnonzero(leaves), match(words, 0xFC1FFFFF, 0x7C0903A6), np.zeros(len(words), np.int64),
                     np.zeros(int(leaves.sum()), np.int64), LOOK_BACK)  # fmt: skip
    switch[leaves] = _added(words, before)
    jumps = np.flatnonzero(branch | conditional)
    traps = np.flatnonzero(match(words, 0xFFFFFFFF, 0x44000002))
    loaded = earlier(
        traps, match(words, 0xFFFF0000, 0x38000000), _register(words, 21), np.zeros(len(traps), np.int64), LOOK_BACK
    )
    return Flow(
        calls=at[call],
        calls_to=to[call] & 0xFFFFFFFF,
        jumps=at[jumps],
        jumps_to=to[jumps] & 0xFFFFFFFF,
        conditional=~branch[jumps],
        indirect_calls=at[linked],
        indirect_jumps=at[leaves & ~switch],
        switches=at[switch],
        ends=at[unreached(behind(ends), (words == 0) | match(words, 0xFFFFFFFF, 0x60000000))],
        references=references,
        values=values,
        prologues=at[_prologues(words)],
        traps=at[traps],
        trap_numbers=np.where(loaded >= 0, _signed(words[loaded]), -1),
    )


def _signed(words: Words) -> Longs:
    return words.astype(np.uint16).view(np.int16).astype(np.int64)


def _register(words: Words, low: int) -> Longs:
    return (words >> np.uint32(low) & np.uint32(31)).astype(np.int64)


def _added(words: Words, moves: Longs) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which MTCTR move what an ADD or an indexed load just made: a switch."""
    made = match(words, 0xFC0007FF, 0x7C000214) | match(words, 0xFC0007FF, 0x7C00002E)
    found = np.zeros(len(moves), np.bool_)
    for step in (1, 2, 3):
        before = np.maximum(moves - step, 0)
        found |= (moves >= step) & made[before] & (_register(words[before], 21) == _register(words[moves], 21))
    return found


def _references(words: Words, at: Longs) -> tuple[Longs, Longs]:
    """LIS with ADDI, ORI or a load that leaves its address, and what further ADDI make of that (an entry of a pool)."""
    add, either = match(words, 0xFC000000, 0x38000000), match(words, 0xFC000000, 0x60000000)
    update = match(words, 0xFC000000, 0x84000000) | match(words, 0xFC000000, 0x8C000000)  # lwzu, lbzu
    add |= update
    known = match(words, 0xFC1F0000, 0x3C000000)  # lis
    value = np.where(known, _signed(words) << 16, 0)
    target = np.where(either | update, _register(words, 16), _register(words, 21))
    source = np.where(add, _register(words, 16), _register(words, 21))
    users = np.flatnonzero((add & ~match(words, 0x001F0000, 0)) | either)
    writers = known.copy()
    writers[users] = True
    found: list[Longs] = []
    for _ in range(HOPS):
        origin = earlier(users, writers, target, source[users], LOOK_BACK)
        ready = (origin >= 0) & known[np.maximum(origin, 0)]
        made, origin = users[ready], origin[ready]
        low = np.where(add[made], _signed(words[made]), (words[made] & np.uint32(0xFFFF)).astype(np.int64))
        value[made] = value[origin] + low
        known[made] = True
        users = np.setdiff1d(users, made)
        found.append(made)
    every = np.concatenate(found)
    slots, places = through_base(words, int(at[0]))
    return np.concatenate([at[every], at[slots]]), np.concatenate([value[every], places]) & 0xFFFFFFFF


def through_base(words: Words, start: int) -> tuple[Longs, Longs]:
    """Loads through r30, and the places of the GOT they load from: position-independent code takes addresses so."""
    loads = np.flatnonzero(match(words, 0xFC1F0000, 0x801E0000))
    setters, values = _bases(words, start)
    if not len(setters):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    setter = np.searchsorted(setters, loads) - 1
    known = setter >= 0
    return loads[known], values[setter[known]] + _signed(words[loads[known]])


def _prologues(words: Words) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """STWU r1, or the MFLR that may stand right before it."""
    room, link = match(words, 0xFFFF8000, 0x94218000), match(words, 0xFFFFFFFF, 0x7C0802A6)
    begins = room | link
    for step in (1, 2):
        link[step:] &= ~room[:-step]
        room[step:] &= ~match(words[:-step], 0xFFFFFFFF, 0x7C0802A6)
    return begins & (room | link)


def linkage(words: Words, start: int) -> tuple[Longs, Longs]:
    """Stubs of the secure PLT: lis r11, or addis r11, r30; lwz r11, (r11); mtctr r11; bctr. Near ones begin with lwz.

    In position-independent code r30 is what the function that calls the stub has put there.
    """
    if len(words) < 4:  # a stub
        return np.empty(0, np.int64), np.empty(0, np.int64)
    jumps = match(words[:-1], 0xFFFFFFFF, 0x7D6903A6) & match(words[1:], 0xFFFFFFFF, 0x4E800420)
    loads = match(words[1:-2], 0xFFFF0000, 0x816B0000) & jumps[2:]
    fixed = np.flatnonzero(match(words[:-3], 0xFFFF0000, 0x3D600000) & loads)
    far = np.flatnonzero(match(words[:-3], 0xFFFF0000, 0x3D7E0000) & loads)
    near = np.flatnonzero(match(words[:-2], 0xFFFF0000, 0x817E0000) & jumps[1:])
    index = np.concatenate([fixed, far, near])
    slots = np.concatenate(
        [
            _high(words, fixed),
            _based(words, start, far, _high(words, far)),
            _based(words, start, near, _signed(words[near])),
        ]
    )
    kept = slots >= 0
    return start + 4 * index[kept], slots[kept]


def _high(words: Words, index: Longs) -> Longs:
    """What ADDIS and the LWZ behind it add up to."""
    total: Longs = (_signed(words[index]) << 16) + _signed(words[index + 1]) & 0xFFFFFFFF
    return total


def _based(words: Words, start: int, stubs: Longs, beyond: Longs) -> Longs:
    """Addresses `beyond` r30, as the first caller of each stub has set it; -1 where that is not seen."""
    places, values = _bases(words, start)
    if not len(stubs) or not len(places):
        return np.full(len(stubs), -1, np.int64)
    calls = np.flatnonzero(match(words, 0xFC000002, 0x48000000))
    to = calls + ((words[calls] << np.uint32(6)).view(np.int32).astype(np.int64) >> 8)
    order = np.argsort(to, kind="stable")
    calls, to = calls[order], to[order]
    first = np.searchsorted(to, stubs)
    called = (first < len(to)) & (to[np.minimum(first, len(to) - 1)] == stubs)
    setter = np.searchsorted(places, calls[np.minimum(first, len(to) - 1)]) - 1
    return np.where(called & (setter >= 0), values[setter] + beyond & 0xFFFFFFFF, -1)


def _bases(words: Words, start: int) -> tuple[Longs, Longs]:
    """Where functions have set r30, and to what: bcl 20,31 (or bl) to what follows it; mflr; addis; addi."""
    here = match(words, 0xFFFFFFFF, 0x429F0005) | match(words, 0xFFFFFFFF, 0x48000005)
    nothing = np.zeros(len(words), np.int64)
    last = np.flatnonzero(match(words, 0xFFFF0000, 0x3BDE0000))
    zeros = nothing[last]
    high = earlier(last, match(words, 0xFFFF0000, 0x3FDE0000), nothing, zeros, LOOK_BACK)
    moved = earlier(last, match(words, 0xFFFFFFFF, 0x7FC802A6), nothing, zeros, LOOK_BACK)
    read = earlier(moved, here, nothing, zeros, LOOK_BACK)
    good = (high > moved) & (moved > read) & (read >= 0)
    last, high, read = last[good], high[good], read[good]
    values: Longs = start + 4 * (read + 1) + (_signed(words[high]) << 16) + _signed(words[last])
    return last, values
