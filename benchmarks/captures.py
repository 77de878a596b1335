"""In: a size and a seed. Out: a capture of a hospital's core switch of about that size, the same bytes in every run.

A slice of 40 seconds (some 40 MB) is made packet by packet; every further slice is the same traffic of other clients:
NumPy shifts the times and writes another second octet into the clients' addresses, with IPv4, TCP and UDP checksums
brought up to date (RFC 1624, equation 3). Eight monitors of the twin run through all slices as one ward: six stream
to the documented address and are answered, two call it in vain; 24 HL7 interfaces do likewise, since interface
engines keep few long connections between fixed machines. A smaller capture is the beginning of a larger one.

    python benchmarks/captures.py OUT.pcap [MEGABYTES]
"""

import sys
from collections.abc import Iterator
from heapq import merge
from operator import itemgetter
from pathlib import Path
from random import Random
from struct import pack
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from wardwatch.twin import hl7, payloads
from wardwatch.twin.capture import records
from wardwatch.twin.events import MICROSECOND, MILLISECOND, SECOND, Event
from wardwatch.twin.monitor import MonitorTwin
from wardwatch.twin.packets import SYN, Host, TcpHead, arp, ip, local_mac, tcp, udp
from wardwatch.twin.patients import invent
from wardwatch.twin.plan import Central, Plan
from wardwatch.twin.tcp import CLIENT, SERVER, Connection, Line

START: Final = 1_772_359_200 * SECOND
SLICE_SECONDS: Final = 40
MOST_SLICES: Final = 200
_TEN: Final = 10
_CLIENTS: Final = 32  # second octet of a client's address in the first slice
_MONITORS, _ANSWERED = 8, 6
_INTERFACES = 24
_PAUSE = 9 * SECOND  # between two messages of an interface, on average
_RECORD, _ETHERNET = 16, 14  # bytes of a record's head and of a frame's
_TCP, _UDP = 6, 17
_TCP_CHECK, _UDP_CHECK = 36, 26  # from the IP header's begin, which has no options here
_ROUTER, _CORE = local_mac(0x11_0000_0001), local_mac(0x11_0000_0002)

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]


class Slice(NamedTuple):
    """One slice as file bytes: `starts` and `times` (us since the slice's begin) of its records."""

    data: Bytes
    starts: Positions
    times: Positions


class Traffic:
    """Conversations between clients 10.32.x.y and servers, spread over the slice."""

    def __init__(self, seed: int) -> None:
        self.source = Random(f"benchmark/{seed}")
        self.events: list[Event] = []

    def client(self) -> Host:
        """One of some hundred."""
        number = self.source.randrange(400)
        return Host(_ROUTER, ip(f"10.{_CLIENTS}.{number // 200}.{1 + number % 200}"), ttl=128)

    def inside(self, last: int) -> Host:
        """A server of the hospital."""
        return Host(_CORE, ip(f"10.10.0.{last}"))

    def outside(self) -> Host:
        """A server on the internet."""
        network = self.source.choice(("192.0.2", "198.51.100", "203.0.113"))
        return Host(_CORE, ip(f"{network}.{self.source.randrange(1, 250)}"), distance=11)

    def moment(self, latest: float = 36.0) -> int:
        """A time in the slice, early enough for what begins then to end in it."""
        return START + int(self.source.uniform(0, latest) * SECOND)

    def talk(self, to: Host, port: int, turns: list[tuple[int, bytes]], latest: float = 36.0) -> None:
        """One TCP conversation."""
        client = (self.client(), self.source.randrange(32_768, 61_000))
        line = Line(trip=self.source.randrange(200, 9000) * MICROSECOND, unacknowledged=2)
        connection = Connection(client, (to, port), self.moment(latest), self.source, line)
        self.events += connection.open()
        for side, data in turns:
            connection.time += self.source.randrange(3 * MILLISECOND)
            self.events += connection.send(side, data)
        self.events += connection.close()

    def ask(self, to: Host, port: int, question: bytes, answer: bytes | None) -> None:
        """One datagram there, and one back."""
        client, own, time = self.client(), self.source.randrange(1024, 65_000), self.moment(39)
        self.events.append(Event(time, 0, udp(client, own, to, port, question)))
        if answer is not None:
            self.events.append(Event(time + 900 * MICROSECOND, 0, udp(to, port, client, own, answer)))


