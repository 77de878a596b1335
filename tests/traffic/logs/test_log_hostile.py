"""Logs an attacker wrote: only the project's own input error may come out, and what was skipped is counted."""

import gzip
import io
import random
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wardwatch.errors import InputError
from wardwatch.traffic.logs import LogFile, read, sniff, source
from wardwatch.traffic.table import FLOW

SAMPLES = sorted(path for path in (Path(__file__).parent / "samples").glob("*/*") if path.suffix != ".toml")
ZEEK = b"#separator \\x09\n#path\tconn\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\n"
GOOD = b"1736668800.5\t192.168.1.2\t4000\t203.0.113.5\t515\ttcp\t1.5\n"
Pack = Callable[[bytes], bytes]
FAST = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def run(path: Path, mapping: Path | None = None) -> tuple[LogFile, np.ndarray]:
    batches: list[np.ndarray] = []
    result = read(
        [path], mapping=mapping, local=[ip_network("192.168.0.0/16")], known=[], batch=batches.append, digest=True
    )
    return result.files[0], np.concatenate([np.zeros(0, FLOW), *batches])


def write(folder: Path, data: bytes, name: str = "log") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def counts(file: LogFile) -> tuple[int, int]:
    return file.rows, file.rows_unread


ROWS = {
    "bad UTF-8": b"1736668800.5\t192.168.1.2\t4000\t\xff\xfe\xfd\t515\ttcp\t1\n",
    "NUL": b"1736668800.5\t192.168.1.2\x00\t4000\t203.0.113.5\t515\ttcp\t1\n",
    "infinite time": b"1e999\t192.168.1.2\t4000\t203.0.113.5\t515\ttcp\t1\n",
    "no number": b"nan\t192.168.1.2\t4000\t203.0.113.5\t515\ttcp\t1\n",
    "negative time": b"-1736668800.5\t192.168.1.2\t4000\t203.0.113.5\t515\ttcp\t1\n",
    "time beyond all calendars": b"99999999999999\t192.168.1.2\t4000\t203.0.113.5\t515\ttcp\t1\n",
    "port too large": b"1736668800.5\t192.168.1.2\t65536\t203.0.113.5\t515\ttcp\t1\n",
    "port negative": b"1736668800.5\t192.168.1.2\t-1\t203.0.113.5\t515\ttcp\t1\n",
    "two families": b"1736668800.5\t192.168.1.2\t4000\t2001:db8::1\t515\ttcp\t1\n",
    "address with leading zeros": b"1736668800.5\t192.168.001.2\t4000\t203.0.113.5\t515\ttcp\t1\n",
    "terminal escape": b"1736668800.5\t\x1b[31m192.168.1.2\t4000\t203.0.113.5\t515\ttcp\t1\n",
    "too few columns": b"1736668800.5\t192.168.1.2\n",
    "longer than any line": b"1736668800.5\t" + b"9" * (11 << 20) + b"\n",
    "just over the limit": b"1736668800.5\t" + b"9" * (1 << 20) + b"\n",
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_bad_row_costs_only_itself(row: bytes, tmp_path: Path) -> None:
    file, records = run(write(tmp_path, ZEEK + GOOD + row + GOOD))
    assert counts(file) == (2, 1)
    assert records["number"].tolist() == [4, 6]
    assert file.lines == 6
    assert file.reasons
    assert all(reason.endswith("1 line, first line 5") for reason in file.reasons)


@pytest.mark.parametrize("duration", [b"1e999", b"-5", b"nan", b"", b"x", b"\xff"])
def test_a_senseless_duration_counts_as_none(duration: bytes, tmp_path: Path) -> None:
    file, records = run(write(tmp_path, ZEEK + GOOD.replace(b"\t1.5\n", b"\t" + duration + b"\n")))
    assert counts(file) == (1, 0)
    assert records["first"].tolist() == records["last"].tolist() == [1736668800_500_000_000]


def test_lines_may_end_as_on_windows_or_nowhere(tmp_path: Path) -> None:
    file, records = run(write(tmp_path, (ZEEK + GOOD + b"\n\n" + GOOD).replace(b"\n", b"\r\n")[:-2]))
    assert counts(file) == (2, 0)
    assert records["number"].tolist() == [4, 7]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_packed_logs_give_the_same_rows(pack: Pack, tmp_path: Path) -> None:
    plain, same = run(write(tmp_path, ZEEK + GOOD * 50_000, "a")), run(write(tmp_path, pack(ZEEK + GOOD * 50_000), "b"))
    assert np.array_equal(plain[1], same[1])
    assert len(same[1]) == 50_000
    assert same[0].bytes < plain[0].bytes
    assert same[0].sha256 != plain[0].sha256


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
def test_a_log_packed_in_two_parts_is_read_whole(pack: Pack, tmp_path: Path) -> None:
    file, _ = run(write(tmp_path, pack(ZEEK + GOOD) + pack(GOOD)))
    assert counts(file) == (2, 0)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_packing_gives_what_came_before_and_says_so(pack: Pack, damage: str, tmp_path: Path) -> None:
    seeded = random.Random(7)
    lines = b"".join(GOOD.replace(b"4000", str(seeded.randrange(65536)).encode()) for _ in range(300_000))
    packed = bytearray(pack(ZEEK + lines))
    if damage == "cut":
        del packed[len(packed) * 3 // 4 :]
    else:
        place = len(packed) * 3 // 4
        packed[place : place + 64] = bytes(64)
    file, records = run(write(tmp_path, bytes(packed)))
    assert 0 < len(records) < 300_000
    assert "damaged or cut off" in file.cut
    assert file.notes
    assert file.bytes == len(packed)


def test_a_bomb_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_FREE", 8 << 20)
    bomb = zstandard.ZstdCompressor().compress(ZEEK + GOOD + bytes(200 << 20))
    file, records = run(write(tmp_path, bomb))
    assert len(records) == 1
    assert "unpacks to more than" in file.cut


def test_a_block_of_comments_and_headers_is_bounded(tmp_path: Path) -> None:
    other = ZEEK.replace(b"duration", b"%d")
    many = b"".join(other % number + GOOD for number in range(500))
    file, _ = run(write(tmp_path, ZEEK + GOOD + b"#\n" * 100_000 + many))
    assert file.rows + file.rows_unread == 501
    assert file.rows >= 60
    assert any("header" in reason for reason in file.reasons)


def test_a_hundred_thousand_columns(tmp_path: Path) -> None:
    wide = b"\t".join(b"f%d" % number for number in range(100_000))
    file, _ = run(write(tmp_path, ZEEK + GOOD + b"#fields\t" + wide + b"\n" + GOOD))
    assert counts(file) == (1, 1)
    file, _ = run(write(tmp_path, ZEEK + GOOD + b"x\t" * 100_000 + b"\n" + GOOD))
    assert counts(file) == (2, 1)


MAPPED = b"Source address,Destination address,Source Port,Destination Port,Receive Time,Threat/Content Type,Rule\n"
SESSION = b'192.168.1.2,203.0.113.5,4000,515,2025/01/12 08:00:00,end,"a, b"\n'


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (b'192.168.1.2,203.0.113.5,4000,515,2025/01/12 08:00:00,end,"never closed\n', (2, 1)),
        (b'192.168.1.2,203.0.113.5,4000,515,2025/01/12 08:00:00,end,"in ""quotes"""\n', (3, 0)),
        (b'192.168.1.2,203.0.113.5,4000,515,2025/01/12 08:00:00,end,a"b"c\n', (3, 0)),
        (b'"192.168.1.2","203.0.113.5","4000","515","2025/01/12 08:00:00","end","x"\n', (3, 0)),
        (b'"\x1b]0;title\x07",203.0.113.5,4000,515,2025/01/12 08:00:00,end,x\n', (2, 1)),
        (b"192.168.1.2,203.0.113.5,4000,515,2025/13/45 08:00:00,end,x\n", (2, 1)),
    ],
)
def test_quotation_marks_never_reach_into_the_next_line(row: bytes, expected: tuple[int, int], tmp_path: Path) -> None:
    file, records = run(write(tmp_path, MAPPED + SESSION + row + SESSION))
    assert counts(file) == expected
    assert {2, 4} <= set(records["number"].tolist())


