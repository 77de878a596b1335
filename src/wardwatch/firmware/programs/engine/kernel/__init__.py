"""In: a program's segments, functions and imports as arrays. Out: what running its functions wrote down.

The typed face of the C library beside it (core.h names its parts).
"""

import ctypes
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from wardwatch.compiled import Function, library

OVER, INTO, CARRIER = range(3)
"""Of a function: calls are not followed into it; they are; they are, and what matters is called in there."""
LEADS, LISTENS, USES = 1, 2, 16
"""Marks of a function: it leads to what matters; it reads what may be a key; it reads or writes where its first
argument leads (and, shifted, the second, the third, the fourth)."""
MACHINES: Final = ("arm", "aarch64", "mips", "powerpc", "x86", "x86-64")

SEGMENT: Final = np.dtype(
    [
        ("address", "<u8"),
        ("size", "<u8"),
        ("memory_size", "<u8"),
        ("data", "<u8"),
        ("writable", "u1"),
        ("executable", "u1"),
        ("unused", "u1", 6),
    ]
)
FUNCTION: Final = np.dtype(
    [
        ("start", "<u8"),
        ("end", "<u8"),
        ("extent", "<u8"),
        ("thumb", "<u4"),
        ("enter", "<u4"),
        ("marks", "<u4"),
        ("unused", "<u4"),
    ]
)
IMPORT: Final = np.dtype([("address", "<u8"), ("model", "<u4"), ("import", "<u4")])
RULE: Final = np.dtype([("model", "<u4"), ("unused", "<u4"), ("event", "S16")])
ORIGIN: Final = np.dtype(
    [
        ("kind", "u1"),
        ("size", "u1"),
        ("negative", "u1"),
        ("unused", "u1"),
        ("parent", "<u4"),
        ("number", "<u8"),
    ]
)
COUNTS: Final = (
    "steps paths forks cut_steps cut_paths cut_pages cut_events cut_tries unknown_instructions unresolved outside "
    "events origins"
)


class _Settings(ctypes.Structure):
    _fields_ = (
        *(
            (name, ctypes.c_uint32)
            for name in ["machine", "bits", "big", "nsegments", "nfunctions", "nimports", "nslots", "nrules"]
        ),
        ("gp", ctypes.c_uint64),
        *((name, ctypes.c_void_p) for name in ["segments", "functions", "imports", "slots", "rules"]),
        ("max_steps", ctypes.c_uint64),
        ("max_path_steps", ctypes.c_uint64),
        ("visits", ctypes.c_uint32),
        ("max_paths", ctypes.c_uint32),
        ("max_worn", ctypes.c_uint32),
        ("tells_traps", ctypes.c_uint32),
        ("is_static", ctypes.c_uint32),
        ("max_idle_steps", ctypes.c_uint32),
    )


class _Counts(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in COUNTS.split())


class Bounds(NamedTuple):
    """How far running goes: steps for one function with all paths, for one path, tries of a branch, paths waiting.

    `worn`: decisions of one path at branches that were tried often enough before, after which it gives up.
    `idle_steps`: instructions after which a function is given up where no way showed anything new.
    """

    steps: int = 24_000
    path_steps: int = 12_000
    visits: int = 2
    paths: int = 128
    worn: int = 8
    idle_steps: int = 600


class Program(NamedTuple):
    """What the kernel needs of a program; the arrays belong to the caller, who may change `enter` between runs."""

    machine: int
    bits: int
    big: bool
    gp: int
    segments: npt.NDArray[np.void]
    functions: npt.NDArray[np.void]
    imports: npt.NDArray[np.void]
    slots: npt.NDArray[np.void]
    rules: npt.NDArray[np.void]
    is_static: bool = False


@cache
def _load() -> ctypes.CDLL:
    handle, address, size, number = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32
    functions: tuple[Function, ...] = (
        ("ww_engine_open", handle, [ctypes.POINTER(_Settings)]),
        ("ww_engine_close", None, [handle]),
        ("ww_engine_run", ctypes.c_int, [handle, number]),
        ("ww_engine_begin", ctypes.c_int, [handle, number]),
        ("ww_engine_call", size, [handle, number, ctypes.POINTER(size), number, ctypes.POINTER(size)]),
        ("ww_engine_poke", None, [handle, size, ctypes.c_char_p, number]),
        ("ww_engine_peek", number, [handle, size, ctypes.c_char_p, number]),
        ("ww_engine_events", address, [handle, ctypes.POINTER(size), ctypes.POINTER(size)]),
        ("ww_engine_texts", address, [handle, ctypes.POINTER(size)]),
        ("ww_engine_origins", address, [handle, ctypes.POINTER(size)]),
        ("ww_engine_counts", ctypes.POINTER(_Counts), [handle]),
        ("ww_engine_uses", address, [handle]),
        ("ww_engine_models", number, [ctypes.POINTER(ctypes.c_char_p), number]),
        ("ww_engine_layout", None, [ctypes.POINTER(number)]),
    )
    return library(Path(__file__).parent, functions)