def _web(traffic: Traffic) -> None:
    source = traffic.source
    for _ in range(820):
        turns = [(CLIENT, payloads.client_hello("cloud.example", source)), (SERVER, payloads.server_hello(source))]
        for _ in range(source.randrange(1, 6)):
            turns.append((CLIENT, payloads.tls_record(23, source.randbytes(source.randrange(60, 900)))))
            turns.append((SERVER, payloads.tls_record(23, source.randbytes(source.randrange(100, 14_000)))))
        traffic.talk(traffic.outside(), 443, turns)
    for _ in range(240):
        page = payloads.http_answer(source.randbytes(source.randrange(200, 9000)))
        traffic.talk(traffic.outside(), 80, [(CLIENT, payloads.http_get("intra.example", "/")), (SERVER, page)])


def _small(traffic: Traffic) -> None:
    source = traffic.source
    for _ in range(5600):
        identifier, name = source.getrandbits(16), f"host-{source.randrange(4000)}.example"
        answer = payloads.dns_answer(identifier, name, f"192.0.2.{source.randrange(1, 250)}")
        traffic.ask(traffic.inside(53), 53, payloads.dns_query(identifier, name), answer)
    for _ in range(320):
        time = traffic.moment()
        traffic.ask(traffic.outside(), 123, payloads.ntp(time), payloads.ntp(time + MILLISECOND, answering=time))
    for _ in range(900):
        text = f"<{source.randrange(190)}>Mar  1 10:00:00 host app[{source.randrange(9999)}]: state ok".encode()
        traffic.ask(traffic.inside(14), 514, text, None)
    for _ in range(700):
        head = TcpHead(source.randrange(1024, 65_000), source.randrange(1, 9000), source.getrandbits(32), 0, SYN, 1024)
        frame = tcp(traffic.client(), traffic.inside(source.randrange(1, 250)), head)
        traffic.events.append(Event(traffic.moment(39), 0, frame))
    for _ in range(1200):
        traffic.events.append(Event(traffic.moment(39), 0, arp(traffic.client(), ip(f"10.{_CLIENTS}.0.1"))))


def _voice(traffic: Traffic) -> None:
    """Calls: 50 datagrams a second of 160 samples each way, as RTP carries them."""
    source = traffic.source
    for _ in range(10):
        client, other, port, begun = traffic.client(), traffic.inside(70), source.randrange(16_384, 32_768), START
        begun += source.randrange(20 * MILLISECOND)
        for number in range(50 * (SLICE_SECONDS - 1)):
            rtp = pack(">BBHII", 0x80, 0, number, number * 160, port) + source.randbytes(160)
            time = begun + number * 20 * MILLISECOND + source.randrange(MILLISECOND)
            traffic.events.append(Event(time, 0, udp(client, port, other, 20_000 + port % 1000, rtp)))
            traffic.events.append(Event(time + 7 * MILLISECOND, 0, udp(other, 20_000 + port % 1000, client, port, rtp)))


def _files(traffic: Traffic) -> None:
    """Shared folders: many small questions, answers small to large; heads of SMB 2 and NFS, random bodies."""
    source = traffic.source
    for _ in range(70):
        turns = []
        for number in range(source.randrange(10, 70)):
            head = (
                b"\xfeSMB" + pack("<HHI", 64, 0, 0) + pack("<HHIIQ", source.randrange(19), 1, 0, 0, number) + bytes(32)
            )
            for side, size in ((CLIENT, source.randrange(40, 200)), (SERVER, source.choice((60, 90, 120, 4000)))):
                body = head + source.randbytes(size)
                turns.append((side, len(body).to_bytes(4, "big") + body))
        traffic.talk(traffic.inside(80), 445, turns, 32)
    for _ in range(24):
        turns = []
        for _ in range(source.randrange(10, 60)):
            call = source.getrandbits(32)
            asked = pack(">6I", call, 0, 2, 100_003, 3, source.choice((1, 3, 6))) + bytes(16) + source.randbytes(48)
            told = pack(">6I", call, 1, 0, 0, 0, 0) + source.randbytes(source.choice((88, 120, 4096)))
            turns += [
                (side, (0x8000_0000 | len(data)).to_bytes(4, "big") + data)
                for side, data in ((CLIENT, asked), (SERVER, told))
            ]
        traffic.talk(traffic.inside(50), 2049, turns, 32)


