"""Opening captures: by content, compressed or not, whole or cut, from files and standard input; and what is refused."""

import contextlib
import gzip
import hashlib
import io
import sys
from pathlib import Path
from struct import pack

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.errors import InputError
from wardwatch.traffic import opening
from wardwatch.traffic.capture import CaptureResult, examine, head_of, not_a_capture, sniff
from wardwatch.traffic.kernel import Settings
from wardwatch.traffic.rows import Batch
from wardwatch.traffic.zstdframes import ZstdFrames

SETTINGS = Settings(local=())
START = 1_700_000_000


class Sink:
    """Counts what it is given."""

    def __init__(self) -> None:
        self.tables: list[np.ndarray] = []
        self.segment_count = 0

    def segments(self, batch: Batch) -> tuple[int, ...]:
        self.segment_count += len(batch)
        return ()

    def retired(self, flows: np.ndarray) -> None:
        self.tables.append(flows.copy())

    @property
    def packets(self) -> int:
        return sum(int(table["packets"].sum()) for table in self.tables)


def capture(packets: int = 100, start: int = START, size: int = 40, to: int = 9) -> bytes:
    """UDP packets of as many conversations, a second apart."""
    records = [pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)]
    for i in range(packets):
        address = bytes([10, 0, i >> 8 & 255, i & 255])
        frame = pack(">BBHHHBBH", 0x45, 0, 28 + size, 1, 0, 64, 17, 0) + address + bytes([10, 9, 9, to])
        frame += pack(">HHHH", 5000, 53, 8 + size, 0) + bytes((i * 7 + j * j) % 256 for j in range(size))
        records.append(pack("<IIII", start + i, 0, len(frame), len(frame)) + frame)
    return b"".join(records)


CAPTURE = capture()


def run(*paths: Path | str, digest: bool = False) -> tuple[CaptureResult, Sink]:
    sink = Sink()
    return examine(list(paths), SETTINGS, sink, digest=digest), sink  # type: ignore[arg-type]  # a test may give any text


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


FORMS = {
    "pcap": CAPTURE,
    "pcap.gz": gzip.compress(CAPTURE),
    "pcap.zst": zstandard.compress(CAPTURE),
}


@pytest.mark.parametrize("kind", FORMS)
def test_the_content_decides_not_the_name(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path, "ward.bin", FORMS[kind])
    result, sink = run(path, digest=True)
    (stats,) = result.files
    assert (stats.kind, stats.packets, stats.packets_decoded) == (kind, 100, 100)
    assert stats.bytes == len(FORMS[kind])
    assert stats.sha256 == hashlib.sha256(FORMS[kind]).hexdigest()
    assert (stats.first, stats.last) == (START * 10**9, (START + 99) * 10**9)
    assert (stats.linktypes, stats.truncated, stats.notes) == ({101: 100}, 0, ())
    assert (result.flows, result.evicted, result.segments) == (100, 0, sink.segment_count)
    assert sink.packets == 100


def test_without_digest_there_is_none(tmp_path: Path) -> None:
    assert run(write(tmp_path, "a", CAPTURE))[0].files[0].sha256 is None


@pytest.mark.parametrize("kind", FORMS)
def test_standard_input(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(FORMS[kind]))))
    assert sniff(head_of("-")) == "pcap"
    assert sniff(head_of("-")) == "pcap"
    result, sink = run("-")
    assert (result.files[0].path, result.files[0].kind, sink.packets) == ("standard input", kind, 100)


def test_several_members_and_frames(tmp_path: Path) -> None:
    half = len(CAPTURE) // 2
    members = gzip.compress(CAPTURE[:half]) + gzip.compress(CAPTURE[half:]) + bytes(512)
    skippable = pack("<II", 0x184D2A53, 5) + b"extra"
    frames = skippable + zstandard.compress(CAPTURE[:half]) + skippable + zstandard.compress(CAPTURE[half:])
    for data in (members, frames):
        result, sink = run(write(tmp_path, "a", data))
        assert (sink.packets, result.files[0].notes) == (100, ())


def test_zstd_with_a_checksum_and_without_a_size(tmp_path: Path) -> None:
    compressor = zstandard.ZstdCompressor(write_checksum=True, write_content_size=False)
    result, sink = run(write(tmp_path, "a", compressor.compress(CAPTURE)))
    assert (sink.packets, result.files[0].notes) == (100, ())


