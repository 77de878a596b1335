"""In: T32 (Thumb) code as halfwords. Out: its calls, jumps, constants and function entries.

Encodings: Arm Architecture Reference Manual, ARMv7-A, chapter A6.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wardwatch.firmware.programs.flow import Flags, Flow, Longs, earlier, match, unreached

from .t32_decoding import Code, Halves, broad, decoded, narrow

PC_AHEAD: Final = 4
LOOK_BACK: Final = 24
ROUNDS: Final = 4
NEAR: Final = 3
"""Instructions between a constant and the jump to it: a veneer, or a long call."""
NOP: Final = 0x46C0
TRAP: Final = 0xD4D4
"""What lld fills gaps in code with."""
NOP_HINT: Final = 0xBF00


def sweep(halves: Halves, start: int, starts: Longs) -> Flow:
    """The flow of the halfwords at `start`; at each of `starts` an instruction begins."""
    if len(halves) < 2:  # one instruction
        return Flow()
    forced = np.zeros(len(halves), np.bool_)
    places = (starts[(starts >= start) & (starts < start + 2 * len(halves))] - start) >> 1
    forced[places] = True
    # Pools hold words that look like loads, and those would call code data: what lies in a pool by the last round does
    # not count in the next. Rounds give too much and too little by turns, and come closer.
    data = np.zeros(len(halves), np.bool_)
    for _ in range(ROUNDS):
        code = decoded(halves, start, _resynced(forced, data), data)
        data = _unrun(code, _literal_halves(code, start, len(halves)), halves, start)
    code = decoded(halves, start, _resynced(forced, data), data)
    return _flow(code, halves, start, data)


def _resynced(forced: Flags, data: Flags) -> Flags:
    """An instruction begins where a pool ends."""
    begins = forced.copy()
    begins[1:] |= data[:-1] & ~data[1:]
    return begins


def _pool(code: Code) -> tuple[Longs, Longs, Longs]:
    """Loads from literal pools: their places in the table of instructions, addresses read, registers."""
    base = (code.at + PC_AHEAD) & ~3
    short = np.flatnonzero(narrow(code, 0xF800, 0x4800))
    long = np.flatnonzero(broad(code, 0xFF7F, 0xF85F))
    offset = (code.second[long] & np.uint32(0xFFF)).astype(np.int64)
    offset = np.where(match(code.first[long], 0x80, 0x80), offset, -offset)
    index = np.concatenate([short, long])
    read = np.concatenate(
        [base[short] + 4 * (code.first[short] & np.uint32(0xFF)).astype(np.int64), base[long] + offset]
    )
    register = np.concatenate([code.first[short] >> np.uint32(8) & np.uint32(7), code.second[long] >> np.uint32(12)])
    return index, read, register.astype(np.int64)


def _literal_halves(code: Code, start: int, count: int) -> Flags:
    """Halfwords that are read as words of literal pools, by LDR and VLDR."""
    _, read, _ = _pool(code)
    vector = np.flatnonzero(broad(code, 0xFF3F, 0xED1F, 0x0E00, 0x0A00))
    offset = 4 * (code.second[vector] & np.uint32(0xFF)).astype(np.int64)
    base = (code.at[vector] + PC_AHEAD) & ~3
    loaded = base + np.where(match(code.first[vector], 0x80, 0x80), offset, -offset)
    data = np.zeros(count, np.bool_)
    for part in (read, read + 2, loaded, loaded + 2, loaded + 4, loaded + 6):
        index = (part - start) >> 1
        data[index[(index >= 0) & (index < count)]] = True
    return data


class _Leaves(NamedTuple):
    """Instructions that set the PC other than by an offset."""

    jumps: Flags
    switches: Flags
    to_a32: Flags
    stops: Flags


def _leaves(code: Code) -> _Leaves:
    register = code.first >> np.uint32(3) & np.uint32(0xF)
    exchange = narrow(code, 0xFF87, 0x4700) | narrow(code, 0xFF87, 0x4687)
    to_link, to_pc = register == 14, register == 15  # LR, PC
    popped = narrow(code, 0xFF00, 0xBD00) | broad(code, 0xFFD0, 0xE890, 0x8000, 0x8000)
    popped |= broad(code, 0xFFD0, 0xE910, 0x8000, 0x8000)
    loaded = broad(code, 0xFF70, 0xF850, 0xF000, 0xF000)
    from_stack = loaded & match(code.first, 0xF, 0xD)
    switches = broad(code, 0xFFF0, 0xE8D0, 0xFFE0, 0xF000) | (loaded & ~from_stack)
    always = narrow(code, 0xF800, 0xE000) | broad(code, 0xF800, 0xF000, 0xD000, 0x9000)
    undefined = narrow(code, 0xFF00, 0xDE00)
    stops = (popped | from_stack | exchange | switches | always | undefined) & ~code.guarded
    return _Leaves(exchange & ~to_link & ~to_pc, switches, exchange & to_pc, stops)


def _behind(code: Code, chosen: Flags, start: int, count: int) -> Flags:
    """By halfword: what follows one of the chosen instructions. Data lie between instructions, so addresses tell."""
    after = np.zeros(count + 2, np.bool_)
    after[((code.at + np.where(code.wide, 4, 2))[chosen] - start) >> 1] = True
    return after[:count]


def _unrun(code: Code, data: Flags, halves: Halves, start: int) -> Flags:
    """Of the halfwords taken for data those that control does not run into: behind a jump, a return or a call."""
    calls = broad(code, 0xF800, 0xF000, 0xC000, 0xC000) | narrow(code, 0xFF87, 0x4780)
    after = _behind(code, _leaves(code).stops | calls, start, len(halves))
    return data & unreached(after, data | _padding(halves))


def _padding(halves: Halves) -> Flags:
    empty: Flags = (halves == 0) | (halves == NOP) | (halves == NOP_HINT) | (halves == TRAP)
    return empty


def _flow(code: Code, halves: Halves, start: int, data: Flags) -> Flow:
    calls, calls_to = _calls(code)
    jumps, jumps_to, conditional = _jumps(code)
    leaves = _leaves(code)
    to_a32 = code.at[leaves.to_a32]
    after = _behind(code, leaves.stops, start, len(halves))
    references, values = _references(code, halves, start)
    traps, numbers = _traps(code)
    known, known_to = _known(code, halves, start)
    links = narrow(code, 0xFF87, 0x4780)
    linked = links[known]
    open_ends = np.ones(len(code.at), np.bool_)
    open_ends[known] = False
    return Flow(
        calls=np.concatenate([code.at[calls], code.at[known[linked]]]),
        calls_to=np.concatenate([calls_to, known_to[linked]]),
        jumps=np.concatenate([code.at[jumps], to_a32, code.at[known[~linked]]]),
        jumps_to=np.concatenate([jumps_to, (to_a32 + PC_AHEAD) & ~3, known_to[~linked]]),
        conditional=np.concatenate([conditional, np.zeros(len(to_a32) + int((~linked).sum()), np.bool_)]),
        indirect_calls=code.at[links & open_ends],
        indirect_jumps=code.at[leaves.jumps & open_ends],
        switches=code.at[leaves.switches],
        ends=start + 2 * np.flatnonzero(unreached(after, data | _padding(halves))),
        references=references,
        values=values,
        prologues=code.at[_prologues(code)] | 1,
        traps=code.at[traps],
        trap_numbers=numbers,
        data=start + 2 * np.flatnonzero(data),
    )


def _spread(first: NDArray[np.uint32], second: NDArray[np.uint32]) -> Longs:
    """The offset of BL, BLX and B.W: S:I1:I2:imm10:imm11:0 with I1 = NOT(J1 EOR S)."""
    first, second = first.astype(np.int64), second.astype(np.int64)
    sign = first >> 10 & 1
    high = 1 - ((second >> 13 & 1) ^ sign) << 23 | 1 - ((second >> 11 & 1) ^ sign) << 22
    return high | (first & 0x3FF) << 12 | (second & 0x7FF) << 1 | -(sign << 24)


def _calls(code: Code) -> tuple[Longs, Longs]:
    plain = np.flatnonzero(broad(code, 0xF800, 0xF000, 0xD000, 0xD000))
    exchange = np.flatnonzero(broad(code, 0xF800, 0xF000, 0xD001, 0xC000))
    to = code.at[plain] + PC_AHEAD + _spread(code.first[plain], code.second[plain]) | 1
    other = ((code.at[exchange] + PC_AHEAD) & ~3) + _spread(code.first[exchange], code.second[exchange])
    return np.concatenate([plain, exchange]), np.concatenate([to, other])


def _jumps(code: Code) -> tuple[Longs, Longs, Flags]:
    """Places in the table, targets (bit 0 set), and whether the jump is conditional."""
    first = code.first.astype(np.int64)
    near = np.flatnonzero(narrow(code, 0xF800, 0xE000))
    far = np.flatnonzero(broad(code, 0xF800, 0xF000, 0xD000, 0x9000))
    short = np.flatnonzero(narrow(code, 0xF000, 0xD000) & (code.first < 0xDE00))  # then UDF and SVC
    long = np.flatnonzero(broad(code, 0xF800, 0xF000, 0xD000, 0x8000) & ~match(code.first, 0x0380, 0x0380))
    compare = np.flatnonzero(narrow(code, 0xF500, 0xB100))
    second = code.second[long].astype(np.int64)
    top = first[long] >> 10 & 1
    offsets = [
        ((first[near] & 0x7FF) ^ 0x400) - 0x400 << 1,
        _spread(code.first[far], code.second[far]),
        ((first[short] & 0xFF) ^ 0x80) - 0x80 << 1,
        (second >> 11 & 1) << 19 | (second >> 13 & 1) << 18 | (first[long] & 0x3F) << 12 | (second & 0x7FF) << 1
        | -(top << 20),
        (first[compare] >> 9 & 1) << 6 | (first[compare] >> 3 & 0x1F) << 1,
    ]  # fmt: skip
    index = np.concatenate([near, far, short, long, compare])
    conditional = code.guarded[index]
    conditional[len(near) + len(far) :] = True
    return index, code.at[index] + PC_AHEAD + np.concatenate(offsets) | 1, conditional


def _references(code: Code, halves: Halves, start: int) -> tuple[Longs, Longs]:
    """Constants as they stand, and those added to the PC."""
    references, values, _, _ = _constants(code, halves, start)
    return references, values


def _known(code: Code, halves: Halves, start: int) -> tuple[Longs, Longs]:
    """BX and BLX through a register that holds a constant: places in the table, and where they lead."""
    references, values, index, registers = _constants(code, halves, start)
    del references
    writer, target = np.zeros(len(code.at), np.bool_), np.full(len(code.at), -1, np.int64)
    constant = np.zeros(len(code.at), np.int64)
    writer[index], target[index], constant[index] = True, registers, values
    used = np.flatnonzero(narrow(code, 0xFF07, 0x4700))
    wanted = (code.first[used] >> np.uint32(3) & np.uint32(0xF)).astype(np.int64)
    origin = earlier(used, writer, target, wanted, NEAR)
    return used[origin >= 0], constant[origin[origin >= 0]]


def _constants(code: Code, halves: Halves, start: int) -> tuple[Longs, Longs, Longs, Longs]:
    """Addresses and values of constants; which instructions those are, and the registers they fill."""
    index, read, register = _pool(code)
    place = (read - start) >> 1
    good = (place >= 0) & (place < len(halves) - 1)
    index, place, register = index[good], place[good], register[good]
    loaded = halves[place].astype(np.int64) | halves[place + 1].astype(np.int64) << 16
    writer, value = np.zeros(len(code.at), np.bool_), np.zeros(len(code.at), np.int64)
    target = np.full(len(code.at), -1, np.int64)
    low = broad(code, 0xFBF0, 0xF240, 0x8000, 0)
    high = np.flatnonzero(broad(code, 0xFBF0, 0xF2C0, 0x8000, 0))
    destination = (code.second >> np.uint32(8) & np.uint32(0xF)).astype(np.int64)
    before = earlier(high, low, destination, destination[high], LOOK_BACK)
    high, before = high[before >= 0], before[before >= 0]
    built = _half(code, high) << 16 | _half(code, before)
    every, constants = np.concatenate([index, high]), np.concatenate([loaded, built])
    writer[every], value[every] = True, constants
    target[every] = np.concatenate([register, destination[high]])
    adds = np.flatnonzero(narrow(code, 0xFF78, 0x4478))
    added = (code.first[adds] >> np.uint32(4) & np.uint32(8) | code.first[adds] & np.uint32(7)).astype(np.int64)
    origin = earlier(adds, writer, target, added, LOOK_BACK)
    adds, added, origin = adds[origin >= 0], added[origin >= 0], origin[origin >= 0]
    relative = code.at[adds] + PC_AHEAD + value[origin] & 0xFFFFFFFF
    near = np.flatnonzero(narrow(code, 0xF800, 0xA000))
    near_value = ((code.at[near] + PC_AHEAD) & ~3) + 4 * (code.first[near] & np.uint32(0xFF)).astype(np.int64)
    index = np.concatenate([every, adds, near])
    filled = np.concatenate([target[every], added, code.first[near] >> np.uint32(8) & np.uint32(7)])
    return code.at[index], np.concatenate([constants, relative, near_value]), index, filled.astype(np.int64)


def _traps(code: Code) -> tuple[Longs, Longs]:
    """SVC, and the constant that was last moved into r7."""
    index = np.flatnonzero(narrow(code, 0xFF00, 0xDF00))
    short, wide = narrow(code, 0xFF00, 0x2700), broad(code, 0xFBF0, 0xF240, 0x8F00, 0x0700)
    modified = broad(code, 0xFBEF, 0xF04F, 0x8F00, 0x0700)
    value = np.where(modified, code.second & np.uint32(0xFF), code.first & np.uint32(0xFF)).astype(np.int64)
    value[wide] = _half(code, np.flatnonzero(wide))
    value[modified & ~match(code.second, 0x7000, 0)] = -1
    copied = narrow(code, 0xFF87, 0x4687) | narrow(code, 0xFFC7, 0x0007)
    copied |= narrow(code, 0xF807, 0x6807) | narrow(code, 0xFF00, 0xAF00)  # ldr r7, [..]; add r7, sp
    value[copied] = -1
    value[modified & match(code.first, 0x0400, 0x0400)] = -1
    nothing = np.zeros(len(code.at), np.int64)
    origin = earlier(index, short | wide | modified | copied, nothing, nothing[index], LOOK_BACK)
    return index, np.where(origin >= 0, value[origin], -1)


def _half(code: Code, index: Longs) -> Longs:
    """imm4:i:imm3:imm8 of MOVW and MOVT."""
    first, second = code.first[index].astype(np.int64), code.second[index].astype(np.int64)
    return (first & 0xF) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF


def _prologues(code: Code) -> Flags:
    push = narrow(code, 0xFF00, 0xB500) | broad(code, 0xFFFF, 0xE92D, 0x4000, 0x4000)
    return push | broad(code, 0xFFFF, 0xF84D, 0xFFFF, 0xED04)


def linkage(halves: Halves, start: int) -> tuple[Longs, Longs]:
    """PLT entries in T32 (processors without A32): movw ip, movt ip, add ip pc, ldr pc [ip]."""
    size = 8
    if len(halves) < size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    part = [halves[step : len(halves) - size + 1 + step].astype(np.uint32) for step in range(size)]
    fits = match(part[0], 0xFBF0, 0xF240) & match(part[1], 0x8F00, 0x0C00) & match(part[2], 0xFBF0, 0xF2C0)
    fits &= match(part[3], 0x8F00, 0x0C00) & match(part[4], 0xFFFF, 0x44FC) & match(part[5], 0xFFFF, 0xF8DC)
    index = np.flatnonzero(fits & match(part[6], 0xFFFF, 0xF000))
    at = start + 2 * index
    rows = Code(
        np.concatenate([at, at + 4]),
        np.concatenate([part[0][index], part[2][index]]),
        np.concatenate([part[1][index], part[3][index]]),
        np.ones(2 * len(index), np.bool_),
        np.zeros(2 * len(index), np.bool_),
    )
    half = _half(rows, np.arange(2 * len(index)))
    return at, (half[len(index) :] << 16 | half[: len(index)]) + at + 8 + PC_AHEAD & 0xFFFFFFFF
