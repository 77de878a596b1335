"""In: addresses, ports and payload. Out: whole Ethernet frames with right lengths and checksums.

IEEE 802.3 and RFC 894 (Ethernet), 826 (ARP), 791 (IPv4), 1071 (the checksum), 768 (UDP), 9293 (TCP).
"""

from dataclasses import dataclass
from ipaddress import IPv4Address
from struct import Struct
from typing import Final

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10

BROADCAST: Final = b"\xff" * 6
NOBODY: Final = bytes(6)

_IPV4: Final = Struct(">BBHHHBBH4s4s")
_TCP: Final = Struct(">HHIIBBHHH")
_UDP: Final = Struct(">HHHH")
_ARP: Final = Struct(">HHBBH6s4s6s4s")
_PSEUDO: Final = Struct(">4s4sHH")
_TCP_NUMBER, _UDP_NUMBER = 6, 17
_FULL: Final = 0xFFFF


@dataclass(slots=True)
class Host:
    """An address on a wire. `distance`: routers between it and the capture point, taken off its TTL.

    `identification` counts its IP packets (RFC 791, section 3.1), so it changes as the host sends.
    """

    mac: bytes
    ip: bytes
    name: str = ""
    ttl: int = 64
    distance: int = 0
    identification: int = 0

    @property
    def address(self) -> str:
        """Dotted quad."""
        return str(IPv4Address(self.ip))


def ip(address: str) -> bytes:
    """Four bytes of a dotted quad."""
    return IPv4Address(address).packed


def local_mac(number: int) -> bytes:
    """A locally administered unicast MAC address (IEEE 802, section 8.4), one for each number below 2**40."""
    return b"\x02" + number.to_bytes(5, "big")


def group_mac(address: bytes) -> bytes:
    """The MAC address of an IPv4 multicast group (RFC 1112, section 6.4)."""
    return b"\x01\x00\x5e" + bytes([address[1] & 0x7F]) + address[2:]


def checksum(data: bytes) -> int:
    """RFC 1071: the ones' complement of the ones' complement sum of 16-bit words, an odd last byte padded with zero.

    That sum is the number the bytes spell, modulo 2**16 - 1, with 0 standing for itself only if all bytes are zero.
    """
    number = int.from_bytes(data, "big") << (8 * (len(data) & 1))
    rest = number % _FULL
    return _FULL - (rest or (_FULL if number else 0))


def ethernet(destination: bytes, source: bytes, kind: int, payload: bytes) -> bytes:
    """A frame without its check sequence, padded to the least length of 60 bytes."""
    return (destination + source + kind.to_bytes(2, "big") + payload).ljust(60, b"\0")


def arp(sender: Host, target: bytes, *, answer_to: Host | None = None) -> bytes:
    """Who has `target`, tell `sender`; or tell the host `answer_to` that `target` is at `sender`."""
    if answer_to is None:
        body = _ARP.pack(1, 0x0800, 6, 4, 1, sender.mac, sender.ip, NOBODY, target)
        return ethernet(BROADCAST, sender.mac, 0x0806, body)
    body = _ARP.pack(1, 0x0800, 6, 4, 2, sender.mac, target, answer_to.mac, answer_to.ip)
    return ethernet(answer_to.mac, sender.mac, 0x0806, body)


def ipv4(source: Host, target: Host, protocol: int, payload: bytes, *, next_hop: bytes | None = None) -> bytes:
    """A frame that carries one IPv4 packet, never fragmented, don't-fragment set."""
    source.identification = (source.identification + 1) & _FULL
    ttl = source.ttl - source.distance
    head = [0x45, 0, 20 + len(payload), source.identification, 0x4000, ttl, protocol, 0, source.ip, target.ip]
    head[7] = checksum(_IPV4.pack(*head))
    return ethernet(next_hop or target.mac, source.mac, 0x0800, _IPV4.pack(*head) + payload)


def udp(source: Host, sport: int, target: Host, dport: int, payload: bytes) -> bytes:
    """One datagram; to a group or broadcast address the target's MAC address says so."""
    length = 8 + len(payload)
    pseudo = _PSEUDO.pack(source.ip, target.ip, _UDP_NUMBER, length)
    total = checksum(pseudo + _UDP.pack(sport, dport, length, 0) + payload) or _FULL  # 0 would mean 'none' (RFC 768)
    return ipv4(source, target, _UDP_NUMBER, _UDP.pack(sport, dport, length, total) + payload)


def tcp(source: Host, target: Host, head: "TcpHead", payload: bytes = b"") -> bytes:
    """One segment."""
    pseudo = _PSEUDO.pack(source.ip, target.ip, _TCP_NUMBER, 20 + len(head.options) + len(payload))
    total = checksum(pseudo + head.packed(0) + payload)
    return ipv4(source, target, _TCP_NUMBER, head.packed(total) + payload)


@dataclass(slots=True)
class TcpHead:
    """RFC 9293, section 3.1; `options` is padded by the caller to a multiple of 4 bytes."""

    sport: int
    dport: int
    seq: int
    ack: int
    flags: int
    window: int
    options: bytes = b""

    def packed(self, total: int) -> bytes:
        """The header's bytes with `total` as its checksum."""
        words = (20 + len(self.options)) // 4
        fixed = _TCP.pack(self.sport, self.dport, self.seq, self.ack, words << 4, self.flags, self.window, total, 0)
        return fixed + self.options
