"""The examination as detectors see it: who is looked for is found, and nobody else."""

from ipaddress import ip_address

import numpy as np

from wardwatch.secrecy import reveal
from wardwatch.traffic.networks import site
from wardwatch.traffic.scene import Scene
from wardwatch.traffic.table import FLOW

ADDRESSES = ("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")


def test_addresses_that_begin_alike_are_told_apart() -> None:
    flows = np.zeros(len(ADDRESSES), FLOW)
    for row, text in zip(flows, ADDRESSES, strict=True):
        packed = ip_address(text).packed
        row["ver"], row["b"][: len(packed)] = ip_address(text).version, list(packed)
    scene = Scene(flows, {}, site([]), (), reveal)
    for number, text in enumerate(ADDRESSES):
        assert np.flatnonzero(scene.from_any(1, [text])).tolist() == [number]
    assert scene.from_any(1, ADDRESSES[1:3]).tolist() == [False, True, True, False, False]
    assert not scene.from_any(0, ADDRESSES).any()
    assert not scene.from_any(1, []).any()
