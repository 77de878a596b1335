"""In: MIPS32 code as words. Out: its calls, jumps, constants and function entries, delay slots included.

Encodings: MIPS Architecture For Programmers, volume II-A; calling through $t9 and $gp: MIPS psABI, chapter 3.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wardwatch.firmware.programs.flow import Flags, Flow, Longs, behind, earlier, match, unreached

Words = NDArray[np.uint32]
LOOK_BACK: Final = 24
GP: Final = 28
T9: Final = 25


class Global(NamedTuple):
    """The value $gp has in the program's functions, and the GOT it leads to: its address and words."""

    gp: int
    got: int
    words: Longs

    def holds(self, slots: Longs) -> Flags:
        """Which addresses are words of the GOT."""
        inside: Flags = (slots >= self.got) & (slots < self.got + 4 * len(self.words))
        return inside


def sweep(words: Words, start: int, pointer: Global | None) -> Flow:
    """The flow of the words at `start`."""
    if not len(words):
        return Flow()
    at = start + 4 * np.arange(len(words), dtype=np.int64)
    jump, call = match(words, 0xFC000000, 0x08000000), match(words, 0xFC000000, 0x0C000000)
    linked = match(words, 0xFFFF0000, 0x04110000) & ~match(
        words, 0xFFFF, 1
    )  # bal, but not to the next: it reads the PC
    region = (at + 4 & ~0x0FFFFFFF) + ((words & np.uint32(0x03FFFFFF)).astype(np.int64) << 2)
    relative = at + 4 + (words.astype(np.uint16).view(np.int16).astype(np.int64) << 2)
    branch = _branches(words)
    always = jump | match(words, 0xFFFF0000, 0x10000000)
    through = match(words, 0xFC1FF83F, 0x0000F809)
    leaves = match(words, 0xFC1FFFFF & ~0x7C0, 0x00000008)
    back = match(words, 0x03E00000, 0x03E00000)
    jumps = np.flatnonzero(jump | branch)
    calls = np.flatnonzero(call | linked)
    constants = _Constants(words, at, pointer)
    index = np.flatnonzero(through | (leaves & ~back))
    slot, value = constants.of(index, _register(words[index], 21))
    known, slotted = value >= 0, slot >= 0
    tail = leaves[index]
    rest = ~known & ~slotted
    computed = _computed(words, index)
    stops = match(words, 0xFC00003F, 0x0000000D) | match(words, 0xFFFFFFFF, 0x04170001)  # break, what lld fills with
    traps = np.flatnonzero(match(words, 0xFC00003F, 0x0000000C))
    return Flow(
        calls=np.concatenate([at[calls], at[index[known & ~tail]]]),
        calls_to=np.concatenate([np.where(call, region, relative)[calls], value[known & ~tail]]),
        jumps=np.concatenate([at[jumps], at[index[known & tail]]]),
        jumps_to=np.concatenate([np.where(jump, region, relative)[jumps], value[known & tail]]),
        conditional=np.concatenate([~always[jumps], np.zeros(int((known & tail).sum()), np.bool_)]),
        indirect_calls=at[index[rest & ~tail]],
        indirect_jumps=at[index[rest & tail & ~computed]],
        switches=at[index[rest & tail & computed]],
        through=at[index[slotted]],
        through_slot=slot[slotted],
        through_tail=tail[slotted],
        ends=at[unreached(behind(behind(always | leaves) | stops), words == 0)],
        references=constants.places,
        values=constants.values,
        prologues=at[_prologues(words)],
        traps=at[traps],
        trap_numbers=constants.loaded(traps, 2),
    )


def _register(words: Words, low: int) -> Longs:
    return (words >> np.uint32(low) & np.uint32(31)).astype(np.int64)


def _signed(words: Words) -> Longs:
    return words.astype(np.uint16).view(np.int16).astype(np.int64)


def _branches(words: Words) -> Flags:
    """BEQ BNE BLEZ BGTZ, their 'likely' forms, REGIMM and the coprocessor's; BAL is a call."""
    operation = words >> np.uint32(26)
    plain = ((operation >= 4) & (operation <= 7)) | ((operation >= 20) & (operation <= 23))  # opcodes
    signs = (operation == 1) & match(words, 0x001C0000, 0)  # BLTZ BGEZ BLTZL BGEZL
    found: Flags = plain | signs | match(words, 0xFFE00000, 0x45000000)
    return found


