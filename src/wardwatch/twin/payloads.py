"""In: a few values. Out: well-formed messages of the protocols every hospital's network is full of.

RFC 1035 (DNS), 6762 (mDNS), 1002 (NetBIOS names), 5905 (NTP), 1179 (LPD), 8446 and 6066 (TLS), 9112 (HTTP);
UPnP Device Architecture 2.0 section 1.3 (SSDP); DICOM PS3.7 and PS3.8 (association, C-ECHO).
"""

from random import Random
from struct import pack
from typing import Final

from .events import SECOND
from .packets import ip

VERIFICATION: Final = "1.2.840.10008.1.1"
_IMPLICIT_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2"
_APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
_SINCE_1900: Final = 2_208_988_800


def _labels(name: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode("ascii") for part in name.split(".")) + b"\0"


def dns_query(identifier: int, name: str) -> bytes:
    """A recursive question for the address of `name`."""
    return pack(">6H", identifier, 0x0100, 1, 0, 0, 0) + _labels(name) + pack(">HH", 1, 1)


def dns_answer(identifier: int, name: str, address: str) -> bytes:
    """One A record, valid for five minutes."""
    record = pack(">HHHIH", 0xC00C, 1, 1, 300, 4) + ip(address)
    return pack(">6H", identifier, 0x8180, 1, 1, 0, 0) + _labels(name) + pack(">HH", 1, 1) + record


def mdns_query(name: str) -> bytes:
    """A question to the whole network for whoever offers the service `name`."""
    return pack(">6H", 0, 0, 1, 0, 0, 0) + _labels(name) + pack(">HH", 12, 1)


def netbios_query(identifier: int, name: str) -> bytes:
    """A broadcast question for a NetBIOS name: 16 bytes, each written as two letters."""
    padded = name.upper().ljust(15).encode("ascii") + b"\0"
    letters = bytes(letter for byte in padded for letter in (0x41 + (byte >> 4), 0x41 + (byte & 15)))
    return pack(">6H", identifier, 0x0110, 1, 0, 0, 0) + b"\x20" + letters + b"\0" + pack(">HH", 0x20, 1)


def ssdp_search() -> bytes:
    """A question to the whole network for whatever speaks UPnP."""
    return b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 2\r\nST: ssdp:all\r\n\r\n'


def ntp(time: int, *, answering: int | None = None) -> bytes:
    """A client's packet sent at `time` (ns since 1970), or a server's answer to the one sent at `answering`."""
    now = _ntp_time(time)
    if answering is None:
        return pack(">BBbbII4s", 0x23, 0, 6, -20, 0, 0, bytes(4)) + bytes(24) + now
    head = pack(">BBbbII4s", 0x24, 2, 6, -20, 0x0200, 0x0400, ip("203.0.113.1"))
    return head + _ntp_time(time - 40 * SECOND) + _ntp_time(answering) + now + now


def _ntp_time(time: int) -> bytes:
    seconds, rest = divmod(time, SECOND)
    return pack(">II", (seconds + _SINCE_1900) % 2**32, (rest << 32) // SECOND)


def client_hello(name: str, source: Random) -> bytes:
    """A TLS record with a ClientHello that names the server."""
    host = name.encode("ascii")
    extensions = pack(">HHHBH", 0, len(host) + 5, len(host) + 3, 0, len(host)) + host + b"\x00\x2b\x00\x03\x02\x03\x04"
    body = b"\x03\x03" + source.randbytes(32) + b"\x20" + source.randbytes(32)
    body += b"\x00\x06\x13\x01\x13\x02\x13\x03\x01\x00" + len(extensions).to_bytes(2, "big") + extensions
    return tls_record(22, b"\x01" + len(body).to_bytes(3, "big") + body)


def server_hello(source: Random) -> bytes:
    """ServerHello and the first encrypted record."""
    body = b"\x03\x03" + source.randbytes(32) + b"\x20" + source.randbytes(32) + b"\x13\x01\x00"
    body += b"\x00\x06\x00\x2b\x00\x02\x03\x04"
    return tls_record(22, b"\x02" + len(body).to_bytes(3, "big") + body) + tls_record(23, source.randbytes(1900))


def tls_record(kind: int, content: bytes) -> bytes:
    """One record of at most 16 KiB."""
    return bytes([kind]) + b"\x03\x03" + len(content).to_bytes(2, "big") + content


def http_get(host: str, path: str) -> bytes:
    """A request for `path`."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: sample-updater/1.0\r\nAccept: */*\r\n\r\n".encode(
        "ascii"
    )


def http_answer(content: bytes) -> bytes:
    """A page of that content."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode("ascii") + content


def lpd_job(number: int, host: str, document: bytes) -> tuple[bytes, ...]:
    """What a client says, in five turns, each answered by one zero byte: queue, control file, data file."""
    name = f"{number:03d}{host}"
    control = f"H{host}\nPnurse\nJhandover list {number}\nldfA{name}\nUdfA{name}\nNhandover.ps\n".encode("ascii")
    return (
        b"\x02ward-1\n",
        f"\x02{len(control)} cfA{name}\n".encode("ascii"),
        control + b"\0",
        f"\x03{len(document)} dfA{name}\n".encode("ascii"),
        document + b"\0",
    )


def associate(calling: str, called: str, *, accept: bool = False) -> bytes:
    """A-ASSOCIATE-RQ or -AC for the verification service (PS3.8 sections 9.3.2 and 9.3.3)."""
    syntax = _item(0x40, _IMPLICIT_LITTLE_ENDIAN.encode("ascii"))
    offered = b"\x01\0\0\0" + (b"" if accept else _item(0x30, VERIFICATION.encode("ascii"))) + syntax
    user = _item(0x51, (16_384).to_bytes(4, "big")) + _item(0x52, b"1.2.826.0.1.3680043.2.1143.9")
    items = (
        _item(0x10, _APPLICATION_CONTEXT.encode("ascii")) + _item(0x21 if accept else 0x20, offered) + _item(0x50, user)
    )
    titles = called.ljust(16).encode("ascii") + calling.ljust(16).encode("ascii")
    return _pdu(2 if accept else 1, b"\0\x01\0\0" + titles + bytes(32) + items)


def echo(message: int, *, answer: bool = False) -> bytes:
    """C-ECHO-RQ or -RSP in one P-DATA-TF (PS3.7 section 9.3.5)."""
    command = _element(2, VERIFICATION.encode("ascii") + b"\0") + _element(
        0x100, pack("<H", 0x8030 if answer else 0x30)
    )
    command += _element(0x120 if answer else 0x110, pack("<H", message)) + _element(0x800, pack("<H", 0x0101))
    command += _element(0x900, bytes(2)) if answer else b""
    command = _element(0, pack("<I", len(command))) + command
    return _pdu(4, pack(">IBB", len(command) + 2, 1, 3) + command)


def release(*, answer: bool = False) -> bytes:
    """A-RELEASE-RQ or -RP."""
    return _pdu(6 if answer else 5, bytes(4))


def _pdu(kind: int, content: bytes) -> bytes:
    return pack(">BBI", kind, 0, len(content)) + content


def _item(kind: int, content: bytes) -> bytes:
    return pack(">BBH", kind, 0, len(content)) + content


def _element(element: int, value: bytes) -> bytes:
    return pack("<HHI", 0, element, len(value)) + value
