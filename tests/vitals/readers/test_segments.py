"""Records in several segments: the same seconds as in one piece, however they are cut and whatever is missing."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wardwatch.errors import InputError
from wardwatch.vitals.readers.opening import open_recording
from wardwatch.vitals.readers.wfdb import open_wfdb
from wardwatch.vitals.readers.wfdb_segments import SegmentedRecording, open_segments
from wardwatch.vitals.words import Second

SHARED = Path(__file__).resolve().parents[4] / "shared" / "vitals"
LINES = ["{name}.dat 16 200(5)/mV 12 0 0 0 0 II", "{name}.dat 16x2 100 12 0 0 0 0 PLETH"]
WIDTH = 3  # samples a frame


def save(folder: Path, name: str, codes: np.ndarray, rate: str = "100", gain: str = "200(5)/mV") -> None:
    codes.astype("<i2").tofile(folder / f"{name}.dat")
    lines = [f"{name} 2 {rate} {len(codes)}", *(line.format(name=name).replace("200(5)/mV", gain) for line in LINES)]
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n", encoding="latin-1")


def master(folder: Path, entries: list[tuple[str, int]], rate: str = "100") -> Path:
    lines = [f"m/{len(entries)} 2 {rate} {sum(count for _, count in entries)} 10:00:00 01/03/2026"]
    lines += [f"{name} {count}" for name, count in entries]
    (folder / "m.hea").write_text("\n".join(lines) + "\n# a remark\n", encoding="latin-1")
    return folder / "m.hea"


def frames(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(-300, 300, (count, WIDTH))


def plain(seconds: list[Second]) -> list[tuple[object, ...]]:
    return [
        (one.index, sorted((name, each.codes.tolist(), each.rate, each.first, each.gain, each.baseline, each.unit,
                            None if each.valid is None else each.valid.tolist()) for name, each in one.waves.items()))
        for one in seconds
    ]  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lengths=st.lists(st.integers(1, 350), min_size=1, max_size=7), rate=st.sampled_from(["100", "62.5", "7", "33.3"])
)
def test_a_record_in_pieces_is_the_record_in_one_piece(tmp_path: Path, lengths: list[int], rate: str) -> None:
    codes, at, entries = frames(sum(lengths)), 0, []
    for number, count in enumerate(lengths):
        save(tmp_path, f"m_{number}", codes[at : at + count], rate)
        entries.append((f"m_{number}", count))
        at += count
    save(tmp_path, "whole", codes, rate)
    if len(codes) < float(rate):
        with pytest.raises(InputError, match="less than one second"):
            open_segments(master(tmp_path, entries, rate))
        return
    parts = open_recording(master(tmp_path, entries, rate))
    assert isinstance(parts, SegmentedRecording)
    assert plain(list(parts.seconds())) == plain(list(open_wfdb(tmp_path / "whole.hea").seconds()))
    assert [one.what for one in parts.unread] == ["the displayed values"]


def test_a_layout_and_what_was_not_recorded_are_passed_over(tmp_path: Path) -> None:
    """A record of variable layout: the first segment holds no samples; between the others 2.5 s are missing."""
    codes = frames(500)
    save(tmp_path, "a", codes[:250])
    save(tmp_path, "b", codes[250:])
    (tmp_path / "m_layout.hea").write_text("m_layout 2 100 0\n~ 0 200 12 0 0 0 0 II\n~ 0 100 12 0 0 0 0 PLETH\n")
    seconds = list(open_segments(master(tmp_path, [("m_layout", 0), ("a", 250), ("~", 250), ("b", 250)])).seconds())
    assert [second.index for second in seconds] == [0, 1, 2, 5, 6]  # half a second is left at the end
    half = seconds[2].waves["II"]
    assert half.valid is not None
    assert half.valid.tolist() == [True] * 50 + [False] * 50
    assert half.codes[:50].tolist() == codes[200:250, 0].tolist()
    assert seconds[3].waves["II"].codes.tolist() == codes[250:350, 0].tolist()
    assert seconds[3].waves["II"].first == 500
    assert seconds[3].waves["PLETH"].first == 1000


def test_a_seam_where_the_codes_change_their_meaning(tmp_path: Path) -> None:
    codes = frames(400)
    save(tmp_path, "a", codes[:150])
    save(tmp_path, "b", codes[150:], gain="500(0)/mV")
    seam, after = list(open_segments(master(tmp_path, [("a", 150), ("b", 250)])).seconds())[1:3]
    assert (seam.waves["II"].gain, after.waves["II"].gain) == (200, 500)
    assert seam.waves["II"].valid is not None
    assert seam.waves["II"].valid.tolist() == [True] * 50 + [False] * 50
    assert seam.waves["PLETH"].valid is None


def test_a_segment_that_cannot_be_read_is_told_and_the_rest_read(tmp_path: Path) -> None:
    save(tmp_path, "a", frames(300))
    save(tmp_path, "short", frames(150))
    save(tmp_path, "other", frames(300), "50")
    (tmp_path / "again.hea").write_text("again/1 2 100 10\na 10\n")
    entries = [("a", 300), ("gone", 200), ("other", 100), ("again", 100), ("short", 200)]
    recording = open_segments(master(tmp_path, entries))
    told = {one.what: (one.why, one.start, one.end) for one in recording.unread}
    assert told["segment gone"] == ("cannot be read: No such file or directory", 3.0, 5.0)
    assert told["segment other"] == ("50 samples a second, and 100 in the record", 5.0, 6.0)
    assert told["segment again"] == ("the record consists of several segments", 6.0, 7.0)
    assert told["signal II"] == ("short.dat ends there; the header announces 2 s", 8.5, 9.0)
    assert [second.index for second in recording.seconds()] == [0, 1, 2, 7]


def test_the_table_goes_on_where_nothing_was_recorded(tmp_path: Path) -> None:
    save(tmp_path, "a", frames(200))
    save(tmp_path, "b", frames(200))
    path = master(tmp_path, [("a", 200), ("~", 300), ("b", 200)])
    rows = "\n".join(f"{time},{70 + time}" for time in (0, 1, 3, 5, 6, 9))
    (tmp_path / "m.numerics.csv").write_text(f"time_s,HR\n{rows}\n")
    recording = open_segments(path)
    shown = [(one.index, one.shown.get("HR"), bool(one.waves)) for one in recording.seconds()]
    assert shown == [(0, 70, True), (1, 71, True), (3, 73, False), (5, 75, True), (6, 76, True)]
    assert not recording.unread
    assert recording.start is not None
    assert [file.name for file in recording.files] == ["m.hea", "a.hea", "a.dat", "b.hea", "b.dat", "m.numerics.csv"]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("m/0 2 100\n", "0 segments, and 1 to"), ("m/x 2 100\na 10\n", "x segments, and 1 to"),
        ("m/99999 2 100\n", "99999 segments, and 1 to"), ("m/2 2 100\na 10\n", "2 segments are announced and 1 named"),
        ("m/1 2 100\na\n", "a segment is described as a"), ("m/1 2 100\n../../etc/passwd 10\n", "are said to lie in"),
        ("m/1 2 0\na 10\n", "a rate of 0"), ("m/1 2 100\ngone 10\n", "not one of its segments can be read"),
        ("m/2 2 100\n~ 100\n~ 999999999999\n", "not one of its segments can be read"),
    ],
)  # fmt: skip
def test_a_header_that_cannot_be_is_refused_with_a_sentence(tmp_path: Path, header: str, says: str) -> None:
    (tmp_path / "m.hea").write_text(header)
    with pytest.raises(InputError, match=says):
        open_recording(tmp_path / "m.hea")


def test_an_endless_pause_is_passed_at_once(tmp_path: Path) -> None:
    save(tmp_path, "a", frames(200))
    seconds = list(open_segments(master(tmp_path, [("a", 200), ("~", 10**12 - 200), ("a", 200)])).seconds())
    assert [second.index for second in seconds] == [0, 1, 10**10, 10**10 + 1]


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=st.binary(max_size=120), part=st.binary(max_size=200), data=st.binary(max_size=600))
def test_nothing_but_an_input_error_comes_out(tmp_path: Path, head: bytes, part: bytes, data: bytes) -> None:
    (tmp_path / "m.hea").write_bytes(b"m/2 2 25 80\n" * (len(head) % 2) + head + b"\na 40\na 40\n")
    (tmp_path / "a.hea").write_bytes(b"a 1 25 40\na.dat 16 200 12 0 0 0 0 II\n" * (len(part) % 2) + part)
    (tmp_path / "a.dat").write_bytes(data)
    try:
        for second in open_segments(tmp_path / "m.hea").seconds():
            assert all(len(wave.codes) for wave in second.waves.values())
    except InputError:
        pass


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real recordings are not beside this checkout")
def test_a_real_record_of_two_segments() -> None:
    """The first code of each signal, and the sum of all, as the headers of the segments name them."""
    path = SHARED / "wfdb-sample" / "041s" / "041s.hea"
    seconds = list(open_recording(path).seconds())
    assert [second.index for second in seconds] == list(range(16))
    for number, half in (("01", seconds[:8]), ("02", seconds[8:])):
        for line in path.with_name(f"041s{number}.hea").read_text().splitlines()[1:8]:
            words = line.split()
            codes = np.concatenate([second.waves[words[8]].codes for second in half])
            assert codes[0] == int(words[5])
            assert (int(codes.sum(dtype=np.int64)) - int(words[6])) % 65536 == 0