def models() -> dict[str, int]:
    """The models of imported functions that the kernel has, by name."""
    names = (ctypes.c_char_p * 256)()
    count = _load().ww_engine_models(names, 256)
    return {(names[number] or b"").decode(): number for number in range(count)}


def layout() -> list[int]:
    """Sizes of the kernel's structures, as its compiler laid them out."""
    sizes = (ctypes.c_uint32 * 7)()
    _load().ww_engine_layout(sizes)
    return list(sizes)


class Kernel:
    """Runs functions of one program. Use as a context manager, or call `close()`."""

    def __init__(self, program: Program, bounds: Bounds | None = None, *, tells_traps: bool = False) -> None:
        bounds = bounds or Bounds()
        self._library = _load()
        self._program = program  # the kernel points into it
        tables = (program.segments, program.functions, program.imports, program.slots, program.rules)
        settings = _Settings(
            program.machine,
            program.bits,
            program.big,
            *(len(table) for table in tables),
            program.gp,
            *(table.ctypes.data for table in tables),
            bounds.steps,
            bounds.path_steps,
            bounds.visits,
            bounds.paths,
            bounds.worn,
            tells_traps,
            program.is_static,
            bounds.idle_steps,
        )
        self._handle = self._library.ww_engine_open(ctypes.byref(settings))
        if not self._handle:
            raise MemoryError

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Frees the kernel's memory."""
        self.close()

    def close(self) -> None:
        """Free the kernel's memory."""
        self._library.ww_engine_close(self._handle)
        self._handle = None

    def run(self, function: int) -> None:
        """Run function number `function` with nothing known of its arguments."""
        self._library.ww_engine_run(self._handle, function)

    def begin(self, function: int) -> None:
        """Run the function a program begins with, whose variables hold what they begin with."""
        self._library.ww_engine_begin(self._handle, function)

    def call(self, function: int, values: tuple[int, ...]) -> int | None:
        """What the function returns for these arguments; None where that is unknown or it does not return."""
        given = (ctypes.c_uint64 * max(1, len(values)))(*values)
        status = ctypes.c_uint64()
        result: int = self._library.ww_engine_call(self._handle, function, given, len(values), ctypes.byref(status))
        return None if status.value else result

    def poke(self, at: int, data: bytes) -> None:
        """Bytes that are in memory before each call from now on."""
        self._library.ww_engine_poke(self._handle, at, data, len(data))

    def peek(self, at: int, size: int) -> bytes:
        """What the last call left in memory that was poked, as far as it is known."""
        buffer = ctypes.create_string_buffer(max(1, size))
        done: int = self._library.ww_engine_peek(self._handle, at, buffer, size)
        return buffer.raw[:done]

    def events(self) -> bytes:
        """All events so far, one after the other."""
        size, number = ctypes.c_uint64(), ctypes.c_uint64()
        at = self._library.ww_engine_events(self._handle, ctypes.byref(size), ctypes.byref(number))
        return ctypes.string_at(at, size.value) if size.value else b""

    def texts(self) -> bytes:
        """The kept texts."""
        size = ctypes.c_uint64()
        at = self._library.ww_engine_texts(self._handle, ctypes.byref(size))
        return ctypes.string_at(at, size.value)

    def origins(self) -> npt.NDArray[np.void]:
        """All origins, by number."""
        count = ctypes.c_uint64()
        at = self._library.ww_engine_origins(self._handle, ctypes.byref(count))
        return np.frombuffer(ctypes.string_at(at, count.value * ORIGIN.itemsize), ORIGIN)

    def uses(self) -> npt.NDArray[np.uint32]:
        """For those that tell traps: for each function the arguments through which it reads or writes, as marks."""
        count = len(self._program.functions)
        at = self._library.ww_engine_uses(self._handle)
        return np.frombuffer(ctypes.string_at(at, count), np.uint8).astype(np.uint32) * USES

    def counts(self) -> dict[str, int]:
        """What was done, and which bounds were reached how often."""
        counts = self._library.ww_engine_counts(self._handle).contents
        return {name: int(getattr(counts, name)) for name in COUNTS.split()}
