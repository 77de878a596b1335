"""Exports, by golden files and by other readers; and what is played again."""

import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyedflib
import pytest

from wardwatch.errors import InputError, UsageError
from wardwatch.protocols.cms import Text, decode, encode
from wardwatch.secrecy import Pseudonyms, Veil, reveal
from wardwatch.station import replay
from wardwatch.station.keeping.archive import Kept
from wardwatch.station.keeping.records import Kind
from wardwatch.station.recording import Recording, recording
from wardwatch.station.words import SECOND
from wardwatch.workflows.station import formats

SAMPLES = Path(__file__).parent / "samples"
START = 1_800_000_000 * SECOND
VEIL = Pseudonyms(bytes(32))
MISSING = (3, 4)


def made(stream: Callable[[int], list[bytes]], veil: Veil = VEIL, missing: tuple[int, ...] = MISSING) -> Recording:
    kept = [Kept(START + k * SECOND, (1, 1), raw, Kind.SET) for k, raw in enumerate(stream(8)) if k not in missing]
    return recording("ICU 1", kept, veil)


@pytest.mark.parametrize("name", ["wfdb", "csv", "edf", "cms"])
def test_an_export_is_the_golden_one(name: str, stream: Callable[[int], list[bytes]], tmp_path: Path) -> None:
    files = formats()[name].write(made(stream), tmp_path / "icu1")
    golden = SAMPLES / name
    assert sorted(path.name for path in files) == sorted(path.name for path in golden.iterdir())
    for path in files:
        assert path.read_bytes() == (golden / path.name).read_bytes(), path.name


@pytest.mark.parametrize("name", ["wfdb", "csv", "edf", "cms"])
def test_names_are_in_it_only_when_revealed(name: str, stream: Callable[[int], list[bytes]], tmp_path: Path) -> None:
    number = b"INV0000000"
    assert number in stream(1)[0]
    for veil in (VEIL, reveal):
        whole = b"".join(path.read_bytes() for path in formats()[name].write(made(stream, veil), tmp_path / "x"))
        assert (number in whole) is (veil is reveal and name in {"edf", "cms"})


def test_what_nobody_has_named_in_a_patients_block_is_not_exported(blocks: object, tmp_path: Path) -> None:
    told = decode(blocks.patient(name="Sample\0Hidden", number="N\0Hidden"))
    told = replace(told, rest=b"Hidden".ljust(len(told.rest), b"\0"), doctor=Text.of("Dr. Hidden", 32))
    kept = [Kept(START, (1, 1), encode(told) + blocks.ecg(60) + blocks.end, Kind.SET)]
    for veil in (VEIL, reveal):
        stream, _ = formats()["cms"].write(recording("ICU 1", kept, veil), tmp_path / "x")
        assert (b"Hidden" in stream.read_bytes()) is (veil is reveal)


def test_a_monitors_words_are_no_formula_in_a_table(blocks: object, tmp_path: Path) -> None:
    for text in ("=1+1", "+1", "-1", "@a"):
        kept = [Kept(START, (1, 1), blocks.error(text) + blocks.ecg(60) + blocks.end, Kind.SET)]
        (table,) = formats()["csv"].write(recording("ICU 1", kept, VEIL), tmp_path / "x")
        assert table.read_text().splitlines()[1].endswith(f",'{text}")


def test_a_revealed_stream_is_as_it_was_received(stream: Callable[[int], list[bytes]], tmp_path: Path) -> None:
    path, side = formats()["cms"].write(made(stream, reveal), tmp_path / "x")
    assert path.read_bytes() == b"".join(raw for k, raw in enumerate(stream(8)) if k not in MISSING)
    assert json.loads(side.read_text()) == {"start": "2027-01-15T08:00:00Z", "gaps": [[3, 2]]}
    timed = list(replay.from_file(path))
    assert [each.due // SECOND for each in timed] == [0, 1, 2, 5, 6, 7]
    assert b"".join(each.raw for each in timed) == path.read_bytes()


def test_another_reader_of_edf_reads_what_was_sent(stream: Callable[[int], list[bytes]], tmp_path: Path) -> None:
    (path,) = formats()["edf"].write(made(stream, missing=()), tmp_path / "x")
    with pyedflib.EdfReader(str(path)) as edf:
        labels = edf.getSignalLabels()
        two = edf.readSignal(labels.index("ECG II"))
        expected = b"".join(raw[raw.index(b"\x05\x46\0\0\x14\0") + 6 :][256:512] for raw in stream(8))
        assert two.astype(int).tolist() == list(expected)
        assert edf.getSampleFrequency(labels.index("Resp")) == 128
        assert edf.file_duration == 8


def test_samples_of_wfdb_are_codes_and_holes(stream: Callable[[int], list[bytes]], tmp_path: Path) -> None:
    header, data, _ = formats()["wfdb"].write(made(stream), tmp_path / "x")
    samples = np.frombuffer(data.read_bytes(), "<i2").reshape(-1, 5)
    assert samples.shape == (8 * 256, 5)
    assert set(samples[3 * 256 : 5 * 256].ravel()) == {-32768}
    raw = stream(8)[5]
    at = raw.index(b"\x05\x46\0\0\x14\0") + 6
    assert samples[5 * 256 : 6 * 256, 0].tolist() == list(raw[at : at + 256])
    assert samples[5 * 256 : 6 * 256 : 2, 4].tolist() == list(raw[at + 768 : at + 896])
    for column, line in enumerate(header.read_text().splitlines()[1:6]):
        total = int(samples[:, column].astype(np.int64).sum())
        assert int(line.split()[6]) == struct.unpack("<h", struct.pack("<H", total % 65536))[0]


def test_sets_early_and_late_keep_their_seconds(stream: Callable[[int], list[bytes]]) -> None:
    times = (0.0, 1.4, 1.6, 3.3, 3.9, 4.0, 4.1, 4.2, 9.0)
    kept = [Kept(START + int(at * SECOND), (1, 1), stream(1)[0], Kind.SET) for at in times]
    found = recording("ICU 1", kept, VEIL)
    assert [second.number for second in found.seconds()] == [0, 1, 2, 3, 4, 5, 9]
    assert found.surplus == 2


def test_nothing_kept_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        recording("ICU 1", [], VEIL)
    (tmp_path / "x.cms").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError):
        list(replay.from_file(tmp_path / "x.cms"))
    (tmp_path / "x.cms.json").write_text("[1]")
    with pytest.raises(InputError):
        list(replay.from_file(tmp_path / "x.cms"))


def test_a_replay_sends_every_set_in_order(stream: Callable[[int], list[bytes]]) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(65536):
                    heard.append(data)

        thread = threading.Thread(target=listen)
        thread.start()
        sets = [replay.Timed(k * SECOND, raw) for k, raw in enumerate(stream(5))]
        port = listener.getsockname()[1]
        assert replay.send(sets, ("127.0.0.1", port), 10_000, 60) == 5
        thread.join(10)
    assert b"".join(heard) == b"".join(stream(5))
    with pytest.raises(UsageError):
        replay.send(sets, ("127.0.0.1", port), 1, 60)