def test_files_are_read_in_the_order_given(tmp_path: Path) -> None:
    paths = [write(tmp_path, f"{i}", capture(10, START + i * 1000, to=i)) for i in (2, 1)]
    result, sink = run(*paths)
    assert [stats.path for stats in result.files] == [str(path) for path in paths]
    assert sorted({int(index) for table in sink.tables for index in table["file"]}) == [0, 1]
    (table,) = sink.tables
    assert (np.diff(table["first"]) >= 0).all()


def test_more_than_the_buffer(tmp_path: Path) -> None:
    data = capture(2000, size=1400)
    for form in (data, gzip.compress(data, 1), zstandard.compress(data)):
        result, sink = run(write(tmp_path, "a", form))
        assert (sink.packets, result.files[0].packets) == (2000, 2000)


def test_progress_counts_the_bytes_of_the_file(tmp_path: Path) -> None:
    steps: list[int] = []
    data = gzip.compress(capture(2000, size=1400), 1)
    examine([write(tmp_path, "a", data)], SETTINGS, Sink(), steps.append)
    assert sum(steps) == len(data)


@pytest.mark.parametrize("kind", ["pcap.gz", "pcap.zst"])
def test_a_cut_stream_gives_what_it_has_and_says_so(kind: str, tmp_path: Path) -> None:
    random = np.random.default_rng(1).integers(0, 256, 400_000, np.uint8).tobytes()
    frame = pack(">BBHHHBBH", 0x45, 0, 1000, 1, 0, 64, 17, 0) + bytes([10, 0, 0, 1, 10, 0, 0, 2])
    body = b"".join(
        pack("<IIII", START, 0, 1000, 1000) + frame + pack(">HHHH", 1, 2, 980, 0) + random[i : i + 972]
        for i in range(0, 380_000, 972)
    )
    data = CAPTURE[:24] + body
    compressed = gzip.compress(data) if kind == "pcap.gz" else zstandard.compress(data)
    result, sink = run(write(tmp_path, "a", compressed[: len(compressed) * 2 // 3]), digest=True)
    (stats,) = result.files
    assert 100 < sink.packets < 390
    assert stats.notes[0].what == "the rest of the file"
    assert stats.notes[0].why == "the compressed stream ends early"


def test_a_damaged_stream_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(capture(5000, size=200)))
    data[-6] ^= 255  # the checksum of the content
    result, sink = run(write(tmp_path, "a", bytes(data)))
    assert sink.packets > 4600
    assert ("the rest of the file", "the compressed stream is damaged") in {note[:2] for note in result.files[0].notes}


def test_rubbish_behind_a_stream_is_said(tmp_path: Path) -> None:
    for data in (FORMS["pcap.gz"] + b"rubbish" * 10, FORMS["pcap.zst"] + b"rubbish" * 10):
        result, sink = run(write(tmp_path, "a", data))
        assert sink.packets == 100
        assert result.files[0].notes[0].why == "the compressed stream is damaged"


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "EXPANSION_FREE", 1 << 20)
    monkeypatch.setattr(opening, "EXPANSION_LIMIT", 10)
    head = CAPTURE + pack("<IIII", START, 0, 0, 262_144)
    for data in (gzip.compress(head + bytes(8 << 20)), zstandard.compress(head + bytes(8 << 20))):
        result, sink = run(write(tmp_path, "a", data))
        assert sink.packets == 100
        assert "the content is more than 10 times as long as the compressed file" in {
            n.why for n in result.files[0].notes
        }


def test_a_window_that_is_too_large_is_refused(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    stream = compressor.compressobj()
    path = write(tmp_path, "large.pcap.zst", stream.compress(CAPTURE) + stream.flush())
    with pytest.raises(InputError, match=r"large\.pcap\.zst: the Zstandard stream needs a window of 128 MiB"):
        run(path)


MISTAKES = {
    "zip": (b"PK\x03\x04rest", "not a capture: the file begins with 'PK', which is a zip archive"),
    "elf": (
        b"\x7fELF" + bytes(60),
        "not a capture: the file begins with the bytes 7f 45 4c 46, which is a Linux program",
    ),
    "text": (b"Dear colleague,\n", "not a capture: the file begins with 'Dear', which is text"),
    "tar": (b"name" + bytes(253) + b"ustar\0", "not a capture: the file begins with 'name', which is a tar archive"),
    "netmon": (
        b"GMBU" + bytes(9),
        "not a capture: the file begins with 'GMBU', which is a capture of Microsoft Network",
    ),
    "unknown": (bytes(range(200, 250)) + bytes(9), "which is no form of capture that wardwatch knows"),
    "empty": (b"", "not a capture: the file is empty"),
    "short": (b"\xd4\xc3", "not a capture: the file begins with the bytes d4 c3"),
    "gz of text": (
        gzip.compress(b"Dear colleague,\n"),
        "not a capture: the compressed content begins with 'Dear', which is text",
    ),
    "gz of nothing": (gzip.compress(b"")[:8], "not a capture: nothing in it can be decompressed"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_no_capture_is_refused_in_words(name: str, tmp_path: Path) -> None:
    data, words = MISTAKES[name]
    path = write(tmp_path, "ward.pcap", data)
    with pytest.raises(InputError) as caught:
        run(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)
    assert caught.value.cure


def test_the_example_of_the_house(tmp_path: Path) -> None:
    path = write(tmp_path, "ward.pcap", b"PK\x03\x04")
    for table in (b"src,dst,port,bytes\n192.0.2.1,192.0.2.2,80,7\n", b"a;b;c;d\r\n1;2;3;4"):
        assert "--mapping FILE" in str(not_a_capture(path, table))
    for text in (b"One, two, three, four\nand five", b"a,b,c,d", b"a,b\n1,2\n", b"\x01,,,\n\x01,,,\n"):
        assert "--mapping FILE" not in str(not_a_capture(path, text))
    assert str(not_a_capture(path, b"PK\x03\x04")) == (
        f"{path}: not a capture: the file begins with 'PK', which is a zip archive. "
        "Unpack it, or give wardwatch the folder."
    )


@pytest.mark.parametrize("data", [b"", b"no capture\n", gzip.compress(b"no capture\n", mtime=0)])
def test_standard_input_that_is_no_capture(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
    with pytest.raises(InputError, match="standard input: not a capture"):
        run("-")


def test_what_cannot_be_opened_is_refused_in_words(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none", "there is no such file"), (tmp_path, "it is a folder, not a file")):
        with pytest.raises(InputError, match=words):
            run(path)


def test_nothing_is_handed_on_when_a_later_file_is_none(tmp_path: Path) -> None:
    sink = Sink()
    with pytest.raises(InputError):
        examine([write(tmp_path, "a", CAPTURE), write(tmp_path, "b", b"PK\x03\x04")], SETTINGS, sink)
    assert (sink.tables, sink.segment_count) == ([], 0)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (bytes.fromhex("d4c3b2a1"), "pcap"),
        (bytes.fromhex("a1b23c4d00"), "pcap"),
        (bytes.fromhex("0a0d0d0a"), "pcapng"),
        (b"PK\x03\x04", None),
        (b"", None),
        (b"\xd4\xc3", None),
    ],
)
def test_sniff(head: bytes, kind: str | None) -> None:
    assert sniff(head) == kind


@given(data=st.binary(max_size=3000), level=st.integers(1, 5), cut=st.integers(0, 3000), size=st.integers(1, 50))
def test_frames_are_followed_in_any_pieces(data: bytes, level: int, cut: int, size: int) -> None:
    frame = zstandard.ZstdCompressor(level=level, write_checksum=bool(size % 2)).compress(data)
    stream = (frame + frame)[: cut % (2 * len(frame) + 1)]
    frames = ZstdFrames()
    for at in range(0, len(stream), size):
        frames.feed(stream[at : at + size])
    assert frames.complete == (len(stream) % len(frame) == 0)
    assert frames.sound


@given(data=st.binary(max_size=300), size=st.integers(1, 50))
def test_frames_survive_any_bytes(data: bytes, size: int) -> None:
    frames = ZstdFrames()
    for at in range(0, len(data), size):
        frames.feed(data[at : at + size])


@given(data=st.binary(max_size=300), start=st.sampled_from([b"", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", CAPTURE[:24]]))
def test_any_file_is_read_or_refused(data: bytes, start: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(start + data)
    with contextlib.suppress(InputError):
        assert run(path)[0].files[0].kind.startswith("pcap")
