"""pcap files, golden: byte orders, units of time, damage, records too long."""

from collections.abc import Callable
from struct import pack
from types import ModuleType
from typing import Any

import pytest

Read = Callable[..., Any]


HELLO = ["6 10.0.0.1:40000 > 10.0.0.2:515 1 0"]
START = 1_700_000_000


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "scale"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_both_byte_orders_and_both_units(order: str, magic: int, scale: int, wire: ModuleType, read: Read) -> None:
    head = wire.pcap([], order=order, magic=magic)
    seen = read(head + pack(f"{order}II", START, 123456) + pack(f"{order}II", 59, 59) + wire.eth(wire.hello()))
    assert seen.text() == HELLO
    assert seen.flow["first"] == START * 10**9 + 123456 * scale
    assert (seen.walked.first, seen.walked.last) == (seen.flow["first"], seen.flow["first"])


def test_the_modified_format_has_a_longer_record_header(wire: ModuleType, read: Read) -> None:
    head = wire.pcap([], magic=0xA1B2CD34)
    record = pack("<IIII", START, 0, 59, 59) + pack("<IHBB", 2, 0x0800, 0, 0) + wire.eth(wire.hello())
    assert read(head + record * 2).text() == ["6 10.0.0.1:40000 > 10.0.0.2:515 2 0"]


def test_a_file_without_packets_is_a_capture(wire: ModuleType, read: Read) -> None:
    walked = read(wire.pcap([])).walked
    assert (walked.format, walked.packets, walked.first, walked.tail) == ("pcap", 0, None, 0)


def test_an_unknown_version_is_said(wire: ModuleType, read: Read) -> None:
    data = bytearray(wire.pcap([wire.eth(wire.hello())]))
    data[4] = 9
    assert read(bytes(data)).walked.stopped == "unknown version"


def test_something_else_is_no_capture(read: Read) -> None:
    walked = read(b"PK\x03\x04" + bytes(100)).walked
    assert (walked.format, walked.stopped) == ("", "not a capture")


def test_an_unfinished_record_at_the_end_is_counted(wire: ModuleType, read: Read) -> None:
    data = wire.pcap([wire.eth(wire.hello())] * 3)
    walked = read(data[:-10]).walked
    assert (walked.packets, walked.tail) == (2, 16 + 59 - 10)


def test_a_record_of_the_longest_kind_is_read(wire: ModuleType, read: Read) -> None:
    packet = wire.eth(wire.ip4(wire.tcp(b"x" * 300_000), total=0))
    seen = read(wire.pcap([packet, wire.eth(wire.hello())], snaplen=400_000), chunk=65536)
    assert seen.flow["payload"].tolist() == [300_005, 0]


def test_a_record_that_is_too_long_is_passed_over_and_counted(wire: ModuleType, read: Read) -> None:
    long = wire.eth(wire.ip4(wire.tcp(b"x" * 600_000), total=0))
    data = wire.pcap([long, wire.eth(wire.hello())], snaplen=700_000)
    seen = read(data, chunk=65536)
    assert seen.text() == HELLO
    assert (seen.walked.oversize, seen.walked.oversize_bytes, seen.walked.packets) == (1, len(long), 2)
    assert seen.flow["number"] == 2


def damaged(wire: ModuleType, junk: bytes) -> tuple[bytes, int]:
    good = [wire.eth(wire.ip4(wire.tcp(b"hello", seq=1000 + 5 * i))) for i in range(10)]
    whole = wire.pcap(good)
    size = 16 + 59
    at = 24 + 4 * size
    return whole[:at] + junk + whole[at:], at


@pytest.mark.parametrize("junk", [b"\xff" * 40, b"\xff" * 3, bytes(range(255, 0, -1)) * 100])
def test_reading_goes_on_after_damage(junk: bytes, wire: ModuleType, read: Read) -> None:
    data, at = damaged(wire, junk)
    seen = read(data)
    assert seen.flow["packets"].tolist() == [10, 0]
    assert (seen.walked.resyncs, seen.walked.resync_bytes, seen.walked.resync_at) == (1, len(junk), at)


def test_a_record_header_that_was_destroyed_costs_its_packet_only(wire: ModuleType, read: Read) -> None:
    data, at = damaged(wire, b"")
    broken = data[:at] + b"\xff" * 16 + data[at + 16 :]
    seen = read(broken)
    assert seen.flow["packets"].tolist() == [9, 0]
    assert seen.flow["missing"].tolist() == [5, 0]
    assert seen.walked.resync_bytes == 16 + 59


def test_damage_without_end_stops_the_reading_and_says_where(wire: ModuleType, read: Read) -> None:
    data, at = damaged(wire, b"\xff" * (5 << 20))
    seen = read(data, chunk=65536)
    assert seen.flow["packets"].tolist() == [4, 0]
    assert seen.walked.stopped == "damaged"
    assert seen.walked.stopped_at == at + (4 << 20)


def test_times_may_go_backwards(wire: ModuleType, read: Read) -> None:
    flow = read(wire.pcap([(wire.eth(wire.hello()), 5_000_000), (wire.eth(wire.hello()), 3_000_000)])).flow
    assert (flow["first"], flow["last"]) == (5 * 10**9, 5 * 10**9)


def test_packets_are_counted_from_one_in_each_file(wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.eth(wire.ip4(wire.udp(b"x", 5000 + i), proto=17)) for i in range(3)]))
    assert seen.flows["number"].tolist() == [1, 2, 3]
    assert [segment.number for segment in seen.batches] == [1, 2, 3]
