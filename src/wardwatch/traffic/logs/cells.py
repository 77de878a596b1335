"""In: columns of text. Out: polars expressions that make numbers, times and protocols of it, null where that fails.

Nothing here raises for any text: casts are lenient, and every number is checked against the range of its field.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

TIME_LIMIT: Final = 9_000_000_000
"""Seconds since 1970; nanoseconds still fit 64 bits (the year 2255)."""
COUNT_LIMIT: Final = 1 << 53
_MICRO: Final = 1_000_000
_ZONE_LETTERS: Final = ("%z", "%:z", "%#z", "%+", "%s")
_UNITS: Final = {"epoch-s": _MICRO, "epoch-ms": 1000, "epoch-us": 1}

PROTOCOLS: Final = {
    "icmp": 1, "igmp": 2, "ipip": 4, "ipencap": 4, "tcp": 6, "egp": 8, "udp": 17, "dccp": 33, "ipv6": 41, "rsvp": 46,
    "gre": 47, "esp": 50, "ah": 51, "icmp6": 58, "icmpv6": 58, "ipv6-icmp": 58, "icmp-6": 58, "ospf": 89, "pim": 103,
    "vrrp": 112, "l2tp": 115, "sctp": 132, "udplite": 136,
}  # fmt: skip
"""Names as logs spell them; numbers from IANA's registry 'Protocol Numbers'."""
UNKNOWN_PROTOCOL: Final = 255
"""Reserved by IANA; stands for a protocol the log does not name."""
_ICMP: Final = (1, 58)


def text(column: str) -> pl.Expr:
    """Without blanks around it; null where nothing is left."""
    return pl.col(column).str.strip_chars().replace("", None)


def count(expression: pl.Expr) -> pl.Expr:
    """A whole number from 0 to 2^53; also '1234.0'. Null for anything else."""
    whole = expression.cast(pl.Int64, strict=False)
    number = pl.coalesce(whole.cast(pl.Float64), expression.cast(pl.Float64, strict=False))
    inside = number.is_between(0, COUNT_LIMIT, closed="left") & number.is_not_nan()
    return pl.when(inside).then(pl.coalesce(whole, number.cast(pl.Int64, strict=False))).otherwise(None)


def span(expression: pl.Expr, per_second: int = 1) -> pl.Expr:
    """A duration, also written 'hours:minutes:seconds', as nanoseconds; null where it is negative or no number."""
    parts = expression.str.extract_groups(r"^(?<h>\d{1,7}):(?<m>\d{1,2}):(?<s>\d{1,2}(?:\.\d+)?)$").struct
    hours, minutes, rest = (parts.field(name).cast(pl.Float64, strict=False) for name in "hms")
    seconds = expression.cast(pl.Float64, strict=False) / per_second
    return _micro(pl.coalesce(seconds, hours * 3600 + minutes * 60 + rest)) * 1000


def _micro(seconds: pl.Expr) -> pl.Expr:
    inside = seconds.is_between(0, TIME_LIMIT, closed="left") & seconds.is_not_nan()
    return pl.when(inside).then((seconds * _MICRO).round()).otherwise(None).cast(pl.Int64, strict=False)


def time(expression: pl.Expr, formats: Sequence[str], zone: str = "UTC") -> pl.Expr:
    """Nanoseconds since 1970 by the first of `formats` that fits: `epoch-s`, `-ms`, `-us`, `-ns` or strftime's letters.

    A text without a zone is read in `zone`; where clocks went back, the earlier of both times is taken.
    """
    return pl.coalesce([_time(expression, form, zone) for form in formats])


def _time(expression: pl.Expr, form: str, zone: str) -> pl.Expr:
    if form == "epoch-ns":
        whole = expression.cast(pl.Int64, strict=False)
        return pl.when(whole.is_between(0, TIME_LIMIT * 10**9, closed="left")).then(whole).otherwise(None)
    if form in _UNITS:
        return _micro(expression.cast(pl.Float64, strict=False) * _UNITS[form] / _MICRO) * 1000
    moment = expression.str.to_datetime(form, time_unit="us", strict=False)
    if not any(letters in form for letters in _ZONE_LETTERS):
        moment = moment.dt.replace_time_zone(
            "UTC" if form.endswith("Z") else zone, ambiguous="earliest", non_existent="null"
        )
    micro = moment.dt.epoch("us")
    return pl.when(micro.is_between(0, TIME_LIMIT * _MICRO, closed="left")).then(micro * 1000).otherwise(None)


def has_zone(form: str) -> bool:
    """Whether a text of this form says by itself when it was."""
    return form.startswith("epoch") or form.endswith("Z") or any(letters in form for letters in _ZONE_LETTERS)


def protocol(expression: pl.Expr, spelling: Mapping[str, int] | None = None) -> pl.Expr:
    """The IP protocol number, from a number or a name; `UNKNOWN_PROTOCOL` for what is neither."""
    names = {**PROTOCOLS, **(spelling or {})}
    number = expression.cast(pl.Int64, strict=False)
    plain = expression.str.to_lowercase()
    named = plain.replace_strict(list(names), list(names.values()), default=None, return_dtype=pl.Int64)
    known = pl.when(number.is_between(0, 255)).then(number).otherwise(named)
    return known.fill_null(UNKNOWN_PROTOCOL)


def port(expression: pl.Expr) -> pl.Expr:
    """0 to 65535, else null."""
    number = expression.cast(pl.Int64, strict=False)
    return pl.when(number.is_between(0, 65535)).then(number).otherwise(None)


def is_icmp(proto: pl.Expr) -> pl.Expr:
    """ICMP or ICMPv6."""
    return proto.is_in(_ICMP)


def type_and_code(expression: pl.Expr) -> pl.Expr:
    """An ICMP type and code written as '8.0' or 2048, as type * 256 + code."""
    parts = expression.str.extract_groups(r"^(?<kind>\d{1,3})\.(?<code>\d{1,3})$")
    kind, code = (parts.struct.field(name).cast(pl.Int64, strict=False) for name in ("kind", "code"))
    return pl.coalesce(port(kind * 256 + code), port(expression))


def bits(expression: pl.Expr, letters: Mapping[str, int]) -> pl.Expr:
    """The OR of the bits of all `letters` that occur in a text; 0 for none."""
    plain = expression.fill_null("")
    each = [pl.when(plain.str.contains(letter, literal=True)).then(bit).otherwise(0) for letter, bit in letters.items()]
    result = pl.lit(0, pl.Int64)
    for expr in each:
        result = result | expr.cast(pl.Int64)
    return result