class _Constants:
    """What is known of registers: LUI with what completes it, and words loaded through $gp."""

    def __init__(self, words: Words, at: Longs, pointer: Global | None) -> None:
        self.words, self.at = words, at
        operation = words >> np.uint32(26)
        self._slot = np.full(len(words), -1, np.int64)
        self._value = np.full(len(words), -1, np.int64)
        self._upper(operation)
        self.target = np.where(
            (operation == 0) | (operation == 0x1C), _register(words, 11), _register(words, 16)
        )  # SPECIAL, SPECIAL2
        self.writes = _writers(words, operation)
        if pointer is not None:
            self._global(pointer, operation)
        known = np.flatnonzero(self._value >= 0)
        slots = np.flatnonzero((self._slot >= 0) & (self.target != T9))  # a call is no taken address
        self.places = np.concatenate([at[known], at[slots]])
        self.values = np.concatenate([self._value[known], self._slot[slots]])

    def _global(self, pointer: Global, operation: NDArray[np.uint32]) -> None:
        """Words of the GOT loaded through $gp or a copy of it, and what ADDIU makes of such a page address."""
        words = self.words
        base = _register(words, 21)
        place = pointer.gp + _signed(words) & 0xFFFFFFFF
        copied = (base != 29) & (base != 30) & match(words, 0x8000, 0x8000) & pointer.holds(place)  # sp, fp
        loads = (operation == 0x23) & ((base == GP) | copied)  # lw
        self._slot[loads] = place[loads]
        near = (operation == 9) & (base == GP)  # addiu rt, gp
        self._value[near] = place[near]
        users = np.flatnonzero((operation == 9) & (base != GP) & (base != 29) & (base != 0))  # sp
        origin = earlier(users, self.writes, self.target, base[users], LOOK_BACK)
        good = (origin >= 0) & (self._slot[origin] >= 0) & pointer.holds(self._slot[origin])
        users, origin = users[good], origin[good]
        page = pointer.words[self._slot[origin] - pointer.got >> 2]
        self._value[users] = page + _signed(words[users]) & 0xFFFFFFFF

    def _upper(self, operation: NDArray[np.uint32]) -> None:
        words = self.words
        upper = match(words, 0xFFE00000, 0x3C000000)
        lower = (operation == 9) | (operation == 13) | (operation == 0x23)  # addiu, ori, lw
        users = np.flatnonzero(lower & ~match(words, 0x03E00000, GP << 21))
        origin = earlier(users, upper, _register(words, 16), _register(words[users], 21), LOOK_BACK)
        users, origin = users[origin >= 0], origin[origin >= 0]
        high = (words[origin] & np.uint32(0xFFFF)).astype(np.int64) << 16
        low = np.where(
            operation[users] == 13, (words[users] & np.uint32(0xFFFF)).astype(np.int64), _signed(words[users])
        )  # ori
        loads = operation[users] == 0x23  # lw
        self._value[users[~loads]] = (high + low & 0xFFFFFFFF)[~loads]
        self._slot[users[loads]] = (high + low & 0xFFFFFFFF)[loads]

    def loaded(self, index: Longs, register: int) -> Longs:
        """The constant that ADDIU or ORI from $zero last put into a register; -1 where it was something else."""
        words = self.words
        load = match(words, 0xFFE00000, 0x24000000) | match(words, 0xFFE00000, 0x34000000)
        origin = earlier(index, self.writes, self.target, np.full(len(index), register, np.int64), LOOK_BACK)
        return np.where((origin >= 0) & load[origin], words[origin] & np.uint32(0xFFFF), -1).astype(np.int64)

    def of(self, index: Longs, registers: Longs) -> tuple[Longs, Longs]:
        """For each use of a register: the address it was loaded from, or its value; -1 where unknown."""
        origin = earlier(index, self.writes, self.target, registers, LOOK_BACK)
        slot = np.where(origin >= 0, self._slot[origin], -1)
        value = np.where(origin >= 0, self._value[origin], -1)
        return slot, value


def _writers(words: Words, operation: NDArray[np.uint32]) -> Flags:
    """Instructions that write the register their target field names: arithmetic, shifts and loads."""
    special = (operation == 0) & ~match(words, 0x3E, 0x08)  # JR, JALR
    immediate = (operation >= 8) & (operation <= 15)  # opcodes
    loads = (operation >= 0x20) & (operation <= 0x26)  # opcodes
    found: Flags = special | immediate | loads | (operation == 0x1C)  # SPECIAL2
    return found


def _computed(words: Words, index: Longs) -> Flags:
    """JR through a register that a scaled load or an addition to $gp just filled: a switch."""
    operation = words >> np.uint32(26)
    target = np.where(operation == 0, _register(words, 11), _register(words, 16))
    origin = earlier(index, _writers(words, operation), target, _register(words[index], 21), LOOK_BACK)
    load = (origin >= 0) & (operation[origin] == 0x23)  # lw
    add = (origin >= 0) & match(words[origin], 0xFC0007FF, 0x21)
    base = earlier(origin, _writers(words, operation), target, _register(words[origin], 21), LOOK_BACK)
    scaled = load & (base >= 0) & match(words[base], 0xFC0007FF, 0x21)
    found: Flags = add | scaled
    return found


def _prologues(words: Words) -> Flags:
    """ADDIU sp, or the LUI that stands before it in position-independent code and begins the value of $gp."""
    room = match(words, 0xFFFF8000, 0x27BD8000)
    upper, lower = match(words, 0xFFE00000, 0x3C000000), match(words, 0xFC000000, 0x24000000)
    global_pointer = np.zeros(len(words), np.bool_)
    same = upper[:-1] & lower[1:] & (_register(words[:-1], 16) == _register(words[1:], 21))
    global_pointer[:-1] = same & (_register(words[:-1], 16) == GP)
    global_pointer[:-2] |= same[:-1] & match(words[2:], 0xFFFF8000, 0x27BD8000)
    for step in range(1, 6):
        room[step:] &= ~global_pointer[:-step]
    return room | global_pointer


def linkage(words: Words, start: int) -> tuple[Longs, Longs]:
    """PLT entries of position-dependent programs: lui t7; lw t9, (t7); addiu t8; jr t9 (the last two in any order)."""
    if len(words) < 4:  # an entry
        return np.empty(0, np.int64), np.empty(0, np.int64)
    fits = match(words[:-3], 0xFFFF0000, 0x3C0F0000) & match(words[1:-2], 0xFFFF0000, 0x8DF90000)
    fits &= match(words[2:-1], 0xFFFF0000, 0x25F80000) | match(words[2:-1], 0xFFFFFBFF, 0x03200008)
    index = np.flatnonzero(fits)
    high = (words[index] & np.uint32(0xFFFF)).astype(np.int64) << 16
    return start + 4 * index, high + _signed(words[index + 1]) & 0xFFFFFFFF
