"""Two rows of one conversation become one record; an answer alone is never an attempt."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.traffic.logs.pairing import Pairing, turned
from wardwatch.traffic.table import FLOW, TCP, UDP, FlowFlag

SYN, SYN_ACK, ALL = 0x02, 0x12, 0x1B
MONITOR, CENTRAL = (192, 168, 1, 2), (202, 114, 4, 119)


def half(  # noqa: PLR0913  # one keyword for each thing a row says
    number: int,
    source: tuple[int, ...],
    target: tuple[int, ...],
    ports: tuple[int, int],
    *,
    at: float = 0.0,
    lasts: float = 1.0,
    flags: int = ALL,
    proto: int = TCP,
    packets: int = 1,
) -> np.ndarray:
    record = np.zeros(1, FLOW)
    record["number"], record["ver"], record["proto"] = number, 4, proto
    record["a"][0, :4], record["b"][0, :4] = source, target
    record["aport"], record["bport"] = ports
    record["first"] = int((1000 + at) * 1e9)
    record["last"] = record["last_a"] = int((1000 + at + lasts) * 1e9)
    record["packets"][0, 0], record["wire"][0, 0], record["tcpflags"][0, 0] = packets, packets * 100, flags
    record["flags"] = FlowFlag.LOCAL_A if source[0] == 192 else FlowFlag.LOCAL_B | FlowFlag.KNOWN_A
    return record


def paired(*blocks: list[np.ndarray]) -> np.ndarray:
    pairing = Pairing()
    done = [pairing.add(np.concatenate(block)) for block in blocks]
    return np.concatenate([*done, pairing.finish()])


CALL = half(1, MONITOR, CENTRAL, (40000, 515), packets=9)
ANSWER = half(2, CENTRAL, MONITOR, (515, 40000), at=0.01, packets=7)


@pytest.mark.parametrize("blocks", [([CALL, ANSWER],), ([ANSWER, CALL],), ([CALL], [ANSWER]), ([ANSWER], [CALL])])
def test_both_halves_become_one(blocks: tuple[list[np.ndarray], ...]) -> None:
    (record,) = paired(*blocks)
    assert (tuple(record["a"][:4]), int(record["aport"]), int(record["number"])) == (MONITOR, 40000, 1)
    assert record["packets"].tolist() == [9, 7]
    assert record["wire"].tolist() == [900, 700]
    assert record["first"] == CALL["first"][0]
    assert record["last"] == ANSWER["last"][0]
    assert record["flags"] == FlowFlag.LOCAL_A


def test_in_the_same_second_the_port_tells_who_began() -> None:
    at_once = half(2, CENTRAL, MONITOR, (515, 40000), packets=7)
    assert paired([at_once, CALL])["aport"].tolist() == [40000]
    assert paired([CALL, at_once])["aport"].tolist() == [40000]


def test_a_conversation_cut_into_slices_keeps_its_direction() -> None:
    later = half(3, CENTRAL, MONITOR, (515, 40000), at=300, flags=0x18, packets=3)
    more = half(4, MONITOR, CENTRAL, (40000, 515), at=300.5, flags=0x18, packets=2)
    records = paired([CALL, ANSWER, later, more])
    assert records["aport"].tolist() == [40000, 40000]
    assert records["packets"].tolist() == [[9, 7], [2, 3]]


def test_a_lone_syn_began_whatever_the_ports_say() -> None:
    syn = half(1, CENTRAL, MONITOR, (515, 40000), flags=SYN)
    assert paired([syn])["aport"].tolist() == [515]
    assert paired([half(2, MONITOR, CENTRAL, (40000, 515), flags=SYN_ACK), syn])["aport"].tolist() == [515]


def test_an_answer_alone_is_turned_and_has_no_packets_of_side_a() -> None:
    (record,) = paired([half(1, CENTRAL, MONITOR, (515, 40000), proto=UDP, flags=0, packets=4)])
    assert tuple(record["a"][:4]) == MONITOR
    assert record["packets"].tolist() == [0, 4]
    assert record["flags"] == FlowFlag.LOCAL_A | FlowFlag.KNOWN_B


def test_other_conversations_and_later_ones_are_not_mixed_in() -> None:
    for other in (
        half(2, CENTRAL, MONITOR, (515, 40001)),
        half(2, CENTRAL, (192, 168, 1, 3), (515, 40000)),
        half(2, CENTRAL, MONITOR, (515, 40000), proto=UDP),
        half(2, CENTRAL, MONITOR, (515, 40000), at=60),
    ):
        assert len(paired([CALL, other])) == 2


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 2**32), cuts=st.integers(1, 5))
def test_nothing_is_lost_or_counted_twice_in_any_order(seed: int, cuts: int) -> None:
    seeded = random.Random(seed)
    rows, attempts = [], 0
    for port in range(40000, 40030):
        attempts += 1
        at = seeded.uniform(0, 100)
        rows.append(half(len(rows) + 1, MONITOR, CENTRAL, (port, 515), at=at, packets=3))
        if seeded.random() < 0.6:
            rows.append(half(len(rows) + 1, CENTRAL, MONITOR, (515, port), at=at + seeded.random(), packets=5))
    seeded.shuffle(rows)
    size = -(-len(rows) // cuts)
    records = paired(*(rows[start : start + size] for start in range(0, len(rows), size)))
    assert records["packets"].sum() == sum(int(row["packets"].sum()) for row in rows)
    assert np.count_nonzero(records["packets"][:, 0]) == attempts
    assert set(records["bport"].tolist()) == {515}
    assert cuts > 1 or len(records) == attempts


def test_turning_twice_changes_nothing() -> None:
    records = np.concatenate([CALL, ANSWER])
    which = np.array([True, False])
    once = turned(records, which)
    assert once[0] != records[0]
    assert np.array_equal(turned(once, which), records)


def test_two_calls_in_the_same_direction_are_two() -> None:
    again = half(2, MONITOR, CENTRAL, (40000, 515), at=0.5, flags=SYN, packets=2)
    records = paired([CALL, again])
    assert records["packets"].tolist() == [[9, 0], [2, 0]]
    records = paired([CALL, again, half(3, CENTRAL, MONITOR, (515, 40000), at=0.6, packets=4)])
    assert sorted(records["packets"].tolist()) == [[2, 4], [9, 0]]
