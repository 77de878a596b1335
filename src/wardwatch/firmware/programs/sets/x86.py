"""In: x86 or x86-64 code. Out: its calls, jumps, constants and function entries, by a linear sweep that keeps in step.

Instructions: Intel SDM, volume 2. The sweep begins anew at every known function start, so that data between functions
puts only itself out of step.
"""

import itertools
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wardwatch.firmware.programs.flow import Flags, Flow, Longs, behind, earlier, unreached

from .x86_lengths import ROOM, Bytes, lengths

LOOK_BACK: Final = 16
ENDBR: Final = (bytes.fromhex("f30f1efa"), bytes.fromhex("f30f1efb"))


class _Code(NamedTuple):
    """Instructions: offset, address of the next, opcode, the byte after it, where that is; bytes to look at."""

    held: Bytes
    at: Longs
    after: Longs
    opcode: Bytes
    second: Bytes
    place: Longs
    start: int


def sweep(code: bytes, start: int, starts: Longs, *, long_mode: bool, got: int | None) -> Flow:
    """The flow of the bytes at `start`; instructions begin at each of `starts`. `got` is what PIC code keeps in EBX."""
    if not code:
        return Flow()
    size, prefixes = lengths(code, long_mode=long_mode)
    inside = starts[(starts > start) & (starts < start + len(code))] - start
    index = _steps(size, [0, *inside.tolist(), len(code)])
    held = np.zeros(len(code) + ROOM, np.uint8)
    held[: len(code)] = np.frombuffer(code, np.uint8)
    place = index + prefixes[index]
    made = _Code(held, start + index, start + index + size[index], held[place], held[place + 1], place, start)
    return _flow(made, long_mode=long_mode, got=got)


def _steps(size: NDArray[np.int16], bounds: list[int]) -> Longs:
    """Where instructions begin when each follows the one before, anew from each bound."""
    sizes, found = size.tolist(), list[int]()
    add = found.append
    for start, end in itertools.pairwise(bounds):
        at = start
        while at < end:
            add(at)
            at += sizes[at]
    return np.array(found, np.int64)


def _signed(code: _Code, place: Longs, width: int) -> Longs:
    """The signed little-endian number at each place."""
    rows = np.stack([code.held[np.minimum(place + step, len(code.held) - 1)] for step in range(width)], axis=1)
    return np.ascontiguousarray(rows).view(f"<i{width}")[:, 0].astype(np.int64)


def _flow(code: _Code, *, long_mode: bool, got: int | None) -> Flow:
    opcode, second = code.opcode, code.second
    escape = opcode == 0x0F  # two-byte opcodes
    call = (opcode == 0xE8) & (
        _signed(code, code.place + 1, 4) != 0
    )  # not the next: that reads the PC; noqa: PLR2004  # opcodes
    far, near = opcode == 0xE9, opcode == 0xEB
    short = ((opcode & 0xF0) == 0x70) | ((opcode >= 0xE0) & (opcode <= 0xE3))
    long = escape & ((second & 0xF0) == 0x80)
    returns = (opcode == 0xC3) | (opcode == 0xC2)
    stops = (escape & (second == 0x0B)) | (opcode == 0xF4) | (opcode == 0xCC)
    group = opcode == 0xFF
    linked, leaves = group & ((second >> 3 & 7) == 2) & ~_kernel(code), group & ((second >> 3 & 7) == 4)
    jumps = np.flatnonzero(far | near | short | long)
    offset = np.where(
        (near | short)[jumps],
        _signed(code, code.place[jumps] + 1, 1),
        _signed(code, code.after[jumps] - code.start - 4, 4),
    )
    mask = -1 if long_mode else 0xFFFFFFFF
    slot = _slots(code, linked | leaves, long_mode=long_mode, got=got)
    through = np.flatnonzero(slot >= 0)
    switch = leaves & (slot < 0) & _computed(code, leaves)
    traps, numbers = _traps(code)
    ended = far | near | returns | stops | leaves
    references, values = _references(code, long_mode=long_mode, got=got)
    return Flow(
        calls=code.at[call],
        calls_to=code.after[call] + _signed(code, code.place[call] + 1, 4) & mask,
        jumps=code.at[jumps],
        jumps_to=code.after[jumps] + offset & mask,
        conditional=(short | long)[jumps],
        indirect_calls=code.at[linked & (slot < 0)],
        indirect_jumps=code.at[leaves & (slot < 0) & ~switch],
        switches=code.at[switch],
        through=code.at[through],
        through_slot=slot[through],
        through_tail=leaves[through],
        ends=code.at[unreached(behind(ended), _padding(code))],
        references=references,
        values=values,
        prologues=code.at[_prologues(code, long_mode=long_mode)],
        traps=code.at[traps],
        trap_numbers=numbers,
    )


