"""In: stored central-station streams. Out: whether their sets become the seconds they were, however damaged."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.errors import InputError
from wardwatch.protocols.cms import Bed, Ecg, Empty43, EndOfSet, ErrorBlock, Nibp, Patient, Pleth, Temperature, encode
from wardwatch.vitals.readers.live import Connection, Numbered
from wardwatch.vitals.readers.opening import open_recording
from wardwatch.vitals.readers.sets import Sets, second_of
from wardwatch.vitals.readers.stream import open_stream

SHARED = Path(__file__).resolve().parents[4] / "shared" / "vitals" / "examples"
NANOSECONDS = 10**9


def blocks(number: int) -> list[bytes]:
    ecg = Ecg(
        bytes([128]) * 256, bytes((number + place) % 256 for place in range(256)), bytes([90, 91]) * 128,
        bytes(range(128)), 70 + number, 0, 15, 255, heart_rate_max=120, heart_rate_min=50, heart_rate_set=1,
    )  # fmt: skip
    pleth = Pleth(bytes(range(256)), 97, 0, 71, 0, 90, 100, 1, 50, 120, 0)
    return [
        encode(Bed(bed=3)), encode(ecg), encode(pleth), encode(Nibp(2026, 3, 1, 10, 0, 0, 120, 70, 90)),
        encode(Temperature(36.5)), encode(EndOfSet()),
    ]  # fmt: skip


def stream(count: int) -> bytes:
    start = [encode(Patient(bed=3)), encode(Empty43())]
    return b"".join(start + [block for number in range(count) for block in blocks(number)])


def test_a_set_becomes_a_second() -> None:
    sets = Sets()
    found = sets.feed(stream(1))
    second = second_of(found[0], 5)
    assert set(second.waves) == {"II", "III", "RESP", "PLETH"}
    assert second.waves["II"].codes[:3].tolist() == [0, 1, 2]
    assert (second.waves["II"].first, second.waves["RESP"].first) == (5 * 256, 5 * 128)
    assert second.shown["HR"] == 70
    assert second.shown["RR"] is None
    assert (second.shown["SpO2"], second.shown["PR"], second.probe) == (97, 71, True)
    assert (second.shown["NIBP_sys"], second.shown["NIBP_dia"], second.shown["NIBP_map"]) == (120, 70, 90)
    assert second.cuff == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert second.shown["T1"] == pytest.approx(36.5)
    assert (second.limits["HR"].low, second.limits["HR"].high, second.limits["HR"].on) == (50, 120, True)
    assert second.limits["PR"].on is False
    assert second.admitted


@given(st.lists(st.integers(1, 900), max_size=20))
@settings(max_examples=40, deadline=None)
def test_sets_do_not_depend_on_how_the_bytes_are_cut(cuts: list[int]) -> None:
    data = stream(4)
    sets, got, place = Sets(), [], 0
    for size in [*cuts, len(data)]:
        got += sets.feed(data[place : place + size])
        place += size
    got += sets.finish()
    whole = Sets()
    expected = whole.feed(data) + whole.finish()
    assert [(each.start, each.end, each.blocks) for each in got] == [
        (each.start, each.end, each.blocks) for each in expected
    ]
    assert len(got) == 4


def test_a_lost_end_does_not_merge_two_seconds() -> None:
    first, second = blocks(0)[:-1], blocks(1)
    sets = Sets()
    found = sets.feed(b"".join(first + second))
    assert [second_of(each, 0).shown["HR"] for each in found] == [70, 71]


def test_a_message_and_an_unattached_probe() -> None:
    off = Pleth(bytes(256), 255, 255, 255, 255)
    error = encode(ErrorBlock(1, b"ECG LEAD OFF\0"))
    sets = Sets()
    second = second_of(sets.feed(encode(off) + error + encode(EndOfSet()))[0], 0)
    assert second.message == "ECG LEAD OFF"
    assert second.probe is False
    assert "PLETH" not in second.waves
    assert second.shown["SpO2"] is None


def write(folder: Path, data: bytes, side: object = None) -> Path:
    path = folder / "s.cms"
    path.write_bytes(data)
    if side is not None:
        path.with_name("s.cms.json").write_text(side if isinstance(side, str) else json.dumps(side), encoding="utf-8")
    return path


def test_gaps_of_the_side_file_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path, stream(6), {"start": "2026-03-01T10:00:00Z", "gaps": [[2, 5], [4, 1]]})
    recording = open_recording(path)
    assert [second.index for second in recording.seconds()] == [0, 1, 7, 8, 10, 11]
    assert recording.start == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_without_a_side_file_the_start_is_not_known(tmp_path: Path) -> None:
    recording = open_recording(write(tmp_path, stream(3)))
    assert recording.start is None
    assert len(list(recording.seconds())) == 3
    assert all(each.remark for each in recording.unread)


@pytest.mark.parametrize(
    "side",
    ["", "[]", "{", '{"start": 5}', '{"gaps": 5}', '{"gaps": [[1]]}', '{"gaps": [[1, -2]]}', '{"gaps": [[-1, 2]]}',
     '{"gaps": [[1, 99999999999]]}', '{"gaps": [[1, true]]}', "[" * 100_000],
)  # fmt: skip
def test_a_hostile_side_file_is_refused(tmp_path: Path, side: str) -> None:
    path = write(tmp_path, stream(3), side)
    with pytest.raises(InputError):
        open_stream(path)


def test_damage_is_told(tmp_path: Path) -> None:
    data = stream(5)
    recording = open_stream(write(tmp_path, data[:3000] + data[3010:]))
    assert 3 <= len(list(recording.seconds())) <= 5
    assert any("bytes of s.cms" in each.what for each in recording.unread)


@given(st.binary(max_size=3000))
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_seconds_or_nothing(data: bytes) -> None:
    sets = Sets()
    for index, found in enumerate(sets.feed(stream(1) + data) + sets.finish()):
        second_of(found, index)


def test_live_seconds_follow_the_sets_and_gaps_the_clock() -> None:
    numbered = Numbered()
    connection = Connection(numbered)
    times = [0.0, 1.02, 1.97, 3.01, 12.0, 12.9]
    got = []
    for number, time in enumerate(times):
        got += connection.feed(b"".join(blocks(number)), int(time * NANOSECONDS))
    assert [second.index for second in got] == [0, 1, 2, 3, 12, 13]
    again = Connection(numbered)
    assert [each.index for each in again.feed(b"".join(blocks(9)), 20 * NANOSECONDS)] == [20]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real recordings are not beside this checkout")
@pytest.mark.parametrize("name", ["bidmc05", "bidmc12-interrupted", "a604s"])
def test_both_forms_of_a_recording_display_the_same(name: str) -> None:
    """The two forms were made from one recording by somebody else's program."""
    stored = {second.index: second for second in open_recording(SHARED / f"{name}.cms").seconds()}
    record = {second.index: second for second in open_recording(SHARED / f"{name}.hea").seconds()}
    assert stored.keys() == record.keys()
    for index, second in stored.items():
        for quantity in ("HR", "RR", "SpO2", "PR", "NIBP_sys", "NIBP_dia", "NIBP_map"):
            assert second.shown[quantity] == record[index].shown[quantity], (index, quantity)
        assert second.limits == pytest.approx(record[index].limits) or all(
            second.limits[name].on == record[index].limits[name].on for name in second.limits
        )
        ours, theirs = second.waves.get("II"), record[index].waves.get("II")
        if ours is not None and theirs is not None and np.ptp(theirs.codes) > 50:
            at = np.arange(len(theirs.codes)) * len(ours.codes) // len(theirs.codes)
            assert np.corrcoef(ours.codes[at], theirs.codes)[0, 1] > 0.9


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.binary(max_size=400), st.integers(0, 3 * 10**9), st.booleans()), max_size=20), st.data())
def test_whatever_a_connection_sends_its_seconds_go_on(
    packets: list[tuple[bytes, int, bool]], data: st.DataObject
) -> None:
    """Noise, whole sets and losses in any order, at any times: indices rise, nothing else comes out."""
    numbered = Numbered()
    connection, time, last = Connection(numbered), 1_772_359_200 * 10**9, -1
    whole = b"".join(blocks(1))
    for noise, later, good in packets:
        time += later
        if data.draw(st.booleans()):
            connection.lose(data.draw(st.integers(1, 5000)))
        for second in connection.feed(whole if good else noise, time):
            assert second.index > last
            last = second.index
        assert connection.skipped >= 0
    most = sum(1 if good else len(noise) // 4 + 1 for noise, _, good in packets)
    assert last <= most + sum(later for _, later, _ in packets) / 10**9 + 2
