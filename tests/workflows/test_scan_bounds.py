"""Long: floods and large files stay within the memory promised, and what had to be let go is said."""

import importlib.util
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROMISED = 300 * 10**6
ROOT = Path(__file__).resolve().parents[2]
FLOWS = 2_000_000
FRAME = 54


# A process begins its count of memory with that of its parent, so a small one stands between.
WATCHER = """
import json, os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_maxrss]))
"""


def _scan(capture: Path, report: Path) -> tuple[int, int]:
    """Exit status and peak memory, in bytes, of a scan in a process of its own."""
    program = str(Path(sys.executable).with_name("wardwatch"))
    command = [program, "scan", str(capture), "--quiet", "--json", str(report)]
    watcher = [sys.executable, "-I", "-S", "-c", WATCHER, *command]
    done = subprocess.run(watcher, capture_output=True, text=True, check=True)
    status, memory = json.loads(done.stdout)
    return status, memory * (1 if sys.platform == "darwin" else 1024)


def _flood(path: Path) -> None:
    """Two million SYNs from inside, each to another address."""
    source = np.random.default_rng(1)
    records = np.zeros((FLOWS, 16 + FRAME), np.uint8)
    number = np.arange(FLOWS)
    records[:, 0:4] = (1_767_600_000 + number // 20_000).astype("<u4").view(np.uint8).reshape(FLOWS, 4)
    records[:, 8:16] = np.frombuffer(struct.pack("<II", FRAME, FRAME), np.uint8)
    frames = records[:, 16:]
    frames[:, :12], frames[:, 12], frames[:, 14], frames[:, 17] = np.arange(12), 8, 0x45, 40
    frames[:, 22], frames[:, 23], frames[:, 46], frames[:, 47] = 64, 6, 0x50, 2
    frames[:, 26:46] = source.integers(1, 255, (FLOWS, 20))
    frames[:, 26], frames[:, 30], frames[:, 36:38] = 10, 203, [1, 187]
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1) + records.tobytes())


@pytest.mark.long
def test_a_flood_of_two_million_flows_is_bounded_and_said(tmp_path: Path) -> None:
    _flood(tmp_path / "flood.pcap")
    status, memory = _scan(tmp_path / "flood.pcap", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert (status, report["verdict"]) == (3, "unknown")
    assert memory < PROMISED
    assert any("more different ones than fit into memory" in gap["why"] and gap["bears_on"] for gap in report["gaps"])
    assert report["inputs"][0]["coverage"] == {"examined": FLOWS, "total": FLOWS, "unit": "packets"}


@pytest.mark.long
def test_a_large_mixed_capture_streams(tmp_path: Path) -> None:
    path = ROOT / "benchmarks" / "captures.py"
    spec = importlib.util.spec_from_file_location("captures", path)
    assert spec
    assert spec.loader
    captures = importlib.util.module_from_spec(spec)
    sys.modules["captures"] = captures
    spec.loader.exec_module(captures)
    captures.build(tmp_path / "mixed.pcap", 600_000_000, 1)
    status, memory = _scan(tmp_path / "mixed.pcap", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert (status, report["verdict"]) == (1, "found")
    assert memory < PROMISED
    monitors = [subject for subject in report["subjects"] if subject["profile"] == "contec-cms8000"]
    assert len(monitors) == 8
