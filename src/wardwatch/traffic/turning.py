"""In: flow records and what their conversations held. Out: the same, with side 0 always the one who called.

Without a SYN the kernel can only guess by ports who began. A codec that reads a call knows: remote procedure calls
come from a reserved port to a high one, which looks like an answer (RFC 5531 asks only for the call's form).
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from wardwatch.protocols.codec import Side

from .content import Content
from .ledger import Flows
from .table import FlowFlag

_PAIRS: Final = ("syns", "packets", "payload", "wire", "missing", "repeated", "kept", "mac", "tcpflags", "ttl")
_FLAGS: Final = ((FlowFlag.LOCAL_A, FlowFlag.LOCAL_B), (FlowFlag.KNOWN_A, FlowFlag.KNOWN_B))


def turn_round(flows: Flows, contents: Mapping[int, Content]) -> None:
    """Exchange the sides of the records, and of their contents, whose caller was taken for the one called."""
    wrong = [content for content in contents.values() if _caller(content) == 1]
    ids = np.array([content.flow for content in wrong], np.uint32)
    rows = np.flatnonzero(np.isin(flows["id"], ids) & (flows["syns"][:, 0] == 0))
    turned = set(flows["id"][rows].tolist())
    for content in wrong:
        if content.flow in turned:
            content.sides, content.sender = content.sides[::-1], 1 - content.sender
            content.notable = [notable._replace(side=Side(1 - notable.side)) for notable in content.notable]
    _exchange(flows, rows)


def _caller(content: Content) -> int:
    """The side that called, as far as the messages tell; side 0 where they do not."""
    if content.protocol == "cms":  # the monitor is the client, and only it sends
        return content.sender
    told = (notable for notable in content.notable if notable.protocol == "sunrpc")
    return next((1 - notable.side if notable.kind == "answer" else int(notable.side) for notable in told), 0)


def _exchange(flows: Flows, rows: np.ndarray) -> None:
    records = flows[rows]
    for one, other in (("a", "b"), ("aport", "bport")):
        records[one], records[other] = records[other].copy(), records[one].copy()
    for name in _PAIRS:
        records[name] = records[name][:, ::-1].copy()
    for a_bit, b_bit in _FLAGS:
        flags = records["flags"]
        differ = ((flags & a_bit) != 0) != ((flags & b_bit) != 0)
        records["flags"] = np.where(differ, flags ^ np.uint8(a_bit | b_bit), flags)
    flows[rows] = records
