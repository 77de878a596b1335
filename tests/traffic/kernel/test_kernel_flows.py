"""Conversations, golden: who began, when one ends and another begins, what is missing, what a full table lets go."""

from collections.abc import Callable
from ipaddress import ip_network
from struct import pack
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from wardwatch.errors import UsageError
from wardwatch.traffic.kernel import Kernel, Settings

Read = Callable[..., Any]
Packet = tuple[float, str, int, int, int, int]
Ends = tuple[tuple[str, int], tuple[str, int]]


FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
SECOND = 1_000_000
A, B = ("10.0.0.1", 40000), ("10.0.0.2", 515)


def one(  # noqa: PLR0913, PLR0917  # one argument a field or a fixture
    wire: ModuleType, way: str, flags: int = ACK, seq: int = 0, ack: int = 0, payload: bytes = b"", ends: Ends = (A, B)
) -> bytes:
    """A TCP packet from a to b ('>') or from b to a ('<')."""
    (src, sport), (dst, dport) = ends if way == ">" else ends[::-1]
    return wire.eth(wire.ip4(wire.tcp(payload, sport, dport, seq, ack, flags), src, dst, ttl=64 if way == ">" else 50))


def trace(wire: ModuleType, *packets: list[tuple[int, int]]) -> bytes:
    """A capture of (seconds, way, flags, seq, ack, payload length) lines."""
    frames = []
    for at, way, flags, seq, ack, size in packets:
        frames.append(
            (one(wire, way, flags, seq % 2**32, ack % 2**32, bytes([65 + len(frames) % 26]) * size), int(at * SECOND))
        )
    return wire.pcap(frames)


def test_a_whole_connection(wire: ModuleType, read: Read) -> None:
    seen = read(
        trace(
            wire,
            (0, ">", SYN, 100, 0, 0),
            (1, "<", SYN | ACK, 900, 101, 0),
            (2, ">", ACK, 101, 901, 0),
            (3, ">", ACK | PSH, 101, 901, 50),
            (5, "<", ACK, 901, 151, 7),
            (6, ">", FIN | ACK, 151, 908, 0),
            (7, "<", FIN | ACK, 908, 152, 0),
            (8, ">", ACK, 152, 909, 0),
        )
    )
    flow = seen.flow
    assert seen.text() == ["6 10.0.0.1:40000 > 10.0.0.2:515 5 3"]
    assert flow["payload"].tolist() == [50, 7]
    assert flow["syns"].tolist() == [1, 1]
    assert flow["tcpflags"].tolist() == [SYN | ACK | PSH | FIN, SYN | ACK | FIN]
    assert flow["ttl"].tolist() == [64, 50]
    assert (flow["first"], flow["last"], flow["last_a"]) == (0, 8 * 10**9, 8 * 10**9)
    assert flow["gap2"] == 2**2 + 1**2 + 3**2 + 2**2
    assert flow["missing"].tolist() == flow["repeated"].tolist() == [0, 0]
    assert flow["flags"] & 128
    assert flow["flags"] & 15 == 1 | 2


def test_local_and_known_sides_are_marked(wire: ModuleType, read: Read) -> None:
    known = (ip_network("202.114.4.119/32"), ip_network("198.51.100.0/24"), ip_network("2001:db8::/64"))
    frames = [
        wire.eth(wire.ip4(wire.tcp(flags=SYN), dst="202.114.4.119")),
        wire.eth(wire.ip4(wire.tcp(flags=SYN), dst="202.114.4.118")),
        wire.eth(wire.ip4(wire.tcp(flags=SYN), src="198.51.100.255", dst="8.8.8.8")),
        wire.eth(wire.ip6(wire.tcp(flags=SYN), src="fe80::1", dst="2001:db8::ffff"), 0x86DD),
        wire.eth(wire.ip6(wire.tcp(flags=SYN), src="fe80::1", dst="2001:db8:0:1::"), 0x86DD),
    ]
    flags = read(wire.pcap(frames), known=known).flows["flags"] & 15
    assert flags.tolist() == [1 | 8, 1, 4, 1 | 8, 1]


@pytest.mark.parametrize(
    ("sport", "dport", "flags", "began"),
    [
        (515, 40000, SYN | ACK, 40000),
        (40000, 515, SYN | ACK, 515),
        (515, 40000, SYN, 515),
        (515, 40000, ACK, 40000),
        (40000, 515, ACK, 40000),
        (9100, 40000, ACK, 40000),
        (2000, 9600, ACK, 2000),
        (80, 443, ACK, 80),
    ],
)
def test_who_began_without_a_syn(sport: int, dport: int, flags: int, began: int, wire: ModuleType, read: Read) -> None:  # noqa: PLR0913, PLR0917  # one argument a field or a fixture
    flow = read(wire.pcap([wire.eth(wire.ip4(wire.tcp(b"x", sport, dport, flags=flags)))])).flow
    assert flow["aport"] == began
    assert flow["packets"].tolist() == ([1, 0] if began == sport else [0, 1])