def _kernel(code: _Code) -> Flags:
    """CALL GS:[16], by which i386 programs enter the kernel."""
    found: Flags = (code.opcode == 0xFF) & (code.held[code.at - code.start] == 0x65)  # call, GS
    return found


def _traps(code: _Code) -> tuple[Longs, Longs]:
    """SYSCALL, INT 0x80 and CALL GS:[16], and the constant that was last moved into EAX."""
    index = np.flatnonzero(
        ((code.opcode == 0x0F) & (code.second == 0x05))
        | ((code.opcode == 0xCD) & (code.second == 0x80))
        | _kernel(code)  # opcodes
    )
    moves = (code.opcode == 0xB8) & (code.after - code.start - code.place == 5)  # mov eax, imm32
    moved = (code.opcode == 0xC7) & (code.second == 0xC0)  # mov eax, imm32 with ModRM
    cleared = np.isin(code.opcode, (0x31, 0x33)) & (code.second == 0xC0)  # xor eax, eax
    copied = ((code.opcode == 0x89) & (code.second & 0xC7 == 0xC0)) | (
        (code.opcode == 0x8B) & (code.second & 0x38 == 0)
    )  # mov eax, r
    value = np.where(moves, _signed(code, code.place + 1, 4), np.where(moved, _signed(code, code.place + 2, 4), -1))
    value[cleared] = 0
    moves |= moved
    nothing = np.zeros(len(code.at), np.int64)
    origin = earlier(index, moves | cleared | copied, nothing, nothing[index], LOOK_BACK)
    return index, np.where(origin >= 0, value[origin], -1)


def _padding(code: _Code) -> Flags:
    wide = (code.opcode == 0x0F) & (code.second == 0x1F)  # nopw, nopl
    moved = (code.opcode == 0x8D) & np.isin(code.second, (0x36, 0x76, 0xB6, 0x74, 0xB4))  # lea esi, [esi]
    found: Flags = wide | moved | (code.opcode == 0x90) | (code.opcode == 0xCC)  # nop, int3
    return found


def _slots(code: _Code, chosen: Flags, *, long_mode: bool, got: int | None) -> Longs:
    """The address of the pointer that a call or jump goes through, where the instruction itself tells; else -1."""
    slot = np.full(len(code.at), -1, np.int64)
    direct = np.flatnonzero(chosen & ((code.second & 0xC7) == 0x05))  # [rip + disp32], [disp32]
    offset = _signed(code, code.place[direct] + 2, 4)
    slot[direct] = code.after[direct] + offset if long_mode else offset & 0xFFFFFFFF
    if got is not None and not long_mode:
        based = np.flatnonzero(chosen & ((code.second & 0xC7) == 0x83))  # [ebx + disp32]
        slot[based] = got + _signed(code, code.place[based] + 2, 4) & 0xFFFFFFFF
    return slot


def _computed(code: _Code, leaves: Flags) -> Flags:
    """Jumps through a table: [index * scale + table], a register that ADD just made, or one marked NOTRACK."""
    index = np.flatnonzero(leaves)
    third = code.held[code.place[index] + 2]
    scaled = ((code.second[index] & 0xC7) == 0x04) & (third & 0xC0 >= 0x80)  # SIB, scale 4 or 8
    before = np.maximum(index - 1, 0)
    added = np.isin(code.opcode[before], (0x01, 0x03)) & (code.second[index] >= 0xC0)  # add r, r; jmp r
    marked = code.held[code.at[index] - code.start] == 0x3E  # NOTRACK
    found = np.zeros(len(code.at), np.bool_)
    found[index] = scaled | added | marked
    return found


