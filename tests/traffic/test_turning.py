"""Who called is told by the call, where the ports of a conversation without a SYN suggest the opposite."""

from collections.abc import Callable
from typing import Any

import numpy as np

from wardwatch.traffic.content import Content
from wardwatch.traffic.table import FLOW, FlowFlag
from wardwatch.traffic.turning import turn_round

Play = Callable[[str], Any]


def test_a_call_from_a_reserved_port_to_a_high_one(play: Play) -> None:
    _, answer = play("0 udp 10.20.0.30:700 > 203.0.113.8:32800 client=mount:/export reply=mount-done:")
    (finding,) = [finding for finding in answer.findings if finding.rule == "traffic.remote-mount"]
    assert finding.subject == "10.20.0.30"
    flow = finding.evidence[-1].where
    assert (flow["src"], flow["sport"], flow["dst"], flow["dport"]) == ("10.20.0.30", 700, "203.0.113.8", 32800)


def test_a_stream_whose_first_packet_was_the_stations(play: Play) -> None:
    _, answer = play("0 tcp 10.20.0.21:1030 > 10.20.0.5:515 client=cms:4 nosyn=1")
    (exposure,) = answer.exposures
    assert (exposure.subject, exposure.to, exposure.port) == ("10.20.0.21", "10.20.0.5", 515)


def test_everything_that_belongs_to_a_side_is_exchanged() -> None:
    flows = np.zeros(2, FLOW)
    flows["id"] = [1, 2]
    for row in range(2):
        flows["a"][row][:4], flows["b"][row][:4] = [10, 0, 0, 1], [203, 0, 113, 1]
        flows["aport"][row], flows["bport"][row] = 515, 40000
        flows["packets"][row], flows["payload"][row], flows["ttl"][row] = [1, 2], [3, 4], [64, 50]
        flows["mac"][row] = [[1] * 6, [2] * 6]
        flows["flags"][row] = FlowFlag.LOCAL_A | FlowFlag.KNOWN_B | FlowFlag.KEPT
    content = Content(1, protocol="cms")
    content.sides[1].records["telemetry"] = 5
    content.settle()
    turn_round(flows, {1: content})
    assert flows[1]["aport"] == 515, "the other record stays as it was"
    turned = flows[0]
    assert (list(turned["a"][:4]), list(turned["b"][:4])) == ([203, 0, 113, 1], [10, 0, 0, 1])
    assert (turned["aport"], turned["bport"]) == (40000, 515)
    assert [list(turned[name]) for name in ("packets", "payload", "ttl")] == [[2, 1], [4, 3], [50, 64]]
    assert [list(mac) for mac in turned["mac"]] == [[2] * 6, [1] * 6]
    assert turned["flags"] == FlowFlag.LOCAL_B | FlowFlag.KNOWN_A | FlowFlag.KEPT
    assert content.sides[0].records["telemetry"] == 5
