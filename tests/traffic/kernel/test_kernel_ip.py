"""IP and what it carries, golden: lengths, extension headers, fragments, ICMP, odd and cut headers."""

from collections.abc import Callable
from ipaddress import ip_network
from struct import pack
from types import ModuleType
from typing import Any

import pytest

Read = Callable[..., Any]


MORE = 0x2000


def fragments(wire: ModuleType, body: bytes, size: int, **head: object) -> list[bytes]:
    """IPv4 fragments of `body`, `size` bytes each."""
    cuts = range(0, len(body), size)
    return [
        wire.eth(wire.ip4(body[at : at + size], place=at // 8 | (MORE if at + size < len(body) else 0), **head))
        for at in cuts
    ]


def fragments6(wire: ModuleType, body: bytes, size: int, ident: int = 9, proto: int = 17) -> list[bytes]:
    cuts = range(0, len(body), size)
    return [
        wire.eth(
            wire.ip6(pack(">BBHI", proto, 0, at | (at + size < len(body)), ident) + body[at : at + size], proto=44),
            0x86DD,
        )
        for at in cuts
    ]


def test_padding_is_no_payload(wire: ModuleType, read: Read) -> None:
    flow = read(wire.pcap([wire.eth(wire.ip4(wire.tcp())) + bytes(6)])).flow
    assert flow["payload"].tolist() == [0, 0]
    assert flow["wire"].tolist() == [60, 0]


@pytest.mark.parametrize("version", [4, 6])
def test_a_length_of_zero_means_what_was_captured(version: int, wire: ModuleType, read: Read) -> None:
    body = wire.tcp(bytes(3000))
    packet = wire.ip4(body, total=0) if version == 4 else wire.ip6(body, length=0)
    flow = read(wire.pcap([wire.eth(packet, 0x0800 if version == 4 else 0x86DD)])).flow
    assert flow["payload"].tolist() == [3000, 0]


def test_udp_is_as_long_as_it_says(wire: ModuleType, read: Read) -> None:
    frame = wire.eth(wire.ip4(wire.udp(b"12345678", length=8 + 5), proto=17))
    seen = read(wire.pcap([frame]))
    assert seen.flow["payload"].tolist() == [5, 0]
    assert seen.payload() == b"12345"


def test_a_cut_packet_keeps_its_true_length(wire: ModuleType, read: Read) -> None:
    whole = wire.eth(wire.ip4(wire.tcp(b"x" * 1000)))
    data = wire.pcap([])[:24] + wire.record(whole[:100], 1_700_000_000_000_000, wire=len(whole))
    seen = read(data)
    assert seen.flow["payload"].tolist() == [1000, 0]
    assert seen.flow["wire"].tolist() == [1054, 0]
    assert seen.flow["flags"] & 32
    assert (seen.batches[0].length, len(seen.batches[0].data)) == (1000, 46)
    assert seen.walked.cut == 1


@pytest.mark.parametrize(("captured", "ports"), [(34 + 13, (40000, 515)), (34 + 4, (40000, 515)), (34 + 2, (0, 0))])
def test_a_transport_header_that_was_cut_still_says_who_spoke(
    captured: int, ports: tuple[int, int], wire: ModuleType, read: Read
) -> None:
    whole = wire.eth(wire.ip4(wire.tcp(b"hello")))
    data = wire.pcap([])[:24] + wire.record(whole[:captured], 0, wire=len(whole))
    seen = read(data)
    assert (seen.flow["aport"] or 40000 if ports[0] else 0, seen.flow["bport"]) == ports
    assert list(seen.counters) == ["packets cut by the capture within the header of TCP"]


def test_an_ip_header_that_was_cut_is_counted(wire: ModuleType, read: Read) -> None:
    whole = wire.eth(wire.hello())
    seen = read(wire.pcap([])[:24] + wire.record(whole[:30], 0, wire=len(whole)))
    assert list(seen.counters) == ["packets cut by the capture within the IP header"]


@pytest.mark.parametrize(
    ("packet", "name"),
    [
        (b"\x44" + bytes(30), "malformed IPv4"),
        (b"\x65" + bytes(30), "malformed IPv4"),
        (bytes.fromhex("4600001000000000400600000a0000010a000002") + bytes(20), "malformed IPv4"),
        (bytes.fromhex("45000028"), "malformed IPv4"),
    ],
)
def test_malformed_ipv4_is_counted(packet: bytes, name: str, wire: ModuleType, read: Read) -> None:
    assert list(read(wire.pcap([wire.eth(packet)])).counters) == [name]


def test_malformed_ipv6_is_counted(wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.eth(b"\x60" + bytes(20), 0x86DD), wire.eth(b"\x40" + bytes(60), 0x86DD)]))
    assert seen.counters == {"malformed IPv6": (2, 14 + 21 + 14 + 61)}


