"""However segments are handed on, the content is the same, and each record points at the packet that completed it."""

import struct
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from wardwatch.protocols.codec import Identifier, Message, Person, Side
from wardwatch.traffic.content import Content, Patient
from wardwatch.traffic.conversations import KEPT_EACH, PROBE_BYTES, Conversations, codecs
from wardwatch.traffic.reassembly import Mark
from wardwatch.traffic.rows import joined, row_end
from wardwatch.traffic.table import Segment

CODECS = codecs()
CMS = 1 + [codec.name for codec in CODECS].index("cms")
ACK, PSH = 16, 8


def _block(kind: int, payload: bytes) -> bytes:
    return struct.pack("<HBB", len(payload) + 2, 5, kind) + payload


def _patient(name: bytes, number: bytes) -> bytes:
    payload = bytearray(192)
    payload[0x23 : 0x23 + len(name)] = name
    payload[0x43 : 0x43 + len(number)] = number
    return _block(0x3E, bytes(payload))


def _set() -> bytes:
    ecg = bytes([0, 0, 0x14, 0]) + bytes(128 + i % 90 for i in range(1020))
    return _block(0x45, bytes([0, 0, 3, 255])) + _block(0x46, ecg) + _block(0x47, b"")


FIRST = _patient(b"MUSTER^EVA", b"4711") + _block(0x43, b"") + _set() * 3
SECOND = _patient(b"BEISPIEL^MAX", b"4712")
STREAM = FIRST + SECOND + _set() * 2
EVA, MAX = Patient("4711", "MUSTER^EVA"), Patient("4712", "BEISPIEL^MAX")


def _segments(size: int, codec: int = CMS) -> list[Segment]:
    parts = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    return [
        Segment(7, 0, 0, 10 + index, index * 10**9, 1000 + index * size, ACK | PSH, len(part), codec, 1, part)
        for index, part in enumerate(parts)
    ]


def _read(batches: Iterable[list[Segment]]) -> Content:
    conversations = Conversations(CODECS)
    for batch in batches:
        conversations.segments(batch)
    conversations.finish()
    return conversations.contents[7]


def test_each_patient_points_at_the_packet_that_completed_the_record() -> None:
    content = _read([_segments(500)])
    assert content.patients[EVA].number == 10
    assert content.patients[MAX].number == 10 + (len(FIRST) + len(SECOND) - 1) // 500
    assert content.sides[0].first_record is not None
    assert content.sides[0].first_record.number == 10
    assert content.sides[0].last is not None
    assert content.sides[0].last.number == 10 + (len(STREAM) - 1) // 500


@given(st.integers(40, 1500), st.data())
def test_any_batches_give_the_same_content(size: int, data: st.DataObject) -> None:
    segments = _segments(size)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(segments)), max_size=6)))
    batches = [segments[low:high] for low, high in zip([0, *cuts], [*cuts, len(segments)], strict=True)]
    whole, parts = _read([segments]), _read(batches)
    assert parts.patients == whole.patients
    assert parts.sides == whole.sides
    assert parts.sides[0].bytes == len(STREAM)
    assert sum(parts.sides[0].records.values()) == 2 + 1 + 5 * 3


def test_a_stream_is_recognised_while_it_comes() -> None:
    conversations = Conversations(CODECS)
    conversations.segments(_segments(700)[:3])
    assert conversations.contents[7].protocol == "cms"


def test_the_kernel_is_told_of_a_stream_it_took_for_something_else() -> None:
    other = 1 + [codec.name for codec in CODECS].index("lpd")
    wishes = Conversations(CODECS).segments(_segments(700, codec=other)[:3])
    assert wishes == [(7, CMS)]


