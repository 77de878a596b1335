"""What we send, read by tshark, an independent reader; skipped where it is not installed."""

import importlib.util
import json
import shutil
import struct
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from wardwatch.protocols import hl7_messages as hl7
from wardwatch.protocols import sunrpc_messages as rpc
from wardwatch.protocols._rpc_programs import MOUNT, NFS


def _neighbour(name: str) -> ModuleType:
    """Another test module of this folder, which is no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


samples = _neighbour("test_samples")
pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

RAW_IP = 101
HERE, THERE = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))
FOLDER, FILE = bytes(range(1, 33)), bytes(range(33, 65))
Packet = tuple[bool, bytes]


def ip(protocol: int, payload: bytes, *, back: bool) -> bytes:
    ends = THERE + HERE if back else HERE + THERE
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0) + ends + payload


def udp(port: int, packets: list[Packet]) -> list[bytes]:
    out = []
    for back, data in packets:
        ports = (port, 700) if back else (700, port)
        out.append(ip(17, struct.pack(">HHHH", *ports, 8 + len(data), 0) + data, back=back))
    return out


def tcp(port: int, packets: list[Packet]) -> list[bytes]:
    out, sent = [], [1, 1]
    for back, data in packets:
        ports = (port, 700) if back else (700, port)
        head = struct.pack(">HHIIBBHHH", *ports, sent[back], sent[not back], 0x50, 0x18, 65535, 0, 0)
        out.append(ip(6, head + data, back=back))
        sent[back] += len(data)
    return out


def dissect(folder: Path, packets: list[bytes], *options: str) -> list[dict[str, Any]]:
    """Each packet's layers as tshark tells them, with every value in a list."""
    capture = folder / "sent.pcap"
    head = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, RAW_IP)
    body = b"".join(struct.pack("<IIII", n, 0, len(one), len(one)) + one for n, one in enumerate(packets))
    capture.write_bytes(head + body)
    command = ["tshark", "-r", str(capture), "-T", "ek", *options]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    return [line["layers"] for line in lines if "layers" in line]


def value(layers: dict[str, Any], name: str) -> Any:  # noqa: ANN401  # whatever tshark tells
    """The field `name`, wherever in the layers it stands."""
    if name in layers:
        return layers[name]
    inner = (value(layer, name) for layer in layers.values() if isinstance(layer, dict))
    return next((one for one in inner if one is not None), None)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("carrier", [udp, tcp])
def test_rpc(tmp_path: Path, version: int, carrier: Any) -> None:  # noqa: ANN401  # one of the two functions above
    mount = 3 if version == 3 else 1
    caller, size = rpc.Caller("monitor", uid=12), rpc.Attributes(size=5, mode=0o755)
    talk = [
        rpc.getport_call(1, MOUNT, mount, rpc.UDP),
        rpc.getport_reply(1, 635),
        rpc.mount_call(2, mount, "/pm", caller),
        rpc.mount_reply(2, mount, FOLDER),
        rpc.lookup_call(3, version, FOLDER, "monitor", caller),
        rpc.lookup_reply(3, version, FILE, size),
        rpc.read_call(4, version, FILE, range(2, 7)),
        rpc.read_reply(4, version, size, b"bytes", end=True),
        rpc.getattr_call(5, version, FILE),
        rpc.getattr_reply(5, version, size),
        rpc.unmount_call(6, mount, "/pm", caller),
        rpc.unmount_reply(6),
        rpc.null_call(7, NFS, version),
        rpc.null_reply(7),
        rpc.lookup_call(8, version, FOLDER, "none"),
        rpc.lookup_reply(8, version, b"", size, status=2),
    ]
    sent = [(bool(at % 2), rpc.record(one) if carrier is tcp else one) for at, one in enumerate(talk)]
    seen = dissect(tmp_path, carrier(2049, sent))
    assert not [layers for layers in seen if "_ws_malformed" in layers or "data" in layers]
    assert value(seen[0], "portmap_portmap_prog") == str(MOUNT)
    assert value(seen[1], "portmap_portmap_port") == "635"
    assert value(seen[2], "mount_mount_path") == "/pm"
    assert value(seen[2], "rpc_rpc_auth_machinename") == "monitor"
    assert value(seen[2], "rpc_rpc_auth_uid") == "12"
    assert value(seen[4], "nfs_nfs_name") == "monitor"
    assert int(value(seen[6], "nfs_nfs_offset3" if version == 3 else "nfs_nfs_read_offset")) == 2
    assert int(value(seen[6], "nfs_nfs_count3" if version == 3 else "nfs_nfs_read_count")) == 5
    assert value(seen[10], "mount_mount_path") == "/pm"
    assert [value(layers, "rpc_rpc_procedure") for layers in seen[::2]] == (
        ["3", "1", "3", "6", "1", "3", "0", "3"] if version == 3 else ["3", "1", "4", "6", "1", "3", "0", "4"]
    )
    assert all(value(layers, "rpc_rpc_xid") for layers in seen)


def test_hl7(tmp_path: Path) -> None:
    header = hl7.Header("MON", "WARD", "EHR", "HOSP", datetime(2026, 3, 1, 10, tzinfo=UTC), "17")
    patient = hl7.Patient("N-42", "D|O^E", "JANE", date(1950, 12, 31), "F")
    visit = hl7.Visit("ICU", "2", "7", "NOBODY", "IVO", "V7")
    values = [hl7.Observation("147842", "MDC_ECG_HEART_RATE", "MDC", 72.5, "/min")]
    sent = [
        (False, hl7.frame(hl7.observations(header, patient, visit, values))),
        (True, hl7.frame(hl7.acknowledgement(header, "17"))),
        (False, hl7.frame(hl7.admission(header, patient, visit))),
    ]
    seen = dissect(tmp_path, tcp(2575, sent), "-d", "tcp.port==2575,hl7")
    types = [value(layers, "hl7_hl7_message_type") for layers in seen]
    assert types == ["ORU", "ACK", "ADT"]
    fields = value(seen[0], "hl7_hl7_field")
    assert "D\\F\\O\\S\\E^JANE" in fields
    assert "72.5" in fields


PORTS = {"hl7": 2575, "sunrpc": 2049, "lpd": 515, "dhcp": 67, "dicom": 104, "tls": 443, "ssh": 22, "http": 80}
KNOWN_AS = {"sunrpc": "rpc"}


@pytest.mark.parametrize(
    "path", [path for path in samples.OWN if path.parent.name in PORTS], ids=lambda path: path.stem
)
def test_a_sample_is_what_its_folder_says(tmp_path: Path, path: Path) -> None:
    sample, name = samples.load(path), path.parent.name
    turns = [(side.name == "SERVER", data) for side, data in samples.turns(sample)]
    packets = (udp if sample["transport"] == "udp" else tcp)(PORTS[name], turns)
    seen = dissect(tmp_path, packets)
    assert any(f":{KNOWN_AS.get(name, name)}" in value(layers, "frame_frame_protocols") for layers in seen)
    assert not [layers for layers in seen if "_ws_malformed" in layers]