def _references(code: _Code, *, long_mode: bool, got: int | None) -> tuple[Longs, Longs]:
    """LEA and loads relative to RIP (or to the GOT in EBX), and immediate words that may be addresses."""
    immediate = ((code.opcode & 0xF8) == 0xB8) | (code.opcode == 0x68)  # mov r, imm32; push imm32
    stored = code.opcode == 0xC7  # mov [m], imm32
    plain = np.flatnonzero((immediate | stored) & (code.after - code.start - code.place >= 5))  # with imm32
    wide = code.after[plain] - code.start - code.place[plain] >= 9  # mov r64, imm64
    wide &= (code.opcode[plain] & 0xF8) == 0xB8
    words = _signed(code, code.after[plain] - code.start - 4, 4) & 0xFFFFFFFF
    words = np.where(wide, _signed(code, code.after[plain] - code.start - 8, 8), words)
    moves = (code.opcode == 0x8D) | (code.opcode == 0x8B)  # lea, mov
    at, values = [code.at[plain]], [words]
    direct = np.flatnonzero(moves & ((code.second & 0xC7) == 0x05))  # [rip + disp32], [disp32]
    offset = _signed(code, code.place[direct] + 2, 4)
    at.append(code.at[direct])
    values.append(code.after[direct] + offset if long_mode else offset & 0xFFFFFFFF)
    base = code.held[code.place + 2] & 7
    scaled = (code.second & 0xC7 == 0x04) & (base == 5)  # [index * scale + disp32]
    tables = np.flatnonzero(
        np.isin(code.opcode, (0x8B, 0x8D, 0xFF)) & (scaled | (code.second & 0xC7 == 0x84))
    )  # or with a base
    at.append(code.at[tables])
    values.append(_signed(code, code.place[tables] + 3, 4) & (0x7FFFFFFF if long_mode else 0xFFFFFFFF))
    offsets = np.flatnonzero(
        np.isin(code.opcode, (0x8B, 0xFF)) & (code.second & 0xC0 == 0x80) & (code.second & 7 != 4)
    )  # [r + disp32]
    at.append(code.at[offsets])
    values.append(_signed(code, code.place[offsets] + 2, 4) & (0x7FFFFFFF if long_mode else 0xFFFFFFFF))
    if got is not None and not long_mode:
        near = tables[code.second[tables] & 0xC0 == 0x80]  # [got + index * scale + disp32]
        at.append(code.at[near])
        values.append(got + _signed(code, code.place[near] + 3, 4) & 0xFFFFFFFF)
        based = np.flatnonzero(
            np.isin(code.opcode, (0x8B, 0x8D)) & (code.second & 0xC0 == 0x80) & (code.second & 7 != 4)
        )  # mov, lea r, [r + disp32]
        at.append(code.at[based])
        values.append(got + _signed(code, code.place[based] + 2, 4) & 0xFFFFFFFF)
    return np.concatenate(at), np.concatenate(values)


def _prologues(code: _Code, *, long_mode: bool) -> Flags:
    """ENDBR, or PUSH of a register that must be kept, or SUB of the stack pointer."""
    push = np.isin(code.opcode, (0x53, 0x55, 0x56, 0x57) if not long_mode else (0x53, 0x54, 0x55, 0x56, 0x57))
    room = np.isin(code.opcode, (0x83, 0x81)) & (code.second == 0xEC)  # sub sp, n
    landing = (code.opcode == 0x0F) & (code.second == 0x1E)  # ENDBR
    found: Flags = push | room | landing
    return found


def linkage(code: bytes, start: int, *, long_mode: bool, got: int | None) -> tuple[Longs, Longs]:
    """PLT entries of every form: an indirect jump through a slot, with ENDBR and BND before it or not."""
    held = np.frombuffer(code + bytes(8), np.uint8)
    place = np.flatnonzero((held[:-7] == 0xFF) & ((held[1:-6] == 0x25) | (held[1:-6] == 0xA3)))  # jmp [..]
    made = _Code(held, start + place, start + place + 6, held[place], held[place + 1], place, start)
    slot = _slots(made, np.ones(len(place), np.bool_), long_mode=long_mode, got=got)
    based = np.flatnonzero(made.second == 0xA3)  # jmp [ebx + disp32]
    slot[based] = (
        (got or 0) + _signed(made, place[based] + 2, 4) & 0xFFFFFFFF if got is not None and not long_mode else -1
    )
    entries, slots = [start + place], [slot]
    bound = np.flatnonzero((place > 0) & (held[place - 1] == 0xF2))  # BND
    entries.append(start + place[bound] - 1)
    slots.append(slot[bound])
    for landing in ENDBR:
        for size in (4, 5):
            fits = place >= size
            for step, byte in enumerate(landing):
                fits &= held[place - size + step] == byte
            entries.append(start + place[fits] - size)
            slots.append(slot[fits])
    return np.concatenate(entries), np.concatenate(slots)
