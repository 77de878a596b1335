"""In: damaged programs. Out: whether only InputError comes out, and partial input gives its partial result."""

import struct
from contextlib import suppress

import pytest
from built_programs import FIXED, TARGETS, Build
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wardwatch.errors import InputError
from wardwatch.firmware.programs.facts import analyse
from wardwatch.firmware.programs.load import load
from wardwatch.firmware.programs.memory import Memory

QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(data: bytes) -> None:
    """Loads, or refuses in the project's own words; and the front never raises."""
    with suppress(InputError):
        load(data)
    assert analyse("/bin/x", data).file == "/bin/x"


@pytest.mark.parametrize("target", list(TARGETS))
@given(data=st.data())
@QUIET
def test_damaged_bytes(build: Build, target: str, data: st.DataObject) -> None:
    program = bytearray(build("menu", target, "-O2", *FIXED))
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, 0x400) | st.integers(0, len(program) - 4))
        value = data.draw(
            st.sampled_from([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\x80"])
            | st.binary(min_size=1, max_size=4)
        )
        program[at : at + len(value)] = value
    read(bytes(program))


@pytest.mark.parametrize("target", ["a32", "mips", "x86-64"])
@given(keep=st.floats(0, 1))
@QUIET
def test_cut_off_anywhere(build: Build, target: str, keep: float) -> None:
    program = build("menu", target, "-O2", *FIXED)
    read(program[: int(keep * len(program))])


@given(st.binary(max_size=4096))
@QUIET
def test_anything_behind_an_elf_header(rest: bytes) -> None:
    read(b"\x7fELF\x01\x01\x01" + bytes(9) + rest)


def elf32(headers: list[tuple[int, ...]], size: int = 4096, machine: int = 40) -> bytes:
    """An ELF32 file with these program headers (type, offset, address, file size, memory size, flags)."""
    head = b"\x7fELF\x01\x01\x01" + bytes(9)
    head += struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, 0x10100, 52, 0, 0x05000000, 52, 32, len(headers), 40, 0, 0)
    table = b"".join(
        struct.pack("<8I", kind, offset, address, address, filesz, memsz, flags, 4)
        for kind, offset, address, filesz, memsz, flags in headers
    )
    return (head + table).ljust(size, b"\0")


def test_a_segment_that_promises_more_than_the_file_has_is_read_as_far_as_it_goes() -> None:
    binary = load(elf32([(1, 0, 0x10000, 0x7FFFFFFF, 0x7FFFFFFF, 5)]))
    assert [len(segment.data) for segment in binary.segments] == [4096]
    assert any("4096" in note for note in binary.notes)


def test_a_segment_of_memory_without_end_takes_none() -> None:
    binary = load(elf32([(1, 0, 0x10000, 4096, 0xFFFFFFFF, 7)]))
    assert binary.segments[0].memory_size == 0xFFFFFFFF
    assert len(binary.segments[0].data) == 4096


def test_of_overlapping_segments_the_later_hides_the_earlier() -> None:
    data = bytearray(elf32([(1, 0, 0x10000, 4096, 4096, 5), (1, 2048, 0x10000, 16, 16, 6)]))
    data[2048:2052] = b"late"
    binary = load(bytes(data))
    assert Memory(binary.segments, bits=32, little_endian=True).at(0x10000, 4) == b"late"


def test_thousands_of_segments_are_bounded_and_said() -> None:
    binary = load(elf32([(1, 0, 0x10000, 4096, 4096, 5)] * 1100, size=40000))
    assert len(binary.segments) <= 64
    assert any("1100 segments" in note for note in binary.notes)


def test_millions_of_symbols_are_bounded() -> None:
    """A dynamic symbol table that claims as many symbols as fit into a file of 32 MB, all names without an end."""
    size = 32 << 20
    data = bytearray(elf32([(1, 0, 0x10000, size, size, 5), (2, 0x200, 0x10200, 64, 64, 6)], size=size))
    entries = [(4, 0x10300), (5, 0x10400), (6, 0x10400), (10, size), (0, 0)]
    data[0x200 : 0x200 + 40] = b"".join(struct.pack("<II", *entry) for entry in entries)
    data[0x300:0x308] = struct.pack("<II", 1, 10_000_000)
    data[0x400:] = b"\x12" * (size - 0x400)
    assert load(bytes(data)).bits == 32


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not an ELF"),
        (b"\x7fELF", "not an ELF"),
        (b"MZ" + bytes(100), "not an ELF"),
        (elf32([]), "no program"),
        (elf32([(1, 0, 0x10000, 4096, 4096, 5)], machine=2), "processor"),
    ],
)
def test_what_is_no_program_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        load(data)
    facts = analyse("/bin/x", data)
    assert [why in part.why for part in facts.unread] == [True]
    assert facts.unread[0].bears_on == ("*",)


def test_false_section_headers_hide_no_code(build: Build) -> None:
    """Sections that call only the entry's first bytes code: the calls elsewhere are still seen."""
    program = bytearray(build("menu", "a32", "-O2", *FIXED))
    truth = load(bytes(program))
    shoff, shnum = struct.unpack_from("<I", program, 0x20)[0], struct.unpack_from("<H", program, 0x30)[0]
    for number in range(shnum):
        at = shoff + 40 * number
        flags, address = struct.unpack_from("<II", program, at + 8)
        if flags & 4 and address <= truth.entry < address + struct.unpack_from("<I", program, at + 20)[0]:
            struct.pack_into("<II", program, at + 12, truth.entry, truth.entry - address)
            struct.pack_into("<I", program, at + 20, 16)
    seen = {(site.address, site.imported) for site in load(bytes(program)).sites}
    assert {(site.address, site.imported) for site in truth.sites if site.imported == "system"} <= seen
