"""Payload that is kept: by signature, by address, by budget; and given up when asked."""

from collections.abc import Callable
from ipaddress import ip_network
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from wardwatch.errors import UsageError
from wardwatch.protocols.codec import Signature, Transport
from wardwatch.traffic.kernel import Kernel, Settings
from wardwatch.traffic.rows import APART, Batch

Read = Callable[..., SimpleNamespace]


SYN, ACK, FIN = 2, 16, 1
ENDS = (("10.0.0.2", 40000, 515), ("10.0.0.1", 515, 40000))
TCP, UDP = Transport.TCP, Transport.UDP
KNOWN = (ip_network("202.114.4.119/32"),)


def talk(  # noqa: PLR0913  # one argument a field or a fixture
    wire: ModuleType,
    *payloads: bytes,
    dst: str = "10.0.0.2",
    sport: int = 40000,
    dport: int = 515,
    seq: int = 0,
    make: Callable[..., bytes] | None = None,
) -> list[bytes]:
    """TCP packets with these payloads, one behind the other."""
    frames = []
    for payload in payloads:
        body = wire.tcp(payload, sport, dport, seq) if make is None else make(payload, sport, dport)
        frames.append(wire.eth(wire.ip4(body, dst=dst, proto=6 if make is None else 17)))
        seq += len(payload)
    return frames


def keep(
    read: Read, wire: ModuleType, frames: list[bytes], *signatures: Signature, budget: int = 0, **more: object
) -> SimpleNamespace:
    listed = tuple((i, signature) for i, signature in enumerate(signatures, 1))
    return read(wire.pcap(frames), signatures=listed, unknown_budget=budget, **more)


def test_payload_is_kept_from_the_packet_on_that_matches(wire: ModuleType, read: Read) -> None:
    frames = talk(wire, b"before", b"..\x05\x3eFORM", b"after")
    answer = wire.eth(wire.ip4(wire.tcp(b"answer", 515, 40000), "10.0.0.2", "10.0.0.1"))
    seen = keep(read, wire, [*frames, answer], Signature(TCP, b"\x05\x3e", offset=2))
    assert [segment.data for segment in seen.batches] == [b"..\x05\x3eFORM", b"after", b"answer"]
    assert [segment.side for segment in seen.batches] == [0, 0, 1]
    assert [segment.seq for segment in seen.batches] == [6, 14, 1000]
    assert [segment.number for segment in seen.batches] == [2, 3, 4]
    assert {segment.flow for segment in seen.batches} == {int(seen.flow["id"])}
    assert seen.flow["codec"] == 1
    assert seen.flow["kept"].tolist() == [13, 6]
    assert seen.flow["flags"] & 16


def test_segments_carry_time_flags_and_file(wire: ModuleType, read: Read) -> None:
    frame = wire.eth(wire.ip4(wire.tcp(b"GET ", flags=24)))
    (segment,) = keep(read, wire, [(frame, 1_700_000_000_000_001)], Signature(TCP, b"GET")).batches
    assert (segment.time, segment.flags, segment.file, segment.length) == (1_700_000_000_000_001_000, 24, 0, 4)


@pytest.mark.parametrize(
    ("signature", "payload", "matches"),
    [
        (Signature(TCP, b"abc"), b"abcdef", 1),
        (Signature(TCP, b"abc"), b"xabc", 0),
        (Signature(TCP, b"abc"), b"ab", 0),
        (Signature(TCP, b"abc", offset=3), b"xxxabc", 1),
        (Signature(TCP, b"abc", offset=3), b"xxxab", 0),
        (Signature(TCP, b"\x10\0", mask=b"\xf0\0"), b"\x1f\xff", 1),
        (Signature(TCP, b"\x10\0", mask=b"\xf0\0"), b"\x2f\xff", 0),
        (Signature(TCP, b"\0\0", mask=b"\0\0"), b"zz", 1),
        (Signature(TCP, b"MSH|", anywhere=True), b"x" * 900 + b"MSH|", 1),
        (Signature(TCP, b"MSH|", anywhere=True), b"MSMSH|", 1),
        (Signature(TCP, b"MSH|", anywhere=True), b"x" * 900 + b"MSH", 0),
        (Signature(TCP, b"a\x10", mask=b"\xff\xf0", anywhere=True), b"..a.a\x1f", 1),
        (Signature(TCP, b"\x10\x20", mask=b"\xf0\xf0", anywhere=True), b"..\x1a\x2b", 1),
        (Signature(TCP, b"\x10\x20", mask=b"\xf0\xf0", anywhere=True), b"..\x1a\x3b", 0),
        (Signature(TCP, b"x" * 16), b"x" * 16, 1),
        (Signature(TCP, b"abc", ports=(515,)), b"abc", 1),
        (Signature(TCP, b"abc", ports=(40000, 1)), b"abc", 1),
        (Signature(TCP, b"abc", ports=(516,)), b"abc", 0),
        (Signature(TCP, b"abc", ports=tuple(range(500, 540))), b"abc", 1),
        (Signature(TCP, b"abc", anywhere=True, ports=(516,)), b"abc", 0),
        (Signature(UDP, b"abc"), b"abc", 0),
    ],
)
def test_a_signature_matches_as_it_says(
    signature: Signature, payload: bytes, matches: int, wire: ModuleType, read: Read
) -> None:
    seen = keep(read, wire, talk(wire, payload), signature)
    assert seen.flow["codec"] == matches
    assert len(seen.batches) == matches


