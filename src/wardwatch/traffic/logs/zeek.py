"""In: the columns of a Zeek connection log as text. Out: rows as `layout.Rows` describes them.

Source: Zeek's documentation of `base/protocols/conn/main.zeek`, record `Conn::Info` (conn_state, history). `orig` is
side a. `orig_bytes` are payload bytes, `orig_ip_bytes` those of the IP packets.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from wardwatch.traffic.table import TCP

from . import cells

FIELDS: Final = (
    "ts", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "ip_proto", "service", "duration", "orig_bytes",
    "resp_bytes", "conn_state", "history", "orig_pkts", "resp_pkts", "orig_ip_bytes", "resp_ip_bytes", "vlan",
)  # fmt: skip
"""What is read; `ip_proto` came with Zeek 7.1, `vlan` with the policy script vlan-logging."""
NEEDED: Final = ("ts", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto")
TIMES: Final = ("epoch-s", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%dT%H:%M:%S%.f")

_UNANSWERED: Final = ("S0", "SH", "RSTOS0")
_NO_SYN: Final = ("OTH", "SHR", "RSTRH")
_CLOSED: Final = ("SF", "REJ", "RSTO", "RSTR", "RSTOS0", "RSTRH")
_FLAGS: Final = {"S": 0x02, "H": 0x12, "A": 0x10, "D": 0x10, "F": 0x01, "R": 0x04}
"""History letters as TCP flags; side a's are capitals. 'H' is SYN with ACK, 'D' a packet with payload."""


def known(present: Sequence[str]) -> frozenset[str]:
    """Which fields of a flow a log with these columns knows."""
    has = set(present)
    fields = {"ver", "proto", "a", "b", "aport", "bport", "first", "number", "file", "flags", "id"}
    rules = (
        ("last", {"duration"}),
        ("payload", {"orig_bytes", "resp_bytes"}),
        ("packets", {"orig_pkts", "resp_pkts"}),
        ("wire", {"orig_ip_bytes", "resp_ip_bytes"}),
        ("syns", {"history"}),
        ("tcpflags", {"history"}),
        ("vlan", {"vlan"}),
    )
    return frozenset(fields | {name for name, needs in rules if needs <= has})


def rows(table: pl.DataFrame) -> pl.DataFrame:
    """`table` has all of `FIELDS` as String; what was not set is null."""
    state, history = pl.col("conn_state").fill_null(""), pl.col("history").fill_null("")
    proto = cells.protocol(pl.coalesce("ip_proto", "proto"))
    icmp = cells.is_icmp(proto)
    dated = bool(table["ts"].str.contains("T", literal=True).any())
    first = cells.time(pl.col("ts"), TIMES if dated else TIMES[:1])
    tcp = proto == TCP
    aport, bport = cells.port(pl.col("id.orig_p")), cells.port(pl.col("id.resp_p"))
    return table.select(
        first=first,
        last=first + cells.span(pl.col("duration")).fill_null(0),
        src=pl.col("id.orig_h"),
        dst=pl.col("id.resp_h"),
        proto=proto,
        aport=pl.when(icmp).then((aport.fill_null(0) * 256 + bport.fill_null(0)).clip(0, 65535)).otherwise(aport),
        bport=pl.when(icmp).then(0).otherwise(bport),
        packets_a=pl.coalesce(cells.count(pl.col("orig_pkts")), pl.lit(1)),
        packets_b=pl.coalesce(cells.count(pl.col("resp_pkts")), _answered(state)),
        payload_a=cells.count(pl.col("orig_bytes")),
        payload_b=cells.count(pl.col("resp_bytes")),
        wire_a=cells.count(pl.col("orig_ip_bytes")),
        wire_b=cells.count(pl.col("resp_ip_bytes")),
        syns_a=pl.when(tcp).then(_syns(state, history)).otherwise(0),
        syns_b=(tcp & history.str.contains("h", literal=True)).cast(pl.Int64),
        tcpflags_a=pl.when(tcp).then(cells.bits(history, _FLAGS)).otherwise(0),
        tcpflags_b=pl.when(tcp).then(_answer_flags(state, history)).otherwise(0),
        closed=tcp & state.is_in(_CLOSED),
        vlan=cells.count(pl.col("vlan")),
        service=pl.col("service"),
    )


def _answered(state: pl.Expr) -> pl.Expr:
    """At least one packet came back, as far as the state says; for logs without packet counts."""
    return (~state.is_in([*_UNANSWERED, "OTH", ""])).cast(pl.Int64)


def _syns(state: pl.Expr, history: pl.Expr) -> pl.Expr:
    """All packets, where nothing but SYN was sent; else one, where one was seen."""
    only = (state == "S0") & history.str.contains("^S+$")
    packets = pl.coalesce(cells.count(pl.col("orig_pkts")), pl.lit(1))
    began = history.str.contains("S", literal=True) | ((history == "") & ~state.is_in([*_NO_SYN, ""]))
    return pl.when(only).then(packets).otherwise(began.cast(pl.Int64))


def _answer_flags(state: pl.Expr, history: pl.Expr) -> pl.Expr:
    letters = {letter.lower(): bit for letter, bit in _FLAGS.items()}
    rejected = pl.when(state == "REJ").then(0x14).otherwise(0)
    return cells.bits(history, letters) | rejected.cast(pl.Int64)
