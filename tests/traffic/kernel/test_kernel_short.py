"""A datagram that ends before its ports: what lies behind it in the frame says nothing about the conversation."""

import struct
from pathlib import Path

import numpy as np

from wardwatch.traffic.capture import examine
from wardwatch.traffic.kernel import Settings


class _Flows:
    def __init__(self) -> None:
        self.records: list[np.void] = []

    def segments(self, batch: list[object]) -> tuple[tuple[int, int], ...]:
        del batch
        return ()

    def retired(self, flows: np.ndarray) -> None:
        self.records += list(flows.copy())


def test_padding_is_not_taken_for_ports(tmp_path: Path) -> None:
    records = []
    for number in range(2):
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20, 1, 0, 64, 6, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
        frame = bytes(range(12)) + b"\x08\x00" + ip + bytes([number] * 40)
        records.append(struct.pack("<IIII", 1_767_600_000 + number, 0, len(frame), len(frame)) + frame)
    path = tmp_path / "short.pcap"
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1) + b"".join(records))
    seen = _Flows()
    examine([path], Settings(local=()), seen)
    assert [(int(flow["packets"][0]), int(flow["aport"])) for flow in seen.records] == [(2, 0)]