def _clinical(traffic: Traffic) -> None:
    source = traffic.source
    for _ in range(5):
        turns = [
            (CLIENT, payloads.associate("ULTRASOUND", "ARCHIVE")),
            (SERVER, payloads.associate("ULTRASOUND", "ARCHIVE", accept=True)),
        ]
        for _ in range(source.randrange(8, 30)):
            image = pack(">IBB", 16_000, 1, 0) + source.randbytes(15_998)
            turns.append((CLIENT, pack(">BBI", 4, 0, len(image)) + image))
        turns += [(CLIENT, payloads.release()), (SERVER, payloads.release(answer=True))]
        traffic.talk(traffic.inside(60), 11_112, turns)
    for _ in range(45):
        job = payloads.lpd_job(source.randrange(1000), "WS-0001", source.randbytes(source.randrange(2000, 40_000)))
        turns = [turn for said in job for turn in ((CLIENT, said), (SERVER, b"\0"))]
        traffic.talk(traffic.inside(20), 515, turns)


def first_slice(seed: int) -> Slice:
    """The slice that all others are made from."""
    traffic = Traffic(seed)
    for part in (_web, _small, _voice, _files, _clinical):
        part(traffic)
    end = START + SLICE_SECONDS * SECOND
    frames = sorted(((event.time, event.frame) for event in traffic.events if event.time < end), key=itemgetter(0))
    pieces = list(records(frames))[1:]
    starts = np.cumsum([0, *(len(piece) for piece in pieces[:-1])])
    times = np.array([(time - START) // MICROSECOND for time, _ in frames])
    return Slice(np.frombuffer(b"".join(pieces), np.uint8), starts, times)


class Tiles:
    """Makes slice after slice from the first."""

    def __init__(self, base: Slice) -> None:
        self.base = base
        at = base.starts + _RECORD + _ETHERNET
        kind = base.data[at - 1]
        self._ipv4, self._arp = at[kind == 0], at[kind != 0]
        protocol = base.data[self._ipv4 + 9]
        self._checks = [
            (self._ipv4, 10),
            (self._ipv4[protocol == _TCP], _TCP_CHECK),
            (self._ipv4[protocol == _UDP], _UDP_CHECK),
        ]

    def make(self, number: int) -> Bytes:
        """Slice `number`: other clients, later."""
        data = self.base.data.copy()
        seconds = data[self.base.starts[:, None] + np.arange(4)].copy().view("<u4")[:, 0] + np.uint32(
            number * SLICE_SECONDS
        )
        data[self.base.starts[:, None] + np.arange(4)] = seconds.astype("<u4")[:, None].view(np.uint8)
        for packets, place in self._checks:
            self._renew(data, packets, place, number)
        for packets, places in ((self._ipv4, (12, 16)), (self._arp, (14, 24))):
            for place in places:
                mine = packets[self._is_client(packets + place)]
                data[mine + place + 1] = _CLIENTS + number
        return data

    def _is_client(self, at: Positions) -> npt.NDArray[np.bool_]:
        first, second = self.base.data[at], self.base.data[at + 1]
        return np.equal(first, _TEN) & np.equal(second, _CLIENTS)

    def _renew(self, data: Bytes, packets: Positions, place: int, number: int) -> None:
        """RFC 1624, equation 3, for each address of the packet that changes."""
        changed = self._is_client(packets + 12).astype(np.int64) + self._is_client(packets + 16)
        before = data[packets + place].astype(np.int64) << 8 | data[packets + place + 1]
        old, new = _TEN << 8 | _CLIENTS, _TEN << 8 | (_CLIENTS + number)
        total = (before ^ 0xFFFF) + changed * ((old ^ 0xFFFF) + new)
        for _ in range(3):
            total = (total >> 16) + (total & 0xFFFF)
        after = np.where(changed > 0, total ^ 0xFFFF, before)
        if place == _UDP_CHECK:  # UDP: 0 would mean 'no checksum'
            after = np.where(after == 0, 0xFFFF, after)
        data[packets + place], data[packets + place + 1] = after >> 8, after & 0xFF


def _interface(seed: int, number: int) -> Iterator[Event]:
    """One HL7 interface: the same two machines all the time, one long connection, a message every few seconds."""
    source = Random(f"interface/{seed}/{number}")
    sender = Host(local_mac(0x12_0000_0000 + number), ip(f"10.10.1.{number + 1}"))
    begin = START + source.randrange(_PAUSE)
    ends = ((sender, 40_000 + number), (Host(_CORE, ip("10.10.0.30")), 2575))
    connection = Connection(*ends, begin, source, Line(unacknowledged=2))
    yield from connection.open()
    for count in range(MOST_SLICES * SLICE_SECONDS):
        connection.time += source.randrange(1, 2 * _PAUSE)
        name = f"A{number}-{count}"
        patient = invent(source, 9_500_000 + number * 10_000 + count // 4, (2026, 3, 1))
        message = hl7.admission(("ADMISSION", "SAMPLE HOSPITAL"), name, connection.time, patient)
        yield from connection.send(CLIENT, message)
        yield from connection.send(SERVER, hl7.answer("A01", name, connection.time))


def throughout(seed: int) -> Iterator[tuple[int, bytes]]:
    """What goes on through all slices, for as long as anybody asks: the ward of eight, and the HL7 interfaces."""
    length = MOST_SLICES * SLICE_SECONDS
    answered, vain = (Plan(START, length, _MONITORS, seed, central) for central in (Central.DOCUMENTED, Central.NONE))
    ward = [MonitorTwin(answered if number < _ANSWERED else vain, number).events() for number in range(_MONITORS)]
    interfaces = [_interface(seed, number) for number in range(_INTERFACES)]
    for event in merge(*ward, *interfaces, key=itemgetter(0)):
        if event.frame:
            yield event.time, event.frame


def pieces(seed: int) -> Iterator[bytes]:
    """The whole capture, in pieces of about a slice, whose ends are the ends of records."""
    base = first_slice(seed)
    tiles, ward = Tiles(base), throughout(seed)
    yield next(records([]))
    late = next(ward)
    for number in range(MOST_SLICES):
        begin = START + number * SLICE_SECONDS * SECOND
        end = begin + SLICE_SECONDS * SECOND
        mine = []
        while late[0] < end:
            mine.append(late)
            late = next(ward)
        yield _woven(base, tiles.make(number), mine, begin)


def _woven(base: Slice, data: Bytes, frames: list[tuple[int, bytes]], begin: int) -> bytes:
    """A slice with the ward's records at their times."""
    places = np.searchsorted(base.times, [(time - begin) // MICROSECOND for time, _ in frames])
    cuts = [int(base.starts[place]) if place < base.starts.size else data.size for place in places]
    parts, at = list[bytes](), 0
    for cut, record in zip(cuts, list(records(frames))[1:], strict=True):
        parts += [data[at:cut].tobytes(), record]
        at = cut
    return b"".join([*parts, data[at:].tobytes()])


def _whole_records(data: bytes, room: int) -> bytes:
    """As many whole records from the beginning of `data` as have room."""
    at = 0
    while at < len(data) and at + _RECORD + (size := int.from_bytes(data[at + 8 : at + 12], "little")) <= room:
        at += _RECORD + size
    return data[:at]


def build(path: Path, size_bytes: int, seed: int = 1) -> int:
    """Write a capture of at most `size_bytes`, less than one packet short of it; its size."""
    written = 0
    with path.open("wb") as file:
        for piece in pieces(seed):
            room = size_bytes - written
            part = piece if len(piece) <= room else _whole_records(piece, room)
            written += file.write(part)
            if len(part) < len(piece):
                return written
    raise ValueError(f"a capture of {size_bytes} bytes is larger than {MOST_SLICES} slices")


if __name__ == "__main__":
    size = int(float(sys.argv[2]) * 1e6) if len(sys.argv) > 2 else 1_000_000_000  # noqa: PLR2004  # OUT and a size
    print(f"{build(Path(sys.argv[1]), size):,} bytes")
