"""What a rule may ask for stays, what none asks for is summed up, and memory is bounded under floods."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wardwatch.traffic.kernel import sums
from wardwatch.traffic.ledger import CALLS_KEPT, DATAGRAMS_KEPT, Ledger
from wardwatch.traffic.table import ARP, FLOW, TCP, UDP, FlowFlag

INSIDE = FlowFlag.LOCAL_A | FlowFlag.LOCAL_B
Flows = NDArray[np.void]


def _flows(count: int, *, proto: int = TCP, flags: int = INSIDE, pairs: int = 1, first: int = 0) -> Flows:
    flows = np.zeros(count, FLOW)
    flows["id"] = np.arange(first + 1, first + count + 1)
    flows["first"] = np.arange(first, first + count)
    flows["ver"], flows["proto"], flows["flags"] = 4, proto, flags
    flows["a"][:, 0], flows["b"][:, 0] = 10, 203
    flows["b"][:, 1:3] = (np.arange(count) % pairs).astype(">u2").view("u1").reshape(count, 2)
    flows["payload"], flows["missing"] = [100, 0], [7, 0]
    return flows


def test_tcp_inside_is_summed_up_and_let_go() -> None:
    ledger = Ledger()
    ledger.add(_flows(50))
    assert len(ledger.flows()) == 0
    assert (ledger.totals.conversations, ledger.totals.tcp_payload, ledger.totals.tcp_missing) == (50, 5000, 350)
    assert (ledger.thinned, ledger.let_go) == (0, 0)


def test_what_may_be_asked_for_stays_in_order() -> None:
    ledger = Ledger()
    ledger.add(_flows(3, flags=FlowFlag.LOCAL_A, first=10))
    ledger.add(_flows(2, flags=INSIDE | FlowFlag.KEPT))
    ledger.add(_flows(1, proto=UDP, first=5))
    assert ledger.flows()["id"].tolist() == [1, 2, 6, 11, 12, 13]


def test_repetitions_go_first_and_cost_no_answer() -> None:
    ledger = Ledger(limit=1000)
    ledger.add(_flows(900, flags=FlowFlag.LOCAL_A, pairs=2))
    ledger.add(_flows(300, proto=UDP, pairs=3, first=2000))
    kept = ledger.flows()
    assert len(kept) == 2 * CALLS_KEPT + 3 * DATAGRAMS_KEPT
    assert ledger.let_go == 0
    assert ledger.thinned == 1200 - len(kept)


def test_a_flood_of_different_calls_is_bounded_and_said() -> None:
    ledger = Ledger(limit=1000)
    for start in range(0, 20_000, 500):
        ledger.add(_flows(500, flags=FlowFlag.LOCAL_A, pairs=500, first=start * 1000))
        flows = _flows(500, flags=FlowFlag.LOCAL_A, pairs=500, first=start)
        flows["bport"] = start
        ledger.add(flows)
    kept = ledger.flows()
    assert len(kept) <= 1500
    assert ledger.let_go + ledger.thinned + len(kept) == ledger.totals.conversations == 40_000
    assert ledger.let_go > 0


def test_known_addresses_survive_a_flood() -> None:
    ledger = Ledger(limit=1000)
    known = _flows(20, flags=FlowFlag.LOCAL_A | FlowFlag.KNOWN_B)
    known["bport"] = 515
    ledger.add(known)
    for start in range(1, 40):
        flows = _flows(500, flags=FlowFlag.LOCAL_A, pairs=500, first=start * 1000)
        flows["aport"], flows["bport"] = start, start
        ledger.add(flows)
    assert int((ledger.flows()["flags"] & FlowFlag.KNOWN_B != 0).sum()) == 20


def _records(rows: list[tuple[int, int, int, int, int, int]]) -> Flows:
    flows = np.zeros(len(rows), FLOW)
    for record, (first, host, port, proto, flags, holes) in zip(flows, rows, strict=True):
        record["first"], record["bport"], record["proto"], record["flags"] = first, port, proto, flags
        record["ver"] = ARP if proto == 0 else 4
        record["b"][15], record["a"][3] = host, host // 2
        record["missing"], record["repeated"], record["payload"] = [holes, min(holes, 1)], [holes, 2], [holes, 2**40]
    return flows


ROW = st.tuples(
    st.integers(-3, 3), st.integers(0, 3), st.integers(0, 1), st.sampled_from([0, TCP, UDP]),
    st.integers(0, 255), st.sampled_from([0, 5, 2**32 - 1]),
)  # fmt: skip


@given(st.lists(ROW, max_size=60))
def test_sums_and_what_may_be_asked_for_are_those_of_numpy(rows: list[tuple[int, int, int, int, int, int]]) -> None:
    flows, totals = _records(rows), sums.Totals()
    into = np.zeros(len(flows) + 1, FLOW)
    found = sums.sift(flows, into, totals)
    flags = flows["flags"]
    needed = (flags & (FlowFlag.KEPT | FlowFlag.KNOWN_A | FlowFlag.KNOWN_B) != 0) | (flows["ver"] == ARP)
    asked = needed | (flags & FlowFlag.LOCAL_B == 0) | (flows["proto"] == UDP)
    assert into.tobytes() == flows[asked].tobytes() + bytes((len(into) - found) * FLOW.itemsize)
    bare = flows[(flows["proto"] == TCP) & (flags & FlowFlag.KEPT == 0)]
    missing = bare["missing"].sum(axis=1, dtype=np.uint64)
    assert (totals.tcp_payload, totals.tcp_missing) == (bare["payload"].sum(), missing.sum())
    assert (totals.tcp_repeated, totals.tcp_holed) == (bare["repeated"].sum(dtype=np.uint64), (missing > 0).sum())
    assert totals.cut == (flags & FlowFlag.TRUNCATED != 0).sum()


@given(st.lists(ROW, max_size=60), st.integers(0, 3), st.integers(0, 3))
def test_the_first_of_each_pair_stay(
    rows: list[tuple[int, int, int, int, int, int]], calls: int, datagrams: int
) -> None:
    flows = _records(rows)
    pairs: dict[tuple[object, ...], list[tuple[int, int]]] = {}
    kept = []
    for place, record in enumerate(flows):
        local = bool(record["flags"] & FlowFlag.LOCAL_B)
        key = (record["ver"], record["proto"], record["a"].tobytes(), record["b"].tobytes(), record["bport"])
        pairs.setdefault(key, []).append((int(record["first"]), place))
        if local != bool(flows[pairs[key][0][1]]["flags"] & FlowFlag.LOCAL_B):
            record["flags"] ^= FlowFlag.LOCAL_B  # where an address is local, it always is
    for group in pairs.values():
        local = bool(flows[group[0][1]]["flags"] & FlowFlag.LOCAL_B)
        kept += [place for _, place in sorted(group)[: datagrams if local else calls]]
    needed = (flows["flags"] & (FlowFlag.KEPT | FlowFlag.KNOWN_A | FlowFlag.KNOWN_B) != 0) | (flows["ver"] == ARP)
    expected = {*kept, *np.flatnonzero(needed).tolist()}
    assert set(np.flatnonzero(sums.first_of_pairs(flows, calls, datagrams)).tolist()) == expected


@given(st.lists(st.booleans(), max_size=40))
def test_records_of_a_mask_move_together(mask: list[bool]) -> None:
    flows = _flows(len(mask)) if mask else np.zeros(0, FLOW)
    wanted = [number for number, kept in enumerate(mask, 1) if kept]
    assert flows["id"][: sums.compact(flows, np.array(mask, bool))].tolist() == wanted


def test_pairs_that_differ_in_a_port_alone_are_kept_apart() -> None:
    flows = _flows(3000, proto=UDP)
    flows["bport"] = np.arange(3000)
    assert sums.first_of_pairs(flows, 1, 1).all()
