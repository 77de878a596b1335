"""In: rows of a log as `layout.Rows` describes them. Out: records of the flow table, the rest noted as unread."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from wardwatch.traffic.table import FLOW, IPV6, TCP, UDP, FlowFlag

from .addresses import KNOWN, LOCAL, AddressBook
from .layout import SIDED, Rows
from .unread import Unread

_ICMP: Final = 1
_ICMPV6: Final = 58
NO_TIME: Final = "no readable time"
NO_ADDRESS: Final = "an address is missing or not one"
MIXED: Final = "one address is IPv4, the other IPv6"
NO_PORT: Final = "a port is missing or not one"


def convert(rows: Rows, book: AddressBook, unread: Unread, file: int, services: Mapping[str, int]) -> NDArray[np.void]:
    """One FLOW record for each usable row, in their order; `id` is left 0. `services` gives `codec` by service."""
    table = rows.table
    source, target = book.look_up(table["src"], table["dst"])
    good = _usable(rows, book, source, target, unread)
    kept, source, target = table.filter(pl.Series(good)), source[good], target[good]
    records = np.zeros(len(source), FLOW)
    records["number"] = np.minimum(rows.numbers[good], np.iinfo(np.uint32).max)
    records["file"] = file
    records["ver"] = book.version[source]
    records["a"], records["b"] = book.octets[source], book.octets[target]
    records["flags"] = _flags(book.marks[source], book.marks[target], _numbers(kept, "closed"))
    _times(records, kept)
    for name in ("aport", "bport", "proto", "vlan"):
        records[name] = _fit(_numbers(kept, name), name)
    for name in SIDED:
        for side, letter in enumerate("ab"):
            records[name][:, side] = _fit(_numbers(kept, f"{name}_{letter}"), name)
    records["proto"][(records["proto"] == _ICMP) & (records["ver"] == IPV6)] = _ICMPV6
    if services:
        records["codec"] = _codecs(kept["service"], services)
    return records


def _usable(
    rows: Rows, book: AddressBook, source: NDArray[np.int64], target: NDArray[np.int64], unread: Unread
) -> NDArray[np.bool_]:
    table = rows.table
    good = np.ones(len(source), np.bool_)
    with_ports = np.isin(_numbers(table, "proto"), (TCP, UDP))
    lacking = table["aport"].is_null().to_numpy() | table["bport"].is_null().to_numpy()
    for reason, bad in (
        (NO_TIME, table["first"].is_null().to_numpy()),
        (NO_ADDRESS, (source == 0) | (target == 0)),
        (MIXED, book.version[source] != book.version[target]),
        (NO_PORT, with_ports & lacking),
    ):
        unread.note(reason, rows.numbers[good & bad])
        good &= ~bad
    return good


def _codecs(service: pl.Series, services: Mapping[str, int]) -> NDArray[np.int64]:
    plain = service.str.to_lowercase()
    found = plain.replace_strict(list(services), list(services.values()), default=0, return_dtype=pl.Int64)
    return _fit(found.fill_null(0).to_numpy(), "codec")


def _numbers(table: pl.DataFrame, name: str) -> NDArray[np.int64]:
    if name not in table.columns:
        return np.zeros(table.height, np.int64)
    return table[name].cast(pl.Int64).fill_null(0).to_numpy()


def _fit(values: NDArray[np.int64], name: str) -> NDArray[np.int64]:
    """`values` cut to what the field of a record holds."""
    limit = np.iinfo(FLOW[name].base).max
    return np.clip(values, 0, min(limit, np.iinfo(np.int64).max))


def _times(records: NDArray[np.void], table: pl.DataFrame) -> None:
    first = table["first"].to_numpy()
    last = table["last"].fill_null(0).to_numpy()
    records["first"] = first
    records["last"] = np.maximum(first, last)
    records["last_a"] = records["last"]


def _flags(source: NDArray[np.uint8], target: NDArray[np.uint8], closed: NDArray[np.int64]) -> NDArray[np.uint8]:
    pairs = (
        (FlowFlag.LOCAL_A, source & LOCAL),
        (FlowFlag.LOCAL_B, target & LOCAL),
        (FlowFlag.KNOWN_A, source & KNOWN),
        (FlowFlag.KNOWN_B, target & KNOWN),
        (FlowFlag.CLOSED, closed),
    )
    flags = np.zeros(len(source), np.uint8)
    for flag, bit in pairs:
        flags |= (bit != 0).astype(np.uint8) * np.uint8(flag)
    return flags