def test_a_packet_longer_than_its_frame_is_decoded_and_remarked(wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.eth(wire.ip4(wire.tcp(b"hello"), total=1500))]))
    assert seen.flow["payload"].tolist() == [5, 0]
    assert seen.counters == {"IP packets longer than their frame": (1, 59)}


@pytest.mark.parametrize("offset", [0, 4, 15])
def test_a_tcp_header_of_impossible_length_is_counted(offset: int, wire: ModuleType, read: Read) -> None:
    body = bytearray(wire.tcp(b"hello"))
    body[12] = offset << 4
    seen = read(wire.pcap([wire.eth(wire.ip4(bytes(body)))]))
    assert seen.text() == ["6 10.0.0.1:40000 > 10.0.0.2:515 1 0"]
    assert list(seen.counters) == ["malformed headers of TCP"]


def test_options_are_passed_over(wire: ModuleType, read: Read) -> None:
    packet = wire.ip4(wire.tcp(b"hello", options=bytes(12)), options=bytes(8))
    assert read(wire.pcap([wire.eth(packet)])).payload() == b"hello"


def extension(following: int, units: int = 0) -> bytes:
    return bytes([following, units]) + bytes(6 + units * 8)


@pytest.mark.parametrize(
    ("first", "headers"),
    [
        (0, extension(6)),
        (0, extension(43) + extension(60, 2) + extension(6)),
        (51, bytes([6, 4]) + bytes(22)),
        (135, extension(6, 1)),
        (44, pack(">BBHI", 6, 0, 0, 77)),
    ],
    ids=["hop by hop", "three", "authentication", "mobility", "a fragment that is whole"],
)
def test_extension_headers_are_passed_over(first: int, headers: bytes, wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.eth(wire.ip6(headers + wire.tcp(b"hello"), proto=first), 0x86DD)]))
    assert seen.text() == ["6 2001:db8::1:40000 > 2001:db8::2:515 1 0"]
    assert seen.payload() == b"hello"


def test_extension_headers_without_end_are_counted(wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.eth(wire.ip6(extension(0) * 40, proto=0), 0x86DD)]))
    assert list(seen.counters) == ["packets with too many layers"]


def test_no_next_header_is_a_conversation_of_its_own(wire: ModuleType, read: Read) -> None:
    assert read(wire.pcap([wire.eth(wire.ip6(b"", proto=59), 0x86DD)])).text() == [
        "59 2001:db8::1:0 > 2001:db8::2:0 1 0"
    ]


def test_an_echo_and_its_answer_are_one_conversation(wire: ModuleType, read: Read) -> None:
    ask = wire.eth(wire.ip4(wire.icmp(8, 0, bytes(40)), proto=1))
    answer = wire.eth(wire.ip4(wire.icmp(0, 0, bytes(40)), "10.0.0.2", "10.0.0.1", proto=1))
    assert read(wire.pcap([ask, answer, ask])).text() == ["1 10.0.0.1:2048 > 10.0.0.2:0 2 1"]
    assert read(wire.pcap([answer, ask])).text() == ["1 10.0.0.1:2048 > 10.0.0.2:0 1 1"]


def test_an_echo_of_ipv6_and_its_answer_are_one_conversation(wire: ModuleType, read: Read) -> None:
    ask = wire.eth(wire.ip6(wire.icmp(128, 0, bytes(40)), proto=58), 0x86DD)
    answer = wire.eth(wire.ip6(wire.icmp(129, 0, bytes(40)), "2001:db8::2", "2001:db8::1", proto=58), 0x86DD)
    assert read(wire.pcap([ask, answer])).text() == ["58 2001:db8::1:32768 > 2001:db8::2:0 1 1"]


