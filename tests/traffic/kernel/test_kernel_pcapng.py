"""pcapng files, golden: sections, interfaces, units of time, blocks of every kind, damage."""

from collections.abc import Callable
from struct import pack
from types import ModuleType
from typing import Any

import pytest

Read = Callable[..., Any]


HELLO = ["6 10.0.0.1:40000 > 10.0.0.2:515 1 0"]
SECOND = 10**9


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders(order: str, wire: ModuleType, read: Read) -> None:
    data = (
        wire.section(order)
        + wire.interface(order=order)
        + wire.enhanced(wire.eth(wire.hello()), 1_700_000_000_123_456, order=order)
    )
    seen = read(data)
    assert seen.text() == HELLO
    assert seen.flow["first"] == 1_700_000_000_123_456_000
    assert seen.walked.format == "pcapng"


@pytest.mark.parametrize(
    ("resolution", "units", "expected"),
    [
        (6, 1_500_000, 1_500_000_000),
        (9, 1_500_000_001, 1_500_000_001),
        (3, 1500, 1_500_000_000),
        (0, 7, 7 * SECOND),
        (12, 1_500_000_000_999, 1_500_000_000),
        (0x80 | 10, 1536, 1_500_000_000),
        (0x80 | 32, (7 << 32) + (1 << 31), 7_500_000_000),
        (0x80, 7, 7 * SECOND),
        (127, 2**64 - 1, 0),
        (0xFF, 2**64 - 1, 0),
        (0, 2**64 - 1, 2**63 - 1),
    ],
)
def test_units_of_time(resolution: int, units: int, expected: int, wire: ModuleType, read: Read) -> None:
    options = wire.option(9, bytes([resolution])) + wire.option(0, b"")
    data = wire.section() + wire.interface(options=options) + wire.enhanced(wire.eth(wire.hello()), units)
    assert read(data).flow["first"] == expected


def test_an_offset_in_seconds_is_added(wire: ModuleType, read: Read) -> None:
    options = wire.option(14, pack("<q", 1000))
    data = wire.section() + wire.interface(options=options) + wire.enhanced(wire.eth(wire.hello()), 2_000_000)
    assert read(data).flow["first"] == 1002 * SECOND


@pytest.mark.parametrize("offset", [2**62, -(2**62), -(2**63)])
def test_an_absurd_offset_does_no_harm(offset: int, wire: ModuleType, read: Read) -> None:
    options = wire.option(14, pack("<q", offset))
    data = wire.section() + wire.interface(options=options) + wire.enhanced(wire.eth(wire.hello()), 2_000_000)
    assert read(data).flow["first"] == (2**63 - 1 if offset > 0 else 0)


def test_interfaces_have_their_own_link_type_and_unit(wire: ModuleType, read: Read) -> None:
    data = (
        wire.section()
        + wire.interface(1)
        + wire.interface(101, options=wire.option(2, b"eth0") + wire.option(9, b"\x09"))
        + wire.enhanced(wire.eth(wire.hello()), 1_000_000, 0)
        + wire.enhanced(wire.hello(), 2_000_000_000, 1)
    )
    seen = read(data)
    assert seen.flow["packets"].tolist() == [2, 0]
    assert (seen.flow["first"], seen.flow["last"]) == (SECOND, 2 * SECOND)
    assert seen.walked.linktypes == {1: 1, 101: 1}


def test_a_new_section_begins_anew_in_its_own_byte_order(wire: ModuleType, read: Read) -> None:
    data = (
        wire.section()
        + wire.interface(1)
        + wire.enhanced(wire.eth(wire.hello()), 1_000_000)
        + wire.section(">")
        + wire.interface(101, order=">")
        + wire.enhanced(wire.hello(), 2_000_000, order=">")
    )
    assert read(data).flow["packets"].tolist() == [2, 0]


def test_a_simple_packet_has_no_time_and_is_cut_by_the_interface(wire: ModuleType, read: Read) -> None:
    frame = wire.eth(wire.ip4(wire.tcp(b"x" * 100)))
    data = (
        wire.section()
        + wire.interface(1, snaplen=80)
        + wire.enhanced(wire.eth(wire.hello()), 5_000_000)
        + wire.simple(frame[:80], wire=len(frame))
    )
    seen = read(data)
    assert (seen.flow["last"], seen.walked.timeless, seen.walked.cut) == (5 * SECOND, 1, 1)
    assert seen.flow["payload"].tolist() == [105, 0]


