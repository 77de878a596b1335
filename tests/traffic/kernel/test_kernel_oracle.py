"""tshark as oracle: the same conversations, packets and payload bytes a direction, on real and generated captures.

tshark's fields are read packet by packet and added up a direction of addresses and ports; so are the kernel's records,
in which a conversation may be split in time (port reuse, idle times). What ICMP quotes is no conversation.
"""

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from random import Random
from struct import pack
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

Read = Callable[..., SimpleNamespace]
Direction = tuple[int, str, int, str, int]
Sums = dict[Direction, tuple[int, int]]

CAPTURES = Path(__file__).resolve().parents[4] / "shared" / "captures"
TCP, UDP, ICMP, ICMP6, ARP = 6, 17, 1, 58, -1
FIELDS = [
    *(
        "frame.protocols",
        "ip.src",
        "ip.dst",
        "ip.proto",
        "ipv6.src",
        "ipv6.dst",
        "tcp.srcport",
        "tcp.dstport",
        "tcp.len",
    ),
    *("udp.srcport", "udp.dstport", "udp.length", "arp.src.proto_ipv4", "arp.dst.proto_ipv4"),
]

# Where the two differ, and why the kernel's answer stands: nowhere, as things are.
DIFFERENCES: dict[str, dict[Direction, str]] = {}

pytestmark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")


def innermost(row: dict[str, list[str]]) -> tuple[Direction, int] | None:
    """The direction of the innermost datagram of a packet, and its payload; None where tshark saw none."""
    at = Counter[str]()
    found: tuple[Direction, int] | None = None
    addresses: tuple[str, str] | None = None
    for layer in row["frame.protocols"][0].split(":"):
        if layer in {"ip", "ipv6"}:
            addresses = row[f"{layer}.src"][at[layer]], row[f"{layer}.dst"][at[layer]]
        elif layer == "arp" and row["arp.src.proto_ipv4"]:
            return (ARP, row["arp.src.proto_ipv4"][0], 0, row["arp.dst.proto_ipv4"][0], 0), 0
        elif layer in {"icmp", "icmpv6"} and addresses:
            return (ICMP if layer == "icmp" else ICMP6, addresses[0], 0, addresses[1], 0), 0
        elif layer in {"tcp", "udp"} and addresses:
            sport, dport = int(row[f"{layer}.srcport"][at[layer]]), int(row[f"{layer}.dstport"][at[layer]])
            size = int(row["tcp.len"][at[layer]]) if layer == "tcp" else int(row["udp.length"][at[layer]]) - 8
            found = (TCP if layer == "tcp" else UDP, addresses[0], sport, addresses[1], dport), size
        at[layer] += 1
    return found


def oracle(path: Path) -> Sums:
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,"]
    fields = [part for name in FIELDS for part in ("-e", name)]
    out = subprocess.run([*command, *fields], capture_output=True, text=True, check=False).stdout
    packets, payload = Counter[Direction](), Counter[Direction]()
    for line in out.splitlines():
        values = [value.split(",") if value else [] for value in line.split("\t")]
        seen = innermost(dict(zip(FIELDS, values, strict=True)))
        if seen:
            packets[seen[0]] += 1
            payload[seen[0]] += seen[1]
    return {direction: (count, payload[direction]) for direction, count in packets.items()}


def text(row: np.void, side: str) -> str:
    return str(ip_address(bytes(row[side][: 16 if row["ver"] == 6 else 4])))


def directions(row: np.void) -> Iterator[tuple[Direction, tuple[int, int]]]:
    proto = ARP if row["ver"] == 10 else int(row["proto"])
    ports = (int(row["aport"]), int(row["bport"])) if proto in {TCP, UDP} else (0, 0)
    ends = (text(row, "a"), ports[0]), (text(row, "b"), ports[1])
    for side in (0, 1):
        if row["packets"][side]:
            size = int(row["payload"][side]) if proto in {TCP, UDP} else 0
            yield (proto, *ends[side], *ends[1 - side]), (int(row["packets"][side]), size)


def ours(flows: np.ndarray) -> Sums:
    sums: Sums = {}
    for row in flows:
        for direction, (count, size) in directions(row):
            if direction[0] in {TCP, UDP, ICMP, ICMP6, ARP}:
                before = sums.get(direction, (0, 0))
                sums[direction] = before[0] + count, before[1] + size
    return sums


def differences(path: Path, read: Read) -> dict[Direction, tuple[object, object]]:
    theirs, mine = oracle(path), ours(read(path.read_bytes()).flows)
    return {
        key: (theirs.get(key), mine.get(key)) for key in theirs.keys() | mine.keys() if theirs.get(key) != mine.get(key)
    }


def captures() -> list[Path]:
    return sorted(CAPTURES.glob("*.pcap*")) if CAPTURES.is_dir() else []


