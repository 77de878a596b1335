"""In: the kernel's table of origins and kept texts. Out: `Hole` and `Text`: where unknown parts come from, in words."""

import struct
from collections.abc import Callable, Iterable
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from wardwatch.firmware.words import Hole, Text
from wardwatch.printable import printable

from .events import Held, Run

DEPTH = 16
DEVICES = "/dev/"
FUNCTION = 0x80000000
POINTER, TRAP = 0x7FFFFFFF, 0x7FFFFFFE
_COUNT = struct.Struct("<I")
_BYTE = struct.Struct("<IB")


class Kind(IntEnum):
    """What an origin is; in the order of core.h."""

    NONE = 0
    UNKNOWN = 1
    ARGUMENT = 2
    RETURN = 3
    DEREF = 4
    GLOBAL = 5
    READ = 6
    OPEN = 7
    SOCKET = 8
    IMPORT = 9
    TEXT = 10
    SHIFT = 11
    MIXED = 12
    HOST = 13
    STACK = 14
    HEAP = 15


_KINDS = tuple(Kind)
_STANDARD = Hole("read from standard input", ("stdin",))


class Origins:
    """Words for origins. `name` gives the name of an imported function or, from FUNCTION on, of one of the program."""

    def __init__(self, table: npt.NDArray[np.void], texts: bytes, name: Callable[[int], str]) -> None:
        # Of some hundred thousand origins few are asked for: a view gives each as it is.
        self._kinds, self._sizes, self._parents, self._numbers = (
            memoryview(np.ascontiguousarray(table[column]).data) for column in ("kind", "size", "parent", "number")
        )
        self._texts, self._name = texts, name
        self._holes: dict[int, Hole] = {}

    def kind(self, tag: int) -> Kind:
        """What kind of origin this is."""
        return _KINDS[self._kinds[tag]] if 0 <= tag < len(self._kinds) else Kind.UNKNOWN

    def number(self, tag: int) -> int:
        """The origin's own number: of an argument, a function, an address, a kept text."""
        return self._numbers[tag]

    def parent(self, tag: int) -> int:
        """What it was made of."""
        return self._parents[tag]

    def how(self, tag: int) -> int:
        """How MIXED was made: 1 with the bits of `number` set, 2 with the others cleared, 0 otherwise."""
        return self._sizes[tag]

    def leaf(self, tag: int) -> int:
        """What it goes back to."""
        for _ in range(DEPTH):
            if not self._parents[tag] or self.kind(tag) in {Kind.READ, Kind.HOST}:
                break
            tag = self._parents[tag]
        return tag

    def is_argument(self, tag: int) -> bool:
        """It goes back to an argument of the function that was run."""
        return bool(tag) and self.kind(self.leaf(tag)) is Kind.ARGUMENT

    def kept(self, place: int) -> Text:
        """The text kept at `place`."""
        if not 0 < place <= len(self._texts) - _COUNT.size:
            return Text()
        count = _COUNT.unpack_from(self._texts, place)[0]
        parts = [_BYTE.unpack_from(self._texts, place + 4 + 5 * number) for number in range(count)]
        return self.text(Run(tag, 1, bytes([byte]) if not tag else b"") for tag, byte in parts)

    @cached_property
    def _unknown(self) -> Hole:
        return Hole("not known")

    def hole(self, tag: int) -> Hole:
        """The words for an origin."""
        found = self._holes.get(tag)
        if found is None:
            found = self._holes[tag] = self._described(tag)
        return found

    def _described(self, tag: int) -> Hole:  # noqa: PLR0911  # one for each kind
        leaf = self.leaf(tag)
        kind, number = self.kind(leaf), self._numbers[leaf] if leaf < len(self._numbers) else 0
        if kind is Kind.ARGUMENT:
            return Hole(f"argument {number}", (f"argument:{number}",))
        if kind is Kind.RETURN:
            return self._returned(number & 0xFFFFFFFF)
        if kind is Kind.GLOBAL or (kind is Kind.DEREF and not self._parents[leaf]):
            return Hole(f"the variable at 0x{number:x}", (f"global:0x{number:x}",))
        if kind is Kind.READ:
            return self._read(self._parents[leaf], number)
        if kind is Kind.OPEN:
            path = str(self.kept(number))
            return Hole(f"the open file {path}", (_place(path),))
        if kind is Kind.SOCKET:
            return Hole("a socket", ("return:socket",))
        if kind is Kind.HOST:
            return Hole(f"the address of {self.kept(number & 0xFFFFFFFF)}", ("return:gethostbyname",))
        if kind is Kind.IMPORT:
            return Hole(f"the function {self._name(number)}", ("unknown",))
        return self._unknown

    def _returned(self, number: int) -> Hole:
        if number == POINTER:
            return Hole("returned by a call through a pointer")
        if number == TRAP:
            return Hole("returned by the system", ("return:syscall",))
        name = self._name(number)
        return Hole(f"returned by {name}", (f"return:{name}",))

    def _read(self, what: int, descriptor: int) -> Hole:
        if not what:
            return _STANDARD if descriptor == 1 else Hole("read", ("unknown",))
        kind = self.kind(what)
        if kind is Kind.OPEN:
            path = str(self.kept(self._numbers[what]))
            return Hole(f"read from {path}", (_place(path),))
        if kind is Kind.RETURN and self._name(self._numbers[what] & 0xFFFFFFFF) == "popen":
            return Hole("read from a command", ("return:popen",))
        if kind is Kind.SOCKET or self.hole(what).sources in {("return:accept",), ("return:accept4",)}:
            return Hole("received from the network", ("network",))
        return Hole(f"read from {self.hole(what).origin}", self.hole(what).sources)

    def text(self, runs: Iterable[Run]) -> Text:
        """Known bytes as characters, unknown ones as holes; holes of one origin side by side are one."""
        parts: list[str | Hole] = []
        for run in runs:
            if run.tag:
                hole = self.hole(run.tag)
                if not parts or parts[-1] != hole:
                    parts.append(hole)
            elif parts and isinstance(parts[-1], str):
                parts[-1] += printable(_decoded(run.data))
            else:
                parts.append(printable(_decoded(run.data)))
        return Text(tuple(part for part in parts if part != ""))

    def held(self, held: Held) -> Text:
        """The text at one place."""
        return self.text(held.runs)


def _place(path: str) -> str:
    return f"device:{path}" if path.startswith(DEVICES) else f"file:{path}"


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
