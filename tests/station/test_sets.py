"""Cutting a stream into sets, however it is torn, and saying what was lost."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.station.sets import MOST_BLOCKS, MOST_BYTES, Cutter, cut
from wardwatch.twin.live import Who
from wardwatch.twin.live import sets as twin_sets

SETS = [data for data, _ in zip(twin_sets(Who(3), 10**18), range(6), strict=False)]
WHOLE = b"".join(SETS)


def fed(pieces: list[bytes]) -> tuple[list[bytes], list[bool], int]:
    cutter = Cutter()
    found = [one for piece in pieces for one in cutter.feed(piece)] + cutter.finish()
    return [one.raw for one in found], [one.closed for one in found], cutter.skipped


def test_each_second_of_a_monitor_is_one_set() -> None:
    raw, closed, skipped = fed([WHOLE])
    assert raw == SETS
    assert all(closed)
    assert skipped == 0


@given(st.lists(st.integers(0, len(WHOLE)), max_size=30))
def test_where_the_stream_is_torn_makes_no_difference(places: list[int]) -> None:
    cuts = [0, *sorted(places), len(WHOLE)]
    pieces = [WHOLE[start:end] for start, end in pairwise(cuts)]
    assert fed(pieces)[0] == SETS


def test_a_set_is_out_as_soon_as_its_last_byte_is_in() -> None:
    cutter = Cutter()
    assert cutter.feed(SETS[0][:-1]) == []
    assert [one.raw for one in cutter.feed(SETS[0][-1:])] == [SETS[0]]


@given(st.binary(min_size=1, max_size=300))
def test_garbage_between_two_sets_takes_neither_with_it(garbage: bytes) -> None:
    raw, _, skipped = fed([SETS[1] + SETS[2], garbage, SETS[3] + SETS[4] + SETS[5]])
    assert raw[:2] == SETS[1:3]
    assert raw[-1] == SETS[5]
    assert sum(map(len, raw)) + skipped == len(SETS[1] + SETS[2] + garbage + SETS[3] + SETS[4] + SETS[5])


@given(st.binary(max_size=4000))
def test_every_byte_is_in_a_set_or_counted(data: bytes) -> None:
    raw, _, skipped = fed([data])
    bare_ends = 4 * data.count(b"\x02\x00\x05\x47")
    assert sum(map(len, raw)) + skipped <= len(data) <= sum(map(len, raw)) + skipped + bare_ends


def test_a_lost_end_does_not_merge_two_seconds(blocks: object) -> None:
    ecg, bed, end = blocks.ecg, blocks.bed(1), blocks.end
    found = cut(bed + ecg(60) + bed + ecg(61) + end)
    assert [one.closed for one in found] == [False, True]
    assert found[0].raw == bed + ecg(60)


def test_a_second_block_of_a_kind_begins_a_set(blocks: object) -> None:
    found = cut(blocks.ecg(60) + blocks.pleth() + blocks.ecg(61) + blocks.end)
    assert [len(one.blocks) for one in found] == [2, 2]


def test_a_set_that_never_ends_is_cut(blocks: object) -> None:
    message = blocks.error("X" * 800)
    found = cut(message * 1000)
    assert len(found) >= 1000 // MOST_BLOCKS
    assert max(len(one.blocks) for one in found) <= MOST_BLOCKS
    assert max(len(one.raw) for one in found) <= MOST_BYTES
    assert sum(len(one.blocks) for one in found) == 1000


def test_ends_alone_are_no_sets(blocks: object) -> None:
    assert cut(blocks.end * 50) == []


@pytest.mark.parametrize("count", [1, 5])
def test_what_is_kept_can_be_cut_again(count: int, stream: Callable[[int], list[bytes]]) -> None:
    for raw in stream(count):
        assert [one.raw for one in cut(raw)] == [raw]