JSON_GOOD = (
    b'{"ts":1736668800.5,"id.orig_h":"192.168.1.2","id.orig_p":4000,"id.resp_h":"203.0.113.5","id.resp_p":515,'
    b'"proto":"tcp","conn_state":"SF"}\n'
)


@pytest.mark.parametrize(
    "row",
    [
        b"[" * 100_000 + b"\n",
        b'{"a":' * 100_000 + b"\n",
        b'{"ts":1e999}\n',
        b'{"ts":' + b"9" * 10_000 + b"}\n",
        b'{"ts":"\xff\xfe\\ud800"}\n',
        b"[]\n",
        b"\x28\xb5\x2f\xfd\n",
        b"nonsense\n",
        b'{"id.orig_h":["192.168.1.2"]}\n',
    ],
)
def test_a_bad_object_costs_only_itself(row: bytes, tmp_path: Path) -> None:
    file, records = run(write(tmp_path, JSON_GOOD + row + JSON_GOOD))
    assert counts(file) == (2, 1)
    assert records["number"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it holds nothing"),
        (b"name;first name;birth date\n", "no flow log that wardwatch knows"),
        (b"source,target\x1b[2J,time\n1,2,3\n", "its first line begins with source, target"),
        ("ts\tid".encode("utf-16"), "UTF-16"),
        (b"#separator \\x09\n#path\tdns\n#fields\tts\tquery\n", "a Zeek log of kind 'dns'"),
        (b"\x7fELF" + bytes(100), "no flow log"),
    ],
)
def test_what_is_no_log_is_refused_in_a_sentence(data: bytes, says: str, tmp_path: Path) -> None:
    path = write(tmp_path, data, "given")
    with pytest.raises(InputError) as caught:
        run(path)
    assert str(caught.value).startswith(str(path))
    assert says in str(caught.value)
    assert caught.value.cure
    assert "\x1b" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        run(tmp_path / "absent")
    with pytest.raises(InputError, match="cannot be read"):
        run(tmp_path)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(ZEEK + GOOD)

    monkeypatch.setattr("sys.stdin", Stdin)
    told: list[int] = []
    batches: list[np.ndarray] = []
    result = read(["-"], mapping=None, local=[], known=[], batch=batches.append, progress=told.append)
    assert (result.files[0].path, sum(map(len, batches))) == ("standard input", 1)
    assert sum(told) == len(ZEEK + GOOD)
    assert not Stdin.buffer.closed


