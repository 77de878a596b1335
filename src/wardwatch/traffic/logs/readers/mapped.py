"""In: blocks of lines of a log that a mapping describes. Out: rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from wardwatch.errors import InputError
from wardwatch.traffic.logs import cells, delimited
from wardwatch.traffic.logs.layout import Rows
from wardwatch.traffic.logs.lines import Lines
from wardwatch.traffic.logs.mapping import FIELDS, LogMapping
from wardwatch.traffic.logs.unread import Unread
from wardwatch.traffic.table import TCP

_CURE: Final = "docs/flow-logs.md describes mapping files, with an example."
NO_MATCH: Final = "not of the form that the mapping describes"
_TCP_FLAGS: Final = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, "A": 0x10, "U": 0x20, "E": 0x40, "C": 0x80}
_SYN: Final = 0x02
_SIDES: Final = (
    ("src", "dst"),
    ("sport", "dport"),
    ("packets_sent", "packets_received"),
    ("bytes_sent", "bytes_received"),
    ("payload_sent", "payload_received"),
)
_NO_VALUE: Final = ["", "-", "N/A", "n/a"]


def check(mapping: LogMapping) -> None:
    """InputError where polars cannot carry `mapping` out: an unknown zone, a pattern that is none."""
    try:
        blank = pl.DataFrame({"x": [""]}, {"x": pl.String})
        blank.select(cells.time(pl.col("x"), mapping.formats, mapping.zone))
        groups = blank["x"].str.extract_groups(mapping.pattern).struct.fields if mapping.pattern else []
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0][:200]
        raise InputError(f"the mapping cannot be used: {reason}", where=mapping.name, cure=_CURE) from error
    lacking = [name for name in mapping.columns if mapping.pattern and name not in groups]
    if lacking:
        raise InputError(f"'pattern' has no group named '{lacking[0]}'", where=mapping.name, cure=_CURE)


@dataclass(slots=True)
class Mapped:
    """Reads one file. `header` are the names in its header line, which is line `header_line`; for tables only."""

    mapping: LogMapping
    header: tuple[str, ...] = ()
    header_line: int = 0
    header_text: bytes = b""
    left_out: int = 0
    notes: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        if self.mapping.zone_given or all(cells.has_zone(form) for form in self.mapping.formats):
            return
        self.notes = ("times without a zone are read as UTC; a mapping file can name the zone",)

    @property
    def one_way(self) -> bool:
        """As the mapping says."""
        return self.mapping.one_way

    @property
    def columns(self) -> frozenset[str]:
        """As far as the mapping and the header name them."""
        return _known(self.mapping, set(self.header) if self.mapping.layout == "table" else None)

    def feed(self, lines: Lines, unread: Unread) -> Iterator[Rows]:
        """The rows of one block."""
        lines = self._below_header(lines)
        if not len(lines):
            return
        table, lines = self._table(lines, unread)
        left = self._left_out(table)
        self.left_out += int(left.sum())
        kept = table.filter(pl.Series(~left))
        yield Rows(_rows(kept, self.mapping), lines.numbers[~left])

    def _below_header(self, lines: Lines) -> Lines:
        first = self.header_line if self.mapping.layout == "table" else self.mapping.skip_rows
        lines = lines.where(lines.numbers > first)
        if not self.header_text or self.header_text not in lines.data:
            return lines
        same = lines.begin_with(self.header_text)
        self.left_out += int(same.sum())
        return lines.where(~same)

    def _table(self, lines: Lines, unread: Unread) -> tuple[pl.DataFrame, Lines]:
        """Every column that the mapping names, as text; and the lines its rows stand for."""
        if self.mapping.layout == "table":
            lines = lines.closed(unread)
            return self._delimited(lines), lines
        content = pl.Series("line", lines.data.decode("utf-8", "replace").split("\n")[:-1], dtype=pl.String)
        if self.mapping.layout == "pairs":
            return _pairs(content, self.mapping.columns), lines
        matched = content.str.contains(self.mapping.pattern).to_numpy()
        unread.note(NO_MATCH, lines.numbers[~matched])
        groups = content.filter(pl.Series(matched)).str.extract_groups(self.mapping.pattern).struct.unnest()
        return _complete(groups, self.mapping.columns), lines.where(matched)

    def _delimited(self, lines: Lines) -> pl.DataFrame:
        place = {name: self.header.index(name) for name in self.mapping.columns if name in self.header}
        table = delimited.columns(lines, self.mapping.delimiter, list(place.values()), quoted=True)
        return _complete(
            table.select(pl.col(str(index)).alias(name) for name, index in place.items()), self.mapping.columns
        )

    def _left_out(self, table: pl.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        left = np.zeros(table.height, np.bool_)
        for name, words in self.mapping.leave_out.items():
            left |= table[name].str.to_lowercase().is_in(words).fill_null(value=False).to_numpy()
        return left


def _complete(table: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """All of `names` as String columns without blanks around; null where the log says nothing."""
    return table.select(
        pl.col(name).str.strip_chars().replace(_NO_VALUE, [None] * len(_NO_VALUE))
        if name in table.columns
        else pl.lit(None, pl.String).alias(name)
        for name in names
    )


def _pairs(content: pl.Series, names: tuple[str, ...]) -> pl.DataFrame:
    """Values of `name=value` or `name="value"`; text in quotation marks with blanks in it is never searched."""
    plain = content.str.replace_all(r'="[^"]*\s[^"]*"', '=""')
    found = {name: plain.str.extract(_pair(name), 1) for name in names}
    return _complete(pl.DataFrame(found), names)


def _pair(name: str) -> str:
    escaped = "".join(letter if letter.isalnum() or letter == "_" else f"\\x{{{ord(letter):x}}}" for letter in name)
    return rf'(?:^|[\s,;])"?{escaped}="*([^",;\s]*)'


def _known(mapping: LogMapping, header: set[str] | None) -> frozenset[str]:
    def has(*names: str) -> bool:
        return all(_present(mapping, name, header) for name in names)

    fields = {"ver", "a", "b", "first", "number", "file", "flags", "id"}
    one = mapping.one_way
    rules = (
        ("proto", has("protocol")),
        ("aport", has("sport")),
        ("bport", has("dport")),
        ("last", has("end") or has("duration")),
        ("packets", has("packets_sent") if one else has("packets_sent", "packets_received")),
        ("wire", has("bytes_sent") if one else has("bytes_sent", "bytes_received")),
        ("payload", has("payload_sent") if one else has("payload_sent", "payload_received")),
        ("tcpflags", one and has("tcp_flags")),
        ("syns", one and has("tcp_flags")),
    )
    return frozenset(fields | {name for name, holds in rules if holds})


def _present(mapping: LogMapping, name: str, header: set[str] | None) -> bool:
    groups = mapping.fields.get(name, ())
    return bool(groups) if header is None else any(set(group) <= header for group in groups)


def _value(mapping: LogMapping, name: str) -> pl.Expr:
    groups = mapping.fields.get(name, ())
    if not groups:
        return pl.lit(None, pl.String)
    return pl.coalesce(
        [pl.concat_str(group, separator=" ") if len(group) > 1 else pl.col(group[0]) for group in groups]
    )


def _rows(table: pl.DataFrame, mapping: LogMapping) -> pl.DataFrame:
    plain = table.select(_value(mapping, name).alias(name) for name in FIELDS)
    turn = pl.col("direction").str.to_lowercase().is_in(mapping.swapped).fill_null(value=False)
    exchanged = [
        pl.when(turn).then(pl.col(source)).otherwise(pl.col(name)).alias(name)
        for pair in _SIDES
        for name, source in (pair, pair[::-1])
    ]
    return _typed(plain.with_columns(exchanged), mapping)


def _typed(plain: pl.DataFrame, mapping: LogMapping) -> pl.DataFrame:
    began = cells.time(pl.col("start"), mapping.formats, mapping.zone)
    ended = cells.time(pl.col("end"), mapping.formats, mapping.zone)
    span = cells.span(pl.col("duration"), mapping.per_second)
    earlier = ended - span.fill_null(0)
    first = pl.coalesce(began, pl.when(earlier >= 0).then(earlier).otherwise(None))
    proto = cells.protocol(pl.col("protocol"), mapping.protocols)
    icmp = cells.is_icmp(proto)
    answered = ~pl.col("action").str.to_lowercase().is_in(mapping.unanswered).fill_null(value=False)
    sent, received = cells.count(pl.col("packets_sent")), cells.count(pl.col("packets_received"))
    back = (cells.count(pl.col("bytes_received")) > 0) | (cells.count(pl.col("payload_received")) > 0)
    flags = pl.when(proto == TCP).then(cells.bits(pl.col("tcp_flags").str.to_uppercase(), _TCP_FLAGS)).otherwise(0)
    table = plain.select(
        first=first,
        last=pl.coalesce(first + span, ended),
        src=pl.col("src"),
        dst=pl.col("dst"),
        proto=proto,
        aport=pl.when(icmp).then(cells.type_and_code(pl.col("dport"))).otherwise(cells.port(pl.col("sport"))),
        bport=pl.when(icmp).then(0).otherwise(cells.port(pl.col("dport"))),
        packets_a=pl.coalesce(sent, pl.lit(1)),
        packets_b=pl.coalesce(received, (answered & back).cast(pl.Int64)),
        wire_a=cells.count(pl.col("bytes_sent")),
        wire_b=cells.count(pl.col("bytes_received")),
        payload_a=cells.count(pl.col("payload_sent")),
        payload_b=cells.count(pl.col("payload_received")),
        tcpflags_a=flags,
        service=pl.col("service"),
    )
    return table.with_columns(syns_a=_syns())


def _syns() -> pl.Expr:
    """All packets of a row that has SYN and nothing else; one of a row that has it among others."""
    syn = (pl.col("tcpflags_a") & _SYN) != 0
    return pl.when(pl.col("tcpflags_a") == _SYN).then(pl.col("packets_a")).otherwise(syn.cast(pl.Int64))
