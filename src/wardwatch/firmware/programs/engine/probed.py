"""In: a static program. Out: names of its functions of texts and memory, told by what they do with known values.

A function that makes "abcd-42" of ("ab%s-%u", "cd", 42) is sprintf(), whoever wrote it, however it was compiled. What
each must do is written down from ISO C11 7.21 to 7.24, POSIX.1-2017 and, for strlcpy() and strlcat(), OpenBSD's manual.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from wardwatch.firmware.programs.binary import Binary, Machine

from .kernel import Bounds, Kernel
from .program import SCRATCH, Prepared

LARGEST: Final = 2_500
"""Bytes of a function itself; what it calls is not counted."""
MOST: Final = 600
"""Functions that are tried: those called most often."""
BOUNDS: Final = Bounds(steps=6_000, path_steps=6_000, visits=1, paths=1)
_ROOM: Final = 24
_WORD: Final = (1 << 32) - 1

TO, LIST = SCRATCH + 0x100, SCRATCH + 0x180
FROM, FORM, NAME, LIKE, UPPER, DIGITS, DOTTED, SHORT, OTHER, TWICE, SCAN, TAKEN = (
    SCRATCH + 0x10 * number for number in range(12)
)
_TEXTS: Final[Mapping[int, bytes]] = {
    TO: b"heLlo\0" + b"U" * (_ROOM - 6),
    FROM: b"lLo\0zz",
    FORM: b"ab%s-%u\0",
    NAME: b"cd\0",
    LIKE: b"heLly\0",
    UPPER: b"Ll\0",
    DIGITS: b"77x\0",
    DOTTED: b"1.2.3.4\0",
    SHORT: b"ab\0c\0",
    OTHER: b"ab\0d\0",
    TWICE: b"aLbLc\0",
    SCAN: b"%*d %1s\0",
    TAKEN: b"77 xy\0",
}


class Act(NamedTuple):
    """A call with these values, what it returns (a sign: any number of it), and what TO begins with afterwards."""

    given: tuple[int, ...]
    returns: int | str
    left: bytes = b"heLlo\0U"


ABOVE, BELOW, ANY = "above", "below", "any"
_L, _Q = ord("L"), ord("q")

ACTS: Final[Mapping[str, tuple[Act, ...]]] = {
    "strlen": (Act((TO, 2, 0), 5), Act((FORM, 9, 0), 7)),
    "strcpy": (Act((TO, FROM, 5), TO, b"lLo\0o\0U"),),
    "stpcpy": (Act((TO, FROM, 5), TO + 3, b"lLo\0o\0U"),),
    "strncpy": (Act((TO, FROM, 5), TO, b"lLo\0\0\0U"), Act((TO, FROM, 2), TO, b"lLLlo\0U")),
    "memcpy": (Act((TO, FROM, 5), TO, b"lLo\0z\0U"),),
    "mempcpy": (Act((TO, FROM, 5), TO + 5, b"lLo\0z\0U"),),
    "bcopy": (Act((FROM, TO, 5), ANY, b"lLo\0z\0U"),),
    "strcat": (Act((TO, FROM, 2), TO, b"heLlolLo\0U"),),
    "strncat": (Act((TO, FROM, 2), TO, b"heLlolL\0U"), Act((TO, FROM, 5), TO, b"heLlolLo\0U")),
    "strlcpy": (Act((TO, FROM, 2), 3, b"l\0Llo\0U"), Act((TO, FROM, 5), 3, b"lLo\0o\0U")),
    "strlcat": (Act((TO, FROM, 8), 8, b"heLlolL\0U"),),
    "memset": (Act((TO, _L, 3), TO, b"LLLlo\0U"),),
    "bzero": (Act((TO, 3, _L), ANY, b"\0\0\0lo\0U"),),
    "strcmp": (Act((TO, LIKE, 4), BELOW), Act((FROM, TO, 1), ABOVE), Act((SHORT, OTHER, 4), 0)),
    "strncmp": (
        Act((TO, LIKE, 4), 0), Act((TO, LIKE, 5), BELOW), Act((SHORT, OTHER, 4), 0), Act((TO, UPPER, 9), ABOVE)
    ),
    "memcmp": (Act((TO, LIKE, 4), 0), Act((TO, LIKE, 5), BELOW), Act((SHORT, OTHER, 4), BELOW)),
    "strchr": (Act((TWICE, _L, 1), TWICE + 1), Act((TWICE, _Q, 9), 0), Act((TO, 0, 2), TO + 5)),
    "strrchr": (Act((TWICE, _L, 1), TWICE + 3), Act((TWICE, _Q, 9), 0)),
    "strstr": (Act((TO, UPPER, 1), TO + 2), Act((TWICE, UPPER, 1), 0)),
    "strspn": (Act((FROM, UPPER, 1), 2), Act((TO, UPPER, 1), 0)),
    "strcspn": (Act((TO, UPPER, 1), 2), Act((DIGITS, UPPER, 1), 3)),
    "strtol": (Act((DIGITS, 0, 16), 0x77), Act((DIGITS, 0, 10), 77)),
    "atoi": (Act((DIGITS, 0, 16), 77), Act((TO, 0, 10), 0)),
    "toupper": (Act((ord("a"),), ord("A")), Act((_L,), _L), Act((ord("1"),), ord("1"))),
    "tolower": (Act((ord("a"),), ord("a")), Act((_L,), ord("l")), Act((ord("1"),), ord("1"))),
    "inet_addr": (Act((DOTTED, TO), 0x01020304), Act((NAME, TO), _WORD)),
    "inet_aton": (Act((DOTTED, TO), 1, b"\1\2\3\4o\0U"), Act((NAME, TO), 0)),
    "inet_pton": (Act((2, DOTTED, TO), 1, b"\1\2\3\4o\0U"), Act((2, NAME, TO), 0)),
    "sprintf": (Act((TO, FORM, NAME, 42), 7, b"abcd-42\0U"),),
    "snprintf": (Act((TO, 40, FORM, NAME, 42), 7, b"abcd-42\0U"), Act((TO, 5, FORM, NAME, 42), 7, b"abcd\0")),
    "vsprintf": (Act((TO, FORM, LIST), 7, b"abcd-42\0U"),),
    "vsnprintf": (Act((TO, 40, FORM, LIST), 7, b"abcd-42\0U"), Act((TO, 5, FORM, LIST), 7, b"abcd\0")),
    "sscanf": (Act((TAKEN, SCAN, TO), 1, b"x\0Llo\0U"),),
}  # fmt: skip
"""What each function must do with these values; names that do the same count as one."""


class _Trial:
    """What one function did with each set of values so far."""

    def __init__(self, kernel: Kernel, number: int, binary: Binary) -> None:
        self._kernel, self._number, self._binary = kernel, number, binary
        self._done: dict[tuple[int, ...], tuple[int | None, bytes]] = {}

    def did(self, act: Act) -> bool:
        """It did what was to be done."""
        found = self._done.get(act.given)
        if found is None:
            found = self._done[act.given] = self._call(act.given)
        returned, left = found
        return left.startswith(act.left) and self._fits(act, returned)

    def _call(self, given: tuple[int, ...]) -> tuple[int | None, bytes]:
        returned = self._kernel.call(self._number, given)
        return returned, self._kernel.peek(TO, _ROOM)

    def _fits(self, act: Act, returned: int | None) -> bool:
        if act.returns == ANY:
            return True
        if returned is None:
            return False
        value = returned & _WORD
        if act.returns in {ABOVE, BELOW}:
            return 0 < value < 1 << 31 if act.returns == ABOVE else value >= 1 << 31
        wanted = int(act.returns)
        if act.given[0] == DOTTED and wanted > 1 and self._binary.little_endian:
            wanted = int.from_bytes(wanted.to_bytes(4, "big"), "little")
        return value == wanted


def probed(binary: Binary, names: Mapping[int, str], wanted: Iterable[int]) -> dict[int, str]:
    """Function's start to name, of those of the functions `wanted` (by number) that have no name yet."""
    prepared = Prepared(binary)
    prepared.functions["enter"] = [function.start not in names for function in binary.functions]
    found = {}
    with Kernel(prepared.program, BOUNDS) as kernel:
        for at, data in {**_TEXTS, LIST: _list(binary)}.items():
            kernel.poke(at, data)
        for number in _candidates(binary, names, wanted):
            name = _name(_Trial(kernel, number, binary))
            if name:
                found[binary.functions[number].start] = name
    return found


