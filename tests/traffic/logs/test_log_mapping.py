"""Mapping files: what they can say, and how one that cannot be used is refused."""

from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.errors import InputError
from wardwatch.traffic.logs import LogResult, read
from wardwatch.traffic.logs.mapping import bundled, parse
from wardwatch.traffic.table import FLOW

PLAIN = """
title = "Gate log"
delimiter = ";"
skip_rows = 2

[fields]
start = "When"
end = "Until"
src = "From"
dst = "To"
sport = "From port"
dport = "To port"
protocol = "Kind"
packets_sent = "Out"
packets_received = "In"
payload_sent = "Out bytes"
payload_received = "In bytes"
action = "Done"
direction = "Way"

[time]
formats = ["%d.%m.%Y %H:%M:%S"]
zone = "Europe/Berlin"

[protocols]
"transmission control" = 6

[actions]
unanswered = ["Dropped"]

[direction]
swapped = ["inbound"]
"""
LOG = """Export of the gate
made on a Monday
When;Until;From;From port;To;To port;Kind;Out;In;Out bytes;In bytes;Done;Way
12.01.2025 09:00:00;12.01.2025 09:00:30;192.168.1.2;4000;203.0.113.5;515;Transmission Control;3;2;100;20;passed;outbound
12.07.2025 09:00:00;;192.168.1.2;443;203.0.113.9;50000;tcp;5;6;500;600;passed;Inbound
12.07.2025 09:00:00;;192.168.1.2;4001;203.0.113.5;515;6;;;;;dropped;outbound
"""


def run(folder: Path, mapping: str, log: str) -> tuple[LogResult, np.ndarray]:
    (folder / "own.toml").write_text(mapping)
    (folder / "gate.log").write_text(log)
    batches: list[np.ndarray] = []
    result = read([folder / "gate.log"], mapping=folder / "own.toml", local=[], known=[], batch=batches.append)
    return result, np.concatenate([np.zeros(0, FLOW), *batches])


def address(octets: np.ndarray) -> str:
    return str(ip_address(octets.tobytes()[:4]))


def test_a_users_mapping_reads_his_log(tmp_path: Path) -> None:
    result, records = run(tmp_path, PLAIN, LOG)
    assert (result.files[0].kind, result.files[0].rows, result.notes) == ("own", 3, ())
    assert records["number"].tolist() == [4, 5, 6]
    # 12 January 2025, 08:00:00 UTC is 1736668800; 12 July, 07:00:00 UTC, is 1752303600
    assert records["first"].tolist() == [1736668800 * 10**9, 1752303600 * 10**9, 1752303600 * 10**9]
    assert records["last"].tolist() == [1736668830 * 10**9, 1752303600 * 10**9, 1752303600 * 10**9]
    assert [address(octets) for octets in records["a"]] == ["192.168.1.2", "203.0.113.9", "192.168.1.2"]
    assert records["bport"].tolist() == [515, 443, 515]
    assert records["proto"].tolist() == [6, 6, 6]
    assert records["packets"].tolist() == [[3, 2], [6, 5], [1, 0]]
    assert records["payload"].tolist() == [[100, 20], [600, 500], [0, 0]]
    assert {"packets", "payload", "last"} <= result.columns


def test_a_bundled_mapping_is_changed_in_three_lines(tmp_path: Path) -> None:
    sample = (Path(__file__).parent / "samples/mapped/palo-alto-traffic.csv").read_text()
    own = 'like = "palo-alto-traffic"\n[time]\nzone = "America/New_York"\n'
    result, records = run(tmp_path, own, sample)
    assert records["first"][0] == (1736668800 + 5 * 3600) * 10**9
    assert result.notes == ()


def test_a_pattern_reads_lines_of_any_form(tmp_path: Path) -> None:
    mapping = r"""
layout = "pattern"
needs = ["gate:"]
pattern = '^(?<start>\d+) gate: (?<src>\S+)->(?<dst>\S+):(?<dport>\d+)'
[fields]
start = "start"
src = "src"
dst = "dst"
dport = "dport"
sport = "dport"
[time]
formats = ["epoch-ms"]
"""
    result, records = run(tmp_path, mapping, "1736668800500 gate: 192.168.1.2->203.0.113.5:515\nnoise\n")
    assert records["first"].tolist() == [1736668800_500_000_000]
    assert result.files[0].reasons == ("not of the form that the mapping describes: 1 line, first line 2",)
    assert records["proto"].tolist() == [255]


