"""Streams come out in order whatever order they came in; holes and conflicts are said."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from wardwatch.traffic.reassembly import FAR_AHEAD, WAITING_BYTES, WAITING_NANOSECONDS, Mark, Piece, Stream

SYN, ACK = 2, 16


def _mark(number: int, time: int = 0) -> Mark:
    return Mark(0, number, time)


def _feed(stream: Stream, *segments: tuple[int, bytes]) -> list[Piece]:
    pieces = []
    for number, (seq, data) in enumerate(segments, 1):
        pieces += stream.add(seq, data, len(data), ACK, _mark(number))
    return pieces + stream.finish()


def _bytes(pieces: list[Piece]) -> bytes:
    return b"".join(piece.data for piece in pieces)


def test_syn_takes_one_number() -> None:
    stream = Stream()
    stream.add(99, b"", 0, SYN, _mark(1))
    assert _bytes(_feed(stream, (100, b"abc"))) == b"abc"
    assert not stream.start_missing


def test_without_syn_the_start_is_said_to_be_missing() -> None:
    stream = Stream()
    _feed(stream, (100, b"abc"))
    assert stream.start_missing


def test_swapped_segments_come_in_order() -> None:
    assert _bytes(_feed(Stream(), (0, b"aa"), (4, b"cc"), (2, b"bb"))) == b"aabbcc"


def test_repetition_counts_once() -> None:
    stream = Stream()
    assert _bytes(_feed(stream, (0, b"aabb"), (0, b"aabb"), (2, b"bbcc"))) == b"aabbcc"
    assert (stream.repeated, stream.conflict_count) == (6, 0)


def test_first_copy_wins_and_the_conflict_is_noted() -> None:
    stream = Stream()
    assert _bytes(_feed(stream, (0, b"hello world"), (6, b"there"))) == b"hello world"
    assert stream.conflict_count == 1
    conflict = stream.conflicts[0]
    assert (conflict.offset, conflict.length, conflict.mark.number) == (6, 5, 2)
    # SHA-256 of "world" and "there" as coreutils' sha256sum prints them.
    assert (conflict.first, conflict.second) == ("486ea46224d1bb4f", "e244f187f696561d")


def test_first_copy_wins_among_segments_that_wait() -> None:
    stream = Stream()
    pieces = _feed(stream, (0, b"ab"), (4, b"EFGH"), (3, b"dxx"), (2, b"c"))
    assert _bytes(pieces) == b"abcdEFGH"
    assert stream.conflict_count == 1


def test_a_hole_is_said_with_its_size() -> None:
    stream = Stream()
    pieces = _feed(stream, (0, b"aa"), (5, b"bb"))
    assert [(piece.data, piece.lost) for piece in pieces] == [(b"aa", 0), (b"", 3), (b"bb", 0)]
    assert (stream.lost, stream.holes) == (3, 1)


def test_a_cut_packet_leaves_a_hole_behind_it() -> None:
    stream = Stream()
    pieces = stream.add(0, b"aa", 10, ACK, _mark(1))
    pieces += stream.add(10, b"bb", 2, ACK, _mark(2))
    assert [(piece.data, piece.lost) for piece in pieces] == [(b"aa", 0), (b"", 8), (b"bb", 0)]


def test_a_hole_is_given_up_when_too_much_waits() -> None:
    stream = Stream()
    stream.add(0, b"a", 1, ACK, _mark(1))
    pieces = []
    part = bytes(4096)
    for number in range(WAITING_BYTES // len(part) + 1):
        pieces += stream.add(100 + number * len(part), part, len(part), ACK, _mark(2 + number))
    assert pieces[0].lost == 99


def test_a_hole_is_given_up_when_it_waits_too_long() -> None:
    stream = Stream()
    stream.add(0, b"a", 1, ACK, _mark(1))
    assert stream.add(3, b"b", 1, ACK, _mark(2, 1)) == []
    pieces = stream.add(4, b"c", 1, ACK, _mark(3, WAITING_NANOSECONDS + 2))
    assert [(piece.data, piece.lost) for piece in pieces] == [(b"", 2), (b"b", 0), (b"c", 0)]


def test_sequence_numbers_wrap() -> None:
    assert _bytes(_feed(Stream(), (2**32 - 2, b"abcd"), (2, b"ef"))) == b"abcdef"


def test_keep_alive_probe_is_no_conflict() -> None:
    stream = Stream()
    assert _bytes(_feed(stream, (10, b"abc"), (12, b"\0"), (13, b"d"))) == b"abcd"
    assert stream.conflict_count == 0


def test_one_forged_segment_far_ahead_moves_nothing() -> None:
    stream = Stream()
    pieces = _feed(stream, (0, b"aa"), (FAR_AHEAD + 100, b"zz"), (2, b"bb"))
    assert _bytes(pieces) == b"aabb"
    assert stream.stray == 2


def test_two_segments_in_a_row_far_ahead_are_a_jump() -> None:
    far = FAR_AHEAD + 100
    pieces = _feed(Stream(), (0, b"aa"), (far, b"xx"), (far + 2, b"yy"), (far + 4, b"zz"))
    assert _bytes(pieces) == b"aayyzz"


@st.composite
def _cut_and_shuffled(draw: st.DrawFn) -> tuple[bytes, int, list[tuple[int, bytes]]]:
    data = draw(st.binary(min_size=1, max_size=400))
    start = draw(st.integers(0, 2**32 - 1))
    cuts = sorted({0, len(data), *draw(st.lists(st.integers(0, len(data)), max_size=12))})
    parts = [(low, high) for low, high in itertools.pairwise(cuts)]
    extra = draw(st.lists(st.tuples(st.integers(0, len(data)), st.integers(0, len(data))), max_size=6))
    parts += [(min(pair), max(pair)) for pair in extra if pair[0] != pair[1]]
    order = draw(st.permutations(parts))
    return data, start, [((start + low) % 2**32, data[low:high]) for low, high in order]


@given(_cut_and_shuffled())
def test_any_order_gives_the_same_bytes(case: tuple[bytes, int, list[tuple[int, bytes]]]) -> None:
    data, start, segments = case
    stream = Stream()
    stream.add((start - 1) % 2**32, b"", 0, SYN, _mark(0))
    pieces = _feed(stream, *segments)
    assert _bytes(pieces) == data
    assert (stream.lost, stream.conflict_count, stream.delivered) == (0, 0, len(data))


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=40), st.integers(0, 50), st.integers(0, 63))))
def test_any_segments_are_taken(segments: list[tuple[int, bytes, int, int]]) -> None:
    stream = Stream()
    pieces = []
    for number, (seq, data, cut, flags) in enumerate(segments):
        pieces += stream.add(seq, data, len(data) + cut, flags, _mark(number, number * 10**9))
    pieces += stream.finish()
    assert sum(len(piece.data) for piece in pieces) == stream.delivered
    assert sum(piece.lost for piece in pieces) == stream.lost
