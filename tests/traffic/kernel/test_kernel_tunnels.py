"""Each encapsulation, golden: the conversation is that of the innermost IP header."""

from collections.abc import Callable
from struct import pack
from types import ModuleType
from typing import Any

import pytest

Read = Callable[..., Any]


HELLO = ["6 10.0.0.1:40000 > 10.0.0.2:515 1 0"]
OUTER = {"src": "192.0.2.1", "dst": "192.0.2.2"}


def gre(bits: int, protocol: int, body: bytes, options: bytes = b"") -> bytes:
    return pack(">HH", bits, protocol) + options + body


def label(number: int, bottom: int = 1) -> bytes:
    return pack(">I", number << 12 | bottom << 8 | 64)


def vxlan(wire: ModuleType, body: bytes, flags: int = 0x08, dport: int = 4789) -> bytes:
    return wire.udp(pack(">BxxxI", flags, 42 << 8) + body, 50000, dport)


def carried(wire: ModuleType, name: str) -> bytes:
    packet = wire.hello()
    frame = wire.eth(packet)
    six = wire.ip6(wire.tcp(b"hello"), "fd00::1", "fd00::2")

    def ip_gre(*parts: bytes, **more: object) -> bytes:
        return wire.eth(wire.ip4(gre(*parts, **more), **OUTER, proto=47))

    tunnels = {
        "one tag": wire.eth(wire.vlan(packet, 7), 0x8100),
        "two tags": wire.eth(wire.vlan(wire.vlan(packet, 8), 7, 0x8100), 0x88A8),
        "three tags": wire.eth(wire.vlan(wire.vlan(wire.vlan(packet, 9), 8, 0x9200), 7, 0x8100), 0x9100),
        "a tag, then LLC": wire.eth(wire.vlan(bytes.fromhex("aaaa030000000800") + packet, 7, len(packet) + 8), 0x8100),
        "mpls": wire.eth(label(16) + packet, 0x8847),
        "mpls, three labels": wire.eth(label(16, bottom=0) + label(17, bottom=0) + label(18) + packet, 0x8847),
        "mpls, ethernet with a control word": wire.eth(label(16) + bytes(4) + frame, 0x8847),
        "mpls, ethernet without one": wire.eth(label(16) + wire.eth(packet, dst=bytes.fromhex("46deadbeef01")), 0x8847),
        "pppoe": wire.eth(pack(">BBHH", 0x11, 0, 7, len(packet) + 2) + b"\0\x21" + packet + b"padding", 0x8864),
        "gre": ip_gre(0, 0x0800, packet),
        "gre, all options": ip_gre(0xB000, 0x0800, packet, options=bytes(12)),
        "gre, version 1": ip_gre(0x3081, 0x880B, bytes.fromhex("ff030021") + packet, options=bytes(12)),
        "nvgre": ip_gre(0x2000, 0x6558, frame, options=pack(">I", 0x1234 << 8)),
        "gre over ipv6": wire.eth(wire.ip6(gre(0, 0x0800, packet), proto=47), 0x86DD),
        "erspan i": ip_gre(0, 0x88BE, frame),
        "erspan ii": ip_gre(0x1000, 0x88BE, pack(">HHI", 0x1007, 1, 0) + frame, options=bytes(4)),
        "erspan iii": ip_gre(0x1000, 0x22EB, pack(">HHIHH", 0x2007, 1, 0, 0, 0) + frame, options=bytes(4)),
        "erspan iii with a platform header": ip_gre(
            0x1000, 0x22EB, pack(">HHIHH", 0x2007, 1, 0, 0, 1) + bytes(8) + frame, options=bytes(4)
        ),
        "erspan iii of bare ip": ip_gre(
            0x1000, 0x22EB, pack(">HHIHH", 0x2007, 1, 0, 0, 2 << 10) + packet, options=bytes(4)
        ),
        "vxlan": wire.eth(wire.ip4(vxlan(wire, frame), **OUTER, proto=17)),
        "ip in ip": wire.eth(wire.ip4(packet, **OUTER, proto=4)),
        "ipv4 in ipv6": wire.eth(wire.ip6(packet, proto=4), 0x86DD),
        "mpls in ip": wire.eth(wire.ip4(label(16) + packet, **OUTER, proto=137)),
        "vlan in vxlan in gre": wire.eth(
            wire.ip4(
                gre(0, 0x6558, wire.eth(wire.ip4(vxlan(wire, wire.eth(wire.vlan(packet, 7), 0x8100)), proto=17))),
                **OUTER,
                proto=47,
            )
        ),
        "6in4": wire.eth(wire.ip4(six, **OUTER, proto=41)),
        "gre with ipv6": ip_gre(0, 0x86DD, six),
        "pppoe with ipv6": wire.eth(pack(">BBHH", 0x11, 0, 7, len(six) + 2) + b"\0\x57" + six, 0x8864),
    }
    return tunnels[name]