def test_an_answer_seen_before_the_syn_belongs_to_it(wire: ModuleType, read: Read) -> None:
    seen = read(trace(wire, (0, "<", SYN | ACK, 900, 101, 0), (0.001, ">", SYN, 100, 0, 0), (1, ">", ACK, 101, 901, 5)))
    assert seen.text() == ["6 10.0.0.1:40000 > 10.0.0.2:515 2 1"]
    assert seen.flow["missing"].tolist() == [0, 0]


def test_a_repeated_syn_is_the_same_attempt(wire: ModuleType, read: Read) -> None:
    flow = read(trace(wire, *((at, ">", SYN, 100, 0, 0) for at in (0, 1, 3, 7)))).flow
    assert flow["syns"].tolist() == [4, 0]
    assert flow["missing"].tolist() == flow["repeated"].tolist() == [0, 0]


def test_a_refused_attempt_repeated_with_the_same_number_stays_one(wire: ModuleType, read: Read) -> None:
    packets = [(at, way, flags, 100, 101, 0) for at in (0, 0.5, 1) for way, flags in ((">", SYN), ("<", RST | ACK))]
    assert read(trace(wire, *packets)).text() == ["6 10.0.0.1:40000 > 10.0.0.2:515 3 3"]


@pytest.mark.parametrize("middle", [[], [(0.5, "<", RST | ACK, 0, 101, 0)], [(0.5, "<", SYN | ACK, 900, 101, 0)]])
def test_a_syn_with_another_number_is_another_connection(middle: list[Packet], wire: ModuleType, read: Read) -> None:
    seen = read(
        trace(wire, (0, ">", SYN, 100, 0, 0), *middle, (1, ">", SYN, 77_000, 0, 0), (2, ">", SYN, 77_000, 0, 0))
    )
    assert [row["syns"].tolist()[0] for row in seen.flows] == [1, 2]
    assert seen.flows["id"].tolist() == [1, 2]


def test_a_syn_in_the_middle_of_a_connection_whose_beginning_was_not_seen(wire: ModuleType, read: Read) -> None:
    seen = read(trace(wire, (0, ">", ACK, 5000, 1, 10), (1, ">", SYN, 100, 0, 0)))
    assert [row["packets"].tolist() for row in seen.flows] == [[1, 0], [1, 0]]


def test_both_sides_may_open_at_once(wire: ModuleType, read: Read) -> None:
    seen = read(
        trace(
            wire,
            (0, ">", SYN, 100, 0, 0),
            (0.01, "<", SYN, 900, 0, 0),
            (0.02, ">", SYN | ACK, 100, 901, 0),
            (0.02, "<", SYN | ACK, 900, 101, 0),
        )
    )
    assert seen.text() == ["6 10.0.0.1:40000 > 10.0.0.2:515 2 2"]


def test_the_other_side_may_call_back_later(wire: ModuleType, read: Read) -> None:
    seen = read(
        trace(
            wire,
            (0, ">", SYN, 100, 0, 0),
            (1, "<", RST | ACK, 0, 101, 0),
            (2, "<", SYN, 5, 0, 0),
            (3, ">", SYN | ACK, 7, 6, 0),
        )
    )
    assert seen.text() == ["6 10.0.0.1:40000 > 10.0.0.2:515 1 1", "6 10.0.0.2:515 > 10.0.0.1:40000 1 1"]


def test_a_syn_ack_for_a_connection_whose_syn_was_not_seen(wire: ModuleType, read: Read) -> None:
    seen = read(
        trace(
            wire,
            (0, ">", SYN, 100, 0, 0),
            (0.1, "<", SYN | ACK, 900, 101, 0),
            (1, "<", RST, 901, 0, 0),
            (2, ">", SYN | ACK, 7, 6, 0),
        )
    )
    assert seen.text() == ["6 10.0.0.1:40000 > 10.0.0.2:515 1 2", "6 10.0.0.2:515 > 10.0.0.1:40000 0 1"]


