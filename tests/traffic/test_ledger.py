"""What a rule may ask for stays, what none asks for is summed up, and memory is bounded under floods."""

import numpy as np
from numpy.typing import NDArray

from wardwatch.traffic.ledger import CALLS_KEPT, DATAGRAMS_KEPT, Ledger
from wardwatch.traffic.table import FLOW, TCP, UDP, FlowFlag

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
