"""In: programs built for every processor. Out: whether functions, calls, tables and callbacks are the source's."""

import io
from collections.abc import Iterator

import pytest
from built_programs import FIXED, NO_UNWIND, PIE, TARGETS, Build, without_sections
from elftools.elf.elffile import ELFFile

from wardwatch.firmware.programs.binary import Binary
from wardwatch.firmware.programs.callbacks import callbacks, known_name
from wardwatch.firmware.programs.load import load
from wardwatch.firmware.programs.tables import entries

KINDS = [(target, kind) for target in TARGETS for kind in ("fixed", "pie")]
FLAGS = {"fixed": FIXED, "pie": PIE}
IMPORTS = {"__libc_start_main", "pthread_create", "puts", "rand", "signal", "system"}
CALLS = {
    ("worker", "system"),
    ("on_signal", "system"),
    ("act_update", "system"),
    ("act_about", "puts"),
    ("key_c", "system"),
    ("key_q", "puts"),
    ("last", "puts"),
    ("many", "puts"),
    ("many", "system"),
    ("many", "rand"),
    ("many", "choose"),
    ("many", "last"),
    ("many", "press"),
    ("never", "system"),
    ("hand_on", "press"),
    ("main", "signal"),
    ("main", "pthread_create"),
    ("main", "many"),
    ("main", "last"),
    ("_start", "__libc_start_main"),
}
NEAR_ONLY = {("powerpc", "pie")}
"""Secure-PLT stubs of position-independent PowerPC code go through r30, whose value no table tells."""
POINTERS = [kind for kind in KINDS if kind[0] != "powerpc"]
"""For PowerPC zig always writes position-independent code, whose constants go through r30 as well."""


def symbols(data: bytes) -> dict[int, str]:
    """Function symbols as pyelftools reads them."""
    table = ELFFile(io.BytesIO(data)).get_section_by_name(".symtab")
    found = {}
    for symbol in table.iter_symbols():
        defined = symbol["st_shndx"] not in ("SHN_UNDEF", "SHN_ABS")
        if symbol["st_info"]["type"] == "STT_FUNC" and defined:
            found[symbol["st_value"]] = symbol.name
    return found


def own(data: bytes) -> dict[int, str]:
    """The same without what the linker adds."""
    plain = -2 if data[18] == 40 or data[19] == 40 else -1
    names = symbols(data).items()
    return {
        at & plain: name for at, name in names if not name.startswith(("__Thumb", "__ARM", "000080", "compiler_rt"))
    }


def calls(binary: Binary) -> set[tuple[str, str]]:
    """Pairs of names, through the linker's veneers."""
    direct: dict[str, set[str]] = {}
    for number, site in enumerate(binary.sites):
        if name := known_name(binary, number):
            direct.setdefault(binary.functions[site.caller].name, set()).add(name)
    veneers = {name for name in direct if name.startswith(("__Thumb", "__ARM"))}
    return {
        (caller, last)
        for caller, names in direct.items()
        if caller not in veneers
        for last in through(names, direct, veneers)
    }


def through(names: set[str], direct: dict[str, set[str]], veneers: set[str]) -> Iterator[str]:
    for name in names:
        yield from direct[name] if name in veneers else (name,)


@pytest.mark.parametrize("size", ["-O0", "-O2", "-Os"])
@pytest.mark.parametrize(("target", "kind"), KINDS)
def test_functions_are_those_of_the_symbol_table(build: Build, target: str, kind: str, size: str) -> None:
    data = build("menu", target, size, *FLAGS[kind])
    found = {function.start: function.name for function in load(data).functions if function.sure}
    truth = own(data)
    assert {at: found.get(at) for at in truth} == truth


@pytest.mark.parametrize("size", ["-O0", "-O2", "-Os"])
@pytest.mark.parametrize(("target", "kind"), [kind for kind in KINDS if kind not in NEAR_ONLY])
def test_calls_are_those_of_the_source(build: Build, target: str, kind: str, size: str) -> None:
    binary = load(build("menu", target, size, *FLAGS[kind]))
    names = set(own(build("menu", target, size, *FLAGS[kind])).values()) | IMPORTS
    seen = {(caller, callee) for caller, callee in calls(binary) if caller in names and callee in names}
    assert seen == CALLS