def test_idle_times_end_a_conversation(wire: ModuleType, read: Read) -> None:
    tcp = [(0, ">", ACK, 0, 0, 1), (3599, ">", ACK, 1, 0, 1), (3599 + 3601, ">", ACK, 2, 0, 1)]
    assert [row["packets"][0] for row in read(trace(wire, *tcp)).flows] == [2, 1]
    packet = wire.eth(wire.ip4(wire.udp(b"x"), proto=17))
    udp = wire.pcap([(packet, at * SECOND) for at in (0, 119, 240)])
    assert [row["packets"][0] for row in read(udp).flows] == [2, 1]
    assert [row["packets"][0] for row in read(udp, other_idle_s=1000).flows] == [3]


def test_a_conversation_with_itself_has_one_side(wire: ModuleType, read: Read) -> None:
    packet = wire.eth(wire.ip4(wire.tcp(b"x", 7, 7), "127.0.0.1", "127.0.0.1"))
    assert read(wire.pcap([packet] * 3)).text() == ["6 127.0.0.1:7 > 127.0.0.1:7 3 0"]


def sequence(wire: ModuleType, read: Read, *packets: list[tuple[int, int]], begin: int = 100) -> tuple[int, int]:
    flow = read(
        trace(
            wire,
            (0, ">", SYN, begin - 1, 0, 0),
            *((1 + i, ">", ACK, begin + at, 0, size) for i, (at, size) in enumerate(packets)),
        )
    ).flow
    return flow["missing"].tolist()[0], flow["repeated"].tolist()[0]


@pytest.mark.parametrize("begin", [100, 2**32 - 12], ids=["", "around zero"])
@pytest.mark.parametrize(
    ("packets", "missing", "repeated"),
    [
        ([(0, 10), (10, 10), (20, 10)], 0, 0),
        ([(0, 10), (20, 10)], 10, 0),
        ([(0, 10), (20, 10), (10, 10)], 0, 0),
        ([(20, 10), (10, 10), (0, 10)], 0, 0),
        ([(0, 10), (0, 10)], 0, 10),
        ([(0, 10), (5, 10)], 0, 5),
        ([(0, 10), (20, 10), (20, 10), (10, 10), (10, 10)], 0, 20),
        ([(0, 10), (20, 10), (10, 5)], 5, 0),
        ([(0, 10), (20, 10), (12, 4)], 6, 0),
        ([(0, 10), (20, 10), (12, 4), (10, 2), (16, 4)], 0, 0),
        ([(0, 10), (20, 10), (5, 20)], 0, 10),
        ([(0, 10), (20, 10), (40, 10), (60, 10), (10, 10), (30, 10)], 10, 0),
        ([(0, 10), (20, 0)], 10, 0),
        ([(0, 10), (9, 1), (9, 0), (10, 10)], 0, 0),
        ([(0, 10), (10, 1), (10, 1), (10, 5)], 0, 1),  # the second byte 10 could be a keep-alive probe
    ],
)
def test_what_is_missing_and_what_came_again(  # noqa: PLR0913, PLR0917  # one argument a field or a fixture
    packets: list[tuple[int, int]], missing: int, repeated: int, begin: int, wire: ModuleType, read: Read
) -> None:
    assert sequence(wire, read, *packets, begin=begin) == (missing, repeated)


def test_a_reset_with_any_number_leaves_no_hole(wire: ModuleType, read: Read) -> None:
    flow = read(trace(wire, (0, ">", SYN, 1, 0, 0), (1, ">", RST, 900_000, 0, 0), (2, ">", ACK, 2, 0, 5))).flow
    assert flow["missing"].tolist() == [0, 0]


def test_without_a_beginning_nothing_is_missing_before_it(wire: ModuleType, read: Read) -> None:
    flow = read(trace(wire, (0, ">", ACK, 700, 0, 5), (1, "<", ACK, 9000, 0, 5), (2, ">", ACK, 705, 0, 5))).flow
    assert flow["missing"].tolist() == flow["repeated"].tolist() == [0, 0]


def test_more_holes_than_are_remembered_stay_missing(wire: ModuleType, read: Read) -> None:
    packets = [(20 * i, 10) for i in range(50)]
    assert sequence(wire, read, *packets) == (490, 0)
    missing, repeated = sequence(wire, read, *packets, *((20 * i + 10, 10) for i in range(49)))
    assert missing + (490 - repeated) == 490
    assert missing <= 490 - 80


