"""In: A32 code as words. Out: its calls, jumps, constants and function entries, found without a step in Python each.

Encodings: Arm Architecture Reference Manual, ARMv7-A, chapter A5 (A32 encoding) and A8 (instructions).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wardwatch.firmware.programs.flow import Flags, Flow, Longs, behind, earlier, match, unreached

Words = NDArray[np.uint32]
PC_AHEAD: Final = 8
LOOK_BACK: Final = 12
ROUNDS: Final = 3
"""How many instructions before its use a constant may be loaded to count as the one used."""
ALWAYS: Final = 14
OLD_ABI: Final = 0x900000
TRAP: Final = 0xD4D4D4D4
"""What lld fills gaps in code with."""
FROM_T32: Final = 0x46C04778
"""`bx pc; nop`: the T32 way into the A32 code right behind it."""


def sweep(words: Words, start: int) -> Flow:
    """The flow of the words at `start`."""
    if not len(words):
        return Flow()
    code = _Code(words, start + 4 * np.arange(len(words), dtype=np.int64), (words >> 28).astype(np.uint8))
    data = _literals(code)
    live = (code.condition != 15) & ~data  # 0b1111: the unconditional space
    pairs = _constants(code, live)
    always = code.condition == ALWAYS
    branch, call, exchange = _branches(code, live, data)
    leaves = _leaves(code, live)
    target = _targets(code)
    plain = np.flatnonzero(call | exchange)
    to = np.where(exchange, target + ((words.astype(np.int64) >> 23) & 2) | 1, target)
    references, values = _references(code, live, pairs)
    known, known_to = _known(code, live, pairs, leaves)
    linked = leaves.calls[known]
    jumps = np.concatenate([np.flatnonzero(branch), known[~linked]])
    resolved = np.zeros(len(words), np.bool_)
    resolved[known] = True
    traps, numbers = _traps(code, live, pairs)
    undefined = match(words, 0x0FF000F0, 0x07F000F0) & live
    padding = (
        data
        | (words == 0)
        | (words == TRAP)
        | match(words, 0xFFFFFFFF, 0xE1A00000)
        | match(words, 0xFFFFFFFF, 0xE320F000)
    )
    return Flow(
        calls=code.at[np.concatenate([plain, known[linked]])],
        calls_to=np.concatenate([to[plain], known_to[linked]]),
        jumps=code.at[jumps],
        jumps_to=np.concatenate([target[branch], known_to[~linked]]),
        conditional=~always[jumps],
        indirect_calls=code.at[leaves.calls & ~resolved],
        indirect_jumps=code.at[leaves.jumps & ~resolved],
        switches=code.at[leaves.switches],
        ends=code.at[
            unreached(behind((branch | leaves.returns | leaves.jumps | leaves.switches | undefined) & always), padding)
        ],
        references=references,
        values=values,
        prologues=code.at[_prologues(code, live)],
        traps=code.at[traps],
        trap_numbers=numbers,
        data=code.at[data],
    )


class _Code(NamedTuple):
    words: Words
    at: Longs
    condition: NDArray[np.uint8]


class _Constants(NamedTuple):
    """Instructions that put a constant into a register: which, where it is, what it is."""

    places: Longs
    register: Longs
    value: Longs


def _literal_words(code: _Code, chosen: Flags) -> Longs:
    """Indices of the words that PC-relative loads read; -1 where that lies outside."""
    words = code.words[chosen].astype(np.int64)
    offset = np.where(words >> 23 & 1, words & 0xFFF, -(words & 0xFFF))
    index = np.flatnonzero(chosen) + ((offset + PC_AHEAD) >> 2)
    return np.where((index >= 0) & (index < len(code.words)) & (offset & 3 == 0), index, -1)


def _literals(code: _Code) -> Flags:
    """The words that are read as data: LDR, VLDR and LDRD with the PC as base."""
    words, usual = code.words, code.condition != 15
    single = match(words, 0x0F7F0000, 0x051F0000) & usual
    index = _literal_words(code, single)
    data = np.zeros(len(words), np.bool_)
    data[index[index >= 0]] = True
    # A load that lies among literals itself is none: its mark is taken back, and then those that it had denied.
    for _ in range(ROUNDS):
        true = np.where(data[single], -1, index)
        data[:] = False
        data[true[true >= 0]] = True
    _mark_doubles(code, data, usual)
    return data


def _mark_doubles(code: _Code, data: Flags, usual: Flags) -> None:
    vector = match(code.words, 0x0F3F0E00, 0x0D1F0A00) & usual
    double = match(code.words, 0x0F7F00F0, 0x014F00D0) & usual
    for chosen, scale in ((vector, 4), (double, 1)):
        words = code.words[chosen].astype(np.int64)
        low = words & 0xFF if scale == 4 else (words >> 4 & 0xF0) | (words & 0xF)  # imm8 or imm4H:imm4L
        offset = np.where(words >> 23 & 1, low * scale, -low * scale)
        index = np.flatnonzero(chosen) + ((offset + PC_AHEAD) >> 2)
        for step in (0, 1):
            inside = (index + step >= 0) & (index + step < len(data))
            data[(index + step)[inside]] = True


def _branches(code: _Code, live: Flags, data: Flags) -> tuple[Flags, Flags, Flags]:
    branch = match(code.words, 0x0F000000, 0x0A000000) & live
    call = match(code.words, 0x0F000000, 0x0B000000) & live
    exchange = match(code.words, 0xFE000000, 0xFA000000) & ~data
    return branch, call, exchange


def _targets(code: _Code) -> Longs:
    """Where B, BL and BLX (immediate) would go."""
    offset = (code.words << np.uint32(8)).astype(np.int32).astype(np.int64) >> 6
    return code.at + PC_AHEAD + offset


class _Leaves(NamedTuple):
    """Instructions that set the PC other than by an offset."""

    returns: Flags
    jumps: Flags
    switches: Flags
    calls: Flags


def _leaves(code: _Code, live: Flags) -> _Leaves:
    words = code.words
    to_link = match(words, 0xF, 14)
    exchange = (match(words, 0x0FFFFFF0, 0x012FFF10) | match(words, 0x0FFFFFF0, 0x01A0F000)) & live
    link = match(words, 0x0FFFFFF0, 0x012FFF30) & live
    popped = match(words, 0x0E108000, 0x08108000) & live
    loaded = match(words, 0x0C50F000, 0x0410F000) & live & ~match(words, 0x02000010, 0x02000010)
    from_stack = loaded & match(words, 0x000F0000, 0x000D0000)
    scaled = loaded & match(words, 0x02000000, 0x02000000)
    computed = match(words, 0x0FEFF000, 0x008FF000) | match(words, 0x0DEFF000, 0x008FF000)  # add pc, pc, ...
    after = np.zeros(len(words), np.bool_)
    after[1:] = match(words[:-1], 0x0FFFFFFF, 0x01A0E00F)  # mov lr, pc: the call of processors without BLX
    returns = ((exchange & to_link) | popped | from_stack) & ~after
    leaves = (exchange & ~to_link) | (loaded & ~from_stack & ~scaled)
    switches = (scaled | (computed & live)) & ~after
    return _Leaves(returns, leaves & ~after, switches, link | ((leaves | scaled) & after))


def _constants(code: _Code, live: Flags) -> _Constants:
    """LDR from a literal pool, and MOVW with MOVT."""
    words = code.words
    load = match(words, 0x0F7F0000, 0x051F0000) & live
    index = _literal_words(code, load)
    good = index >= 0
    at = np.flatnonzero(load)[good]
    loaded = _Constants(at, register(words[at]), words[index[good]].astype(np.int64))
    high = np.flatnonzero(match(words, 0x0FF00000, 0x03400000) & live)
    low = match(words, 0x0FF00000, 0x03000000) & live
    before = earlier(high, low, register(words), register(words[high]), LOOK_BACK)
    high, before = high[before >= 0], before[before >= 0]
    built = _Constants(high, register(words[high]), half(words[high]) << 16 | half(words[before]))
    every = _Constants(*(np.concatenate(pair) for pair in zip(loaded, built, strict=True)))
    return _Constants(*(column[np.argsort(every.places, kind="stable")] for column in every))


def _writers(code: _Code, live: Flags) -> Flags:
    """Data processing but comparisons, and loads: what writes the register in bits 15 to 12."""
    kind, operation = code.words >> np.uint32(26) & np.uint32(3), code.words >> np.uint32(23) & np.uint32(3)
    moves = match(code.words, 0x0FE00000, 0x01A00000) | match(code.words, 0x0FB00000, 0x03000000)
    moves |= match(code.words, 0x0FE00000, 0x03A00000) | match(code.words, 0x0DE00000, 0x01E00000)
    loads = (kind == 1) & match(code.words, 0x00100000, 0x00100000)
    found: Flags = live & (((kind == 0) & ((operation != 2) | moves)) | loads)  # TST TEQ CMP CMN
    return found


def _known(code: _Code, live: Flags, pairs: _Constants, leaves: _Leaves) -> tuple[Longs, Longs]:
    """Calls and jumps through a register or pool that holds a constant: where, and where to."""
    words = code.words
    writes = _writers(code, live)
    writes[pairs.places] = True
    constant, value = np.zeros(len(words), np.bool_), np.zeros(len(words), np.int64)
    constant[pairs.places], value[pairs.places] = True, pairs.value
    pool = (leaves.jumps | leaves.calls) & constant & match(words, 0x0000F000, 0x0000F000)
    used = np.flatnonzero((leaves.jumps | leaves.calls) & ~pool & match(words, 0x0C000000, 0))
    wanted = (words[used] & np.uint32(0xF)).astype(np.int64)
    origin = earlier(used, writes, register(words), wanted, LOOK_BACK)
    good = (origin >= 0) & constant[origin]
    direct = np.flatnonzero(pool)
    return np.concatenate([used[good], direct]), np.concatenate([value[origin[good]], value[direct]])


def _traps(code: _Code, live: Flags, pairs: _Constants) -> tuple[Longs, Longs]:
    """SVC: its number is in r7 (EABI), or in the instruction from 0x900000 on (old ABI)."""
    words = code.words
    index = np.flatnonzero(match(words, 0x0F000000, 0x0F000000) & live)
    comment = (words[index] & np.uint32(0xFFFFFF)).astype(np.int64)
    value = np.full(len(words), -1, np.int64)
    value[pairs.places] = pairs.value
    moves = match(words, 0x0FEF0000, 0x03A00000)
    value[moves] = immediate(words[moves])
    wide = match(words, 0x0FF00000, 0x03000000)
    value[wide] = half(words[wide])
    writes = _writers(code, live)
    writes[pairs.places] = True
    origin = earlier(index, writes, register(words), np.full(len(index), 7, np.int64), LOOK_BACK)
    return index, np.where(comment > OLD_ABI, comment - OLD_ABI, np.where(origin >= 0, value[origin], -1))


def register(words: Words) -> Longs:
    """Rd or Rt, bits 15 to 12."""
    return (words >> np.uint32(12) & np.uint32(0xF)).astype(np.int64)


def half(words: Words) -> Longs:
    """imm4:imm12 of MOVW and MOVT."""
    return (words >> np.uint32(4) & np.uint32(0xF000) | words & np.uint32(0xFFF)).astype(np.int64)


def _references(code: _Code, live: Flags, constants: _Constants) -> tuple[Longs, Longs]:
    """Constants as they stand, and those added to the PC (position-independent code)."""
    words = code.words
    writers, values = np.zeros(len(words), np.bool_), np.zeros(len(words), np.int64)
    writers[constants.places] = True
    values[constants.places] = constants.value
    registers = register(words)
    adds = np.flatnonzero(match(words, 0x0FEF0FF0, 0x008F0000) & live)  # add rd, pc, rm
    before = earlier(adds, writers, registers, (words[adds] & np.uint32(0xF)).astype(np.int64), LOOK_BACK)
    swapped = np.flatnonzero(match(words, 0x0FE00FFF, 0x0080000F) & live & ~match(words, 0x000F0000, 0x000F0000))
    origin = earlier(
        swapped, writers, registers, (words[swapped] >> np.uint32(16) & np.uint32(0xF)).astype(np.int64), LOOK_BACK
    )
    loads = np.flatnonzero(match(words, 0x0FFF0FF0, 0x079F0000) & live)  # ldr rd, [pc, rm]
    index = earlier(loads, writers, registers, (words[loads] & np.uint32(0xF)).astype(np.int64), LOOK_BACK)
    adds, before = np.concatenate([adds, swapped, loads]), np.concatenate([before, origin, index])
    adds, before = adds[before >= 0], before[before >= 0]
    relative = code.at[adds] + PC_AHEAD + values[before] & 0xFFFFFFFF
    near = np.flatnonzero((match(words, 0x0FFF0000, 0x028F0000) | match(words, 0x0FFF0000, 0x024F0000)) & live)
    rotated = immediate(words[near])
    near_value = code.at[near] + PC_AHEAD + np.where(match(words[near], 0x00400000, 0x00400000), -rotated, rotated)
    return (
        np.concatenate([code.at[constants.places], code.at[adds], code.at[near]]),
        np.concatenate([constants.value, relative, near_value]),
    )


def immediate(words: Words) -> Longs:
    """imm12 of data processing: eight bits turned right by twice the upper four."""
    value, turn = words & np.uint32(0xFF), (words >> np.uint32(8) & np.uint32(0xF)) * np.uint32(2)
    turned = value >> turn | value << ((np.uint32(32) - turn) & np.uint32(31))
    return np.where(turn == 0, value, turned).astype(np.int64)


def _prologues(code: _Code, live: Flags) -> Flags:
    words = code.words
    push = match(words, 0xFFFF4000, 0xE92D4000) | match(words, 0xFFFFFFFF, 0xE52DE004)
    old = match(words, 0xFFFFFFFF, 0xE1A0C00D)  # mov ip, sp, then push {fp, ip, lr, pc}
    old[:-1] &= push[1:]
    push[1:] &= ~old[:-1]
    return (push | old) & live


def linkage(words: Words, start: int) -> tuple[Longs, Longs]:
    """PLT entries and their slots, in the forms of GNU ld (two or three adds, ldr pc) and lld (a literal beside it)."""
    if len(words) < 4:  # the longest form
        return np.empty(0, np.int64), np.empty(0, np.int64)
    entries, slots = [], []
    first = np.flatnonzero(match(words[:-3], 0xFFFFF000, 0xE28FC000))
    for adds in (1, 2):
        parts = [words[first + step] for step in range(adds + 2)]
        fits = match(parts[-1], 0xFFFFF000, 0xE5BCF000)
        total = start + 4 * first + PC_AHEAD + immediate(parts[0]) + (parts[-1] & np.uint32(0xFFF)).astype(np.int64)
        for more in parts[1:-1]:
            fits &= match(more, 0xFFFFF000, 0xE28CC000)
            total = total + immediate(more)
        entries.append(start + 4 * first[fits])
        slots.append(total[fits])
    far = np.flatnonzero(match(words[:-3], 0xFFFFFFFF, 0xE59FC004) & match(words[2:-1], 0xFFFFFFFF, 0xE59CF000))
    far = far[match(words[far + 1], 0xFFFFFFFF, 0xE08FC00C) | match(words[far + 1], 0xFFFFFFFF, 0xE08CC00F)]
    entries.append(start + 4 * far)
    slots.append(start + 4 * far + 12 + words[far + 3].astype(np.int64) & 0xFFFFFFFF)
    return np.concatenate(entries), np.concatenate(slots)
