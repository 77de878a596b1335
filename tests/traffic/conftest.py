"""In: a playbook, a capture told in lines. Out: the capture's bytes, and what a scan of them says.

A playbook reads like a trace:

    fires critical 10.20.0.21            what must be found: severity and device (none: the rule stays silent)
    local 198.51.100.0/24                an option of the scan
    0 syn 10.20.0.21:40000 > 202.114.4.119:515 count=20 every=60
    5 tcp 10.20.0.21:40000 > 10.20.0.5:515 client=cms:3:MUSTER^EVA:4711 rttl=63

The frames are built here, with struct alone, so that they do not share a fault with the code under test.
"""

import shlex
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import pytest

from wardwatch.secrecy import Pseudonyms
from wardwatch.traffic.examine import Answer, Question, examine_captures
from wardwatch.traffic.networks import site

GATEWAY = bytes.fromhex("0200000000fe")
START = 1_767_600_000  # 2026-01-05 08:00:00 UTC
MSS = 1400
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


@dataclass
class Playbook:
    fires: list[tuple[str, str]] = field(default_factory=list)
    local: list[str] = field(default_factory=list)
    frames: list[tuple[float, bytes]] = field(default_factory=list)

    def pcap(self) -> bytes:
        head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
        records = []
        for at, frame in sorted(self.frames, key=lambda entry: entry[0]):
            whole = int(at)
            stamp = struct.pack("<IIII", START + whole, round((at - whole) * 1e6), len(frame), len(frame))
            records.append(stamp + frame)
        return head + b"".join(records)


def read_playbook(text: str) -> Playbook:
    play = Playbook()
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        if words[0] == "fires":
            play.fires.append((words[1], words[2]))
        elif words[0] == "local":
            play.local.append(words[1])
        else:
            play.frames += _act(float(words[0]), words[1], words[2], words[4], dict(w.split("=", 1) for w in words[5:]))
    return play


def _act(at: float, kind: str, source: str, target: str, options: dict[str, str]) -> Iterator[tuple[float, bytes]]:
    for turn in range(int(options.get("count", "1"))):
        ends = Ends(source, target, options, turn)
        yield from ACTS[kind](at + turn * float(options.get("every", "1")), ends, options)


class Ends:
    def __init__(self, source: str, target: str, options: dict[str, str], turn: int) -> None:
        self.a, aport = _split(source)
        self.b, bport = _split(target)
        self.ports = (aport + turn * int("samePort" not in options), bport)
        self.ttls = (int(options.get("ttl", "64")), int(options.get("rttl", "64" if _is_private(self.b) else "52")))
        self.macs = (_mac(self.a, options.get("mac")), _mac(self.b, options.get("rmac")))

    def ip(self, side: int, proto: int, payload: bytes) -> bytes:
        ends = (self.a, self.b) if side == 0 else (self.b, self.a)
        macs = self.macs if side == 0 else self.macs[::-1]
        head = struct.pack(
            ">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, self.ttls[side], proto, 0,
            ip_address(ends[0]).packed, ip_address(ends[1]).packed,
        )  # fmt: skip
        return macs[1] + macs[0] + b"\x08\x00" + head + payload

    def tcp(self, side: int, seq: int, ack: int, flags: int, data: bytes = b"") -> bytes:
        ports = self.ports if side == 0 else self.ports[::-1]
        return self.ip(side, 6, struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 8192, 0, 0) + data)

    def udp(self, side: int, data: bytes) -> bytes:
        ports = self.ports if side == 0 else self.ports[::-1]
        return self.ip(side, 17, struct.pack(">HHHH", *ports, 8 + len(data), 0) + data)

    def arp(self, operation: int) -> bytes:
        sender, target = (self.a, self.b) if operation == 1 else (self.b, self.a)
        macs = self.macs if operation == 1 else self.macs[::-1]
        body = struct.pack(
            ">HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, macs[0], ip_address(sender).packed,
            bytes(6) if operation == 1 else macs[1], ip_address(target).packed,
        )  # fmt: skip
        return (b"\xff" * 6 if operation == 1 else macs[1]) + macs[0] + b"\x08\x06" + body


def _split(text: str) -> tuple[str, int]:
    address, _, port = text.partition(":")
    return address, int(port or 0)


def _is_private(address: str) -> bool:
    return address.startswith(("10.", "192.168.", "172.16."))


def _mac(address: str, given: str | None) -> bytes:
    if given == "own" or (given is None and _is_private(address)):
        return b"\x02\x10" + ip_address(address).packed
    return bytes.fromhex(given) if given else GATEWAY


def _syn(at: float, ends: Ends, _options: dict[str, str]) -> Iterator[tuple[float, bytes]]:
    yield at, ends.tcp(0, 1000, 0, SYN)