def flood(wire: ModuleType, count: int, start: bytes = 0) -> bytes:
    """SYNs from `count` addresses, built with NumPy: a record is 70 bytes."""
    one_packet = np.frombuffer(wire.record(wire.eth(wire.ip4(wire.tcp(flags=SYN), "11.0.0.0"))), np.uint8)
    table = np.tile(one_packet, (count, 1))
    number = np.arange(start, start + count, dtype=">u4")
    table[:, 16 + 14 + 12 + 1 : 16 + 14 + 12 + 4] = number.view(np.uint8).reshape(-1, 4)[:, 1:]
    table[:, 0:4] = (number // 100_000).astype("<u4").view(np.uint8).reshape(-1, 4)
    table[:, 4:8] = (number % 100_000 * 10).astype("<u4").view(np.uint8).reshape(-1, 4)
    return table.tobytes()


def test_a_flood_loses_nothing_and_keeps_within_the_table(wire: ModuleType, read: Read) -> None:
    count = 200_000
    seen = read(wire.pcap([]) + flood(wire, count), chunk=400_000, max_flows=20_000)
    assert len(seen.flows) == count
    assert seen.flows["id"].tolist() == list(range(1, count + 1))
    assert int(seen.flows["packets"].sum()) == count
    assert seen.evicted >= count - 20_000
    assert len(seen.records[-1]) <= 20_000


@pytest.mark.parametrize("max_flows", [1, 2, 7, 64])
def test_tiny_tables_work(max_flows: int, wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([]) + flood(wire, 500), max_flows=max_flows)
    assert len(seen.flows) == 500
    assert len(seen.records[-1]) <= max_flows


def test_a_flood_does_not_drive_out_known_kept_or_busy_conversations(wire: ModuleType, read: Read) -> None:
    known = wire.record(wire.eth(wire.ip4(wire.tcp(flags=SYN), dst="202.114.4.119")))
    busy = wire.record(wire.eth(wire.ip4(wire.tcp(b"busy", 1111))))
    parts = [wire.pcap([]), known]
    for i in range(40):
        parts += [busy, busy, flood(wire, 1000, 1000 * i)]
    seen = read(b"".join(parts), max_flows=4000, known=(ip_network("202.114.4.119/32"),), unknown_budget=0)
    left = seen.records[-1]
    assert 515 in left["bport"][left["aport"] == 1111]
    assert left["packets"][left["aport"] == 1111].tolist() == [[80, 0]]
    assert left["flags"][left["id"] == 1].tolist() == [1 | 8 | 16]


def test_closed_conversations_go_first(wire: ModuleType, read: Read) -> bytes:
    def pair(i: int) -> bytes:
        ends = ((f"10.1.{i >> 8}.{i & 255}", 40000), B)
        closed = [wire.record(one(wire, way, flags, 1, 2, ends=ends)) for way, flags in ((">", SYN), ("<", RST | ACK))]
        waiting = ((f"10.2.{i >> 8}.{i & 255}", 40000), B)
        return b"".join(closed) + wire.record(one(wire, ">", SYN, 1, ends=waiting))

    seen = read(wire.pcap([]) + b"".join(map(pair, range(500))) + flood(wire, 100), max_flows=1000)
    gone = np.concatenate(seen.records[:-1])
    assert len(gone) >= 100
    assert all(gone["flags"] & 128)


def test_the_seed_changes_nothing(wire: ModuleType, read: Read) -> None:
    data = wire.pcap([]) + flood(wire, 3000) + flood(wire, 2000, 1000)
    tables = [read(data, max_flows=500, seed=seed).flows for seed in (1, 2, 2**100 + 7)]
    assert tables[0].tobytes() == tables[1].tobytes() == tables[2].tobytes()


def test_flows_go_on_from_file_to_file(wire: ModuleType) -> None:
    with Kernel(Settings(local=())) as kernel:
        for index in range(2):
            kernel.begin(index)
            data = wire.pcap([wire.eth(wire.hello())])
            kernel.end(data[kernel.feed(memoryview(data)) :])
        (flow,) = kernel.flows()
    assert flow["packets"].tolist() == [2, 0]
    assert (flow["file"], flow["number"]) == (0, 1)


def test_counters_are_bounded(wire: ModuleType, read: Read) -> None:
    frames = [wire.eth(bytes(46), 0x0600 + i) for i in range(0, 2 * 400, 2)]
    seen = read(wire.pcap(frames))
    assert sum(packets for packets, _ in seen.counters.values()) == 400
    assert len(seen.counters) == 256
    assert seen.counters["other reasons"][0] == 400 - 255


def test_too_large_a_table_is_refused(read: Read, wire: ModuleType) -> None:
    with pytest.raises(UsageError, match="refuses"):
        read(wire.pcap([]), max_flows=2**40)
    assert pack("<I", 1)