FOUR = [
    *("one tag", "two tags", "three tags", "a tag, then LLC", "mpls", "mpls, three labels"),
    *("mpls, ethernet with a control word", "mpls, ethernet without one", "pppoe", "gre", "gre, all options"),
    *("gre, version 1", "nvgre", "gre over ipv6", "erspan i", "erspan ii", "erspan iii"),
    *("erspan iii with a platform header", "erspan iii of bare ip", "vxlan", "ip in ip", "ipv4 in ipv6"),
    *("mpls in ip", "vlan in vxlan in gre"),
]


@pytest.mark.parametrize("name", FOUR)
def test_a_tunnel_is_read(name: str, wire: ModuleType, read: Read) -> None:
    frame = carried(wire, name)
    seen = read(wire.pcap([frame]))
    assert seen.text() == HELLO
    assert seen.flow["payload"].tolist() == [5, 0]
    assert seen.flow["wire"].tolist() == [len(frame), 0]
    assert seen.flow["vlan"] == (7 if "tag" in name or "vlan" in name else 0)
    assert seen.counters == {}


@pytest.mark.parametrize("name", ["6in4", "gre with ipv6", "pppoe with ipv6"])
def test_a_tunnel_with_ipv6_is_read(name: str, wire: ModuleType, read: Read) -> None:
    assert read(wire.pcap([carried(wire, name)])).text() == ["6 fd00::1:40000 > fd00::2:515 1 0"]


@pytest.mark.parametrize("flags", [0, 0x88, 0x0C])
def test_what_only_has_the_port_of_vxlan_is_udp(flags: int, wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.eth(wire.ip4(vxlan(wire, wire.eth(wire.hello()), flags), proto=17))]))
    assert seen.text() == ["17 10.0.0.1:50000 > 10.0.0.2:4789 1 0"]


def test_a_vlan_is_no_part_of_the_conversation(wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.eth(wire.vlan(wire.hello(), number), 0x8100) for number in (7, 8)]))
    assert seen.flow["packets"].tolist() == [2, 0]
    assert seen.flow["vlan"] == 7


def test_gre_with_unknown_content_still_says_who_spoke(wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.eth(wire.ip4(gre(0, 0x1234, b"content"), **OUTER, proto=47))]))
    assert seen.text() == ["47 192.0.2.1:0 > 192.0.2.2:0 1 0"]
    assert seen.counters == {"GRE with protocol 0x1234": (1, 45)}


@pytest.mark.parametrize("kind", ["tags", "ip"])
def test_too_many_layers_are_counted(kind: int, wire: ModuleType, read: Read) -> None:
    packet, ethertype = wire.hello(), 0x0800
    for _ in range(30):
        packet = wire.vlan(packet, 1, ethertype) if kind == "tags" else wire.ip4(packet, proto=4)
        ethertype = 0x8100 if kind == "tags" else 0x0800
    frame = wire.eth(packet, ethertype)
    seen = read(wire.pcap([frame]))
    assert seen.counters == {"packets with too many layers": (1, len(frame))}
    assert len(seen.flows) == 0


def test_labels_without_end_are_counted(wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.eth(label(16, bottom=0) * 3, 0x8847)]))
    assert list(seen.counters) == ["MPLS without an end of its label stack"]


def test_other_things_in_ppp_are_counted(wire: ModuleType, read: Read) -> None:
    seen = read(wire.pcap([wire.eth(pack(">BBHH", 0x11, 0, 7, 6) + bytes.fromhex("c021090a0004"), 0x8864)]))
    assert list(seen.counters) == ["PPP with protocol 0xc021"]


@pytest.mark.parametrize("name", FOUR)
def test_a_conversation_is_the_same_in_and_out_of_a_tunnel(name: str, wire: ModuleType, read: Read) -> None:
    inside, outside = carried(wire, name), wire.eth(wire.hello())
    assert read(wire.pcap([inside, outside, inside])).text() == ["6 10.0.0.1:40000 > 10.0.0.2:515 3 0"]