def _refused(at: float, ends: Ends, _options: dict[str, str]) -> Iterator[tuple[float, bytes]]:
    yield at, ends.tcp(0, 1000, 0, SYN)
    yield at + 0.001, ends.tcp(1, 0, 1001, RST | ACK)


def _tcp(at: float, ends: Ends, options: dict[str, str]) -> Iterator[tuple[float, bytes]]:
    seq, ack = 1001, 5001
    if "nosyn" not in options:
        yield at, ends.tcp(0, 1000, 0, SYN)
        yield at + 0.001, ends.tcp(1, 5000, 1001, SYN | ACK)
        yield at + 0.002, ends.tcp(0, seq, ack, ACK)
    at += 0.003
    for side, name in ((0, "client"), (1, "server")):
        for write in _payload(options[name]) if name in options else ():
            for start in range(0, len(write), MSS):
                part = write[start : start + MSS]
                yield at, ends.tcp(side, seq if side == 0 else ack, ack if side == 0 else seq, PSH | ACK, part)
                if side == 0 and "forged" in options:  # the same bytes once more, but for the last one
                    yield at + 0.0002, ends.tcp(0, seq, ack, PSH | ACK, part[:-1] + bytes([part[-1] ^ 1]))
                seq, ack = (seq + len(part), ack) if side == 0 else (seq, ack + len(part))
                yield at + 0.0005, ends.tcp(1 - side, ack if side == 0 else seq, seq if side == 0 else ack, ACK)
                at += 0.001
            at += 1.0
    yield at, ends.tcp(0, seq, ack, FIN | ACK)
    yield at + 0.001, ends.tcp(1, ack, seq + 1, FIN | ACK)


def _udp(at: float, ends: Ends, options: dict[str, str]) -> Iterator[tuple[float, bytes]]:
    for write in _payload(options.get("client", "text:hello")):
        yield at, ends.udp(0, write)
    for write in _payload(options["reply"]) if "reply" in options else ():
        yield at + 0.01, ends.udp(1, write)


def _arp(at: float, ends: Ends, _options: dict[str, str]) -> Iterator[tuple[float, bytes]]:
    yield at, ends.arp(1)


def _arp_answered(at: float, ends: Ends, _options: dict[str, str]) -> Iterator[tuple[float, bytes]]:
    yield at, ends.arp(1)
    yield at + 0.001, ends.arp(2)


ACTS: dict[str, Callable[[float, Ends, dict[str, str]], Iterator[tuple[float, bytes]]]] = {
    "syn": _syn, "refused": _refused, "tcp": _tcp, "udp": _udp, "arp": _arp, "arp-answered": _arp_answered,
}  # fmt: skip


def _payload(spec: str) -> Iterator[bytes]:
    """The writes of an application, one a second, from `kind:arguments`."""
    kind, _, rest = spec.partition(":")
    yield from PAYLOADS[kind](rest)


def _block(kind: int, payload: bytes) -> bytes:
    return struct.pack("<HBB", len(payload) + 2, 5, kind) + payload


def cms_patient(name: str, number: str, bed: int = 3) -> bytes:
    payload = bytearray(192)
    payload[0x00:0x03] = b"ICU"
    payload[0x22] = bed
    payload[0x23 : 0x23 + len(name)] = name.encode()
    payload[0x43 : 0x43 + len(number)] = number.encode()
    payload[0x7C:0x80] = b"1950"
    return _block(0x3E, bytes(payload))


def cms_set(second: int = 0) -> bytes:
    wave = bytes((128 + (i * 7 + second) % 60) for i in range(256))
    ecg = bytearray(1024)
    ecg[:4] = bytes([0, 0, 0x14, 0])
    ecg[4:772] = wave * 3
    ecg[0x304:0x384] = wave[:128]
    ecg[0x384], ecg[0x386] = 72, 14
    pleth = bytearray(288)
    pleth[:4] = bytes([0, 0, 0x15, 0])
    pleth[4:260] = wave
    pleth[0x104], pleth[0x106] = 97, 72
    nibp, temperature = bytearray(40), bytearray(52)
    nibp[:4], temperature[:4] = bytes([0, 0, 0x16, 0]), bytes([0, 0, 0x17, 0])
    blocks = [_block(0x45, bytes([0, 0, 3, 255])), *(_block(0x46, bytes(b)) for b in (ecg, pleth, nibp, temperature))]
    return b"".join(blocks) + _block(0x47, b"")


def _cms(rest: str) -> Iterator[bytes]:
    """`cms:SETS[:NAME:NUMBER]`; without a name no patient block is sent."""
    sets, _, who = rest.partition(":")
    if who:
        name, _, number = who.partition(":")
        yield cms_patient(name, number) + _block(0x43, b"")
    for second in range(int(sets)):
        yield cms_set(second)


