"""The outside contract of the command line: exit status, what goes to stdout, what is never shown."""

import gzip
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from wardwatch.cli import main

PCAP_HEAD = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
SECRETS = ("MUSTER", "EVA", "4711")


class Ran(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def call(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["wardwatch", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.run()
        said = capfd.readouterr()
        return Ran(int(str(ended.value.code)), said.out, said.err)

    return call


def _block(kind: int, payload: bytes) -> bytes:
    return struct.pack("<HBB", len(payload) + 2, 5, kind) + payload


def _frame(seq: int, flags: int, data: bytes = b"") -> bytes:
    tcp = struct.pack(">HHIIBBHHH", 40000, 515, seq, 1, 0x50, flags, 8192, 0, 0) + data
    ip = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, bytes([10, 0, 0, 21]), bytes([203, 0, 113, 9])
    )
    return bytes(range(12)) + b"\x08\x00" + ip + tcp


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    """One monitor that sends one patient's data outside."""
    patient = bytearray(192)
    patient[0x23 : 0x23 + 10] = b"MUSTER^EVA"
    patient[0x43 : 0x43 + 4] = b"4711"
    ecg = bytes([0, 0, 0x14, 0]) + bytes(128 + i % 90 for i in range(1020))
    stream = _block(0x3E, bytes(patient)) + _block(0x43, b"") + _block(0x45, bytes([0, 0, 3, 255]))
    stream += _block(0x46, ecg) + _block(0x47, b"")
    frames = [_frame(100, 2), _frame(101, 24, stream[:1400]), _frame(1501, 24, stream[1400:])]
    records = [struct.pack("<IIII", 1_767_600_000 + i, 0, len(f), len(f)) + f for i, f in enumerate(frames)]
    path = tmp_path / "ward.pcap"
    path.write_bytes(PCAP_HEAD + b"".join(records))
    return path


@pytest.fixture
def quiet_net(tmp_path: Path) -> Path:
    path = tmp_path / "quiet.pcap"
    path.write_bytes(PCAP_HEAD)
    return path


def test_clear_is_0(run: Run, quiet_net: Path) -> None:
    assert run("scan", quiet_net).status == 0


def test_found_is_1(run: Run, ward: Path) -> None:
    ran = run("scan", ward)
    assert ran.status == 1
    assert "10.0.0.21" in ran.out


def test_cannot_tell_is_3(run: Run, tmp_path: Path, ward: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(ward.read_bytes()[:60])
    assert run("scan", path).status == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest", "zip"),
        (b"\x7fELF\x01", "Linux program"),
        (gzip.compress(b"nothing of use", mtime=0), "not a capture"),
    ],
)
def test_unusable_is_2_with_one_sentence(run: Run, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "input.bin"
    path.write_bytes(content)
    ran = run("scan", path)
    assert (ran.status, ran.out) == (2, "")
    assert str(path) in ran.err
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert ran.err.count("\n") == 1


def test_a_missing_file_is_2(run: Run, tmp_path: Path) -> None:
    ran = run("scan", tmp_path / "absent.pcap")
    assert ran.status == 2
    assert "absent.pcap" in ran.err
    assert "Traceback" not in ran.err


def test_a_name_cannot_command_the_terminal(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m.pcap"
    path.write_bytes(b"PK\x03\x04")
    assert "\x1b" not in run("scan", path).err


@pytest.mark.parametrize(
    "arguments", [(), ("scan",), ("scan", "--no-such"), ("nonsense",), ("scan", "x", "--local", "y")]
)
def test_wrong_use_is_2(run: Run, arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert ran.status == 2
    assert "Traceback" not in ran.err


def test_json_on_stdout_is_the_document_alone(run: Run, ward: Path) -> None:
    ran = run("scan", ward, "--json", "-")
    document = json.loads(ran.out)
    assert document["schema"] == "wardwatch.report.v1"
    assert document["verdict"] == "found"
    assert len(document["inputs"][0]["sha256"]) == 64


def test_quiet_prints_nothing(run: Run, ward: Path, tmp_path: Path) -> None:
    ran = run("scan", ward, "--quiet", "--html", tmp_path / "report.html")
    assert (ran.status, ran.out, ran.err) == (1, "", "")
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_nobody_is_named_unless_revealed(run: Run, ward: Path, tmp_path: Path) -> None:
    files = ("--json", tmp_path / "r.json", "--html", tmp_path / "r.html")
    ran = run("scan", ward, *files)
    said = ran.out + ran.err + (tmp_path / "r.json").read_text() + (tmp_path / "r.html").read_text()
    assert not [secret for secret in SECRETS if secret in said]
    run("scan", ward, "--reveal", *files)
    assert "4711" in (tmp_path / "r.json").read_text()
    assert (tmp_path / "r.json").stat().st_mode & 0o077 == 0, "what reveals patients is for its owner only"


def test_same_input_same_output(run: Run, ward: Path) -> None:
    assert run("scan", ward, "--json", "-").out == run("scan", ward, "--json", "-").out


def test_a_folder_is_read_and_what_is_no_capture_is_said(run: Run, ward: Path, quiet_net: Path) -> None:
    (ward.parent / "notes.txt").write_text("hello")
    document = json.loads(run("scan", ward.parent, "--json", "-").out)
    assert [Path(entry["path"]).name for entry in document["inputs"]] == [quiet_net.name, ward.name]
    assert any("notes.txt" in gap["subject"] for gap in document["gaps"])


def test_a_capture_in_a_folder_that_cannot_be_read_forbids_clear(run: Run, quiet_net: Path) -> None:
    assert run("scan", quiet_net.parent).status == 0
    (quiet_net.parent / "damaged.pcap").write_bytes(b"garbage")
    assert run("scan", quiet_net.parent).status == 3


@pytest.mark.parametrize("spoil", ["version", "gzip"])
def test_a_file_read_in_part_forbids_clear(run: Run, tmp_path: Path, spoil: str) -> None:
    path = tmp_path / "part.pcap"
    if spoil == "version":
        path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 99, 4, 0, 0, 262144, 1))
    else:
        packed = gzip.compress(PCAP_HEAD + bytes(range(256)) * 400, mtime=0)
        path.write_bytes(packed[: len(packed) // 2])
    assert run("scan", path).status == 3


def test_a_pipe_is_refused_with_what_to_do(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    ran = run("scan", tmp_path / "pipe")
    assert ran.status == 2
    assert "standard input" in ran.err


def test_an_output_that_cannot_be_written_is_2(run: Run, ward: Path, tmp_path: Path) -> None:
    ran = run("scan", ward, "--json", tmp_path / "no" / "such" / "folder.json")
    assert ran.status == 2
    assert "cannot be written" in ran.err


def test_explain(run: Run) -> None:
    ran = run("explain", "traffic.phone-home")
    assert ran.status == 0
    assert "CVE-2025-0626" in ran.out
    assert run("explain", "no.such-rule").status == 2
    assert "traffic.cms-stream" in run("explain").out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run: Run, shell: str) -> None:
    assert "wardwatch" in run("completion", shell).out


@pytest.mark.parametrize("command", list(main.COMMANDS))
def test_every_command_has_help_with_an_example(run: Run, command: str) -> None:
    ran = run(command, "--help")
    assert ran.status == 0
    assert "Example" in ran.out


def test_warmup(run: Run) -> None:
    assert run("warmup").status == 0


def test_a_fault_of_ours_is_one_sentence_without_the_content(
    run: Run, ward: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("MUSTER^EVA")

    monkeypatch.setattr("wardwatch.cli.scan.scan_inputs", broken)
    ran = run("scan", ward)
    assert ran.status == 2
    assert "fault of wardwatch" in ran.err
    assert "MUSTER" not in ran.err


def test_the_package_can_be_run_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "wardwatch", "explain", "no.such"], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"no.such" in done.stderr