def test_no_more_is_wanted_of_what_no_codec_knows() -> None:
    noise = bytes(range(251, 1, -1)) * (PROBE_BYTES // 200)
    segment = Segment(7, 0, 0, 1, 0, 1000, ACK, len(noise), 0, 1, noise)
    assert Conversations(CODECS).segments([segment]) == [(7, 0)]


def test_stragglers_behind_the_end_are_counted_once() -> None:
    conversations = Conversations(CODECS)
    segments = _segments(700)
    ends = [Segment(7, side, 0, 90 + side, 100 * 10**9, 9000, ACK | 1, 0, CMS, 1, b"") for side in (0, 1)]
    conversations.segments([*segments, *ends])
    conversations.segments([segments[0]._replace(time=101 * 10**9)])
    conversations.segments([segments[0]._replace(time=200 * 10**9, flow=8)])
    conversations.segments([segments[0]._replace(time=201 * 10**9)])
    conversations.finish()
    assert conversations.contents[7].sides[0].bytes == len(STREAM)
    assert conversations.late == 700


def _session(flow: int, channel: int = 1) -> list[Segment]:
    ends = [Segment(flow, side, 0, 90, 10**9, 9000, ACK | 1, 0, CMS, channel, b"") for side in (0, 1)]
    return [*(segment._replace(flow=flow, channel=channel) for segment in _segments(700)), *ends]


def test_many_sessions_of_one_channel_are_added_up() -> None:
    conversations = Conversations(CODECS)
    for flow in range(1, 101):
        conversations.segments(_session(flow))
    conversations.segments([segment._replace(time=10**12) for segment in _session(500, channel=2)])
    conversations.finish()
    kept = [content for flow, content in conversations.contents.items() if flow != 500]
    assert len(kept) == KEPT_EACH
    assert sum(content.sessions for content in kept) == 100
    assert sum(content.sides[0].bytes for content in kept) == 100 * len(STREAM)
    assert sum(content.sides[0].records.total() for content in kept) == 100 * (2 + 1 + 5 * 3)
    assert {patient for content in kept for patient in content.patients} == {EVA, MAX}
    assert conversations.contents[500].sessions == 1


def test_a_row_ends_at_whatever_is_not_plain_data_in_order() -> None:
    plain = _segments(100)[:6]
    assert row_end(plain, 0) == 6
    assert row_end(plain, 2) == 6
    for change in (
        {"flags": ACK | 1},
        {"flags": 4},
        {"seq": 1},
        {"side": 1},
        {"length": 101},
        {"length": 0, "data": b""},
    ):
        assert row_end([*plain[:3], plain[3]._replace(**change), *plain[4:]], 0) == 3


def test_a_piece_of_a_row_knows_which_packet_brought_each_byte() -> None:
    row = _segments(100)[:3]
    piece = joined(row)
    assert piece.data == STREAM[:300]
    assert (piece.mark.number, piece.last and piece.last.number) == (10, 12)
    assert [piece.packet_at(offset).number for offset in (0, 99, 100, 199, 200, 299, 999)] == [
        10,
        10,
        11,
        11,
        12,
        12,
        12,
    ]


def _message(kind: str, *, fields: tuple[str, ...] = (), staff: bool = False) -> Message:
    doctor = (Identifier("doctor name", "NOBODY", person=Person.STAFF),) if staff else ()
    return Message("hl7", kind, Side.CLIENT, 0, 9, doctor, fields)


def test_what_messages_alike_say_is_not_passed_over() -> None:
    mark = Mark(0, 7, 70)
    content = Content(1)
    content.add([_message("a"), _message("a"), _message("patient")], lambda _: mark)
    assert content.anonymous == mark
    content = Content(1)
    content.add([_message("a", fields=("rate",), staff=True)], lambda _: mark)
    assert (content.headless, content.staff) == (False, True)
    content.add([_message("a", fields=("rate",))], lambda _: mark)
    assert content.headless
    assert content.sides[0].records == {"a": 2}


def test_an_overlap_in_a_stream_that_is_read_is_told() -> None:
    first, second = _segments(700)[:2]
    content = _read([[first, second, first._replace(data=b"?" + first.data[1:])]])
    assert (content.protocol, content.lost, content.conflict_count) == ("cms", 0, 1)
