"""Each link type, golden: the same TCP packet in another frame gives the same conversation."""

from collections.abc import Callable
from struct import pack
from types import ModuleType
from typing import Any

import numpy as np
import pytest

Read = Callable[..., Any]


HELLO = ["6 10.0.0.1:40000 > 10.0.0.2:515 1 0"]
SENDER = "02:00:00:00:0a:0a"


def mac(flow: np.void, side: int = 0) -> str:
    return ":".join(f"{byte:02x}" for byte in flow["mac"][side])


def wifi(body: bytes, control: int, addresses: list[bytes], qos: bytes = b"", more: object = b"") -> bytes:
    third = addresses[2] if len(addresses) > 2 else bytes(6)
    head = pack("<HH", control, 0) + addresses[0] + addresses[1] + third + pack("<H", 0)
    return head + b"".join(addresses[3:]) + qos + more + body


def snap(payload: bytes, kind: int = 0x0800) -> bytes:
    return bytes.fromhex("aaaa03000000") + pack(">H", kind) + payload


def framed(wire: ModuleType, name: str) -> tuple[int, bytes]:
    packet, a, b, station = wire.hello(), wire.A_MAC, wire.B_MAC, bytes.fromhex("02000000cccc")
    data = {
        "to the access point": wifi(snap(packet), 0x0108, [station, a, b]),
        "from the access point": wifi(snap(packet), 0x0208, [b, station, a]),
        "in an independent cell": wifi(snap(packet), 0x0008, [b, a, station]),
        "between access points": wifi(snap(packet), 0x0308, [station, station, b, a]),
        "with quality of service": wifi(snap(packet), 0x0188, [station, a, b], b"\0\0"),
        "with high throughput": wifi(snap(packet), 0x8188, [station, a, b], b"\0\0", bytes(4)),
    }
    links = {
        "ethernet": (1, wire.eth(packet)),
        "ethernet, LLC and SNAP": (1, b + a + pack(">H", len(snap(packet))) + snap(packet) + bytes(3)),
        "raw 12": (12, packet),
        "raw 14": (14, packet),
        "raw 101": (101, packet),
        "raw 228": (228, packet),
        "null, little-endian": (0, pack("<I", 2) + packet),
        "null, big-endian": (0, pack(">I", 2) + packet),
        "loop": (108, pack(">I", 2) + packet),
        "cooked": (113, pack(">HHH", 0, 1, 6) + a + b"\0\0" + pack(">H", 0x0800) + packet),
        "cooked 2": (276, pack(">HHIHBB", 0x0800, 0, 3, 1, 0, 6) + a + b"\0\0" + packet),
        "ppp": (9, bytes.fromhex("0021") + packet),
        "ppp with address": (9, bytes.fromhex("ff030021") + packet),
        "ppp, short protocol": (9, bytes.fromhex("21") + packet),
        "ppp in hdlc": (50, bytes.fromhex("ff030021") + packet),
        "pppoe": (51, pack(">BBHH", 0x11, 0, 7, len(packet) + 2) + b"\0\x21" + packet),
        "cisco hdlc": (104, bytes.fromhex("0f000800") + packet),
    }
    tap = pack("<BBHI", 0, 0, 8, 0)
    links |= {f"802.11 {key}": (105, value) for key, value in data.items()}
    links |= {f"radiotap {key}": (127, tap + value) for key, value in data.items()}
    return links[name]


WITH_MAC = {"ethernet", "ethernet, LLC and SNAP", "cooked", "cooked 2"}
WIFI = [
    *("to the access point", "from the access point", "in an independent cell", "between access points"),
    *("with quality of service", "with high throughput"),
]
PLAIN = [
    *("ethernet", "ethernet, LLC and SNAP", "raw 12", "raw 14", "raw 101", "raw 228", "null, little-endian"),
    *("null, big-endian", "loop", "cooked", "cooked 2", "ppp", "ppp with address", "ppp, short protocol"),
    *("ppp in hdlc", "pppoe", "cisco hdlc"),
]


@pytest.mark.parametrize("name", [*PLAIN, *(f"{tap} {way}" for tap in ("802.11", "radiotap") for way in WIFI)])
def test_a_link_type_is_read(name: str, wire: ModuleType, read: Read) -> None:
    linktype, frame = framed(wire, name)
    seen = read(wire.pcap([frame], linktype))
    assert seen.text() == HELLO
    assert seen.flow["payload"].tolist() == [5, 0]
    assert seen.flow["wire"].tolist() == [len(frame), 0]
    assert seen.walked.linktypes == {linktype: 1}
    assert seen.payload() == b"hello"
    if name in WITH_MAC or "802.11" in name or "radiotap" in name:
        assert mac(seen.flow) == SENDER


@pytest.mark.parametrize("family", [10, 24, 28, 30])
def test_loopback_names_ipv6_by_the_system_it_comes_from(family: int, wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([pack("<I", family) + wire.ip6(wire.tcp(b"hello"))], 0))
    assert seen.text() == ["6 2001:db8::1:40000 > 2001:db8::2:515 1 0"]


def test_raw_ip_is_told_apart_by_its_version(wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.hello(), wire.ip6(wire.tcp(b"hello")), b"\x50abcd"], 101))
    assert seen.text() == [*HELLO, "6 2001:db8::1:40000 > 2001:db8::2:515 1 0"]
    assert seen.counters == {"raw IP of version 5": (1, 5)}


