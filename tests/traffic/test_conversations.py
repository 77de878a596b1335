"""However segments are handed on, the content is the same, and each record points at the packet that completed it."""

import struct
from collections.abc import Iterable
from itertools import pairwise
from types import MappingProxyType
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.protocols.codec import Identifier, Message, Person, Side
from wardwatch.traffic import content as content_module
from wardwatch.traffic.content import Content, Patient
from wardwatch.traffic.conversations import KEPT_EACH, PROBE_BYTES, Conversations, codecs
from wardwatch.traffic.kernel.library import SEGMENT
from wardwatch.traffic.kernel.lining import line_up
from wardwatch.traffic.reassembly import Mark
from wardwatch.traffic.rows import APART, NO_MORE, Batch, Run
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


def _batch(segments: Iterable[Segment], *, apart: bool = False) -> Batch:
    """As the kernel hands segments on."""
    rows, payload = [], bytearray()
    for flow, side, file, number, time, seq, flags, length, codec, channel, data in segments:
        rows.append(
            (time, flow, number, seq, length, len(payload), len(data), file, side, flags, codec, apart, channel)
        )
        payload += data
    arena = np.frombuffer(payload, np.uint8) if payload else np.zeros(0, np.uint8)
    return line_up(np.array(rows, SEGMENT), arena.ctypes.data, len(payload))


def _read(batches: Iterable[list[Segment]], *, apart: bool = False) -> Content:
    conversations = Conversations(CODECS)
    for batch in batches:
        conversations.segments(_batch(batch, apart=apart))
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
    conversations.segments(_batch(_segments(700)[:3]))
    assert conversations.contents[7].protocol == "cms"


def test_the_kernel_is_told_of_a_stream_it_took_for_something_else() -> None:
    other = 1 + [codec.name for codec in CODECS].index("lpd")
    wishes = Conversations(CODECS).segments(_batch(_segments(700, codec=other)[:3]))
    assert wishes == [(7, CMS), (7, APART)]