def test_udp_has_its_own_signatures(wire: ModuleType, read: Read) -> None:
    seen = keep(read, wire, talk(wire, b"abc", make=wire.udp), Signature(TCP, b"abc"), Signature(UDP, b"abc"))
    assert seen.flow["codec"] == 2
    assert (seen.batches[0].seq, seen.batches[0].flags) == (0, 0)


def test_the_first_signature_wins_and_fixed_places_go_before_others(wire: ModuleType, read: Read) -> None:
    anywhere, second, third = Signature(TCP, b"abc", anywhere=True), Signature(TCP, b"a"), Signature(TCP, b"ab")
    assert keep(read, wire, talk(wire, b"abc"), anywhere, second, third).flow["codec"] == 2


def test_many_signatures_at_many_places_are_told_apart(wire: ModuleType, read: Read) -> None:
    signatures = [Signature(TCP, bytes([i, 255 - i]), offset=i % 20) for i in range(200)]
    for i in (0, 63, 64, 127, 128, 199):
        payload = bytes([250] * (i % 20)) + bytes([i, 255 - i])
        assert keep(read, wire, talk(wire, payload), *signatures).flow["codec"] == i + 1


def test_too_many_signatures_are_refused(wire: ModuleType, read: Read) -> None:
    with pytest.raises(UsageError, match="300 signatures"):
        keep(read, wire, [], *[Signature(TCP, b"a")] * 300)


def test_eight_packets_of_each_side_are_looked_at(wire: ModuleType, read: Read) -> None:
    signature = Signature(TCP, b"abc")
    assert keep(read, wire, talk(wire, *[b"x"] * 7, b"abc"), signature).flow["codec"] == 1
    assert keep(read, wire, talk(wire, *[b"x"] * 8, b"abc"), signature).flow["codec"] == 0
    answer = wire.eth(wire.ip4(wire.tcp(b"abc", 515, 40000), "10.0.0.2", "10.0.0.1"))
    assert keep(read, wire, [*talk(wire, *[b"x"] * 8), answer], signature).flow["codec"] == 1


def test_a_budget_ends_what_is_kept_of_a_side(wire: ModuleType, read: Read) -> None:
    frames = talk(wire, b"abcdef", b"123456", b"7890", b"x")
    seen = keep(read, wire, frames, Signature(TCP, b"abc", budget=12))
    assert seen.payload() == b"abcdef123456"
    assert seen.flow["flags"] & 64
    assert seen.flow["kept"].tolist() == [12, 0]
    answer = wire.eth(wire.ip4(wire.tcp(b"answer", 515, 40000), "10.0.0.2", "10.0.0.1"))
    assert keep(read, wire, [*frames, answer], Signature(TCP, b"abc", budget=12)).payload(1) == b"answer"


def test_nothing_small_is_kept_behind_a_hole_that_the_budget_made(wire: ModuleType, read: Read) -> None:
    seen = keep(read, wire, talk(wire, b"abc", b"1234567890", b"x"), Signature(TCP, b"abc", budget=6))
    assert seen.payload() == b"abc"


def test_unknown_payload_is_kept_while_the_budget_of_all_lasts(wire: ModuleType, read: Read) -> None:
    seen = keep(read, wire, [*talk(wire, b"12345678"), *talk(wire, b"abcd", b"e", sport=40001)], budget=10)
    assert [segment.data for segment in seen.batches] == [b"12345678"]
    assert seen.flows["codec"].tolist() == [0, 0]


def test_unknown_payload_of_one_conversation_is_bounded(wire: ModuleType, read: Read) -> None:
    seen = keep(read, wire, talk(wire, *[bytes(1000)] * 80), budget=1 << 20)
    assert seen.flow["kept"].tolist() == [65_000, 0]
    assert seen.flow["flags"] & 64


def test_known_addresses_are_always_kept(wire: ModuleType, read: Read) -> None:
    syn = wire.eth(wire.ip4(wire.tcp(flags=SYN, seq=4), dst="202.114.4.119"))
    fin = wire.eth(wire.ip4(wire.tcp(flags=FIN | ACK, seq=20), dst="202.114.4.119"))
    frames = [syn, *talk(wire, b"hello", dst="202.114.4.119", seq=5), fin]
    seen = keep(read, wire, frames, known=KNOWN)
    assert [(segment.flags, segment.data) for segment in seen.batches] == [
        (SYN, b""),
        (ACK, b"hello"),
        (FIN | ACK, b""),
    ]


def test_payload_of_known_addresses_is_bounded_to_a_mebibyte(wire: ModuleType, read: Read) -> None:
    seen = keep(read, wire, talk(wire, *[bytes(1400)] * 800, dst="202.114.4.119"), known=KNOWN)
    assert seen.flow["kept"][0] == 1048576 // 1400 * 1400
    assert seen.flow["flags"] & 64


