"""In: a loaded program. Out: the arrays that the kernel runs, and calls of single functions on given values."""

from collections.abc import Mapping

import numpy as np

from wardwatch.firmware.programs.binary import Binary, Segment

from .kernel import FUNCTION, IMPORT, MACHINES, RULE, SEGMENT, Bounds, Kernel, Program, models
from .rules import RULES, plain_name

SCRATCH = 0x7A000000
"""Where memory given to a called function lies: beside the kernel's stack and heap."""


class Prepared:
    """A program as the kernel takes it. `names` are the imported functions, by their number there."""

    def __init__(self, binary: Binary) -> None:
        self.binary = binary
        known = {*binary.imports.values(), *binary.slots.values(), *binary.names.values()}
        self.names = tuple(sorted(known))
        self.plain = tuple(plain_name(name) for name in self.names)
        self._images = [_relocated(binary, segment) for segment in binary.segments]
        self.functions = _functions(binary)
        self.program = Program(
            MACHINES.index(binary.machine),
            binary.bits,
            not binary.little_endian,
            binary.gp or 0,
            self._segments(),
            self.functions,
            self._places({**binary.names, **binary.imports}, binary.plain),
            self._places(binary.slots, -1),
            self._rules(),
            binary.statically_linked,
        )

    def _segments(self) -> np.ndarray[tuple[int], np.dtype[np.void]]:
        table = np.zeros(len(self._images), SEGMENT)
        for row, image, segment in zip(table, self._images, self.binary.segments, strict=True):
            row["address"], row["size"], row["data"] = segment.address, len(image), image.ctypes.data
            row["memory_size"] = max(segment.memory_size, len(image))
            row["writable"], row["executable"] = segment.writable, segment.executable
        return table

    def _places(self, places: Mapping[int, str], mask: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
        number = {name: place for place, name in enumerate(self.names)}
        ordered = sorted({at & mask: number[name] for at, name in places.items()}.items())
        table = np.zeros(len(ordered), IMPORT)
        table["address"] = [at for at, _ in ordered]
        table["import"] = [name for _, name in ordered]
        return table

    def _rules(self) -> np.ndarray[tuple[int], np.dtype[np.void]]:
        numbers = models()
        table = np.zeros(len(self.names), RULE)
        for row, name in zip(table, self.plain, strict=True):
            model, event = RULES.get(name, ("none", ""))
            row["model"], row["event"] = numbers[model], event.encode()
        return table


def _functions(binary: Binary) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    table = np.zeros(len(binary.functions), FUNCTION)
    table["start"] = [function.start for function in binary.functions]
    table["end"] = [function.end for function in binary.functions]
    ends = [function.end for function in binary.functions]
    for number in range(len(ends) - 2, -1, -1):
        if not binary.functions[number + 1].sure:
            ends[number] = ends[number + 1]  # may be a part of it that only a table leads to
    table["extent"] = ends
    table["thumb"] = [function.thumb for function in binary.functions]
    return table


def _relocated(binary: Binary, segment: Segment) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """The segment's bytes with the pointers into the program as they are after loading."""
    plain = np.frombuffer(segment.data, np.uint8)
    places, targets = binary.pointers
    word = binary.bits // 8
    inside = (places >= segment.address) & (places <= segment.address + len(plain) - word)
    if not inside.any():
        return plain  # as it is: only read
    image = plain.copy()
    order = "<" if binary.little_endian else ">"
    raw = targets[inside].astype(f"{order}u{word}").view(np.uint8).reshape(-1, word)
    at = (places[inside] - segment.address).astype(np.int64)
    for byte in range(word):
        image[at + byte] = raw[:, byte]
    return image if len(image) else np.zeros(1, np.uint8)[:0]


class Caller:
    """Runs single functions on values and memory, to learn what they do."""

    def __init__(self, binary: Binary, bounds: Bounds | None = None) -> None:
        self._prepared = Prepared(binary)
        self._prepared.functions["enter"] = 1
        self._bounds = bounds or Bounds(steps=200_000, path_steps=100_000, paths=4)

    def call(
        self, function: int, *values: int, memory: Mapping[int, bytes] | None = None
    ) -> tuple[int | None, dict[int, bytes]]:
        """What function number `function` returns (None: not known), and what became of the memory given."""
        given = memory or {}
        with Kernel(self._prepared.program, self._bounds) as kernel:
            for at, data in given.items():
                kernel.poke(at, data)
            result = kernel.call(function, values)
            return result, {at: kernel.peek(at, len(data)) for at, data in given.items()}