@pytest.mark.skipif(not captures(), reason="the public captures are not here")
@pytest.mark.parametrize("path", captures(), ids=lambda path: path.name)
def test_real_captures(path: Path, read: Read) -> None:
    found = differences(path, read)
    assert found.keys() == DIFFERENCES.get(path.name, {}).keys(), found


def gre(protocol: int, body: bytes, bits: int = 0, options: bytes = b"") -> bytes:
    return pack(">HH", bits, protocol) + options + body


def wrapped(wire: ModuleType, packet: bytes, six: int) -> dict[str, bytes]:
    """The packet as it is, and in every tunnel that tshark reads as we do."""
    kind = 0x86DD if six else 0x0800
    frame = wire.eth(packet, kind)
    outer = {"src": "192.0.2.1", "dst": "192.0.2.2"}
    ppp = (b"\0\x57" if six else b"\0\x21") + packet
    return {
        "plain": frame,
        "tag": wire.eth(wire.vlan(packet, 7, kind), 0x8100),
        "tags": wire.eth(wire.vlan(wire.vlan(packet, 8, kind), 7, 0x8100), 0x88A8),
        "mpls": wire.eth(pack(">I", 16 << 12 | 1 << 8 | 64) + packet, 0x8847),
        "pppoe": wire.eth(pack(">BBHH", 0x11, 0, 7, len(ppp)) + ppp, 0x8864),
        "gre": wire.eth(wire.ip4(gre(kind, packet), **outer, proto=47)),
        "nvgre": wire.eth(wire.ip4(gre(0x6558, frame, 0x2000, pack(">I", 0x1234 << 8)), **outer, proto=47)),
        "erspan": wire.eth(
            wire.ip4(gre(0x88BE, pack(">HHI", 0x1007, 1, 0) + frame, 0x1000, bytes(4)), **outer, proto=47)
        ),
        "erspan 3": wire.eth(
            wire.ip4(gre(0x22EB, pack(">HHIHH", 0x2007, 1, 0, 0, 0) + frame, 0x1000, bytes(4)), **outer, proto=47)
        ),
        "vxlan": wire.eth(wire.ip4(wire.udp(pack(">BxxxI", 8, 42 << 8) + frame, 50000, 4789), **outer, proto=17)),
        "in ipv4": wire.eth(wire.ip4(packet, **outer, proto=41 if six else 4)),
        "in ipv6": wire.eth(wire.ip6(packet, proto=41 if six else 4), 0x86DD),
    }


def generated(wire: ModuleType, seed: int) -> bytes:
    """Several hundred packets of a few conversations, each packet in a form drawn by chance."""
    chance = Random(seed)
    frames = []
    for number in range(400):
        six = chance.randrange(2)
        udp = chance.randrange(2)
        sport, dport = chance.choice([(40001, 2575), (40002, 515), (40003, 6000)])[:: chance.choice([1, -1])]
        payload = bytes(chance.randrange(0, 60))
        body = wire.udp(payload, sport, dport) if udp else wire.tcp(payload, sport, dport, number * 100)
        packet = wire.ip6(body, proto=17 if udp else 6) if six else wire.ip4(body, proto=17 if udp else 6)
        forms = wrapped(wire, packet, six)
        frames.append(forms[chance.choice(sorted(forms))])
    return wire.pcap([(frame, 1_700_000_000_000_000 + 1000 * i) for i, frame in enumerate(frames)])


def fragmented(wire: ModuleType, seed: int) -> bytes:
    """Datagrams of both versions in fragments, in any order, some repeated."""
    chance = Random(seed)
    frames = []
    for number in range(60):
        body = wire.udp(bytes(chance.randrange(100, 900)), 5000 + number % 4, 6000)
        size = chance.choice([64, 200, 504])
        parts = []
        for at in range(0, len(body), size):
            more = at + size < len(body)
            if number % 2:
                head = pack(">BBHI", 17, 0, at | more, number)
                parts.append(wire.eth(wire.ip6(head + body[at : at + size], proto=44), 0x86DD))
            else:
                place = at // 8 | (0x2000 if more else 0)
                parts.append(wire.eth(wire.ip4(body[at : at + size], proto=17, ident=number, place=place)))
        chance.shuffle(parts)
        frames += parts
    return wire.pcap([(frame, 1_700_000_000_000_000 + 1000 * i) for i, frame in enumerate(frames)])


@pytest.mark.parametrize("maker", [generated, fragmented], ids=["tunnels", "fragments"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_generated_captures(
    maker: Callable[[ModuleType, int], bytes], seed: int, wire: ModuleType, read: Read, tmp_path: Path
) -> None:
    path = tmp_path / "generated.pcap"
    path.write_bytes(maker(wire, seed))
    assert differences(path, read) == {}
    assert len(ours(read(path.read_bytes()).flows)) > 3