def test_unreachable_is_told_apart_by_its_code(wire: ModuleType, read: Read) -> None:
    frames = [wire.eth(wire.ip4(wire.icmp(3, code, bytes(40)), proto=1)) for code in (1, 3)]
    assert read(wire.pcap(frames)).text() == ["1 10.0.0.1:769 > 10.0.0.2:0 1 0", "1 10.0.0.1:771 > 10.0.0.2:0 1 0"]


def test_other_protocols_are_conversations_without_ports(wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.eth(wire.ip4(bytes(20), proto=89)), wire.eth(wire.ip4(bytes(20), proto=50))]))
    assert seen.text() == ["89 10.0.0.1:0 > 10.0.0.2:0 1 0", "50 10.0.0.1:0 > 10.0.0.2:0 1 0"]
    assert seen.flows["payload"].tolist() == [[20, 0], [20, 0]]


def test_ipv4_and_ipv6_of_the_same_bytes_are_two_conversations(wire: ModuleType, read: Read) -> None:
    four = wire.eth(wire.ip4(wire.tcp(), "0.0.0.1", "0.0.0.2"))
    six = wire.eth(wire.ip6(wire.tcp(), "0:1::", "0:2::"), 0x86DD)
    assert len(read(wire.pcap([four, six])).flows) == 2


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
@pytest.mark.parametrize("version", [4, 6])
def test_fragments_in_any_order_are_one_datagram(version: int, order: str, wire: ModuleType, read: Read) -> None:
    body = wire.udp(bytes(range(200)) * 2)
    parts = fragments(wire, body, 136, proto=17) if version == 4 else fragments6(wire, body, 136)
    seen = read(wire.pcap([parts[i] for i in order]))
    assert seen.payload() == bytes(range(200)) * 2
    assert seen.flow["packets"].tolist() == [1, 0]
    assert seen.flow["wire"].tolist() == [sum(map(len, parts)), 0]
    assert seen.walked.decoded == 3
    assert seen.counters == {}


def test_the_first_copy_of_a_fragment_wins(wire: ModuleType, read: Read) -> None:
    first, last = fragments(wire, wire.udp(b"a" * 56), 32, proto=17)
    forged = wire.eth(wire.ip4(b"z" * 32, place=MORE | 0, proto=17))
    seen = read(wire.pcap([first, forged, last]))
    assert seen.payload() == b"a" * 56
    assert seen.counters == {"overlapping fragments": (1, len(forged))}


def test_only_the_new_part_of_an_overlapping_fragment_is_used(wire: ModuleType, read: Read) -> None:
    body = wire.udp(b"a" * 72)
    forged = b"z" * 16 + body[40:56]
    parts = [
        wire.eth(wire.ip4(body[:40], place=MORE, proto=17)),
        wire.eth(wire.ip4(forged, place=MORE | 3, proto=17)),
        wire.eth(wire.ip4(body[56:], place=7, proto=17)),
    ]
    assert read(wire.pcap(parts)).payload() == b"a" * 72


def test_fragments_of_other_datagrams_do_not_mix(wire: ModuleType, read: Read) -> None:
    one = fragments(wire, wire.udp(b"1" * 40), 24, proto=17, ident=1)
    two = fragments(wire, wire.udp(b"2" * 40), 24, proto=17, ident=2)
    other = fragments(wire, wire.udp(b"3" * 40), 24, proto=17, ident=1, src="10.0.0.3")
    seen = read(wire.pcap([one[0], two[0], other[0], other[1], two[1], one[1]]))
    assert [segment.data[:1] for segment in seen.batches] == [b"3", b"2", b"1"]


def test_a_datagram_that_stays_incomplete_is_counted(wire: ModuleType, read: Read) -> None:
    parts = fragments(wire, wire.udp(b"a" * 100), 32, proto=17)
    seen = read(wire.pcap(parts[:-1]))
    assert len(seen.flows) == 0
    assert seen.counters == {"fragments of datagrams that were never complete": (3, sum(map(len, parts[:-1])))}


def test_fragments_wait_for_thirty_seconds(wire: ModuleType, read: Read) -> None:
    first, last = fragments(wire, wire.udp(b"a" * 40), 24, proto=17)
    assert len(read(wire.pcap([(first, 0), (last, 29_000_000)])).flows) == 1
    late = read(wire.pcap([(first, 0), (last, 31_000_000)]))
    assert late.counters["fragments of datagrams that were never complete"][0] == 2


