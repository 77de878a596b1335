"""Lines, addresses and times against independent oracles: Python's own str, ipaddress and datetime."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.traffic.logs import addresses, cells, read
from wardwatch.traffic.logs.addresses import KNOWN, LOCAL, AddressBook
from wardwatch.traffic.logs.lines import Lines

CALM = settings(deadline=None, max_examples=100)
ADDRESSES = st.ip_addresses() | st.sampled_from(
    [ip_address(text) for text in ("10.1.2.3", "192.168.0.1", "::1", "fe80::1", "::ffff:10.1.2.3", "2001:db8::")]
)
NETWORKS = [ip_network(text) for text in ("10.0.0.0/8", "192.168.0.0/16", "fe80::/10", "128.0.0.0/1", "2001:db8::/32")]


@CALM
@given(data=st.binary(max_size=200), prefix=st.sampled_from([b"#", b"##", b"a", b"\n", b""]))
def test_lines_are_those_that_split_gives(data: bytes, prefix: bytes) -> None:
    lines = Lines.of(data + b"\n", 7)
    expected = (data + b"\n").split(b"\n")[:-1]
    assert [lines.text(index) for index in range(len(lines))] == [line.rstrip(b"\r\n") for line in expected]
    assert lines.begin_with(prefix).tolist() == [line.startswith(prefix) for line in expected]
    assert lines.count(35).tolist() == [line.count(b"#") for line in expected]
    mask = np.array([index % 3 != 1 for index in range(len(lines))])
    picked = lines.where(mask)
    assert picked.data == b"".join(line + b"\n" for index, line in enumerate(expected) if index % 3 != 1)
    assert picked.numbers.tolist() == [index + 7 for index in range(len(expected)) if index % 3 != 1]


def plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


@CALM
@given(given_addresses=st.lists(ADDRESSES, min_size=1, max_size=30))
def test_addresses_and_networks_are_those_of_ipaddress(given_addresses: list[IPv4Address | IPv6Address]) -> None:
    book = AddressBook(local=NETWORKS[:3], known=NETWORKS[3:])
    (rows,) = book.look_up(pl.Series([str(address) for address in given_addresses]))
    for row, address in zip(rows.tolist(), map(plain, given_addresses), strict=True):
        assert book.version[row] == address.version
        assert book.octets[row].tobytes() == address.packed.ljust(16, b"\0")
        assert bool(book.marks[row] & LOCAL) == any(address in network for network in NETWORKS[:3])
        assert bool(book.marks[row] & KNOWN) == any(address in network for network in NETWORKS[3:])


@CALM
@given(texts=st.lists(st.none() | st.text(max_size=45) | ADDRESSES.map(str), max_size=10))
def test_any_text_is_an_address_or_row_nought(texts: list[str | None]) -> None:
    book = AddressBook()
    clean = [text.encode("utf-8", "replace").decode() if text else text for text in texts]
    (rows,) = book.look_up(pl.Series(clean, dtype=pl.String))
    for row, text in zip(rows.tolist(), clean, strict=True):
        try:
            expected = plain(ip_address((text or "").partition("%")[0]))
        except ValueError:
            assert row == 0
        else:
            assert book.octets[row].tobytes() == expected.packed.ljust(16, b"\0")


def test_the_book_forgets_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_BOUND", 100)
    book = AddressBook()
    for start in range(0, 2000, 50):
        texts = [str(IPv4Address(number)) for number in range(start, start + 50)]
        (rows,) = book.look_up(pl.Series(texts))
        assert [book.octets[row].tobytes()[:4] for row in rows] == [ip_address(text).packed for text in texts]
        assert len(book.version) <= 152


def nanoseconds(texts: list[str], formats: list[str], zone: str = "UTC") -> list[int | None]:
    return pl.DataFrame({"x": texts}).select(cells.time(pl.col("x"), formats, zone))["x"].to_list()


@CALM
@given(moment=st.datetimes(datetime(1970, 1, 1), datetime(2250, 1, 1)))  # noqa: DTZ001  # made aware below
def test_times_are_those_of_datetime(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    micro = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    epoch = f"{micro // 10**6}.{micro % 10**6:06d}"
    for text, form in (
        (aware.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "%Y-%m-%dT%H:%M:%S%.fZ"),
        (aware.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"), "%Y-%m-%dT%H:%M:%S%.f%:z"),
        (epoch, "epoch-s"),
        (str(micro), "epoch-us"),
        (str(micro * 1000), "epoch-ns"),
    ):
        (found,) = nanoseconds([text], [form])
        assert found is not None
        assert abs(found - micro * 1000) <= (1000 if "." in text or form == "epoch-us" else 0)


def test_microseconds_of_our_time_are_exact() -> None:
    texts = [f"1736668800.{micro:06d}" for micro in range(0, 1_000_000, 997)]
    assert nanoseconds(texts, ["epoch-s"]) == [1736668800 * 10**9 + micro * 1000 for micro in range(0, 1_000_000, 997)]


def test_clock_changes_take_the_earlier_time_and_refuse_what_never_was() -> None:
    form = ["%Y-%m-%d %H:%M:%S"]
    found = nanoseconds(["2025-10-26 02:30:00", "2025-03-30 02:30:00"], form, "Europe/Berlin")
    assert found == [1761438600 * 10**9, None]  # 00:30 UTC, of 00:30 and 01:30


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), (" 12 ", None), ("12.0", 12), ("-1", None), ("1e999", None), ("nan", None), ("", None), ("x", None),
     ("9223372036854775808", None), ("9007199254740993", None), ("1e3", 1000)],
)  # fmt: skip
def test_counts(text: str, number: int | None) -> None:
    assert pl.DataFrame({"x": [text]}).select(cells.count(pl.col("x")))["x"].to_list() == [number]


@pytest.mark.parametrize(
    ("text", "number"),
    [("tcp", 6), ("UDP", 17), ("17", 17), ("ICMP6", 58), ("256", 255), ("-1", 255), ("made up", 255), ("gre", 47)],
)
def test_protocols(text: str, number: int) -> None:
    assert pl.DataFrame({"x": [text]}).select(cells.protocol(pl.col("x")))["x"].to_list() == [number]


def test_a_named_service_gives_the_codec_the_caller_names() -> None:
    sample = Path(__file__).parent / "samples" / "zeek_tsv" / "two-headers.conn.log"
    batches: list[np.ndarray] = []
    result = read([sample], mapping=None, local=[], known=[], batch=batches.append, services={"ntp": 3, "ssl": 4})
    records = np.concatenate(batches)
    assert {int(record["number"]): int(record["codec"]) for record in records if record["codec"]} == {13: 3}
    assert "codec" in result.columns
