"""In: an Ethernet frame. Out: between whom it is, as a key that packets of one attempt share; None for what is no IP.

A later fragment has no ports; the first one (RFC 791, section 3.2; RFC 8200, section 4.5) has them and gives the key.
"""

from typing import Final

Key = tuple[bytes, bytes, str, int, int]
_NAMES: Final = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp"}
_OPTIONS: Final = {0, 43, 60}
_FRAGMENT: Final = 44
_LONGEST_CHAIN: Final = 8


def key_of(frame: bytes) -> Key | None:
    """Source, destination, protocol and both ports."""
    kind = frame[12:14]
    if kind == b"\x08\x00":
        return _version_4(frame[14:])
    return _version_6(frame[14:]) if kind == b"\x86\xdd" else None


def _version_4(packet: bytes) -> Key | None:
    if len(packet) < 20 or packet[0] >> 4 != 4 or (packet[6] & 0x1F or packet[7]):  # noqa: PLR2004  # RFC 791's sizes
        return None
    return _key(packet[12:16], packet[16:20], packet[9], packet[(packet[0] & 15) * 4 :])


def _version_6(packet: bytes) -> Key | None:
    if len(packet) < 40 or packet[0] >> 4 != 6:  # noqa: PLR2004  # RFC 8200's sizes
        return None
    protocol, rest = packet[6], packet[40:]
    for _ in range(_LONGEST_CHAIN):
        if protocol == _FRAGMENT and len(rest) >= 8 and not (rest[2] or rest[3] & 0xF8):  # noqa: PLR2004  # its size
            protocol, rest = rest[0], rest[8:]
        elif protocol in _OPTIONS and len(rest) >= 8:  # noqa: PLR2004  # the least size of an extension header
            protocol, rest = rest[0], rest[8 + rest[1] * 8 :]
        else:
            break
    return _key(packet[8:24], packet[24:40], protocol, rest)


def _key(src: bytes, dst: bytes, protocol: int, rest: bytes) -> Key | None:
    name = _NAMES.get(protocol)
    if name == "icmp":
        return (src, dst, "icmp", 0, 0) if rest[:1] in {b"\x08", b"\x80", b"\x00", b"\x81"} else None
    if name is None or len(rest) < 4:  # noqa: PLR2004  # two ports
        return None
    return src, dst, name, int.from_bytes(rest[:2], "big"), int.from_bytes(rest[2:4], "big")
