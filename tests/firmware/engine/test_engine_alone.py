"""In: a static program without a name in it. Out: whether its calls are found."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wardwatch.firmware.programs.engine import run
from wardwatch.firmware.programs.load import load
from wardwatch.firmware.words import Data, Hole, Peer, Value

PLANTED = (
    "popen ping 192.0.2.9 r",
    "execvpe cp cp /mnt/a /opt/bin",
    "system tftp -g -r fw.bin {read from /etc/server.conf}",
    "socket 2 STREAM 0",
    "connect {a socket} 203.0.113.77:515/tcp",
    "send 203.0.113.77:515/tcp PATIENT={argument 0};",
    "umount /mnt",
)
"""Written by hand from alone.c."""
TARGETS = ("x86-64",)


def shown(value: Value) -> str:
    if isinstance(value, Peer):
        return f"{value.host}:{value.port}/{value.transport}"
    if isinstance(value, Data):
        return str(value.text)
    return f"{{{value.origin}}}" if isinstance(value, Hole) else str(value)


def lines(path: Path, target: str) -> list[str]:
    stream = "2" if "mips" in target else "1"
    found = [f"{call.name} {' '.join(map(shown, call.arguments))}" for call in run(load(path.read_bytes())).calls]
    return [line.replace(f"socket 2 {stream} 0", "socket 2 STREAM 0") for line in found]


@pytest.mark.parametrize("level", ["-O2"])
@pytest.mark.parametrize("target", TARGETS)
def test_every_planted_fact_is_recovered(build: Callable[..., Path], target: str, level: str) -> None:
    found = lines(build("alone", target, level, "-static", "-s"), target)
    missing = [fact for fact in PLANTED if not any(line.startswith(fact) for line in found)]
    assert not missing, found