def test_no_more_is_wanted_of_what_no_codec_knows() -> None:
    noise = bytes(range(251, 1, -1)) * (PROBE_BYTES // 200)
    segment = Segment(7, 0, 0, 1, 0, 1000, ACK, len(noise), 0, 1, noise)
    assert Conversations(CODECS).segments(_batch([segment])) == [(7, NO_MORE)]


def test_stragglers_behind_the_end_are_counted_once() -> None:
    conversations = Conversations(CODECS)
    segments = _segments(700)
    ends = [Segment(7, side, 0, 90 + side, 100 * 10**9, 9000, ACK | 1, 0, CMS, 1, b"") for side in (0, 1)]
    conversations.segments(_batch([*segments, *ends]))
    conversations.segments(_batch([segments[0]._replace(time=101 * 10**9)]))
    conversations.segments(_batch([segments[0]._replace(time=200 * 10**9, flow=8)]))
    conversations.segments(_batch([segments[0]._replace(time=201 * 10**9)]))
    conversations.finish()
    assert conversations.contents[7].sides[0].bytes == len(STREAM)
    assert conversations.late == 700


def _session(flow: int, channel: int = 1) -> list[Segment]:
    ends = [Segment(flow, side, 0, 90, 10**9, 9000, ACK | 1, 0, CMS, channel, b"") for side in (0, 1)]
    return [*(segment._replace(flow=flow, channel=channel) for segment in _segments(700)), *ends]


def test_many_sessions_of_one_channel_are_added_up() -> None:
    conversations = Conversations(CODECS)
    for flow in range(1, 101):
        conversations.segments(_batch(_session(flow)))
    conversations.segments(_batch([segment._replace(time=10**12) for segment in _session(500, channel=2)]))
    conversations.finish()
    kept = [content for flow, content in conversations.contents.items() if flow != 500]
    assert len(kept) == KEPT_EACH
    assert sum(content.sessions for content in kept) == 100
    assert sum(content.sides[0].bytes for content in kept) == 100 * len(STREAM)
    assert sum(content.sides[0].records.total() for content in kept) == 100 * (2 + 1 + 5 * 3)
    assert {patient for content in kept for patient in content.patients} == {EVA, MAX}
    assert conversations.contents[500].sessions == 1


def _rows(segments: Iterable[Segment]) -> list[tuple[int, int]]:
    """Of each run, how many segments it has, and whether it is one without a flaw."""
    return [(run.parts, run.flawless) for run in _batch(segments).runs]


def test_a_row_ends_at_whatever_is_not_plain_data_in_order() -> None:
    plain = _segments(100)[:6]
    assert _rows(plain) == [(6, 1)]
    for change in ({"flags": ACK | 1}, {"flags": ACK | 2}, {"flags": 4}, {"length": 101}, {"length": 0, "data": b""}):
        assert _rows([*plain[:3], plain[3]._replace(**change), *plain[4:]]) == [(3, 1), (1, 0), (2, 1)]
    for change in ({"seq": 1}, {"side": 1}):
        assert _rows([*plain[:3], plain[3]._replace(**change), *plain[4:]]) == [(3, 1), (1, 1), (2, 1)]


def test_sequence_numbers_begin_again_within_a_row() -> None:
    segments = [segment._replace(seq=(segment.seq - 1100) % 2**32) for segment in _segments(100)[:6]]
    assert _rows(segments) == [(6, 1)]
    _, rest = _batch(segments).split(_batch(segments).runs[0])
    assert rest
    assert (rest.seq, rest.parts) == (segments[1].seq, 5)


def test_a_piece_of_a_row_knows_which_packet_brought_each_byte() -> None:
    batch = _batch(_segments(100)[:3])
    piece = batch.piece(batch.runs[0])
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


_ANY_SEGMENT = st.tuples(
    st.integers(1, 2),
    st.integers(0, 1),
    st.sampled_from((None, None, None, None, 0, 5, 2**32 - 2)),  # None: behind the last of that side
    st.sampled_from((ACK, ACK, ACK, ACK, ACK | PSH, ACK | 1, 4, 2)),
    st.binary(min_size=1, max_size=3) | st.binary(max_size=3),
    st.sampled_from((0, 0, 0, 0, 0, 2)),
)
_Drawn = tuple[int, int, int | None, int, bytes, int]


def _any_segments(drawn: Iterable[_Drawn]) -> list[Segment]:
    found, ends = [], dict[tuple[int, int], int]()
    for number, (flow, side, begin, flags, data, cut) in enumerate(drawn):
        seq = ends.get((flow, side), 2**32 - 4) if begin is None else begin
        length = len(data) + cut
        ends[flow, side] = (seq + length) % 2**32
        found.append(
            Segment(flow, side, number % 2, 10 + number, 100 * number, seq, flags, length, flow, 5 * flow, data)
        )
    return found


def _unravelled(batch: Batch) -> list[Segment]:
    """Each run taken apart from its front."""
    found = []
    for run in batch.runs:
        rest: Run | None = run
        while rest:
            assert rest.marks[0] == Mark(rest.file, rest.number, rest.time)
            payload, length = batch.payload(rest), rest.length
            one, rest = batch.split(rest)
            assert payload == one.data + (batch.payload(rest) if rest else b"")
            assert length == one.length + (rest.length if rest else 0)
            found.append(one)
    return found


@given(st.lists(_ANY_SEGMENT, max_size=40), st.booleans())
def test_lining_up_loses_nothing_and_keeps_the_order_of_each_flow(
    drawn: list[_Drawn],
    apart: bool,  # noqa: FBT001  # drawn
) -> None:
    segments = _any_segments(drawn)
    batch = _batch(segments, apart=apart)
    flows = list(dict.fromkeys(segment.flow for segment in segments))
    expected = sorted(segments, key=lambda each: (flows.index(each.flow), each.side if apart else 0))
    assert list(batch) == _unravelled(batch) == expected
    assert len(batch) == len(segments)
    assert batch.last_time == (segments[-1].time if segments else 0)


@given(st.lists(_ANY_SEGMENT, max_size=40), st.booleans())
def test_a_run_is_as_long_as_it_can_be_and_no_longer(
    drawn: list[_Drawn],
    apart: bool,  # noqa: FBT001  # drawn
) -> None:
    batch = _batch(_any_segments(drawn), apart=apart)
    inside, at = [], 0
    rows = list(batch)
    for run in batch.runs:
        part = rows[at : at + run.parts]
        at += run.parts
        flawless = all(s.length == len(s.data) > 0 and not s.flags & 7 for s in part)
        assert (run.flawless, run.apart, run.parts == 1 or flawless) == (flawless, apart, True)
        assert {(s.flow, s.side, s.channel) for s in part} == {(run.flow, run.side, run.channel)}
        assert batch.payload(run) == b"".join(s.data for s in part)
        assert run.length == sum(s.length for s in part)
        assert run.marks == tuple(Mark(s.file, s.number, s.time) for s in (part[0], part[-1]))
        inside.append((flawless, part))
    for (one_good, one), (other_good, other) in pairwise(inside):
        follows = (one[-1].seq + one[-1].length) % 2**32 == other[0].seq
        same = (one[0].flow, one[0].side) == (other[0].flow, other[0].side)
        assert not (one_good and other_good and same and follows)


def test_both_sides_in_any_order_give_the_same_content() -> None:
    client = _segments(700)
    server = [Segment(7, 1, 0, 500 + i, s.time, 77 + 2 * i, ACK, 2, CMS, 1, b"\1\2") for i, s in enumerate(client)]
    mixed = [segment for pair in zip(client, server, strict=True) for segment in pair]
    first, rest = mixed[:4], mixed[4:]
    plain, apart = _read([first, rest]), Conversations(CODECS)
    assert (7, APART) in apart.segments(_batch(first))
    assert (7, APART) not in apart.segments(_batch(rest, apart=True))
    apart.finish()
    assert apart.contents[7].sides == plain.sides
    assert apart.contents[7].patients == plain.patients


def test_of_a_conversation_known_by_name_only_the_bytes_are_counted() -> None:
    data = [b"\x02lp\n", b"\x0399 dfA001ws\n", b"x" * 50, b"y" * 50]
    starts = [1000, 1004, 1018, 1068]
    segments = [
        Segment(7, 0, 0, 10 + i, 10**9 * i, seq, ACK, len(part), 0, 1, part)
        for i, (seq, part) in enumerate(zip(starts, data, strict=True))
    ]
    conversations = Conversations(CODECS)
    assert conversations.segments(_batch(segments[:2])) == [(7, NO_MORE)]
    conversations.segments(_batch(segments[2:]))
    conversations.finish()
    content = conversations.contents[7]
    assert (content.protocol, content.sides[0].bytes) == ("lpd", sum(map(len, data)))
    assert content.sides[0].first == Mark(0, 10, 0)
    assert content.sides[0].last == Mark(0, 13, 3 * 10**9)
    assert content.sides[0].records == {"receive-job": 1}


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


_WHO = st.lists(
    st.sampled_from((
        Identifier("patient number", "1"), Identifier("patient number", "2"), Identifier("patient name", "X"),
        Identifier("patient name", "Y", "gbk"), Identifier("patient name", "Y", "utf-8"), Identifier("sex", "F"),
        Identifier("doctor name", "D", person=Person.STAFF), Identifier("doctor name", "É", "utf-8", Person.STAFF),
    )),
    max_size=3,
)  # fmt: skip
_FACTS = st.sampled_from(({}, {"code": "AA"}, {"bed": "1"}, {"bed": "2", "code": "AE"}))
_SAID = st.builds(
    lambda kind, who, fields, facts: Message(
        "hl7", kind, Side.CLIENT, 0, 9, tuple(who), fields, MappingProxyType(facts)
    ),
    st.sampled_from(("patient", "observation", "acknowledgement", "bed")),
    _WHO,
    st.sampled_from(((), ("rate",), ("rate", "ECG"))),
    _FACTS,
)


def _alone(message: Message) -> Message:
    """The same, sharing nothing with any other, so that it is always learned anew."""
    return message._replace(identifiers=(*message.identifiers,), facts=dict(message.facts))


@settings(max_examples=300)
@given(st.lists(_SAID, min_size=1, max_size=5), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), max_size=25))
def test_what_is_repeated_counts_as_if_it_were_learned_anew(pool: list[Message], order: list[tuple[int, int]]) -> None:
    said = [pool[place % len(pool)]._replace(side=Side(side)) for place, side in order]
    with patch.multiple(content_module, PATIENTS_KEPT=1, _BEFORE_KEPT=3):
        repeated, anew = Content(1, "hl7"), Content(1, "hl7")
        for number, message in enumerate(said):
            mark = Mark(0, number, number)
            repeated.add([message], lambda _, mark=mark: mark)
            anew.add([_alone(message)], lambda _, mark=mark: mark)
            assert len(repeated._before) <= 3
    assert not anew._before
    repeated._before.clear()
    assert repeated == anew


def test_a_patient_beyond_the_bound_is_counted_each_time() -> None:
    shared = MappingProxyType({"code": "AA"})
    first, second = (
        Message("hl7", "a", Side.CLIENT, 0, 9, (Identifier("patient number", number),), (), shared) for number in "12"
    )
    content = Content(1, "hl7")
    with patch.object(content_module, "PATIENTS_KEPT", 1):
        content.add([first, second, second, first, second], lambda _: Mark(0, 1, 1))
    assert (list(content.patients), content.patients_uncounted) == ([Patient("1", "")], 3)
    assert (len(content.notable), content.notable_uncounted) == (2, 3)


def test_an_overlap_in_a_stream_that_is_read_is_told() -> None:
    first, second = _segments(700)[:2]
    content = _read([[first, second, first._replace(data=b"?" + first.data[1:])]])
    assert (content.protocol, content.lost, content.conflict_count) == ("cms", 0, 1)
