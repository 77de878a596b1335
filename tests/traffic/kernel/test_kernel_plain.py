"""The short way of what nearly every packet is, and the long way of all others, come to the same.

Only Ethernet frames take the short way (plain.c), so the same packet as raw IP (link type 228) is the oracle.
"""

from collections.abc import Callable
from struct import pack
from types import ModuleType, SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wardwatch.protocols.codec import Signature, Transport
from wardwatch.traffic.table import FLOW

Read = Callable[..., SimpleNamespace]
FIELDS = [name for name in FLOW.names or () if name not in {"mac", "wire"}]
SIGNATURES = tuple((1, Signature(transport, b"\0", mask=b"\0")) for transport in Transport)

PORT = st.sampled_from((53, 515, 4789, 40000))
ODD = st.sampled_from((0, 0, 0, 0, 1, 4, 8, -1, -9, 60000))
TCP = st.tuples(PORT, PORT, st.sampled_from((0x50, 0x50, 0x50, 0x60, 0x80, 0x40, 0xF0)), st.integers(0, 255))
UDP = st.tuples(PORT, PORT, ODD)
IP = st.tuples(
    st.sampled_from((0x45, 0x45, 0x45, 0x45, 0x46, 0x44, 0x55)),
    st.sampled_from((0, 0, 0, 0x4000, 0x8000, 0x2000, 0x2001, 1, 0x100)),
    ODD,
    st.sampled_from((1, 64, 255)),
)
PACKET = st.tuples(IP, TCP | UDP, st.integers(0, 90), st.integers(0, 12), st.booleans())


def packet(ip: tuple[int, int, int, int], body: tuple[int, ...], size: int, padding: int) -> bytes:
    """An IPv4 packet whose lengths may lie; three numbers are of UDP, four of TCP."""
    payload = bytes(range(size))
    if len(body) == 3:
        content = pack(">HHHH", body[0], body[1], (8 + size + body[2]) & 0xFFFF, 0) + payload
    else:
        content = pack(">HHIIBBHHH", body[0], body[1], 7 * size, 9, body[2], body[3], 8192, 0, 0) + payload
    version, place, odd, ttl = ip
    length, proto = (20 + len(content) + odd) & 0xFFFF, 17 if len(body) == 3 else 6
    head = pack(">BBHHHBBH", version, 0, length, 1, place, ttl, proto, 0) + bytes((10, 0, 0, 1, 10, 0, 0, 2))
    return head + content + bytes(padding)


FRAGMENT = 0x3FFF
"""RFC 791 section 3.1: more fragments follow, or it is not the first."""


def told(seen: SimpleNamespace, link: int, frames: list[bytes]) -> Any:  # noqa: ANN401  # compared only
    """All that the kernel said, without the link layer."""
    records = [{name: row[name].tolist() for name in FIELDS} for row in seen.flows]
    wires = int(sum(row["wire"].sum() for row in seen.flows)) - link * int(
        sum(row["packets"].sum() for row in seen.flows)
    )
    counts = {name: packets for name, (packets, _) in seen.counters.items()}
    kept = [tuple(segment._replace(channel=0)) for segment in seen.batches]  # the channel's number is drawn
    return records, wires, counts, kept, seen.walked.decoded, seen.walked.cut, len(frames)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(PACKET, min_size=1, max_size=6))
def test_both_ways_come_to_the_same(wire: ModuleType, read: Read, drawn: list[Any]) -> None:
    packets = [packet(ip, body, size, padding) for ip, body, size, padding, _ in drawn]
    lengths = [len(each) - (3 if cut else 0) for each, (*_, cut) in zip(packets, drawn, strict=True)]
    plain, general = [], []
    for each, length in zip(packets, lengths, strict=True):
        frame = wire.eth(each)
        plain.append(wire.record(frame[: 14 + length], wire=len(frame)))
        general.append(wire.record(each[:length], wire=len(each)))
    short, long = (
        read(wire.pcap([], linktype=link) + b"".join(records), signatures=SIGNATURES)
        for link, records in ((1, plain), (228, general))
    )
    one, other = told(short, 14, plain), told(long, 0, general)
    if any(ip[1] & FRAGMENT for ip, *_ in drawn):  # a datagram put together counts once, and has several link headers
        one, other = (each[:1] + each[2:] for each in (one, other))
    assert one == other


def test_the_address_below_ip_is_read_too(wire: ModuleType, read: Read) -> None:
    frame = wire.eth(wire.ip4(wire.tcp(b"x" * 40)), src=b"\2\1\2\3\4\5")
    assert bytes(read(wire.pcap([frame])).flow["mac"][0]) == b"\2\1\2\3\4\5"
