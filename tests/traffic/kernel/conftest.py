"""In: a capture as bytes. Out: what the kernel made of it, in a form that tests can read."""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from wardwatch.traffic.kernel import Kernel, Settings
from wardwatch.traffic.rows import Batch

LOCAL = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fe80::/10", "fc00::/7")))


@pytest.fixture(scope="session")
def wire() -> ModuleType:
    """The builders of packets beside this file."""
    spec = importlib.util.spec_from_file_location("wire", Path(__file__).with_name("wire.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Seen:
    """A sink that keeps everything, and what else the kernel had to say."""

    drops: frozenset = frozenset()
    batches: list = field(default_factory=list)
    records: list = field(default_factory=list)
    counters: dict = field(default_factory=dict)
    walked: object = None
    evicted: int = 0

    def segments(self, batch: Batch) -> Sequence[int]:
        self.batches += batch
        return [(flow, 0) for flow in self.drops]

    def retired(self, flows: np.ndarray) -> None:
        self.records.append(flows.copy())

    @property
    def flows(self) -> np.ndarray:
        table = np.concatenate(self.records)
        return table[np.argsort(table["id"])]

    @property
    def flow(self) -> np.void:
        assert len(self.flows) == 1, self.text()
        return self.flows[0]

    def text(self) -> list[str]:
        """Each flow as 'proto a:port > b:port packets packets'."""
        return [
            f"{row['proto']} {address(row, 'a')}:{row['aport']} > {address(row, 'b')}:{row['bport']} "
            f"{row['packets'][0]} {row['packets'][1]}"
            for row in self.flows
        ]

    def payload(self, side: int = 0) -> bytes:
        return b"".join(segment.data for segment in self.batches if segment.side == side)


def address(row: np.void, side: int) -> str:
    """The address of a side as text."""
    return str(ip_address(bytes(row[side][: 16 if row["ver"] == 6 else 4])))


def _read(data: bytes, chunk: int | list[int] | None = None, drops: Sequence[int] = (), **settings: object) -> Seen:
    seen = Seen(frozenset(drops))
    settings.setdefault("local", LOCAL)
    with Kernel(Settings(**settings), seen) as kernel:
        kernel.begin(0)
        held = b""
        for piece in [data] if chunk is None else pieces(data, chunk):
            held += piece
            held = held[kernel.feed(memoryview(held)) if held else 0 :]
        seen.walked = kernel.end(held)
        kernel.finish()
        seen.records.append(kernel.flows())
        seen.counters = {counter.name: (counter.packets, counter.bytes) for counter in kernel.counters()}
        seen.evicted = kernel.evicted
    return seen


def pieces(data: bytes, chunk: int | list[int] | None) -> Iterator[bytes]:
    """`data` cut every `chunk` bytes, or at the given sizes in turn."""
    sizes = [chunk] if isinstance(chunk, int) else list(chunk)
    at = 0
    while at < len(data):
        for size in sizes:
            yield data[at : at + size]
            at += size


@pytest.fixture(scope="session")
def read() -> Callable[..., Seen]:
    """Runs a capture through the kernel: `read(data, chunk=None, drops=(), **settings)`."""
    return _read