def test_control_packets_of_others_are_not_handed_on(wire: ModuleType, read: Read) -> None:
    frames = [wire.eth(wire.ip4(wire.tcp(flags=SYN))), wire.eth(wire.ip4(wire.tcp(flags=FIN | ACK)))]
    assert keep(read, wire, frames, budget=1 << 20).batches == []


def test_a_dropped_conversation_is_kept_no_longer_and_not_matched_again(wire: ModuleType, read: Read) -> None:
    frames = talk(wire, b"abc", *[b"abc" * 400] * 9000)
    seen = keep(read, wire, frames, Signature(TCP, b"abc"), drops=[1, 1, 77])
    assert 0 < len(seen.batches) < 9001
    assert seen.flow["codec"] == 0
    assert seen.flow["payload"].tolist() == [3 + 1200 * 9000, 0]


def test_everything_arrives_however_often_the_arena_fills(wire: ModuleType, read: Read) -> None:
    payloads = [bytes([i % 251]) * 1400 for i in range(9000)]
    seen = keep(read, wire, talk(wire, *payloads), Signature(TCP, b"\0"))
    assert seen.payload() == b"".join(payloads)


def test_many_small_segments_all_arrive(wire: ModuleType, read: Read) -> None:
    seen = keep(read, wire, talk(wire, *[b"a"] * 60_000), Signature(TCP, b"a"))
    assert len(seen.batches) == 60_000
    assert [segment.number for segment in seen.batches] == list(range(1, 60_001))


class _Batches:
    """A sink that counts the conversations of each batch."""

    def __init__(self, wish: int | None = None) -> None:
        self.flows: list[int] = []
        self.segments_of: list[int] = []
        self.sides: list[list[int]] = []
        self._wish = wish

    def segments(self, batch: Batch) -> list[tuple[int, int]]:
        self.flows.append(len({run.flow for run in batch.runs}))
        self.segments_of.append(len(batch))
        self.sides.append([segment.side for segment in batch])
        return [] if self._wish is None else [(1, self._wish)]

    def retired(self, flows: np.ndarray) -> None:
        """Nobody asks for them."""


def _handed_on(
    data: bytes, *signatures: Signature, chunk: int = 65_536, budget: int = 0, wish: int | None = None
) -> _Batches:
    sink, held = _Batches(wish), b""
    chosen = tuple((i, signature) for i, signature in enumerate(signatures, 1))
    with Kernel(Settings(local=(), signatures=chosen, unknown_budget=budget), sink) as kernel:
        kernel.begin(0)
        for at in range(0, len(data), chunk):
            held += data[at : at + chunk]
            held = held[kernel.feed(memoryview(held)) :]
        kernel.end(held)
        kernel.finish()
    return sink


def test_many_new_conversations_are_handed_on_before_their_reader_has_too_many(wire: ModuleType) -> None:
    frames = [frame for port in range(1024, 7024) for frame in talk(wire, b"abc", sport=port)]
    seen = _handed_on(wire.pcap(frames), Signature(TCP, b"abc"))
    assert sum(seen.flows) == 6000
    assert max(seen.flows) < 1024 + 65_536 // 73


def test_few_conversations_are_handed_on_in_large_batches(wire: ModuleType) -> None:
    data = wire.pcap(talk(wire, *[b"abc" * 200] * 9000))
    assert _handed_on(data, Signature(TCP, b"abc")).segments_of[0] > 8000


def test_what_no_signature_fits_is_handed_on_sooner(wire: ModuleType) -> None:
    data = wire.pcap(talk(wire, *[b"a"] * 20_000))
    assert 4096 <= _handed_on(data, budget=1 << 20).segments_of[0] < 4096 + 65_536 // 71
    later = wire.pcap(talk(wire, *[b"a"] * 4600) + talk(wire, *[b"abc" * 150] * 12_000, sport=7))
    first, second, *_ = _handed_on(later, Signature(TCP, b"abc"), budget=1 << 20).segments_of
    assert first < 4096 + 65_536 // 71
    assert second > 9000
    assert _handed_on(data, Signature(TCP, b"a"), budget=1 << 20).segments_of[0] > 4096 + 65_536 // 71


def test_a_conversation_comes_one_side_after_the_other_where_that_is_wished(wire: ModuleType) -> None:
    asked, told = (talk(wire, *[b"abc" * 300] * 5000, dst=to, sport=a, dport=b) for to, a, b in ENDS)
    told = [frame[:26] + b"\x0a\0\0\2\x0a\0\0\1" + frame[34:] for frame in told]
    data = wire.pcap([frame for pair in zip(asked, told, strict=True) for frame in pair])
    for wish, sorted_out in ((None, False), (APART, True)):
        seen = _handed_on(data, Signature(TCP, b"abc"), wish=wish)
        assert len(seen.sides) == 2
        assert seen.sides[0] != sorted(seen.sides[0])
        assert (seen.sides[1] == sorted(seen.sides[1])) == sorted_out
        assert set(seen.sides[1]) == {0, 1}