@pytest.mark.parametrize(
    ("body", "place"),
    [(b"", MORE), (b"1234567", MORE), (bytes(64), 0x1FFF), (b"", 5)],
    ids=["empty", "of a length that is no multiple of eight", "beyond 64 KiB", "empty and last"],
)
def test_odd_fragments_are_counted(body: bytes, place: int, wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.eth(wire.ip4(body, place=place, proto=17))]))
    assert list(seen.counters) == ["fragments that contradict each other"]


def test_two_last_fragments_contradict_each_other(wire: ModuleType, read: Read) -> None:
    frames = [wire.eth(wire.ip4(bytes(16), place=place, proto=17)) for place in (4, 8)]
    assert read(wire.pcap(frames)).counters["fragments that contradict each other"] == (1, 50)


def test_fragments_cut_by_the_capture_are_counted(wire: ModuleType, read: Read) -> None:
    part = fragments(wire, wire.udp(b"a" * 100), 64, proto=17)[0]
    seen = read(wire.pcap([])[:24] + wire.record(part[:60], 0, wire=len(part)))
    assert seen.counters == {"fragments cut by the capture": (1, len(part))}


def test_a_flood_of_fragments_stays_bounded_and_counted(wire: ModuleType, read: Read) -> None:
    first = [
        wire.eth(wire.ip4(bytes(1400), place=MORE, proto=17, ident=i % 65536, src=f"10.1.{i >> 16}.1"))
        for i in range(3000)
    ]
    seen = read(wire.pcap([(frame, 0) for frame in first]))
    assert seen.counters["fragments that gave way to newer ones"][0] == 3000 - 1024
    assert seen.counters["fragments of datagrams that were never complete"][0] == 1024


def test_a_tunnel_within_fragments_is_read(wire: ModuleType, read: Read) -> None:
    inner = wire.ip4(wire.tcp(b"x" * 200))
    seen = read(wire.pcap(fragments(wire, inner, 64, proto=4, src="192.0.2.1", dst="192.0.2.2")))
    assert seen.text() == ["6 10.0.0.1:40000 > 10.0.0.2:515 1 0"]
    assert seen.payload() == b"x" * 200


def test_fragments_within_fragments_are_read(wire: ModuleType, read: Read) -> None:
    inner = wire.ip4(wire.udp(b"x" * 400), proto=17)
    outer = [
        wire.ip4(wire.udp(b"x" * 400)[at : at + 200], proto=17, place=at // 8 | (MORE if at + 200 < 408 else 0))
        for at in (0, 200, 400)
    ]
    frames = [
        part
        for i, packet in enumerate(outer)
        for part in fragments(wire, packet, 64, proto=4, ident=i, src="192.0.2.1")
    ]
    seen = read(wire.pcap(frames))
    assert len(inner) == 428
    assert seen.payload() == b"x" * 400


def test_fragments_that_cannot_be_put_together_still_name_a_known_address(wire: ModuleType, read: Read) -> None:
    known = (ip_network("202.114.4.119/32"),)
    body = wire.udp(b"a" * 100)
    incomplete = fragments(wire, body, 32, proto=17, dst="202.114.4.119")[:2]
    odd = wire.eth(wire.ip4(b"1234567", dst="202.114.4.119", place=MORE, proto=6))
    cut = fragments(wire, body, 64, proto=17, dst="202.114.4.119", src="10.0.0.7")[0]
    other = fragments(wire, body, 32, proto=17, ident=7)[:2]
    data = wire.pcap([*incomplete, odd, *other]) + wire.record(cut[:60], 1_700_000_009_000_000, wire=len(cut))
    seen = read(data, known=known)
    assert sorted(seen.text()) == [
        "17 10.0.0.1:0 > 202.114.4.119:0 1 0",
        "17 10.0.0.7:0 > 202.114.4.119:0 1 0",
        "6 10.0.0.1:0 > 202.114.4.119:0 1 0",
    ]
    assert set((seen.flows["flags"] & 15).tolist()) == {1 | 8}
    assert seen.counters["fragments of datagrams that were never complete"][0] == 4