def _hl7(rest: str) -> Iterator[bytes]:
    """`hl7:APPLICATION:NAME:NUMBER`."""
    application, name, number = rest.split(":")
    segments = [
        f"MSH|^~\\&|{application}|WARD|EHR|HOSP|20260105080000||ORU^R01|1|P|2.3.1",
        f"PID|||{number}||{name}||19500101|F",
        "OBX|1|NM|8867-4^Heart rate||72|/min",
    ]
    yield b"\x0b" + "\r".join(segments).encode() + b"\r\x1c\x0d"


def _opaque(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">I", len(raw)) + raw + bytes(-len(raw) % 4)


def _call(xid: int, program: int, version: int, procedure: int, arguments: bytes) -> bytes:
    credentials = struct.pack(">II", 1, 20 + 4) + struct.pack(">I", 7) + _opaque("mon1") + struct.pack(">III", 0, 0, 0)
    return struct.pack(">IIIIII", xid, 0, 2, program, version, procedure) + credentials + bytes(8) + arguments


def _mount(path: str) -> Iterator[bytes]:
    yield _call(0x51, 100005, 1, 1, _opaque(path))


def _mount_done(_rest: str) -> Iterator[bytes]:
    yield struct.pack(">IIIIII", 0x51, 1, 0, 0, 0, 0) + struct.pack(">I", 0) + bytes(range(32))


def _lookup(rest: str) -> Iterator[bytes]:
    """`lookup:NAME[:HANDLE]` in a folder, by default the one of `mount-done`; HANDLE is one byte, 32 times."""
    name, _, handle = rest.partition(":")
    folder = bytes([int(handle, 16)]) * 32 if handle else bytes(range(32))
    yield _call(0x60 + int(handle or "0", 16), 100003, 2, 4, folder + _opaque(name))


def _found(rest: str) -> Iterator[bytes]:
    """`found:HANDLE[:HANDLE OF THE FOLDER]`: the answer to `lookup`."""
    handle, _, folder = rest.partition(":")
    head = struct.pack(">IIIIII", 0x60 + int(folder or "0", 16), 1, 0, 0, 0, 0)
    yield head + struct.pack(">I", 0) + bytes([int(handle, 16)]) * 32 + bytes(68)


def _getport(_rest: str) -> Iterator[bytes]:
    yield _call(0x50, 100000, 2, 3, struct.pack(">IIII", 100005, 1, 17, 0))


def _dhcp(name: str) -> Iterator[bytes]:
    """`dhcp:HOSTNAME:ADDRESS`: a request with that name for that address."""
    host, _, address = name.partition(":")
    mac = b"\x02\x10" + ip_address(address).packed
    head = struct.pack(">BBBBIHH", 1, 1, 6, 0, 7, 0, 0) + bytes(16) + mac + bytes(10) + bytes(192)
    options = b"\x35\x01\x03\x32\x04" + ip_address(address).packed + bytes([12, len(host)]) + host.encode() + b"\xff"
    yield head + b"\x63\x82\x53\x63" + options


def _lpd(queue: str) -> Iterator[bytes]:
    control = b"Hward3\nPnurse\nJlist\nldfA001ward3\n"
    yield b"\x02" + queue.encode() + b"\n"
    yield b"\x02%d cfA001ward3\n" % len(control)
    yield control + b"\0"
    yield b"\x0312 dfA001ward3\n"
    yield b"Hello ward 3\0"


def _zeros(count: str) -> Iterator[bytes]:
    yield b"\x23" + bytes(int(count) - 1)


def _text(text: str) -> Iterator[bytes]:
    yield text.encode().decode("unicode_escape").encode("latin-1")


def _hex(text: str) -> Iterator[bytes]:
    yield bytes.fromhex(text)


PAYLOADS: dict[str, Callable[[str], Iterator[bytes]]] = {
    "cms": _cms, "hl7": _hl7, "mount": _mount, "mount-done": _mount_done,
    "lookup": _lookup, "found": _found, "getport": _getport, "dhcp": _dhcp,
    "lpd": _lpd, "zeros": _zeros, "text": _text, "hex": _hex,
}  # fmt: skip


@pytest.fixture
def play(tmp_path: Path) -> Callable[[str], tuple[Playbook, Answer]]:
    """Scan a playbook's text through the real reader and the real kernel."""

    def scan(text: str) -> tuple[Playbook, Answer]:
        book = read_playbook(text)
        path = tmp_path / "play.pcap"
        path.write_bytes(book.pcap())
        return book, examine_captures([path], Question(site(book.local), Pseudonyms(bytes(32)), digest=False))

    return scan
