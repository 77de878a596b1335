"""In: programs. Out: whether edges, roots and open ends say what the source does."""

import pytest
from built_programs import FIXED, PIE, TARGETS, Build, without_sections

from wardwatch.firmware.programs.binary import Binary
from wardwatch.firmware.programs.disassembly import around, disassemble
from wardwatch.firmware.programs.facts import Recovered, analyse
from wardwatch.firmware.programs.load import load
from wardwatch.firmware.programs.memory import Memory
from wardwatch.firmware.programs.shapes import shapes, texts
from wardwatch.firmware.words import CodeFacts, Place, Trigger, Unread, Via

POINTERS = [target for target in TARGETS if target != "powerpc"]
"""For PowerPC zig always writes position-independent code, whose constants go through r30: the engine's work."""


def engine(_file: str, _binary: object) -> Recovered:
    return Recovered()


def edges(facts: CodeFacts, via: Via) -> set[tuple[str, str, str]]:
    return {(edge.caller.function, edge.callee.function, edge.label) for edge in facts.edges if edge.via is via}


@pytest.mark.parametrize("target", POINTERS)
def test_edges_and_roots_of_the_menu(build: Build, target: str) -> None:
    facts = analyse("/opt/bin/monitor", build("menu", target, "-O2", *FIXED), engine)
    assert ("main", "worker", "") in edges(facts, Via.THREAD)
    assert ("main", "on_signal", "") in edges(facts, Via.SIGNAL)
    assert ("choose", "act_update", "Update software") in edges(facts, Via.TABLE)
    assert ("press", "key_c", "key 'C'") in edges(facts, Via.TABLE)
    roots = {(root.at.function, root.trigger, root.label) for root in facts.roots}
    assert ("_start", Trigger.START_UP, "") in roots
    assert ("on_signal", Trigger.SIGNAL, "") in roots
    assert ("act_update", Trigger.MENU, "Update software") in roots
    assert ("key_c", Trigger.KEY, "key 'C'") in roots
    assert "never" not in {edge.callee.function for edge in facts.edges} | {root.at.function for root in facts.roots}
    assert facts.unread == ()


def test_edges_have_plain_ends_and_an_address_at_their_site(build: Build) -> None:
    facts = analyse("/bin/x", build("menu", "a32", "-O2", *FIXED), engine)
    for edge in facts.edges:
        assert edge.caller.address is None
        assert edge.callee.address is None
        assert edge.site is not None
        start, end = facts.functions[edge.caller.function]
        assert start <= (edge.site.address or 0) < end
    assert {edge.sure for edge in facts.edges if edge.via is Via.TABLE} == {False}


def test_without_an_engine_arguments_stay_open(build: Build) -> None:
    facts = analyse("/bin/x", build("menu", "a32", "-O2", *FIXED))
    assert [part.why for part in facts.unread] == ["no engine followed its code"]


def test_what_the_engine_says_is_kept(build: Build) -> None:
    more = Unread(Place("/bin/x", "main"), "a loop", "it was cut short")
    facts = analyse("/bin/x", build("menu", "a32", "-O2", *FIXED), lambda _file, _binary: Recovered(unread=(more,)))
    assert facts.unread == (more,)


def test_calls_through_unknown_pointers_are_counted_until_the_engine_knows_them(build: Build) -> None:
    data = build("pointer", "a32", "-O2", *FIXED)
    facts = analyse("/bin/x", data, engine)
    assert [(part.at.function, part.what) for part in facts.unread] == [("twice", "2 calls through pointers")]
    binary = load(data)
    sites = frozenset(site.address for site in binary.sites if site.callee is None and not site.imported)
    assert analyse("/bin/x", data, lambda _file, _binary: Recovered(resolved=sites)).unread == ()


def test_a_packed_program_is_a_gap(build: Build) -> None:
    data = build("menu", "a32", "-O2", *FIXED)
    assert not [part for part in analyse("/bin/x", data, engine).unread if "packed" in part.why]
    packed = analyse("/bin/x", data + b"UPX!" + bytes(32), engine)
    assert not [part for part in packed.unread if "packed" in part.why]  # outside every segment
    inside = bytearray(data)
    inside[0x8 : 0x8 + 4] = b"UPX!"
    assert [part.bears_on for part in analyse("/bin/x", bytes(inside), engine).unread if "UPX" in part.why] == [("*",)]


@pytest.mark.parametrize("target", list(TARGETS))
def test_output_is_the_same_twice(build: Build, target: str) -> None:
    data = build("menu", target, "-O2", *PIE)
    assert analyse("/bin/x", data, engine) == analyse("/bin/x", data, engine)


@pytest.mark.parametrize("target", list(TARGETS))
def test_shapes_do_not_change_when_addresses_move(build: Build, target: str) -> None:
    before = shapes(load(build("menu", target, "-O2", *FIXED)))
    moved = shapes(load(build("menu", target, "-O2", *FIXED, "-Wl,--image-base=0x400000")))
    names = {"act_update", "act_about", "never", "key_c"}
    assert {name: before[name] for name in names} == {name: moved[name] for name in names}
    assert len({before[name] for name in ("act_update", "act_about", "never")}) == 3


@pytest.mark.parametrize("target", POINTERS)
def test_texts_are_those_a_function_refers_to(build: Build, target: str) -> None:
    binary = load(build("menu", target, "-O2", *FIXED))
    said = {binary.functions[number].name: them for number, them in texts(binary).items()}
    assert said["act_update"] == ("mount -t nfs 192.0.2.1:/pm /mnt",)
    assert said["never"] == ("never called",)


@pytest.mark.parametrize("target", list(TARGETS))
def test_disassembly_marks_the_call(build: Build, target: str) -> None:
    binary = load(build("menu", target, "-O2", *FIXED))
    function = next(one for one in binary.functions if one.name == "act_update")
    site = next(one for one in binary.sites if binary.functions[one.caller] is function)
    lines = disassemble(binary, function, site.address)
    assert [line.address for line in lines if line.marked] == [site.address]
    assert b"".join(bytes.fromhex(line.encoded) for line in lines) == whole(binary, function.start, function.end)
    part = around(binary, site.address, before=2, after=1)
    assert [line.marked for line in part].count(True) == 1
    assert len(part) <= 4


def whole(binary: Binary, start: int, end: int) -> bytes:
    return Memory(binary.segments, bits=binary.bits, little_endian=binary.little_endian).at(start, end - start)


def test_a_program_without_symbols_gives_its_functions_their_addresses(build: Build) -> None:
    facts = analyse("/bin/x", without_sections(build("menu", "a32", "-O2", *FIXED)), engine)
    assert facts.functions
    assert all(name == f"sub_{start:x}" for name, (start, _) in facts.functions.items())