def test_frames_of_an_aggregate_are_read_one_by_one(wire: ModuleType, read: Read) -> bytes:
    def subframe(payload: bytes) -> bytes:
        body = snap(payload)
        frame = wire.B_MAC + wire.A_MAC + pack(">H", len(body)) + body
        return frame + bytes(-len(frame) % 4)

    parts = subframe(wire.hello(b"one")) + subframe(wire.ip4(wire.udp(b"four"), proto=17))
    frame = wifi(parts, 0x0188, [bytes(6), wire.A_MAC, wire.B_MAC], b"\x80\0")
    seen = read(wire.pcap([frame], 105))
    assert seen.text() == ["6 10.0.0.1:40000 > 10.0.0.2:515 1 0", "17 10.0.0.1:40000 > 10.0.0.2:53 1 0"]
    assert seen.flows["payload"].tolist() == [[3, 0], [4, 0]]
    assert seen.walked.decoded == 1


def test_radiotap_says_that_the_header_is_padded(wire: ModuleType, read: Read) -> None:
    clock_and_flags = pack("<BBHI", 0, 0, 17, 3) + bytes(8) + b"\x20"
    frame = wifi(b"\0\0" + snap(wire.hello()), 0x0188, [bytes(6), wire.A_MAC, wire.B_MAC], b"\0\0")
    assert read(wire.pcap([clock_and_flags + frame], 127)).text() == HELLO


@pytest.mark.parametrize(
    ("control", "sequence", "name"),
    [
        (0x4108, 0, "encrypted 802.11 frames"),
        (0x0148, 0, "802.11 data frames without data"),
        (0x0508, 0, "fragmented 802.11 frames"),
        (0x0108, 1, "fragmented 802.11 frames"),
        (0x0080, 0, "802.11 management frames"),
        (0x00D4, 0, "802.11 control frames"),
    ],
)
def test_other_wireless_frames_are_counted(
    control: int, sequence: int, name: str, wire: ModuleType, read: Read
) -> None:
    frame = pack("<HH", control, 0) + bytes(6) * 3 + pack("<H", sequence) + snap(wire.hello())
    seen = read(wire.pcap([frame], 105))
    assert seen.counters == {name: (1, len(frame))}
    assert (seen.walked.packets, seen.walked.decoded) == (1, 0)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (0x88CC, "LLDP (0x88cc)"),
        (0x888E, "EAPOL (802.1X) (0x888e)"),
        (0x8137, "IPX (0x8137)"),
        (0x1234, "EtherType 0x1234"),
    ],
)
def test_other_ethertypes_are_counted_by_name(kind: int, name: str, wire: ModuleType, read: Read) -> None:
    frame = wire.eth(bytes(46), kind)
    seen = read(wire.pcap([frame, frame]))
    assert seen.counters == {name: (2, 120)}
    assert len(seen.flows) == 0


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (bytes.fromhex("424203"), "STP (LLC 0x4242)"),
        (bytes.fromhex("f0f003"), "NetBIOS (LLC 0xf0f0)"),
        (bytes.fromhex("ffffff"), "IPX without LLC (LLC 0xffff)"),
        (bytes.fromhex("aaaa0300000c2000"), "SNAP of organisation 0x00000c"),
    ],
)
def test_frames_with_a_length_are_counted_by_their_llc(body: bytes, name: str, wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.B_MAC + wire.A_MAC + pack(">H", len(body)) + body + bytes(40)]))
    assert list(seen.counters) == [name]


def test_an_unknown_link_type_is_counted_by_its_number(wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([b"abcdef"], 147))
    assert seen.counters == {"link type 147": (1, 6)}


def test_the_upper_bits_of_a_link_type_tell_of_checksums(wire: ModuleType, read: Read) -> None:
    assert read(wire.pcap([wire.eth(wire.hello()) + bytes(4)], 1 | 4 << 28 | 1 << 26)).text() == HELLO


@pytest.mark.parametrize(
    ("linktype", "frame"),
    [
        (1, b"abc"),
        (0, b"abc"),
        (113, bytes(15)),
        (276, bytes(19)),
        (105, b"\x08"),
        (127, bytes(7)),
        (9, b"\0"),
        (104, b"abc"),
    ],
)
def test_a_frame_shorter_than_its_header_is_counted(linktype: int, frame: bytes, wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([frame], linktype))
    assert seen.counters == {"frames shorter than their link-layer header": (1, len(frame))}


def test_arp_is_a_conversation_of_its_own_version(wire: ModuleType, read: Read) -> None:
    ask = wire.eth(wire.arp(1, "10.0.0.1", "10.0.0.9"), 0x0806)
    answer = wire.eth(wire.arp(2, "10.0.0.9", "10.0.0.1", wire.B_MAC), 0x0806, wire.B_MAC, wire.A_MAC)
    flow = read(wire.pcap([ask, ask, answer])).flow
    assert (flow["ver"], flow["proto"]) == (10, 0)
    assert bytes(flow["a"][:4]) == bytes([10, 0, 0, 1])
    assert bytes(flow["b"][:4]) == bytes([10, 0, 0, 9])
    assert flow["packets"].tolist() == [2, 1]
    assert flow["tcpflags"].tolist() == [1, 2]
    assert mac(flow, 1) == "02:00:00:00:0b:0b"


def test_arp_for_something_else_is_counted(wire: ModuleType, read: Read) -> None:
    strange = pack(">HHBBH", 1, 0x86DD, 6, 16, 1) + bytes(44)
    assert read(wire.pcap([wire.eth(strange, 0x0806)])).counters == {"ARP for something other than IPv4": (1, 66)}
