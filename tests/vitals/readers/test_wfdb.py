"""In: WFDB records, real and made here. Out: whether they are read as the specification says, whatever they hold."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.errors import InputError
from wardwatch.vitals.readers.opening import open_recording
from wardwatch.vitals.readers.wfdb import WfdbRecording, open_wfdb
from wardwatch.vitals.readers.wfdb_header import parse
from wardwatch.vitals.readers.wfdb_samples import blocks, groups
from wardwatch.vitals.words import Second

SHARED = Path(__file__).resolve().parents[4] / "shared" / "vitals"
REAL = sorted(path for path in SHARED.glob("*/*.hea")) if SHARED.is_dir() else []
needs_recordings = pytest.mark.skipif(not REAL, reason="the real recordings are not beside this checkout")


def write(folder: Path, header: str, data: bytes, numerics: str | None = None) -> Path:
    (folder / "r.hea").write_text(header, encoding="latin-1")
    (folder / "r.dat").write_bytes(data)
    if numerics is not None:
        (folder / "r.numerics.csv").write_text(numerics, encoding="utf-8")
    return folder / "r.hea"


def read(path: Path) -> list[Second]:
    return list(open_wfdb(path).seconds())


@needs_recordings
@pytest.mark.parametrize("path", REAL[::7] + [path for path in REAL if path.parent.name == "wfdb-sample"], ids=str)
def test_real_samples_give_the_checksum_and_first_value_their_header_names(path: Path) -> None:
    header = parse(path.read_text(encoding="latin-1"), path.name)
    lines = [line.split() for line in path.read_text(encoding="latin-1").splitlines()[1 : 1 + len(header.signals)]]
    for group in groups(header, path.parent):
        with group.path.open("rb") as stream:
            codes = next(blocks(group, [0, header.frames or group.frames()], stream))
        for signal, words in zip(header.signals, lines, strict=True):
            assert codes[signal.name][0] == int(words[5])
            total = int(codes[signal.name].sum(dtype=np.int64))
            assert (total - int(words[6])) % 65536 == 0, signal.name


def packed_212(samples: list[int]) -> bytes:
    """Format 212 by the manual: two samples in three bytes, the high bits of both in the middle one."""
    out = bytearray()
    for place in range(0, len(samples), 2):
        first = samples[place] & 0xFFF
        second = samples[place + 1] & 0xFFF if place + 1 < len(samples) else 0
        out += bytes((first & 0xFF, first >> 8 | (second >> 8) << 4, second & 0xFF))
    return bytes(out[: math.ceil(len(samples) * 1.5)])


@given(st.data(), st.integers(1, 3), st.sampled_from(["16", "212", "80"]))
@settings(max_examples=60, deadline=None)
def test_samples_come_out_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, count: int, form: str
) -> None:
    bits = {"16": 15, "212": 11, "80": 7}[form]
    rate, seconds = 5, 3
    values = data.draw(st.lists(st.integers(1 - 2**bits, 2**bits - 1), min_size=rate * seconds * count,
                                max_size=rate * seconds * count))  # fmt: skip
    raw = {
        "16": lambda: np.array(values, "<i2").tobytes(),
        "212": lambda: packed_212(values),
        "80": lambda: bytes(value + 128 for value in values),
    }[form]()
    signals = "".join(f"r.dat {form} 100/mV 12 0 0 0 0 S{number}\n" for number in range(count))
    path = write(tmp_path_factory.mktemp("r"), f"r {count} {rate} {rate * seconds}\n{signals}", raw)
    got = read(path)
    assert [second.index for second in got] == list(range(seconds))
    for number in range(count):
        codes = np.concatenate([second.waves[f"S{number}"].codes for second in got])
        assert codes.tolist() == values[number::count]


def test_gain_baseline_and_invalid_samples(tmp_path: Path) -> None:
    codes = np.array([100, -32768, 300, 100, 100, -32768, -32768, -32768], "<i2")
    path = write(tmp_path, "r 1 4 8\nr.dat 16 200(-100)/mV 16 0 0 0 0 II\n", codes.tobytes())
    first, *rest = read(path)
    assert first.waves["II"].values()[[0, 2, 3]].tolist() == [1.0, 2.0, 1.0]
    assert math.isnan(first.waves["II"].values()[1])
    assert rest[0].waves["II"].measured == 1


def test_a_second_of_which_nothing_was_measured_is_missing(tmp_path: Path) -> None:
    codes = np.full(12, -32768, "<i2")
    codes[:4] = codes[8:] = 7
    path = write(tmp_path, "r 1 4 12\nr.dat 16 200/mV 16 0 0 0 0 II\n", codes.tobytes(), "time_s,HR\n0,70\n2,71\n")
    assert [(second.index, second.shown) for second in read(path)] == [(0, {"HR": 70.0}), (2, {"HR": 71.0})]


def test_a_rate_that_is_no_whole_number_loses_no_sample(tmp_path: Path) -> None:
    codes = np.arange(640, dtype="<i2")
    path = write(tmp_path, "r 1 62.4725 640\nr.dat 16 200/mV 16 0 0 0 0 II\n", codes.tobytes())
    seconds = read(path)
    assert len(seconds) == 10
    joined = np.concatenate([second.waves["II"].codes for second in seconds])
    assert joined.tolist() == list(range(len(joined)))
    assert seconds[3].waves["II"].first == math.ceil(3 * 62.4725)


def test_several_samples_a_frame(tmp_path: Path) -> None:
    codes = np.arange(1, 25, dtype="<i2")
    lines = "r.dat 16x2 200/mV 16 0 0 0 0 II\nr.dat 16 200/NU 16 0 0 0 0 RESP\n"
    got = read(write(tmp_path, "r 2 4 8\n" + lines, codes.tobytes()))
    assert got[1].waves["II"].codes.tolist() == [13, 14, 16, 17, 19, 20, 22, 23]
    assert got[1].waves["RESP"].codes.tolist() == [15, 18, 21, 24]
    assert (got[1].waves["II"].rate, got[1].waves["II"].first) == (8.0, 8)


def test_what_is_cut_off_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "r 1 4 40\nr.dat 16 200/mV 16 0 0 0 0 II\n", bytes(2 * 4 * 3))
    recording = open_recording(path)
    assert len(list(recording.seconds())) == 3
    cut = next(each for each in recording.unread if each.signal == "II")
    assert (cut.start, cut.end, cut.remark) == (3.0, 10.0, False)


@pytest.mark.parametrize(
    ("numerics", "fields", "rows"),
    [
        ("time_s,HR\n0,70\n1,x\n2,nan\n", 2, 0),
        ("time_s,HR\n1,70\n0,71\n2,72\n", 0, 1),
        ("time_s,HR\n-1,70\n,71\ninf,1\n2,72\n", 0, 3),
        ('time_s,HR\n0,"70\n1,71\n2,72\n', 0, 0),
    ],
)
def test_what_of_a_table_is_unreadable_is_counted(tmp_path: Path, numerics: str, fields: int, rows: int) -> None:
    path = write(tmp_path, "r 1 4 16\nr.dat 16 200/mV 16 0 0 0 0 II\n", bytes(range(32)), numerics)
    recording = open_wfdb(path)
    list(recording.seconds())
    assert recording.table is not None
    assert (recording.table.trouble.fields, recording.table.trouble.rows) == (fields, rows)
    assert any("r.numerics.csv" in each.what for each in recording.unread) == bool(fields or rows)


def test_every_column_of_the_table(tmp_path: Path) -> None:
    columns = "time_s,clock,HR,SpO2,NIBP_time,SpO2_probe,HR_alarm_min,HR_alarm_max,HR_alarm_on,message"
    row = "0,2026-03-01T10:00:00Z,70,,2026-03-01T09:00:00Z,off,50,120,0,ECG LEAD OFF"
    path = write(tmp_path, "r 1 4 8\nr.dat 16 200/mV 16 0 0 0 0 II\n", bytes(range(16)), f"{columns}\n{row}\n")
    second, other = read(path)
    assert second.shown == {"HR": 70.0, "SpO2": None}
    assert (second.limits["HR"].low, second.limits["HR"].high, second.limits["HR"].on) == (50.0, 120.0, False)
    assert second.message == "ECG LEAD OFF"
    assert second.probe is False
    assert second.clock is not None
    assert second.cuff is not None
    assert (second.clock - second.cuff).total_seconds() == 3600
    assert other.shown == {}


HOSTILE = [
    "", "r", "r x", "r 0 4 8", "r 65 4 8", "r 1 0 8", "r 1 nan 8", "r 1 1e9 8", "r 1 4 -8", "r/2 1 4 8\na 4\nb 4",
    "r 1 4 8\n", "r 1 4 8\nr.dat", "r 1 4 8\nr.dat 999", "r 1 4 8\n../r.dat 16", "r 1 4 8\n/etc/passwd 16",
    "r 1 4 8\nnone.dat 16", "r 1 4 8\nr.dat 16x0", "r 1 4 8\nr.dat 16x999", "r 2 4 8\nr.dat 16\nr.dat 212",
    "r 3 4 8\nr.dat 16\nq.dat 16\nr.dat 16", "r 1 4 8\n. 16", "r 1 4 8\n- 16", "r 1 20000 99999999\nr.dat 16x256",
]  # fmt: skip


@pytest.mark.parametrize("header", HOSTILE)
def test_a_hostile_header_is_refused_with_a_sentence(tmp_path: Path, header: str) -> None:
    path = write(tmp_path, header, bytes(200_000))
    (tmp_path / "q.dat").write_bytes(bytes(64))
    with pytest.raises(InputError) as error:
        read(path)
    assert str(error.value)


@given(st.binary(max_size=400), st.binary(max_size=200), st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_nothing_but_an_input_error_comes_out(
    tmp_path_factory: pytest.TempPathFactory, header: bytes, data: bytes, table: bytes
) -> None:
    folder = tmp_path_factory.mktemp("r")
    (folder / "r.hea").write_bytes(b"r 1 4\nr.dat " + header)
    (folder / "r.dat").write_bytes(data)
    (folder / "r.numerics.csv").write_bytes(b"time_s," + table)
    try:
        recording: WfdbRecording = open_wfdb(folder / "r.hea")
        seconds = list(recording.seconds())
    except InputError:
        return
    assert [second.index for second in seconds] == sorted({second.index for second in seconds})


def test_any_span_of_format_212_is_read(tmp_path: Path) -> None:
    values = [(place * 37) % 4001 - 2000 for place in range(21)]
    path = write(tmp_path, "r 1 5 21\nr.dat 212 200/mV 12 0 0 0 0 II\n", packed_212(values))
    header = parse(path.read_text("latin-1"), "r")
    (group,) = groups(header, tmp_path)
    with group.path.open("rb") as stream:
        for first in range(20):
            (codes,) = blocks(group, [first, 21], stream)
            assert codes["II"].tolist() == values[first:]