def test_a_log_the_mapping_does_not_fit_is_read_by_its_own_form(tmp_path: Path) -> None:
    result, records = run(
        tmp_path,
        PLAIN,
        "#separator \\x09\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\n"
        "1736668800.5\t192.168.1.2\t4000\t203.0.113.5\t515\ttcp\n",
    )
    assert (result.files[0].kind, len(records)) == ("zeek-conn-tsv", 1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("[fields]", "[field]"), "'field' has no meaning here"),
        (('src = "From"', 'source = "From"'), "'source' has no meaning in [fields]"),
        (('src = "From"\n', ""), "[fields] does not say where 'src' stands"),
        (('start = "When"\nend = "Until"\n', ""), "neither where 'start' nor where 'end' stands"),
        (('src = "From"', "src = 7"), "'src' is a text"),
        (('src = "From"', 'src = { add = ["a"] }'), "'src' is a column"),
        (('delimiter = ";"', 'delimiter = "::"'), "'delimiter' is one ASCII character"),
        (("skip_rows = 2", "skip_rows = -2"), "'skip_rows' is a number from 0 to 1000"),
        (("skip_rows = 2", "one_way = 1"), "'one_way' is true or false"),
        (("skip_rows = 2", 'layout = "xml"'), "'layout' is one of table, pairs, pattern"),
        (("skip_rows = 2", 'pattern = "x"'), "'pattern' belongs to layout"),
        (("skip_rows = 2", 'layout = "pattern"\npattern = "(?<x>"'), "the mapping cannot be used: "),
        (("skip_rows = 2", 'layout = "pattern"\npattern = "(?<x>.)"'), "'pattern' has no group named 'When'"),
        (("skip_rows = 2", 'like = "nobody"'), "'like' names no bundled mapping; there are fortinet-fortigate, palo"),
        (('zone = "Europe/Berlin"', 'zone = "Europe/Nowhere"'), "the mapping cannot be used: "),
        (('"transmission control" = 6', "x = 256"), "protocol 'x' has a number from 0 to 255"),
        (("[time]", "[time"), "not TOML"),
        (("[fields]", "fields = 5\n[nothing]"), "'fields' is a table"),
        (('formats = ["%d.%m.%Y %H:%M:%S"]', "formats = []"), "'formats' is a list of texts"),
        (('swapped = ["inbound"]', 'swapped = "inbound"'), "'swapped' is a list of texts"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_in_a_sentence(
    change: tuple[str, str], says: str, tmp_path: Path
) -> None:
    assert change[0] in PLAIN
    with pytest.raises(InputError) as caught:
        run(tmp_path, PLAIN.replace(*change), "gate When From To x\n" + LOG)
    assert says in str(caught.value)
    assert "flow-logs.md" in caught.value.cure


def test_a_missing_or_huge_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read([], mapping=tmp_path / "absent.toml", local=[], known=[], batch=lambda _: None)
    with pytest.raises(InputError, match="larger than any mapping"):
        run(tmp_path, "#" * (2 << 20), LOG)


@settings(deadline=None, max_examples=100)
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_make_a_mapping_raise_anything_else(data: bytes) -> None:
    for head in (b"", PLAIN.encode(), b"like = "):
        with suppress(InputError):
            parse(head + data, "x", "x.toml")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "", ";"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["join", "a"]), inner, max_size=2),
    max_leaves=4,
)


KEYS = (
    "title",
    "reference",
    "like",
    "layout",
    "needs",
    "delimiter",
    "skip_rows",
    "pattern",
    "one_way",
    "fields",
    "time",
    "protocols",
    "actions",
    "direction",
    "leave_out",
    "fields.src",
    "fields.start",
    "time.formats",
    "time.zone",
    "time.duration",
    "actions.unanswered",
    "direction.swapped",
    "protocols.x",
    "leave_out.x",
)


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(toml(entry) for entry in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {toml(entry)}' for key, entry in value.items())} }}"
    return str(value) if isinstance(value, int) else f"'{value or ''}'"


@settings(deadline=None, max_examples=300)
@given(
    key=st.sampled_from(KEYS),
    value=VALUES,
)
def test_no_value_in_the_wrong_place_raises_anything_else(key: str, value: object) -> None:
    base = {"fields.src": "'s'", "fields.dst": "'d'", "fields.start": "'t'"}
    lines = [f"{name} = {text}" for name, text in base.items() if not (name == key or name.startswith(f"{key}."))]
    try:
        mapping = parse("\n".join([*lines, f"{key} = {toml(value)}"]).encode(), "x", "x.toml")
    except InputError:
        return
    assert mapping.fields["src"]


def test_bundled_mappings_are_in_the_order_of_their_names() -> None:
    names = [mapping.name for mapping in bundled()]
    assert names == sorted(names)
    assert len(names) >= 3


def test_the_example_in_the_documentation_works(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "flow-logs.md").read_text()
    mapping, shorter = (block.split("```")[0] for block in text.split("```toml\n")[1:])
    start = text.index("    Export of the gate")
    log = "\n".join(line[4:] for line in text[start : text.index("\n\n", start)].split("\n")) + "\n"
    result, records = run(tmp_path, mapping, log)
    assert (result.files[0].rows, result.files[0].rows_unread) == (1, 0)
    assert records["first"].tolist() == [1736668800 * 10**9]
    assert records["packets"].tolist() == [[3, 0]]
    assert parse(shorter.encode(), "x", "x.toml").zone == "America/New_York"
    for name in (mapping.name for mapping in bundled()):
        assert f"`{name}`" in text