def test_memory_holds_a_few_blocks_whatever_the_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BLOCK", 1 << 12)
    sizes: list[int] = []
    path = write(tmp_path, ZEEK + GOOD * 5000)
    read([path], mapping=None, local=[], known=[], batch=lambda batch: sizes.append(len(batch)))
    assert sum(sizes) == 5000
    assert max(sizes[1:]) < 200


@FAST
@given(data=st.binary(max_size=400), sample=st.sampled_from(SAMPLES), seed=st.integers(0, 2**32))
def test_no_mutated_log_raises_anything_but_an_input_error(
    data: bytes, sample: Path, seed: int, tmp_path: Path
) -> None:
    seeded, content = random.Random(seed), bytearray(sample.read_bytes())
    for _ in range(seeded.randrange(1, 6)):
        place = seeded.randrange(len(content) + 1)
        content[place : place + seeded.choice((0, 1, len(data)))] = data[: seeded.choice((1, 8, 400))]
    path = write(tmp_path, bytes(content))
    sniff(bytes(content))
    try:
        file, records = run(path)
    except InputError:
        return
    assert (records["first"] >= 0).all()
    assert (records["last"] >= records["first"]).all()
    assert file.rows + file.rows_unread + file.left_out <= file.lines


@FAST
@given(data=st.binary(max_size=2000))
def test_no_bytes_make_sniff_or_read_raise_anything_else(data: bytes, tmp_path: Path) -> None:
    sniff(data)
    for head in (b"", ZEEK, MAPPED, JSON_GOOD, b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"):
        with suppress(InputError):
            run(write(tmp_path, head + data))


@pytest.mark.parametrize("most", [1, 2, 3, 7, 8])
def test_a_block_of_short_lines_is_handed_on_in_parts(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MOST_LINES", most)
    file, records = run(write(tmp_path, ZEEK + GOOD + b"1\n\n" + GOOD * 2))
    assert counts(file) == (3, 1)
    assert file.lines == 8
    assert records["number"].tolist() == [4, 7, 8]
    assert file.reasons[0].endswith("first line 5")
