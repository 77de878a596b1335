"""In: what a packet is to say. Out: its bytes, built field by field from the RFCs, with nothing of wardwatch."""

from collections.abc import Sequence
from ipaddress import ip_address
from struct import pack

A_MAC, B_MAC = bytes.fromhex("020000000a0a"), bytes.fromhex("020000000b0b")
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def eth(payload: bytes, kind: int = 0x0800, src: str = A_MAC, dst: str = B_MAC) -> bytes:
    return dst + src + pack(">H", kind) + payload


def vlan(payload: bytes, number: int, kind: int = 0x0800) -> bytes:
    return pack(">HH", number, kind) + payload


def ip4(  # noqa: PLR0913, PLR0917  # one argument a field or a fixture
    payload: bytes,
    src: str = "10.0.0.1",
    dst: str = "10.0.0.2",
    proto: int = 6,
    ttl: int = 64,
    ident: int = 1,
    place: int = 0,
    total: int | None = None,
    options: bytes = b"",
) -> bytes:
    words = 5 + len(options) // 4
    length = words * 4 + len(payload) if total is None else total
    head = pack(">BBHHHBBH", 0x40 | words, 0, length, ident, place, ttl, proto, 0)
    return head + ip_address(src).packed + ip_address(dst).packed + options + payload


def ip6(  # noqa: PLR0913, PLR0917  # one argument a field or a fixture
    payload: bytes,
    src: str = "2001:db8::1",
    dst: str = "2001:db8::2",
    proto: int = 6,
    hops: int = 64,
    length: int | None = None,
) -> bytes:
    size = len(payload) if length is None else length
    return pack(">IHBB", 6 << 28, size, proto, hops) + ip_address(src).packed + ip_address(dst).packed + payload


def tcp(  # noqa: PLR0913, PLR0917  # one argument a field or a fixture
    payload: bytes = b"",
    sport: int = 40000,
    dport: int = 515,
    seq: int = 1000,
    ack: int = 0,
    flags: int = ACK,
    options: bytes = b"",
) -> bytes:
    words = 5 + len(options) // 4
    return pack(">HHIIBBHHH", sport, dport, seq, ack, words << 4, flags, 65535, 0, 0) + options + payload


def udp(payload: bytes = b"", sport: int = 40000, dport: int = 53, length: int | None = None) -> bytes:
    return pack(">HHHH", sport, dport, 8 + len(payload) if length is None else length, 0) + payload


def icmp(kind: int, code: int, rest: bytes = b"\0\0\0\1") -> bytes:
    return pack(">BBH", kind, code, 0) + rest


def arp(operation: int, sender: str, target: str, mac: bytes = A_MAC) -> bytes:
    return (
        pack(">HHBBH", 1, 0x0800, 6, 4, operation)
        + mac
        + ip_address(sender).packed
        + bytes(6)
        + ip_address(target).packed
    )


def record(frame: bytes, time_us: int = 0, wire: int | None = None, order: str = "<", units: int = 1_000_000) -> bytes:
    return (
        pack(f"{order}IIII", time_us // units, time_us % units, len(frame), len(frame) if wire is None else wire)
        + frame
    )


def pcap(  # noqa: PLR0913, PLR0917  # one argument a field or a fixture
    frames: Sequence[bytes | tuple[bytes, int]],
    linktype: int = 1,
    order: str = "<",
    magic: int = 0xA1B2C3D4,
    snaplen: int = 65535,
    start: int = 1_700_000_000,
) -> bytes:
    """Frames a second apart; a frame may be a pair of itself and its time in microseconds."""
    head = pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, snaplen, linktype)
    timed = [f if isinstance(f, tuple) else (f, (start + i) * 1_000_000) for i, f in enumerate(frames)]
    return head + b"".join(record(frame, time, order=order) for frame, time in timed)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    padded = body + bytes(-len(body) % 4)
    length = pack(f"{order}I", len(padded) + 12)
    return pack(f"{order}I", kind) + length + padded + length


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return pack(f"{order}HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(linktype: int = 1, snaplen: int = 0, options: bytes = b"", order: str = "<") -> bytes:
    return block(1, pack(f"{order}HHI", linktype, 0, snaplen) + options, order)


def enhanced(frame: bytes, units: int = 0, number: int = 0, wire: int | None = None, order: str = "<") -> bytes:
    size = len(frame) if wire is None else wire
    return block(6, pack(f"{order}IIIII", number, units >> 32, units & 0xFFFFFFFF, len(frame), size) + frame, order)


def simple(frame: bytes, wire: int | None = None, order: str = "<") -> bytes:
    return block(3, pack(f"{order}I", len(frame) if wire is None else wire) + frame, order)


def obsolete(frame: bytes, units: int = 0, number: int = 0, order: str = "<") -> bytes:
    head = pack(f"{order}HHIIII", number, 0, units >> 32, units & 0xFFFFFFFF, len(frame), len(frame))
    return block(2, head + frame, order)


def hello(payload: bytes = b"hello") -> bytes:
    """The packet most tests carry in something: 10.0.0.1:40000 to 10.0.0.2:515, five bytes of TCP payload."""
    return ip4(tcp(payload))
