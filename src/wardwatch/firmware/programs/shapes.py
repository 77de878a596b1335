"""In: a program. Out: a fingerprint of each function that stays the same when addresses move.

It rests on what its instructions do (opcode bits, without registers, immediates and displacements), on the imported
functions it calls in order, and on the texts it refers to. It is for matching two versions, not for identity.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .binary import Binary, Machine
from .flow import distinct
from .memory import Memory
from .tables import followed

MOST_TEXTS: Final = 1_000_000
DIGEST: Final = 12
_FIRST: Final = np.zeros(1, np.int64)
KINDS: Final[Mapping[Machine, int]] = {
    Machine.ARM: 0x0FF00000,
    Machine.AARCH64: 0xFF000000,
    Machine.MIPS: 0xFC000000,
    Machine.POWERPC: 0xFC000000,
}
"""Of an instruction word the bits that tell what it does."""


def shapes(binary: Binary) -> dict[str, str]:
    """Function's name to fingerprint."""
    instructions = _instructions(binary)
    called, said = _called(binary), texts(binary)
    return {
        function.name: _digest(instructions[number], called.get(number, ()), said.get(number, ()))
        for number, function in enumerate(binary.functions)
    }


def _digest(instructions: bytes, called: tuple[str, ...], said: tuple[str, ...]) -> str:
    parts = (instructions, "\0".join(called).encode(), "\0".join(said).encode("utf-8", "replace"))
    return blake2b(b"\1".join(parts), digest_size=DIGEST).hexdigest()


def _instructions(binary: Binary) -> list[bytes]:
    """For each function a histogram of what its instructions do: sorted kinds with their number."""
    memory = Memory(binary.segments, bits=binary.bits, little_endian=binary.little_endian)
    found = []
    for function in binary.functions:
        if binary.machine in KINDS and not function.thumb:
            kinds = _kinds(memory.words(function.start, function.end).astype(np.uint32), binary)
        elif function.thumb:
            kinds = memory.words(function.start, function.end, "u2").astype(np.uint32) >> np.uint32(9)
        else:
            found.append(_spread(function.end - function.start))
            continue
        found.append(_histogram(kinds))
    return found


def _kinds(words: NDArray[np.uint32], binary: Binary) -> NDArray[np.uint32]:
    return words & np.uint32(KINDS[binary.machine])


def _histogram(kinds: NDArray[np.uint32]) -> bytes:
    ordered = np.sort(kinds)
    edges = np.flatnonzero(ordered[1:] != ordered[:-1])
    first = np.concatenate([_FIRST, edges + 1])[: len(ordered)]
    counts = np.concatenate([first[1:], [len(ordered)]])[: len(first)] - first
    found: bytes = ordered[first].tobytes() + counts.astype(np.uint32).tobytes()
    return found


def _spread(size: int) -> bytes:
    """x86: the length, in steps of 16 bytes: instructions have no fixed place to look at."""
    return (size + 15 >> 4).to_bytes(4, "little")


def _called(binary: Binary) -> dict[int, tuple[str, ...]]:
    """Names of the imported functions each function calls, in order."""
    sites = binary.sites
    found: dict[int, list[str]] = {}
    for site in np.flatnonzero(sites.names >= 0).tolist():
        found.setdefault(int(sites.callers[site]), []).append(sites.imported[int(sites.names[site])])
    return {caller: tuple(names) for caller, names in found.items()}


def texts(binary: Binary) -> dict[int, tuple[str, ...]]:
    """The texts each function (by number) refers to, in order, without repetition."""
    starts = np.array([function.start for function in binary.functions], np.int64)
    if not len(starts):
        return {}
    memory = Memory(binary.segments, bits=binary.bits, little_endian=binary.little_endian)
    at, values = binary.constants
    values = followed(binary, values)
    owner = np.searchsorted(starts, at, side="right") - 1
    kept = _outside_code(binary, values) & (owner >= 0)
    known = {value: memory.text(value) for value in distinct(values[kept])[:MOST_TEXTS].tolist()}
    found: dict[int, dict[str, None]] = {}
    for who, value in zip(owner[kept].tolist(), values[kept].tolist(), strict=True):
        text = known.get(value)
        if text and len(text) > 1:
            found.setdefault(who, {})[text] = None
    return {who: tuple(them) for who, them in found.items()}


def _outside_code(binary: Binary, values: NDArray[np.int64]) -> NDArray[np.bool_]:
    chosen = np.zeros(len(values), np.bool_)
    for segment in binary.segments:
        chosen |= (values >= segment.address) & (values < segment.address + len(segment.data))
    for start, end in binary.code:
        chosen &= (values < start) | (values >= end)
    return chosen
