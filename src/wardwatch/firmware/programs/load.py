"""In: the bytes of a program. Out: `Binary`, with functions, imports, sites and pointers to functions."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from wardwatch.errors import InputError

from . import functions, recognised, sites
from .binary import Binary, Machine
from .code import Code, Stretches, got_read, hidden, linkage
from .code import flow as swept
from .elf import ET_DYN, HIGHEST, PT_INTERP, Elf, read
from .flow import Longs, distinct
from .loading import DT_MIPS_GOTSYM, DT_MIPS_LOCAL_GOTNO, DT_PLTGOT, MACHINES, Loaded, loaded
from .memory import Memory
from .pointers import arm_got, arrays, fixed, held, referenced, static_got, with_got
from .ranges import code_stretches, gaps
from .sets import mips
from .sites import Linkage
from .symbols import static_symbols
from .unwind import starts as unwind_starts

CALL_LENGTH: Final = {Machine.MIPS: 8, Machine.X86: 5, Machine.X86_64: 5}
"""Bytes from a direct call to what runs after it; four elsewhere."""
NEVER_RETURN: Final = frozenset(
    {"abort", "exit", "_exit", "_Exit", "quick_exit", "__stack_chk_fail", "__assert_fail", "__assert", "longjmp", "err",
     "_longjmp", "siglongjmp", "__longjmp_chk", "pthread_exit", "thrd_exit", "__fortify_fail", "__chk_fail", "errx",
     "verr", "verrx", "__libc_start_main", "__uClibc_main", "execl_or_die", "__cxa_throw", "__cxa_rethrow",
     "_Unwind_Resume", "_ZSt9terminatev"}
)  # fmt: skip
WINDOW: Final = 1 << 20
OVERLAP: Final = 256
PT_MIPS_REGINFO: Final = 0x70000000


def load(data: bytes) -> Binary:
    """The program with its call graph. InputError where it is no ELF program of a machine that is read."""
    elf = read(data)
    machine = MACHINES.get(elf.machine)
    if machine is None:
        raise InputError(f"a program for a processor that is not read (ELF machine {elf.machine})")
    image = loaded(elf, machine)
    memory = Memory(image.segments, bits=elf.bits, little_endian=elf.little_endian)
    names = functions.named(image.symbols, static_symbols(elf))
    hints = distinct(np.concatenate([names.at, unwind_starts(elf), fixed(elf, memory)]))
    stretches = code_stretches(elf, image.segments)
    hints = hints[functions.inside(hints, stretches)]
    code = Code(machine, memory, stretches, hints, _modes(elf, names.at), *_global_pointer(elf, machine, memory, image))
    image = static_got(image, code) if code.got is not None and not elf.dynamic.get(DT_PLTGOT) else image
    flow, thumb = swept(code)
    if more := hidden(code, flow, gaps(stretches, image.segments)):
        stretches = tuple(sorted((*stretches, *more)))
        code = replace(code, stretches=stretches)
        flow, thumb = swept(code)
    flow = arm_got(flow, elf, image) if machine is Machine.ARM else flow
    image = with_got(image, got_read(code), memory) if machine is Machine.POWERPC else image
    pointers = held(elf, image, code, flow)
    linked = _linkage(image, code)
    unwound = hints & code.plain
    head = functions.LINKAGE_HEAD_X86 if machine in (Machine.X86, Machine.X86_64) else functions.LINKAGE_HEAD
    unwound = unwound[np.isin(hints, names.at) | ~functions.heads(unwound, linked.places, head)]
    sure = _sure(np.concatenate([flow.calls_to, unwound, pointers.got]), linked.places, stretches)
    never = np.array(sorted(at for at, name in linked.imports.items() if name in NEVER_RETURN), np.int64)
    flow = functions.stopped(flow, sure, never, CALL_LENGTH.get(machine, 4), stretches)
    orphans = functions.orphans(flow, sure, pointers.values, linked.places, stretches, head)
    bounds = np.concatenate([linked.places, np.array([end for _, end in stretches], np.int64)])
    plain = {at & code.plain: name for at, name in names.names.items()}
    found = functions.build(sure, orphans, plain, bounds, thumb)
    binary = Binary(
        machine=machine,
        bits=elf.bits,
        little_endian=elf.little_endian,
        entry=elf.entry,
        segments=image.segments,
        imports=linked.imports,
        slots=image.slots,
        names={},
        functions=found,
        sites=sites.build(found, flow, linked, image),
        referenced=referenced(found, pointers),
        gp=code.gp,
        needed=tuple(elf.text(elf.dynamic.get(5, 0) + offset) for offset in elf.needed_offsets),
        position_independent=elf.kind == ET_DYN,
        statically_linked=not elf.needed_offsets and all(header.kind != PT_INTERP for header in elf.headers),
        code=stretches,
        notes=elf.notes + image.notes,
        constants=_sorted(flow.references, flow.values),
        pointers=(image.pointers, image.targets),
        got=image.got,
        traps=_sorted(flow.traps, flow.trap_numbers),
        constructors=tuple(at & code.plain for at in arrays(elf, memory)),
        exported=_exported(elf, image, code.plain),
    )
    return replace(binary, names=recognised.names(binary)) if binary.statically_linked else binary


def _sorted(at: Longs, values: Longs) -> tuple[Longs, Longs]:
    order = np.argsort(at, kind="stable")
    return at[order], values[order]


def _modes(elf: Elf, symbols: Longs) -> Longs:
    """Starts whose bit 0 tells the instruction set (ELF for the Arm Architecture, 5.5.3)."""
    return np.append(symbols, np.array([elf.entry], np.int64)) if elf.entry < HIGHEST else symbols


def _linkage(image: Loaded, code: Code) -> Linkage:
    """The program's linkage table, found by its form: it has no section in a stripped program."""
    imports, inner = dict(image.stubs), dict[int, int]()
    for segment in image.segments:
        if not segment.executable:
            continue
        for first, last in _windows(code.machine, segment.address, segment.address + len(segment.data)):
            entries, slots = linkage(code, first, last)
            place = np.searchsorted(image.pointers, slots)
            for entry, slot, number in zip(entries.tolist(), slots.tolist(), place.tolist(), strict=True):
                if slot in image.slots:
                    imports[entry] = image.slots[slot]
                elif number < len(image.pointers) and image.pointers[number] == slot:
                    inner[entry] = int(image.targets[number]) & code.plain
    return Linkage(imports, inner)


