"""In: a program. Out: the functions handed to threads, signals, timers and other callers, and the call that does so.

A function's address built right before such a call is taken for its argument. Where the engine recovered the argument
itself, that counts instead (`handed`).
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from wardwatch.firmware.words import Via

from .binary import Binary
from .flow import distinct
from .tables import followed

TAKERS: Final[Mapping[str, Via]] = {
    **dict.fromkeys(("pthread_create", "thrd_create", "clone", "__clone", "makecontext"), Via.THREAD),
    **dict.fromkeys(
        ("signal", "bsd_signal", "sysv_signal", "__sysv_signal", "ssignal", "sigset", "sigaction", "__sigaction",
         "__libc_sigaction", "sigvec"), Via.SIGNAL),
    **dict.fromkeys(
        ("timer_create", "g_timeout_add", "g_timeout_add_seconds", "g_timeout_add_full", "gtk_timeout_add",
         "uloop_timeout_add", "event_assign", "event_new", "event_set", "uv_timer_start"), Via.TIMER),
    **dict.fromkeys(
        ("atexit", "at_quick_exit", "on_exit", "__cxa_atexit", "pthread_once", "call_once", "pthread_atfork",
         "pthread_key_create", "qsort", "qsort_r", "bsearch", "lfind", "lsearch", "tsearch", "tfind", "tdelete",
         "twalk", "scandir", "scandir64", "ftw", "nftw", "ftw64", "nftw64", "glob", "glob64", "fopencookie",
         "g_idle_add", "g_signal_connect_data", "g_thread_new", "obstack_begin", "svc_register", "curl_easy_setopt",
         "xmlSAXUserParseFile", "SSL_CTX_set_verify", "SSL_CTX_set_default_passwd_cb", "ev_io_start", "uv_listen",
         "uv_read_start", "sqlite3_exec", "dl_iterate_phdr", "usb_hotplug_register_callback"),
        Via.CALLBACK),
    **dict.fromkeys(("__libc_start_main", "__uClibc_main", "__uClibc_start_main"), Via.CALL),
}  # fmt: skip
"""Imported functions that call what they are handed."""
DELAY: Final = 8
"""An argument may be built in the delay slot behind the call (MIPS)."""


class Handed(NamedTuple):
    """Site number, the function handed on, how it is run, and whether that is certain."""

    site: int
    function: int
    via: Via
    sure: bool


def known_name(binary: Binary, site: int) -> str:
    """The name of what a site calls: an import, a symbol, or a recognised function of a static program."""
    name, callee = int(binary.sites.names[site]), int(binary.sites.callees[site])
    if name >= 0:
        return binary.sites.imported[name]
    if callee < 0:
        return ""
    function = binary.functions[callee]
    return binary.names.get(function.start, function.name)


def taken(
    binary: Binary,
) -> tuple["np.ndarray[tuple[int], np.dtype[np.int64]]", "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """Where code builds the address of a function, and of which (by number), in order of address."""
    starts = np.array([function.start for function in binary.functions], np.int64)
    at, values = binary.constants
    values = followed(binary, values)
    values = _held(binary, values) & binary.plain
    if not len(starts):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    place = np.minimum(np.searchsorted(starts, values), len(starts) - 1)
    hit = starts[place] == values
    return at[hit], place[hit]


def _held(
    binary: Binary, values: "np.ndarray[tuple[int], np.dtype[np.int64]]"
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Constants; those that are the place of a function's pointer count as the function: code loads it from there."""
    held = {place: start for start, places in binary.referenced.items() for place in places}
    places = np.array(sorted(held), np.int64)
    if not len(places):
        return values
    starts = np.array([held[place] for place in places.tolist()], np.int64)
    number = np.minimum(np.searchsorted(places, values), len(places) - 1)
    return np.where(places[number] == values, starts[number], values)


def callbacks(binary: Binary) -> Iterator[Handed]:
    """Every function handed to one of `TAKERS`."""
    at, which = taken(binary)
    sites = binary.sites
    by_callee = {number: binary.names.get(one.start, one.name) for number, one in enumerate(binary.functions)}
    callees = [number for number, name in by_callee.items() if name in TAKERS]
    imported = [number for number, name in enumerate(sites.imported) if name in TAKERS]
    chosen = np.flatnonzero(np.isin(sites.names, imported) | np.isin(sites.callees, callees))
    for site in chosen.tolist():
        caller = binary.functions[int(sites.callers[site])]
        address = int(sites.addresses[site])
        before = int(sites.addresses[site - 1]) if site else 0
        near = (at > max(before + (DELAY if before >= caller.start else 0), caller.start - 1)) & (at < address + DELAY)
        candidates = distinct(which[near & (at < caller.end)])
        alone = len(candidates) == 1
        if not len(candidates):
            candidates = distinct(which[(at >= caller.start) & (at < min(address + DELAY, caller.end))])
        via = TAKERS[known_name(binary, site)]
        for function in candidates.tolist():
            yield Handed(site, function, via, alone or via is Via.CALL)


def handed(binary: Binary, name: str, arguments: Mapping[int, int]) -> tuple[tuple[int, Via], ...]:
    """For the engine: which of a call's recovered constant arguments are functions that `name` runs, and how."""
    number = {function.start: place for place, function in enumerate(binary.functions)}
    via = TAKERS.get(name, Via.CALLBACK)
    found = (number.get(value & binary.plain) for value in arguments.values())
    return tuple((function, via) for function in found if function is not None)
