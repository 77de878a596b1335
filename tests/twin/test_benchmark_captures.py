"""In: the benchmark's captures in a small size. Out: whether they are the same everywhere, in order, and right."""

import importlib.util
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import pytest

SIZE = 50_000_000  # into the second slice, so that addresses and checksums are rewritten
HASH = "2ddeaf77c8f9969ee04c53f749b80b275259a8e41aa8688bdf8115eb6c322f01"


@pytest.fixture(scope="module")
def captures() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "captures.py"
    spec = importlib.util.spec_from_file_location("benchmark_captures", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def capture(captures: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("benchmark") / "mixed.pcap"
    captures.build(path, SIZE, 1)
    return path


def packets(data: bytes) -> list[tuple[int, int, bytes]]:
    found, at = [], 24
    while at < len(data):
        second, micro, size, whole = (int.from_bytes(data[at + 4 * i : at + 4 * i + 4], "little") for i in range(4))
        assert size == whole
        found.append((second, micro, data[at + 16 : at + 16 + size]))
        at += 16 + size
    assert at == len(data)
    return found


def test_the_bytes_are_the_committed_ones(capture: Path) -> None:
    data = capture.read_bytes()
    assert SIZE - 1600 < len(data) <= SIZE
    assert sha256(data).hexdigest() == HASH


def test_a_smaller_one_is_the_beginning(captures: ModuleType, capture: Path, tmp_path: Path) -> None:
    captures.build(tmp_path / "small.pcap", 3_000_000, 1)
    small = (tmp_path / "small.pcap").read_bytes()
    assert capture.read_bytes().startswith(small)
    captures.build(tmp_path / "other.pcap", 3_000_000, 2)
    assert (tmp_path / "other.pcap").read_bytes() != small


def test_times_never_fall_and_slices_have_other_clients(capture: Path) -> None:
    found = packets(capture.read_bytes())
    times = [(second, micro) for second, micro, _ in found]
    assert times == sorted(times)
    slices: dict[int, set[int]] = {}
    for second, _, frame in found:
        if frame[12:14] == b"\x08\x00" and frame[26] == 10 and frame[27] >= 32:
            slices.setdefault((second - found[0][0]) // 40, set()).add(frame[27])
    assert slices == {0: {32}, 1: {33}}
    assert 330 < len(capture.read_bytes()) / len(found) - 16 < 450
    ours = sum(len(frame) for _, _, frame in found if b"\xca\x72\x04" in (frame[26:29], frame[30:33]))
    assert 0.005 < ours / len(capture.read_bytes()) < 0.02


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark, the oracle, is not installed")
def test_checksums_are_right_and_connections_whole(capture: Path, tmp_path: Path) -> None:
    data = capture.read_bytes()
    slices = packets(data)
    boundary = slices[0][0] + 40
    tail = tmp_path / "tail.pcap"  # around the seam of two slices, where the monitors' connections run on
    records = [
        b"".join(value.to_bytes(4, "little") for value in (second, micro, len(frame), len(frame))) + frame
        for second, micro, frame in slices
        if boundary - 3 <= second
    ]
    tail.write_bytes(data[:24] + b"".join(records))
    checked = [word for name in ("ip", "tcp", "udp") for word in ("-o", f"{name}.check_checksum:TRUE")]
    wrong = "ip.checksum.status==0 || tcp.checksum.status==0 || udp.checksum.status==0"
    wrong += " || (ip.src==202.114.4.0/24 && tcp.analysis.flags) || (tcp.dstport==443 && tcp.analysis.retransmission)"
    shown = subprocess.run(["tshark", "-n", "-r", str(tail), *checked, "-Y", wrong], capture_output=True, check=True)
    assert shown.stdout == b""
    assert len(records) > 10_000