def _windows(machine: Machine, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A segment in parts that overlap by more than an entry, so that what is kept while looking stays small.

    An entry of a PowerPC table is understood by its callers, which may be anywhere.
    """
    step = end - start if machine is Machine.POWERPC else WINDOW
    for first in range(start, end, max(step, 1)):
        yield first, min(end, first + step + OVERLAP)


def _sure(every: Longs, outside: Longs, stretches: Stretches) -> Longs:
    every = distinct(every[functions.inside(every, stretches)])
    return every[~np.isin(every, outside)]


def _global_pointer(elf: Elf, machine: Machine, memory: Memory, image: Loaded) -> tuple[int | None, mips.Global | None]:
    """$gp of MIPS programs, and what it reaches; PIC code of i386 keeps the GOT's own address in EBX.

    $gp lies 0x7ff0 behind the GOT's start (MIPS psABI, chapter 5); in a static program .reginfo says it.
    """
    got = elf.dynamic.get(DT_PLTGOT, 0)
    if machine is Machine.X86 and 0 < got < HIGHEST:
        return got, None
    if machine is not Machine.MIPS:
        return None, None
    if not got:
        place = next((header for header in elf.headers if header.kind == PT_MIPS_REGINFO), None)
        gp = memory.word(place.address + 20) if place else None  # ri_gp_value
        return gp, mips.Global(gp, gp - 0x7FF0, memory.words(gp - 0x7FF0, gp + 0x8010).astype(np.int64)) if gp else None
    count = elf.dynamic.get(DT_MIPS_LOCAL_GOTNO, 0) + len(image.symbols) - elf.dynamic.get(DT_MIPS_GOTSYM, 0)
    words = memory.words(got, got + 4 * max(0, count)).astype(np.int64) if got < HIGHEST else np.empty(0, np.int64)
    return got + 0x7FF0, mips.Global(got + 0x7FF0, got, words)


def _exported(elf: Elf, image: Loaded, plain: int) -> dict[int, str]:
    """The functions that a library offers; a program's own are called by nobody else."""
    if elf.kind != ET_DYN or any(header.kind == PT_INTERP for header in elf.headers):
        return {}
    names = functions.named(image.symbols).names
    return {at & plain: name for at, name in names.items()}