@pytest.mark.parametrize(("target", "kind"), KINDS)
def test_a_program_without_sections_keeps_its_functions(build: Build, target: str, kind: str) -> None:
    whole = build("menu", target, "-O2", *FLAGS[kind], *NO_UNWIND)
    bare = load(without_sections(whole))
    names = own(whole)
    starts = {function.start for function in bare.functions}
    assert {names[at] for at in names if at not in starts} <= {
        "last",
        "never",
        "hand_on",
    }  # nothing leads to them once inlined
    extra = {function.start for function in bare.functions if function.sure} - set(symbols(whole)) - set(names)
    assert not {at for at in extra if at - 1 not in symbols(whole) and at + 1 not in symbols(whole)}


@pytest.mark.parametrize(("target", "kind"), [kind for kind in KINDS if kind not in NEAR_ONLY])
def test_a_program_without_sections_keeps_its_imports(build: Build, target: str, kind: str) -> None:
    whole = build("menu", target, "-O2", *FLAGS[kind])
    before, after = load(whole), load(without_sections(whole))
    used = {site.imported for site in after.sites} - {""}
    assert used == IMPORTS
    assert {site.address for site in before.sites if site.imported} == {
        site.address for site in after.sites if site.imported
    }


@pytest.mark.parametrize("size", ["-O0", "-O2", "-Os"])
@pytest.mark.parametrize(("target", "kind"), POINTERS)
def test_menu_and_keys_are_read_from_their_tables(build: Build, target: str, kind: str, size: str) -> None:
    binary = load(build("menu", target, size, *FLAGS[kind]))
    seen = {
        (binary.functions[binary.sites[entry.site].caller].name, binary.functions[entry.function].name, entry.label)
        for entry in entries(binary)
    }
    menu = {("choose", "act_update", "Update software"), ("choose", "act_about", "About")}
    keys = {("press", "key_c", "key 'C'"), ("press", "key_q", "key 'Q'")}
    assert menu | keys <= seen
    assert {(function, label) for _, function, label in seen} == {
        (function, label) for _, function, label in menu | keys
    }


@pytest.mark.parametrize("size", ["-O0", "-O2", "-Os"])
@pytest.mark.parametrize(("target", "kind"), POINTERS)
def test_threads_signals_and_main_are_handed_on(build: Build, target: str, kind: str, size: str) -> None:
    binary = load(build("menu", target, size, *FLAGS[kind]))
    seen = {(known_name(binary, one.site), binary.functions[one.function].name) for one in callbacks(binary)}
    assert {("signal", "on_signal"), ("pthread_create", "worker"), ("__libc_start_main", "main")} <= seen
    sure = {
        (known_name(binary, one.site), binary.functions[one.function].name) for one in callbacks(binary) if one.sure
    }
    assert sure <= {("signal", "on_signal"), ("pthread_create", "worker"), ("__libc_start_main", "main")}


@pytest.mark.parametrize("target", ["a32", "t32"])
def test_the_instruction_set_is_told_without_symbols(build: Build, target: str) -> None:
    whole = build("menu", target, "-O2", *FIXED)
    names = {at & -2 for at in own(whole)}
    found = {one.start: one.thumb for one in load(without_sections(whole)).functions if one.start in names}
    assert set(found.values()) == {target == "t32"}


@pytest.mark.parametrize("target", list(TARGETS))
def test_functions_do_not_overlap_and_hold_their_sites(build: Build, target: str) -> None:
    binary = load(build("menu", target, "-O2", *FIXED))
    for before, after in zip(binary.functions, binary.functions[1:], strict=False):
        assert before.start < before.end <= after.start
    for site in binary.sites:
        assert binary.functions[site.caller].start <= site.address < binary.functions[site.caller].end
    assert list(binary.sites.addresses) == sorted(binary.sites.addresses)