def test_the_obsolete_packet_block_is_read(wire: ModuleType, read: Read) -> None:
    data = wire.section() + wire.interface() + wire.obsolete(wire.eth(wire.hello()), 1_000_000)
    assert read(data).text() == HELLO


def test_other_blocks_are_passed_over(wire: ModuleType, read: Read) -> None:
    names = wire.block(4, pack("<HH", 1, 8) + bytes([10, 0, 0, 9]) + b"ward" + pack("<HH", 0, 0))
    others = names + wire.block(5, bytes(12)) + wire.block(0x0BAD, bytes(40)) + wire.block(0x12345678, bytes(700_000))
    data = wire.section() + wire.interface() + others + wire.enhanced(wire.eth(wire.hello()), 1_000_000) + others
    seen = read(data, chunk=65536)
    assert seen.text() == HELLO
    assert (seen.walked.packets, seen.walked.resyncs, seen.walked.oversize, seen.walked.tail) == (1, 0, 0, 0)


def test_a_packet_of_an_undeclared_interface_is_counted(wire: ModuleType, read: Read) -> None:
    data = (
        wire.section()
        + wire.interface()
        + wire.enhanced(wire.eth(wire.hello()), 0, 7)
        + wire.enhanced(wire.eth(wire.hello()))
    )
    seen = read(data)
    assert (seen.walked.undeclared, seen.walked.packets, seen.walked.decoded) == (1, 2, 1)
    assert seen.flow["number"] == 2


def test_a_packet_that_is_too_long_is_passed_over_and_counted(wire: ModuleType, read: Read) -> None:
    data = wire.section() + wire.interface() + wire.enhanced(bytes(600_000)) + wire.enhanced(wire.eth(wire.hello()))
    seen = read(data, chunk=65536)
    assert seen.text() == HELLO
    assert (seen.walked.oversize, seen.walked.packets) == (1, 2)


@pytest.mark.parametrize("junk", [b"\xff" * 44, bytes(12), b"\x06\0\0\0\xff\xff\0\0", b"x"])
def test_reading_goes_on_after_damage(junk: bytes, wire: ModuleType, read: Read) -> None:
    packets = [wire.enhanced(wire.eth(wire.ip4(wire.tcp(b"hello", seq=5 * i))), i) for i in range(6)]
    start = wire.section() + wire.interface() + b"".join(packets[:3])
    seen = read(start + junk + b"".join(packets[3:]))
    assert seen.flow["packets"].tolist() == [6, 0]
    assert (seen.walked.resyncs, seen.walked.resync_bytes, seen.walked.resync_at) == (1, len(junk), len(start))


def test_a_block_whose_lengths_differ_is_damage(wire: ModuleType, read: Read) -> None:
    bad = bytearray(wire.enhanced(wire.eth(wire.hello())))
    bad[-4:] = pack("<I", 4)
    data = wire.section() + wire.interface() + bytes(bad) + wire.enhanced(wire.eth(wire.hello()))
    seen = read(data)
    assert seen.flow["packets"].tolist() == [1, 0]
    assert seen.walked.resync_bytes == len(bad)


def test_an_unfinished_block_at_the_end_is_counted(wire: ModuleType, read: Read) -> None:
    data = wire.section() + wire.interface() + wire.enhanced(wire.eth(wire.hello()))
    walked = read(data[:-8]).walked
    assert (walked.packets, walked.tail) == (0, len(wire.enhanced(wire.eth(wire.hello()))) - 8)


def test_a_captured_length_beyond_the_block_is_cut_to_it(wire: ModuleType, read: Read) -> None:
    frame = wire.eth(wire.hello())
    body = pack("<IIIII", 0, 0, 0, 60_000, 60_000) + frame
    seen = read(wire.section() + wire.interface() + wire.block(6, body))
    assert seen.text() == HELLO
    assert seen.walked.cut == 1


def test_more_interfaces_than_anybody_has_do_no_harm(wire: ModuleType, read: Read) -> None:
    data = wire.section() + wire.interface() * 3000 + wire.enhanced(wire.eth(wire.hello()), 0, 2999)
    assert read(data).walked.undeclared == 1