def _name(trial: _Trial) -> str:
    return next((name for name, acts in ACTS.items() if all(trial.did(act) for act in acts)), "")


def _candidates(binary: Binary, names: Mapping[int, str], wanted: Iterable[int]) -> Iterator[int]:
    """Those called most often first."""
    called = binary.sites.callees[binary.sites.callees >= 0]
    often = np.bincount(called, minlength=len(binary.functions))
    chosen = [number for number in wanted if often[number] and _fits(binary, number, names)]
    return iter(sorted(chosen, key=lambda number: (-int(often[number]), number))[:MOST])


def _fits(binary: Binary, number: int, names: Mapping[int, str]) -> bool:
    function = binary.functions[number]
    return function.start not in names and function.end - function.start <= LARGEST


def _list(binary: Binary) -> bytes:
    """A va_list of ("cd", 42), and those two where it says (the ABIs' supplements, "Variable argument lists")."""
    word, order = binary.bits // 8, "<" if binary.little_endian else ">"
    unit = "Q" if word == 8 else "I"  # noqa: PLR2004  # bytes of a pointer
    values = struct.pack(f"{order}2{unit}", NAME, 42)
    behind = LIST + 0x40
    head = {
        Machine.X86_64: struct.pack("<IIQQ", 48, 176, behind, 0),
        Machine.AARCH64: struct.pack("<QQQii", behind, 0, 0, 0, 0),
        Machine.POWERPC: struct.pack(">BBHII", 8, 8, 0, behind, 0),
    }.get(binary.machine)
    return values if head is None else head.ljust(0x40, b"\0") + values
